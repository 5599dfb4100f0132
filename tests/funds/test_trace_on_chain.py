"""A fund trace over what a real chain did."""

from __future__ import annotations

import pytest

from tallystick.actions.trace_funds import DEPTH_MAX, DepthOutOfRange, LoanNotDisbursed, trace_funds
from tallystick.chain import calls
from tallystick.funds.findings import FindingCode
from tallystick.funds.movements import BANK, controlled_account
from tallystick.mirror.follow import Follower
from tallystick.store.loans import LoanNotFound
from tallystick.store.session import Store
from tests.fixtures.chain import World, digest_of


def test_hop_by_hop_from_lender_to_bank(world: World, store: Store) -> None:
    on = world.deployment
    supplier, school, borrower = map(world.address, ("supplier", "school", "borrower"))
    world.mint("supplier", 50_000)
    terms = world.terms()
    loan_id = world.originate(terms)
    other = world.terms()
    world.originate(other)
    world.disburse(other)
    world.disburse(terms)
    world.pay(other, "supplier", 20_000)
    paid = world.pay(terms, "supplier", 400_000)
    world.send(calls.withdraw(on, terms, 100_000), "borrower")
    evidence = digest_of("delivery note")
    moved = world.send(
        calls.transfer_with_purpose(on, school, 200_000, "training", evidence), "supplier"
    )
    world.send(calls.approve(on, world.address("settlement_bank"), 10**15), "school")
    world.send(calls.burn(on, school, 30_000, digest_of("out 1")), "settlement_bank")
    world.send(calls.transfer(on, borrower, 15_000), "school")
    Follower(store, world.node, on).catch_up()

    with store.read() as session:
        trace = trace_funds(session, loan_id)
    # The supplier had 70,000 of other money first, so 130,000 of the 200,000 is of this loan, and
    # it reached the school behind those 70,000.
    told = [
        (row["depth"], row["kind"], row["receiver"], row["amount_minor"], row["remaining_minor"])
        for row in trace.rows()
    ]
    assert told == [
        (0, "disbursed", controlled_account(loan_id), 1_200_000, 700_000),
        (1, "paid", supplier, 400_000, 270_000),
        (2, "transferred", school, 130_000, 130_000),
        (1, "withdrawn", borrower, 100_000, 100_000),
    ]
    rows = list(trace.rows())
    assert (rows[1]["purpose"], rows[1]["tx_hash"]) == ("supplies", paid.tx_hash)
    assert rows[1]["evidence_hash"].startswith("0x")
    assert (rows[2]["purpose"], rows[2]["evidence_hash"]) == ("training", evidence)
    assert rows[2]["tx_hash"] == moved.tx_hash
    assert trace.findings == ()

    world.send(calls.burn(on, school, 75_000, digest_of("out 2")), "settlement_bank")
    world.send(calls.transfer(on, borrower, 20_000), "school")
    Follower(store, world.node, on).catch_up()
    with store.read() as session:
        trace = trace_funds(session, loan_id)
        cut = trace_funds(session, loan_id, depth_max=2)
    resting = {(row.account, row.end): row.amount_minor for row in trace.resting()}
    assert resting == {
        (controlled_account(loan_id), "rests"): 700_000,
        (supplier, "rests"): 270_000,
        (borrower, "rests"): 120_000,
        (school, "rests"): 60_000,
        (BANK, "left_at_bank"): 50_000,
    }
    [burned] = [row for row in trace.rows() if row["receiver"] == BANK]
    assert burned["bank_reference"] == digest_of("out 2")
    assert [(f.code, f.amount_minor) for f in trace.findings] == [
        (FindingCode.RETURNED_TO_BORROWER, 20_000)
    ]
    assert cut.is_truncated
    assert not trace.is_truncated
    assert {row.end for row in cut.resting() if row.account == school} == {"not_followed"}


def test_what_cannot_be_traced(world: World, store: Store) -> None:
    loan_id = world.originate(world.terms())
    Follower(store, world.node, world.deployment).catch_up()
    with store.read() as session:
        with pytest.raises(LoanNotDisbursed) as caught:
            trace_funds(session, loan_id)
        assert caught.value.data["status"] == "approved"
        with pytest.raises(LoanNotFound):
            trace_funds(session, digest_of("no loan"))
        for depth_max in (-1, 0, DEPTH_MAX + 1):
            with pytest.raises(DepthOutOfRange):
                trace_funds(session, loan_id, depth_max=depth_max)
