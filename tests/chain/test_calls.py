"""Calls are what a general encoder makes of them; their gas limits leave room, but not much."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from eth_abi.abi import encode

from tallystick.chain import calls
from tallystick.chain.bindings import abi, selector
from tallystick.chain.calls import Call
from tallystick.chain.terms import loan_id
from tallystick.chain.words import text_word
from tallystick.loans.terms import LoanTerms, PurposeCap
from tallystick.parties.roles import PartyRole
from tests.chain.random_terms import abi_tuple
from tests.fixtures.chain import World, digest_of

EVIDENCE = digest_of("evidence")
PARTY = "0x" + "12" * 20


def spelled(parameter: dict[str, Any]) -> str:
    if not parameter["type"].startswith("tuple"):
        return str(parameter["type"])
    inside = ",".join(spelled(member) for member in parameter["components"])
    return f"({inside}){parameter['type'].removeprefix('tuple')}"


def encoded(contract: str, function: str, *arguments: object) -> bytes:
    (entry,) = (
        one for one in abi(contract) if one["type"] == "function" and one["name"] == function
    )
    types = [spelled(parameter) for parameter in entry["inputs"]]
    return selector(contract, function) + encode(types, arguments)


def raw(digest: str) -> bytes:
    return bytes.fromhex(digest[2:])


def test_calldata_is_that_of_a_general_encoder(world: World) -> None:
    on, terms = world.deployment, world.terms()
    values = abi_tuple(terms)
    signatures = (b"\1" * 65, b"\2" * 65)
    registry, token, ledger = "PartyRegistry", "SettlementToken", "LoanLedger"
    evidence = raw(EVIDENCE)
    expected: list[tuple[Call, str, str, tuple[object, ...]]] = [
        (
            calls.register_party(on, PARTY, 5, 3, EVIDENCE),
            registry,
            "register",
            (PARTY, 5, 3, evidence),
        ),
        (
            calls.update_party(on, PARTY, 1, 0, EVIDENCE),
            registry,
            "update",
            (PARTY, 1, 0, evidence),
        ),
        (calls.freeze(on, PARTY, EVIDENCE), registry, "freeze", (PARTY, evidence)),
        (calls.unfreeze(on, PARTY, EVIDENCE), registry, "unfreeze", (PARTY, evidence)),
        (calls.mint(on, PARTY, 7, EVIDENCE), token, "mint", (PARTY, 7, evidence)),
        (calls.burn(on, PARTY, 7, EVIDENCE), token, "burn", (PARTY, 7, evidence)),
        (calls.approve(on, PARTY, 2**256 - 1), token, "approve", (PARTY, 2**256 - 1)),
        (calls.transfer(on, PARTY, 7), token, "transfer", (PARTY, 7)),
        (
            calls.transfer_with_purpose(on, PARTY, 7, "stock", EVIDENCE),
            token,
            "transferWithPurpose",
            (PARTY, 7, text_word("stock"), evidence),
        ),
        (calls.originate(on, terms, *signatures), ledger, "originate", (values, *signatures)),
        (
            calls.originate(on, terms, b"", b"\3" * 96),
            ledger,
            "originate",
            (values, b"", b"\3" * 96),
        ),
        (calls.revoke_signature(on, EVIDENCE), ledger, "revokeSignature", (evidence,)),
        (calls.disburse(on, terms), ledger, "disburse", (values,)),
        (
            calls.pay(on, terms, PARTY, 7, "supplies", EVIDENCE),
            ledger,
            "pay",
            (values, PARTY, 7, text_word("supplies"), evidence),
        ),
        (calls.withdraw(on, terms, 7), ledger, "withdraw", (values, 7)),
        (calls.repay(on, terms, 7), ledger, "repay", (values, 7)),
        (calls.payoff(on, terms, 7), ledger, "payoff", (values, 7)),
        (calls.write_off(on, terms, EVIDENCE), ledger, "writeOff", (values, evidence)),
        (
            calls.serve_notice(on, EVIDENCE, "overdue_7", EVIDENCE),
            ledger,
            "serveNotice",
            (evidence, text_word("overdue_7"), evidence),
        ),
        (calls.claim(on, PARTY), ledger, "claim", ()),
    ]
    for call, contract, function, arguments in expected:
        assert call.calldata == encoded(contract, function, *arguments), call.kind
        assert call.target == on.address_of(contract)
        about_terms = bool(arguments) and arguments[0] is values
        assert not about_terms or call.subject == loan_id(terms)


class Meter:
    """Sends calls and checks what they took against their limit."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.used: dict[str, float] = {}

    def send(self, call: Call, sender: str) -> None:
        receipt = self._world.send(call, sender)
        share = receipt.gas_used / call.gas_limit
        self.used[call.kind] = max(share, self.used.get(call.kind, 0))

    def check(self) -> None:
        for kind, share in self.used.items():
            assert 0.15 < share < 0.8, (kind, share)


@pytest.mark.parametrize("instalments", [1, 12, 72, 360])
@pytest.mark.parametrize("purposes", [1, 16])
def test_gas_limits_of_a_loan_s_calls(world: World, instalments: int, purposes: int) -> None:
    on, meter = world.deployment, Meter(world)
    principal = 1_200_000
    terms = world.terms(
        instalments=instalments,
        grace_days=0,
        purposes=tuple(
            PurposeCap(f"purpose {n} ".ljust(31, "x"), 1, principal) for n in range(purposes)
        ),
    )
    meter.send(calls.originate(on, terms, *world.signatures(terms)), "stranger")
    meter.send(calls.disburse(on, terms), "servicer")
    supplier = world.address("supplier")
    purpose = terms.purposes[-1].purpose
    meter.send(calls.pay(on, terms, supplier, 5, purpose, EVIDENCE), "servicer")
    meter.send(calls.withdraw(on, terms, 5), "borrower")
    notice = calls.serve_notice(on, loan_id(terms), "a step with a long name", EVIDENCE)
    meter.send(notice, "servicer")
    overdue(world, meter, terms)
    meter.check()


def overdue(world: World, meter: Meter, terms: LoanTerms) -> None:
    """Everything is overdue, and neither side can receive: the dearest way of each call."""
    on = world.deployment
    world.register("payer", PartyRole.GUARANTOR)
    world.mint("payer", 10**9)
    world.send(calls.approve(on, on.loan_ledger, 10**9), "payer")
    world.go_to(terms.matures_on + timedelta(days=40))
    for name in ("lender", "borrower"):
        world.send(calls.freeze(on, world.address(name), EVIDENCE), "guardian")
    for call, sender in (
        (calls.write_off(on, terms, EVIDENCE), "servicer"),
        (calls.repay(on, terms, 10**9), "payer"),
        (calls.payoff(on, terms, 10**9), "payer"),
    ):
        before = world.chain.snapshot()
        meter.send(call, sender)
        world.chain.revert(before)
    world.send(calls.repay(on, terms, 10**9), "payer")
    world.send(calls.unfreeze(on, world.address("lender"), EVIDENCE), "guardian")
    meter.send(calls.claim(on, world.address("lender")), "lender")


def test_gas_limits_of_other_calls(world: World) -> None:
    on, meter = world.deployment, Meter(world)
    school, bank = world.address("school"), world.address("settlement_bank")
    for call, sender in (
        (calls.register_party(on, PARTY, 127, 1, EVIDENCE), "registrar"),
        (calls.update_party(on, PARTY, 1, 0, digest_of("other")), "registrar"),
        (calls.freeze(on, PARTY, EVIDENCE), "guardian"),
        (calls.unfreeze(on, PARTY, EVIDENCE), "guardian"),
        (calls.mint(on, school, 9, EVIDENCE), "settlement_bank"),
        (calls.approve(on, bank, 9), "school"),
        (calls.burn(on, school, 5, digest_of("out")), "settlement_bank"),
        (calls.transfer(on, PARTY, 5), "lender"),
        (calls.transfer_with_purpose(on, PARTY, 5, "x" * 31, EVIDENCE), "lender"),
        (calls.revoke_signature(on, EVIDENCE), "lender"),
    ):
        meter.send(call, sender)
    meter.check()
