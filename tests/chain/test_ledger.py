"""Reading the contracts, one by one and in bulk, at one block."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tallystick.chain import calls
from tallystick.chain.failures import NodeAnswerInvalid
from tallystick.chain.ledger import LedgerReader, OnChainParty
from tallystick.chain.messages import Assignment, assignment_digest
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.terms import loan_id
from tallystick.loans.loan import Account, Status
from tallystick.loans.repaid import DueAtOnce, Repaid
from tallystick.loans.waterfall import NOTHING_OWED
from tallystick.parties.roles import PartyRole
from tests.fixtures.chain import BORROWER_MINOR, LENDER_MINOR, UNLIMITED, World, digest_of


@pytest.fixture
def reader(world: World) -> LedgerReader:
    return LedgerReader(world.node, world.deployment)


def test_a_loan_through_its_life(world: World, reader: LedgerReader) -> None:
    terms = world.terms(instalments=3)
    assert reader.loan(loan_id(terms)) is None
    assert reader.owed(terms, world.now()) == NOTHING_OWED
    known = world.originate(terms)
    approved = reader.loan(known)
    assert approved is not None
    assert (approved.status, approved.repaid, approved.account) == (
        Status.APPROVED,
        None,
        Account(),
    )
    world.disburse(terms)
    world.pay(terms, "supplier", 100_000)
    world.send(calls.withdraw(world.deployment, terms, 50_000), "borrower")
    active = reader.loan(known)
    assert active is not None
    assert active.status is Status.ACTIVE
    assert active.repaid == Repaid(accrued_on=terms.disburse_on)
    left = terms.principal_minor - 150_000
    assert active.account == Account(controlled_minor=left, withdrawn_minor=50_000)
    assert (active.assignee, active.is_mandate_revoked) == (None, False)
    asked = [(known, "supplies"), (known, "tuition")]
    assert reader.spent(asked) == {asked[0]: 100_000, asked[1]: 0}

    due = terms.instalments[0]
    world.go_to(due.due_on)
    owed = reader.owed(terms, world.now())
    assert (owed.interest_minor, owed.principal_minor) == (due.interest_minor, due.principal_minor)
    world.repay(terms, 1_000)
    later = reader.loan(known)
    assert later is not None
    assert later.repaid is not None
    assert later.repaid.paid_on_next_minor == 1_000
    with pytest.raises(LedgerRefused) as refused:
        reader.owed(terms, world.now() - timedelta(days=2))
    assert refused.value.type == "time_before_accrual"


def test_what_acceleration_and_assignment_leave(world: World, reader: LedgerReader) -> None:
    """Every bit and slot; other states are compared in `tests/differential`."""
    on = world.deployment
    terms = world.terms(
        instalments=3, accelerate_after_days=1, mandate_minor_max=5, collectable_by="anyone"
    )
    known = world.originate(terms)
    world.disburse(terms)
    world.send(calls.revoke_mandate(on, terms), "borrower")
    due_on = terms.instalments[0].due_on
    world.go_to(due_on + timedelta(days=9))
    assignee = world.address("other_lender")
    assignment = Assignment(known, terms.lender, assignee, 0, 0, world.today(), 0, 0)
    digest = assignment_digest(assignment, on.chain_id, on.loan_ledger)
    signatures = [world.key(name).signature_of(digest) for name in ("lender", "other_lender")]
    world.send(calls.assign(on, terms, assignment, *signatures), "stranger")
    owed = reader.owed(terms, world.now())
    world.send(calls.accelerate(on, terms, digest_of("late")), "servicer")
    loan = reader.loan(known)
    assert loan is not None
    # What was controlled repaid penalty and interest, and all principal but what those took.
    left = owed.penalty_minor + owed.interest_minor + owed.payoff_interest_minor
    assert loan.repaid is not None
    assert loan.repaid.is_accelerated
    assert loan.repaid.next_instalment == 3
    assert loan.repaid.penalty_repaid_minor == owed.penalty_minor
    assert loan.repaid.due_at_once == DueAtOnce(
        accelerated_principal_minor=left, oldest_due_on=due_on
    )
    assert loan.account == Account(assignment_count=1)
    assert (loan.assignee, loan.is_mandate_revoked) == (assignee, True)


def test_everything_is_read_at_one_block(world: World, reader: LedgerReader) -> None:
    terms = world.terms()
    before = reader.head()
    world.originate(terms)
    world.mint("supplier", 7)
    supplier = world.address("supplier")
    head = reader.head()
    for block in (before.number, before.hash):
        assert reader.loan(loan_id(terms), block) is None
        assert reader.balances([supplier], block) == {supplier: 0}
        assert reader.total_supply(block) == LENDER_MINOR + BORROWER_MINOR
    for now in (head.number, head.hash):
        assert reader.loan(loan_id(terms), now) is not None
        assert reader.balances([supplier], now) == {supplier: 7}
        assert reader.total_supply(now) == LENDER_MINOR + BORROWER_MINOR + 7


def test_many_loans_are_read_in_order(world: World, reader: LedgerReader) -> None:
    terms = [world.terms(instalments=n) for n in range(1, 6)]
    for one in terms[:3]:
        world.originate(one)
    world.disburse(terms[1])
    statuses = [loan and loan.status for loan in reader.loans([loan_id(one) for one in terms])]
    assert statuses == [Status.APPROVED, Status.ACTIVE, Status.APPROVED, None, None]
    at = world.now() + timedelta(days=100)
    owed = reader.owed_many([(one, at) for one in terms])
    assert [one == NOTHING_OWED for one in owed] == [True, False, True, True, True]


def test_parties_and_their_money(world: World, reader: LedgerReader) -> None:
    lender, school, stranger = (world.address(name) for name in ("lender", "school", "stranger"))
    world.send(calls.freeze(world.deployment, school, digest_of("why")), "guardian")
    world.send(calls.cancel_signatures(world.deployment, lender), "lender")
    assert reader.parties([lender, school, stranger]) == {
        lender: OnChainParty(PartyRole.LENDER, 0, False, 1, digest_of("lender")),
        school: OnChainParty(PartyRole.PAYEE, 2, True, 0, digest_of("school")),
        stranger: None,
    }
    assert reader.balances([lender, stranger]) == {lender: LENDER_MINOR, stranger: 0}
    assert reader.allowance(lender, world.deployment.loan_ledger) == UNLIMITED
    assert reader.allowance(lender, stranger) == 0


def test_what_is_held_and_what_was_served(world: World, reader: LedgerReader) -> None:
    terms = world.terms()
    known = world.originate(terms)
    world.disburse(terms)
    lender = world.address("lender")
    world.send(calls.freeze(world.deployment, lender, digest_of("why")), "guardian")
    world.repay(terms, 500)
    assert reader.claimable([lender]) == {lender: 500}
    served = calls.serve_notice(world.deployment, known, "reminder", digest_of("notice"))
    world.send(served, "servicer")
    asked = [(known, digest_of("notice")), (known, digest_of("other"))]
    assert reader.notices_served_at(asked) == {asked[0]: world.now(), asked[1]: None}


def test_wrong_contracts_are_noticed(world: World) -> None:
    # The token answers a uint8 function; what it returns for others cannot be a loan.
    wrong = replace(world.deployment, loan_ledger=world.address("stranger"))
    with pytest.raises(NodeAnswerInvalid, match="right contracts"):
        LedgerReader(world.node, wrong).loan(digest_of("loan"))
