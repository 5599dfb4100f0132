"""Calls are what a general encoder makes of them; their gas limits leave room, but not much."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from eth_abi.abi import encode

from tallystick.chain import calls
from tallystick.chain.bindings import abi, selector
from tallystick.chain.calldata import BatchInvalid
from tallystick.chain.calls import Call
from tallystick.chain.messages import Assignment, assignment_digest
from tallystick.chain.terms import agreement_of, loan_id, witness
from tallystick.chain.words import date_number, text_word
from tallystick.loans.terms import LoanTerms, PurposeCap
from tallystick.parties.roles import PartyRole
from tests.fixtures.chain import World, digest_of

EVIDENCE = digest_of("evidence")
PARTY = "0x" + "12" * 20


def spelled(parameter: dict[str, Any]) -> str:
    return str(parameter["type"])


def encoded(contract: str, function: str, *arguments: object) -> bytes:
    (entry,) = (
        one for one in abi(contract) if one["type"] == "function" and one["name"] == function
    )
    types = [spelled(parameter) for parameter in entry["inputs"]]
    return selector(contract, function) + encode(types, arguments)


def raw(digest: str) -> bytes:
    return bytes.fromhex(digest[2:])


def test_calldata_is_that_of_a_general_encoder(world: World) -> None:
    on, terms = world.deployment, world.terms(instalments=30)
    whole, agreement = witness(terms), agreement_of(terms)
    nothing, opening, part = witness(terms, 0, 0), witness(terms, 0, 1), witness(terms, 12, 15)
    prior = world.terms()
    signatures = (b"\1" * 65, b"\2" * 65)
    registry, token, ledger = "PartyRegistry", "SettlementToken", "LoanLedger"
    evidence = raw(EVIDENCE)
    assignment = Assignment(EVIDENCE, PARTY, PARTY, 9, 3, terms.sign_by, 0, 0)
    expected: list[tuple[Call, str, str, tuple[object, ...]]] = [
        (calls.register_party(on, PARTY, 5, 3, EVIDENCE), registry, "register",
            (PARTY, 5, 3, evidence)),
        (calls.update_party(on, PARTY, 1, 0, EVIDENCE), registry, "update",
            (PARTY, 1, 0, evidence)),
        (calls.freeze(on, PARTY, EVIDENCE), registry, "freeze", (PARTY, evidence)),
        (calls.unfreeze(on, PARTY, EVIDENCE), registry, "unfreeze", (PARTY, evidence)),
        (calls.cancel_signatures(on, PARTY), registry, "cancelSignatures", ()),
        (calls.mint(on, PARTY, 7, EVIDENCE), token, "mint", (PARTY, 7, evidence)),
        (calls.burn(on, PARTY, 7, EVIDENCE), token, "burn", (PARTY, 7, evidence)),
        (calls.approve(on, PARTY, 2**256 - 1), token, "approve", (PARTY, 2**256 - 1)),
        (calls.transfer(on, PARTY, 7), token, "transfer", (PARTY, 7)),
        (calls.transfer_with_purpose(on, PARTY, 7, "stock", EVIDENCE), token,
            "transferWithPurpose", (PARTY, 7, text_word("stock"), evidence)),
        (calls.originate(on, terms, signatures), ledger, "originate",
            (whole, agreement, *signatures, b"")),
        (calls.originate(on, terms, (b"", b"\3" * 96, b"\4")), ledger, "originate",
            (whole, agreement, b"", b"\3" * 96, b"\4")),
        (calls.restructure(on, prior, terms, signatures), ledger, "restructure",
            (witness(prior), whole, agreement, *signatures, b"")),
        (calls.restructure(on, prior, terms, signatures, prior_witness=part), ledger,
            "restructure", (part, whole, agreement, *signatures, b"")),
        (calls.revoke_signature(on, terms), ledger, "revokeSignature", (nothing,)),
        (calls.cancel(on, terms), ledger, "cancel", (nothing,)),
        (calls.disburse(on, terms), ledger, "disburse", (opening, agreement)),
        (calls.pay(on, terms, PARTY, 7, "supplies", EVIDENCE), ledger, "pay",
            (nothing, agreement, PARTY, 7, text_word("supplies"), evidence)),
        (calls.withdraw(on, terms, 7), ledger, "withdraw", (nothing, agreement, 7)),
        (calls.repay(on, terms, 7), ledger, "repay", (whole, 7)),
        (calls.repay(on, terms, 7, part), ledger, "repay", (part, 7)),
        (calls.collect(on, terms), ledger, "collect", (whole,)),
        (calls.revoke_mandate(on, terms), ledger, "revokeMandate", (nothing,)),
        (calls.prepay(on, terms, 7, 8, part), ledger, "prepay", (part, 7, 8)),
        (calls.payoff(on, terms, 7, part), ledger, "payoff", (part, 7)),
        (calls.call_guarantee(on, terms, 7, part), ledger, "callGuarantee", (part, 7)),
        (calls.reimburse(on, terms, 7, part), ledger, "reimburse", (part, 7)),
        (calls.accelerate(on, terms, EVIDENCE), ledger, "accelerate", (whole, evidence)),
        (calls.write_off(on, terms, EVIDENCE), ledger, "writeOff", (whole, evidence)),
        (calls.assign(on, terms, assignment, *signatures), ledger, "assign",
            (nothing, PARTY, 9, date_number(terms.sign_by), *signatures)),
        (calls.serve_notice(on, EVIDENCE, "overdue_7", EVIDENCE), ledger, "serveNotice",
            (evidence, text_word("overdue_7"), evidence)),
        (calls.claim(on, PARTY), ledger, "claim", ()),
        (calls.pause(on), ledger, "pause", ()),
        (calls.unpause(on), ledger, "unpause", ()),
    ]  # fmt: skip
    for call, contract, function, arguments in expected:
        assert call.calldata == encoded(contract, function, *arguments), call.kind
        assert call.target == on.address_of(contract)
        about_terms = any(argument in (whole, nothing, opening, part) for argument in arguments)
        assert not about_terms or call.subject == loan_id(terms)
    of_ledger = [call for call, contract, _, _ in expected if contract == ledger]
    batch = calls.batch(on, of_ledger)
    data = [call.calldata for call in of_ledger]
    assert batch.calldata == encoded(ledger, "batch", data)
    assert batch.gas_limit > sum(call.gas_limit for call in of_ledger)
    covered = {call.calldata[:4] for call in of_ledger} | {batch.calldata[:4]}
    writes = [
        entry["name"]
        for entry in abi(ledger)
        if entry["type"] == "function" and entry["stateMutability"] == "nonpayable"
    ]
    # The authority is set by the administrator of the contracts, not by this house.
    assert {selector(ledger, name) for name in writes if name != "setAuthority"} == covered


def test_what_is_no_batch(world: World) -> None:
    on = world.deployment
    repay = calls.repay(on, world.terms(), 5)
    for bad in ([], [calls.batch(on, [repay])], [repay, calls.approve(on, PARTY, 5)]):
        with pytest.raises(BatchInvalid):
            calls.batch(on, bad)


class Meter:
    """Sends calls and checks what they took against their limit."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.used: dict[str, float] = {}

    def send(self, call: Call, sender: str) -> None:
        receipt = self._world.send(call, sender)
        share = receipt.gas_used / call.gas_limit
        self.used[call.kind] = max(share, self.used.get(call.kind, 0))

    def send_and_undo(self, call: Call, sender: str) -> None:
        before = self._world.chain.snapshot()
        self.send(call, sender)
        self._world.chain.revert(before)

    def check(self) -> None:
        for kind, share in self.used.items():
            assert 0.15 < share < 0.8, (kind, share)


@pytest.mark.parametrize(
    ("instalments", "purposes"), [(1, 1), (1, 16), (12, 1), (72, 16), (360, 1)]
)
def test_gas_limits_of_a_loan_s_calls(world: World, instalments: int, purposes: int) -> None:
    on, meter = world.deployment, Meter(world)
    caps = tuple(PurposeCap(f"purpose {n} ".ljust(31, "x"), 1, 1_200_000) for n in range(purposes))
    terms = world.terms(
        instalments=instalments,
        grace_days=0,
        guarantor=world.address("guarantor"),
        guarantee_minor_max=10**9,
        mandate_minor_max=10**9,
        collectable_by="anyone",
        accelerate_after_days=1,
        prepayment="smaller_instalments",
        prepayment_fee_ppm=5,
        collateral_hash=EVIDENCE,
        purposes=caps,
    )
    meter.send(calls.revoke_signature(on, replace(terms, grace_days=1)), "lender")
    meter.send(calls.originate(on, terms, world.signatures(terms)), "stranger")
    meter.send_and_undo(calls.cancel(on, terms), "lender")
    meter.send(calls.disburse(on, terms), "servicer")
    supplier = world.address("supplier")
    meter.send(calls.pay(on, terms, supplier, 5, caps[-1].purpose, EVIDENCE), "servicer")
    meter.send(calls.withdraw(on, terms, 5), "borrower")
    notice = calls.serve_notice(on, loan_id(terms), "a step with a long name", EVIDENCE)
    meter.send(notice, "servicer")
    meter.send_and_undo(calls.revoke_mandate(on, terms), "borrower")
    if instalments > 1:
        meter.send(calls.prepay(on, terms, 7, 10**9), "borrower")
    assign(world, meter, terms)
    restructure(world, meter, terms)
    overdue(world, meter, terms)
    meter.check()


def assign(world: World, meter: Meter, terms: LoanTerms) -> None:
    on, assignee = world.deployment, world.address("other_lender")
    assignment = Assignment(loan_id(terms), terms.lender, assignee, 0, 0, terms.matures_on, 0, 0)
    digest = assignment_digest(assignment, on.chain_id, on.loan_ledger)
    signatures = [world.key(name).signature_of(digest) for name in ("lender", "other_lender")]
    meter.send(calls.assign(on, terms, assignment, *signatures), "stranger")


def restructure(world: World, meter: Meter, prior: LoanTerms) -> None:
    """When everything is overdue."""
    before = world.chain.snapshot()
    world.go_to(prior.matures_on + timedelta(days=40))
    terms = world.terms(
        instalments=len(prior.instalments),
        principal_minor=2 * prior.principal_minor,
        prior_loan_id=loan_id(prior),
        lender=world.address("other_lender"),
        guarantor=prior.guarantor,
        guarantee_minor_max=5,
        prepayment="smaller_instalments",
        purposes=prior.purposes,
    )
    signatures = world.signatures(terms, lender="other_lender")
    meter.send(calls.restructure(world.deployment, prior, terms, signatures), "stranger")
    world.chain.revert(before)


def overdue(world: World, meter: Meter, terms: LoanTerms) -> None:
    """Everything is overdue, and neither side can receive: the dearest way of each call."""
    on = world.deployment
    world.register("payer", PartyRole.GUARANTOR)
    for name in ("payer", "guarantor"):
        world.mint(name, 10**9)
        world.send(calls.approve(on, on.loan_ledger, 10**9), name)
    world.go_to(terms.matures_on + timedelta(days=40))
    world.send(calls.freeze(on, world.address("other_lender"), EVIDENCE), "guardian")
    meter.send_and_undo(calls.collect(on, terms), "stranger")
    before = world.chain.snapshot()
    world.send(calls.freeze(on, world.address("borrower"), EVIDENCE), "guardian")
    for call, sender in (
        (calls.accelerate(on, terms, EVIDENCE), "servicer"),
        (calls.write_off(on, terms, EVIDENCE), "servicer"),
        (calls.repay(on, terms, 10**9), "payer"),
        (calls.payoff(on, terms, 10**9), "payer"),
        (calls.call_guarantee(on, terms, 10**9), "servicer"),
    ):
        meter.send_and_undo(call, sender)
    world.chain.revert(before)
    world.send(calls.call_guarantee(on, terms, 10), "servicer")
    world.send(calls.repay(on, terms, 10**9), "payer")
    world.send(calls.freeze(on, world.address("guarantor"), EVIDENCE), "guardian")
    meter.send(calls.reimburse(on, terms, 10**9), "payer")
    world.send(calls.unfreeze(on, world.address("other_lender"), EVIDENCE), "resumer")
    meter.send(calls.claim(on, world.address("other_lender")), "other_lender")


def test_gas_limits_of_other_calls(world: World) -> None:
    on, meter = world.deployment, Meter(world)
    school, bank = world.address("school"), world.address("settlement_bank")
    for call, sender in (
        (calls.register_party(on, PARTY, 127, 1, EVIDENCE), "registrar"),
        (calls.update_party(on, PARTY, 1, 0, digest_of("other")), "registrar"),
        (calls.freeze(on, PARTY, EVIDENCE), "guardian"),
        (calls.unfreeze(on, PARTY, EVIDENCE), "resumer"),
        (calls.mint(on, school, 9, EVIDENCE), "settlement_bank"),
        (calls.approve(on, bank, 9), "school"),
        (calls.burn(on, school, 5, digest_of("out")), "settlement_bank"),
        (calls.transfer(on, PARTY, 5), "lender"),
        (calls.transfer_with_purpose(on, PARTY, 5, "x" * 31, EVIDENCE), "lender"),
        (calls.cancel_signatures(on, world.address("lender")), "lender"),
        (calls.pause(on), "guardian"),
        (calls.unpause(on), "resumer"),
    ):
        meter.send(call, sender)
    meter.check()
