"""Proposing and signing: the ledger's own rules, before anyone is asked to sign."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tallystick.actions.desk import Order
from tallystick.actions.originate import originate
from tallystick.actions.propose_loan import Conditions, propose_loan, terms_of_plan
from tallystick.actions.sign_loan import SignatureInvalid, sign_loan
from tallystick.chain import calls
from tallystick.chain.sending import SendStatus
from tallystick.chain.signers import Tx
from tallystick.chain.terms import loan_id
from tallystick.kernel.calendar import Unit
from tallystick.kernel.daycount import DayCount
from tallystick.kernel.rounding import Rounding
from tallystick.loans.plan import Method, Plan
from tallystick.loans.schedule import schedule_of
from tallystick.loans.terms import LoanTerms, PurposeCap, TermsInvalid
from tallystick.parties.roles import PartyRole
from tallystick.store.audit import list_audit_trail
from tests.fixtures.chain import digest_of
from tests.fixtures.house import House

MAGIC = "1626ba7e"


def conditions(house: House, **members: Any) -> Conditions:
    today = house.world.today()
    plain: dict[str, Any] = {
        "agreement": "P-1",
        "lender": house.world.address("lender"),
        "borrower": house.world.address("borrower"),
        "penalty_rate_ppm": 100_000,
        "penalty_year_days": 365,
        "grace_days": 0,
        "utc_offset_minutes": 480,
        "sign_by": today + timedelta(days=3),
        "disburse_by": today,
        "self_paid_minor_max": 0,
        "document_hash": digest_of("text"),
        "purposes": (PurposeCap("supplies", 1, 1_000_003),),
    }
    return Conditions(**{**plain, **members})


def plan(house: House, **members: Any) -> Plan:
    plain: dict[str, Any] = {
        "principal_minor": 1_000_003,
        "currency": "CNY",
        "annual_rate_pct": Decimal("7.2"),
        "method": Method.EQUAL_INSTALMENT,
        "instalments": 7,
        "every": 1,
        "unit": Unit.MONTHS,
        "disbursed_on": house.world.today(),
        "day_count": DayCount.ACT_365F,
        "rounding": Rounding.HALF_UP,
    }
    return Plan(**{**plain, **members})


@pytest.mark.parametrize("method", [m for m in Method if m is not Method.CUSTOM])
@pytest.mark.parametrize("day_count", DayCount)
def test_every_plan_the_house_can_state_can_be_originated(
    house: House, method: Method, day_count: DayCount
) -> None:
    agreed = plan(house, method=method, day_count=day_count)
    terms = terms_of_plan(agreed, conditions(house))
    assert terms.instalments == schedule_of(agreed).instalments
    assert terms.annual_rate_ppm == 72_000
    signed = house.signed_agreement(terms)
    originate(house.desk, Order("tester", "k", house.world.now()), signed)
    house.settle()
    assert house.desk.ledger.loan(signed) is not None


def test_rate_finer_than_can_be_signed(house: House) -> None:
    assert (
        terms_of_plan(
            plan(house, annual_rate_pct=Decimal("7.1234")), conditions(house)
        ).annual_rate_ppm
        == 71_234
    )
    with pytest.raises(TermsInvalid) as refused:
        terms_of_plan(plan(house, annual_rate_pct=Decimal("7.12345")), conditions(house))
    assert refused.value.field == "annual_rate_pct"


def test_rounding_the_ledger_does_not_know(house: House) -> None:
    terms = terms_of_plan(plan(house, rounding=Rounding.UP), conditions(house))
    with pytest.raises(TermsInvalid) as refused:
        propose_loan(house.desk, terms, caller="tester", now=house.world.now())
    assert refused.value.field == "rounding"


def test_same_terms_are_the_same_agreement_also_when_proposed_at_once(any_house: House) -> None:
    house = any_house
    terms = house.world.terms()

    def propose(number: int) -> Any:
        return propose_loan(house.desk, terms, caller=f"tester {number}", now=house.world.now())

    with ThreadPoolExecutor(8) as threads:
        agreements = list(threads.map(propose, range(8)))
    assert len(set(agreements)) == 1
    with house.store.read() as session:
        (entry,) = list_audit_trail(session)
    assert entry.caller == agreements[0].proposed_by
    assert agreements[0].terms == terms


def test_last_day_of_signing_is_counted_where_the_loan_is(house: House) -> None:
    terms = house.world.terms(utc_offset_minutes=480)
    last_moment = datetime.combine(terms.sign_by, time(15, 59), UTC)
    propose_loan(house.desk, terms, caller="tester", now=last_moment)
    other = replace(terms, agreement="other")
    with pytest.raises(TermsInvalid) as refused:
        propose_loan(house.desk, other, caller="tester", now=last_moment + timedelta(minutes=1))
    assert refused.value.field == "sign_by"


# ---------------------------------------------------------------- contracts that sign (ERC-1271)


def contract(house: House, runtime: str) -> str:
    """Address of a new contract with that code, registered as a lender that can lend."""
    world = house.world
    # PUSH1 size, DUP1, PUSH1 10 (where the code begins), PUSH0, CODECOPY, PUSH0, RETURN
    creation = bytes.fromhex(f"60{len(runtime) // 2:02x}80600a5f395ff300" + runtime)
    deployer = world.key("deployer")
    (nonce,) = world.node.nonces([deployer.address])
    tx = deployer.sign_tx(Tx(world.chain.chain_id, nonce, None, creation, 1_000_000))
    (outcome,) = world.node.send_raw([tx.raw])
    assert outcome.status is SendStatus.ACCEPTED
    world.chain.mine()
    (receipt,) = world.node.receipts([tx.hash])
    assert receipt is not None
    address = str(world.node.rpc("eth_getTransactionReceipt", [tx.hash])["contractAddress"]).lower()
    assert world.node.code(address).hex() == runtime
    call = calls.register_party(
        world.deployment, address, PartyRole.LENDER, 0, digest_of("contract")
    )
    world.send(call, "registrar")
    return address


def answering(word: str) -> str:
    """Code that answers every call with the 4 bytes `word`, left-aligned."""
    return f"63{word}60e01b5f5260205ff3"


REVERTING = "5f5ffd"
SILENT = "5f5ff3"


def propose(house: House, lender: str) -> LoanTerms:
    terms = house.world.terms(lender=lender)
    propose_loan(house.desk, terms, caller="tester", now=house.world.now())
    return terms


def sign(house: House, terms: LoanTerms, signer: str, signature: bytes) -> list[str]:
    signed = sign_loan(
        house.desk,
        loan_id(terms),
        signer=signer,
        signature="0x" + signature.hex(),
        caller="tester",
        now=house.world.now(),
    )
    return [*signed.awaited]


def test_contract_that_agrees_signs_for_itself(house: House) -> None:
    lender = contract(house, answering(MAGIC))
    terms = propose(house, lender)
    assert sign(house, terms, lender, b"whatever it takes") == ["borrower"]
    _, by_borrower = house.world.signatures(terms)
    assert sign(house, terms, terms.borrower, by_borrower) == []
    originate(house.desk, Order("t", "k", house.world.now()), loan_id(terms))
    house.settle()
    assert house.desk.ledger.loan(loan_id(terms)) is not None


@pytest.mark.parametrize(
    "runtime", [answering("ffffffff"), answering("00000000"), REVERTING, SILENT]
)
def test_contract_that_does_not_agree(house: House, runtime: str) -> None:
    lender = contract(house, runtime)
    terms = propose(house, lender)
    by_lender_key, by_borrower = house.world.signatures(terms)
    for signature in (b"", b"x", by_lender_key):
        with pytest.raises(SignatureInvalid):
            sign(house, terms, lender, signature)
    # The ledger says the same.
    with pytest.raises(Exception, match="signature") as refused:
        house.world.send(
            calls.originate(house.desk.deployment, terms, [b"x", by_borrower]), "servicer"
        )
    assert refused.value.type == "signature_invalid"  # type: ignore[attr-defined]  # the chain's


def test_text_that_is_no_hex(house: House) -> None:
    terms = propose(house, house.world.address("lender"))
    for signature in ("0x1", "0xzz", "", "zz"):
        with pytest.raises(SignatureInvalid):
            sign_loan(
                house.desk,
                loan_id(terms),
                signer=terms.lender,
                signature=signature,
                caller="tester",
                now=house.world.now(),
            )
