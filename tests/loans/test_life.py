"""A loan follows the ledger's events, and refuses those that cannot have followed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tallystick.loans.events import (
    ClaimAssigned,
    CollateralReleased,
    ControlledReleased,
    FundsDisbursed,
    GuarantorReimbursed,
    LoanCancelled,
    LoanClosed,
    LoanEvent,
    LoanOriginated,
    LoanRestructured,
    MandateRevoked,
    NoticeServed,
    PayoutHeld,
    ProceedsPaid,
    ProceedsWithdrawn,
    RepaymentKind,
    RepaymentReceived,
)
from tallystick.loans.life import EventContradictsLoan, apply, originated
from tallystick.loans.loan import Account, Loan, Received, Status
from tallystick.loans.reduction import Reduction
from tallystick.loans.repaid import DueAtOnce, Repaid
from tests.servicing.lending import (
    BORROWER,
    DISBURSED_ON,
    LENDER,
    PAYEE,
    accelerated,
    acceleration,
    active_loan,
    at,
    due_on,
    repaid,
    repayment,
    terms,
    write_off,
    written_off,
)

GUARANTOR = "0x" + "44" * 20
ASSIGNEE = "0x" + "55" * 20
ID, NEW_ID = "0x" + "aa" * 32, "0x" + "bb" * 32
HASH = "0x" + "0e" * 32
LATE = due_on(1) + timedelta(days=20)


def after(loan: Loan, *events: LoanEvent) -> Loan:
    for event in events:
        loan, _ = apply(loan, event, at(LATE))
    return loan


def guaranteed(amount_minor: int = 5_000) -> Loan:
    """A late loan, for part of which the guarantor paid."""
    loan = active_loan(terms(guarantor=GUARANTOR, guarantee_minor_max=9_000, collateral_hash=HASH))
    return after(loan, repayment(loan, amount_minor, LATE, RepaymentKind.GUARANTEE, GUARANTOR))


def test_proceeds_are_used_until_none_are_left() -> None:
    loan = after(
        active_loan(),
        ProceedsPaid(ID, PAYEE, "working_capital", 200_000, HASH),
        ProceedsPaid(ID, PAYEE, "working_capital", 40_000, HASH),
        ProceedsWithdrawn(ID, 50_000),
    )
    assert loan.account == Account(controlled_minor=10_000, withdrawn_minor=50_000)
    assert loan.spent_minor == {"working_capital": 240_000}
    with pytest.raises(EventContradictsLoan, match="exceeds the 10000 controlled"):
        after(loan, ProceedsWithdrawn(ID, 10_001))


def test_what_was_received_adds_up_over_all_kinds() -> None:
    of = terms(prepayment="shorter_term", prepayment_fee_ppm=10_000)
    loan = repaid(active_loan(of), 100_000, DISBURSED_ON, RepaymentKind.PREPAY)
    loan = repaid(loan, 60_000, LATE)
    loan = repaid(loan, 0, LATE, RepaymentKind.PAYOFF)
    assert loan.received == Received(
        penalty_minor=1_007, interest_minor=667 + 333, principal_minor=300_000, fee_minor=2_000
    )
    assert after(loan, LoanClosed(ID)).status is Status.CLOSED


def test_collections_count_towards_the_mandate() -> None:
    loan = active_loan(terms(mandate_minor_max=60_000, collectable_by="servicer"))
    loan = after(loan, repayment(loan, 50_000, LATE, RepaymentKind.COLLECT))
    assert loan.account.collected_minor == 50_000
    with pytest.raises(EventContradictsLoan, match="exceeds the mandate"):
        after(loan, repayment(loan, 10_001, LATE, RepaymentKind.COLLECT))
    with pytest.raises(EventContradictsLoan, match="borrower did not pay"):
        after(loan, repayment(loan, 10, LATE, RepaymentKind.COLLECT, ASSIGNEE))
    revoked = after(loan, MandateRevoked(ID, BORROWER))
    assert revoked.is_mandate_revoked
    for event in (MandateRevoked(ID, BORROWER), repayment(loan, 9, LATE, RepaymentKind.COLLECT)):
        with pytest.raises(EventContradictsLoan, match="revoked"):
            after(revoked, event)


def test_the_guarantor_pays_and_gets_back_no_more() -> None:
    loan = guaranteed()
    assert (loan.account.guaranteed_minor, loan.to_reimburse_minor) == (5_000, 5_000)
    loan = after(loan, GuarantorReimbursed(ID, GUARANTOR, BORROWER, 4_000))
    assert loan.to_reimburse_minor == 1_000
    with pytest.raises(EventContradictsLoan, match="exceeds the 1000"):
        after(loan, GuarantorReimbursed(ID, GUARANTOR, BORROWER, 1_001))
    with pytest.raises(EventContradictsLoan, match="exceeds the guaranteed"):
        after(loan, repayment(loan, 4_001, LATE, RepaymentKind.GUARANTEE, GUARANTOR))
    with pytest.raises(EventContradictsLoan, match="guarantor did not pay"):
        after(loan, repayment(loan, 1, LATE, RepaymentKind.GUARANTEE))


def test_collateral_is_released_when_nobody_is_owed() -> None:
    loan = repaid(guaranteed(), 0, LATE, RepaymentKind.PAYOFF)
    for bad in (loan, after(loan, LoanClosed(ID))):
        with pytest.raises(EventContradictsLoan):
            after(bad, CollateralReleased(ID))
    reimbursed = GuarantorReimbursed(ID, GUARANTOR, BORROWER, 5_000)
    done = after(loan, LoanClosed(ID), reimbursed, CollateralReleased(ID))
    assert done.status is Status.CLOSED
    with pytest.raises(EventContradictsLoan, match="no collateral"):
        after(replace(done, terms=terms()), CollateralReleased(ID))


def test_the_claim_moves_with_each_assignment() -> None:
    loan = active_loan()
    assert loan.lender == LENDER
    loan = after(loan, ClaimAssigned(ID, LENDER, ASSIGNEE, 5, 1))
    assert (loan.lender, loan.account.assignment_count) == (ASSIGNEE, 1)
    loan = after(loan, ClaimAssigned(ID, ASSIGNEE, LENDER, 0, 2))
    assert loan.lender == LENDER
    for bad in (
        ClaimAssigned(ID, ASSIGNEE, PAYEE, 0, 3),
        ClaimAssigned(ID, LENDER, PAYEE, 0, 4),
    ):
        with pytest.raises(EventContradictsLoan):
            after(loan, bad)


def test_acceleration_replaces_the_instalments_and_proceeds_repay() -> None:
    loan = active_loan(terms(accelerate_after_days=5))
    loan = accelerated(loan, LATE)
    assert loan.outstanding_minor == 300_000
    assert loan.repaid.due_at_once == DueAtOnce(
        accelerated_interest_minor=1_667,
        accelerated_principal_minor=300_000,
        oldest_due_on=due_on(1),
    )
    ledger = "0x" + "66" * 20
    loan = after(loan, repayment(loan, 250_000, LATE, RepaymentKind.CONTROLLED, ledger))
    assert loan.controlled_minor == 50_000
    assert loan.received == Received(1_010, 1_667, 247_323, 0)
    with pytest.raises(EventContradictsLoan, match="exceeds the 50000 controlled"):
        after(loan, repayment(loan, 50_001, LATE, RepaymentKind.CONTROLLED, ledger))
    for bad in (ProceedsWithdrawn(ID, 1), acceleration(loan, LATE)):
        with pytest.raises(EventContradictsLoan, match="accelerated"):
            after(loan, bad)


def test_a_restructuring_carries_everything_over() -> None:
    prior = after(active_loan(), ProceedsWithdrawn(ID, 50_000))
    event = LoanRestructured(NEW_ID, ID, 1_010, 1_667, 300_000, 250_000)
    ended = after(prior, event)
    assert (ended.status, ended.controlled_minor) == (Status.RESTRUCTURED, 0)
    assert ended.owed_at(at(LATE)).payoff_minor == 0
    of = terms(instalments=4, prior_loan_id=ID, prepayment="smaller_instalments")
    begun = after(originated(LoanOriginated(NEW_ID, of)), event)
    assert (begun.status, begun.disbursed_at) == (Status.ACTIVE, at(LATE))
    assert begun.account == Account(controlled_minor=250_000)
    assert begun.repaid == Repaid(
        accrued_on=LATE,
        reduction=Reduction(numerator_minor=300_000, denominator_minor=400_000),
        due_at_once=DueAtOnce(carried_penalty_minor=1_010, carried_interest_minor=1_667),
    )
    assert begun.outstanding_minor == 300_000


@pytest.mark.parametrize(
    "told",
    [
        {"penalty_minor": 1_011},
        {"interest_minor": 1_666},
        {"principal_minor": 299_999},
        {"controlled_minor": 299_999},
    ],
)
def test_a_restructuring_hands_on_what_was_owed(told: dict[str, Any]) -> None:
    event = LoanRestructured(NEW_ID, ID, 1_010, 1_667, 300_000, 300_000)
    after(active_loan(), event)
    with pytest.raises(EventContradictsLoan):
        after(active_loan(), replace(event, **told))


def test_a_restructuring_of_another_loan_is_refused() -> None:
    event = LoanRestructured(NEW_ID, ID, 0, 0, 100_000, 0)
    for of in (terms(), terms(prior_loan_id=HASH), terms(instalments=1, prior_loan_id=HASH)):
        with pytest.raises(EventContradictsLoan):
            after(originated(LoanOriginated(NEW_ID, of)), event)
    small = terms(instalments=1, prior_loan_id=ID)
    with pytest.raises(EventContradictsLoan, match="its principal is 100000"):
        after(originated(LoanOriginated(NEW_ID, small)), replace(event, principal_minor=100_001))


def test_amounts_the_terms_decide_are_held_against_them() -> None:
    loan = active_loan()
    right = repayment(loan, 5_000, LATE)
    after(loan, right)
    assert isinstance(right, RepaymentReceived)
    for bad in (
        replace(right, penalty_minor=right.penalty_minor - 1),
        replace(right, interest_minor=999, principal_minor=right.principal_minor + 1),
        replace(right, fee_minor=1),
        replace(right, kind=RepaymentKind.PAYOFF),
        replace(right, kind=RepaymentKind.PREPAY),
        replace(right, principal_minor=10**6),
    ):
        with pytest.raises(EventContradictsLoan):
            after(loan, bad)
    wrote = write_off(loan, LATE)
    after(loan, wrote)
    with pytest.raises(EventContradictsLoan):
        after(loan, replace(wrote, penalty_minor=0))
    with pytest.raises(EventContradictsLoan):
        after(loan, replace(acceleration(loan, LATE), interest_minor=1_000))


def test_a_status_never_goes_back() -> None:
    approved = originated(LoanOriginated(ID, terms()))
    disbursed = FundsDisbursed(ID, 300_000)
    cancelled = after(approved, LoanCancelled(ID, LENDER))
    assert cancelled.status is Status.CANCELLED
    active, lost = active_loan(), written_off(active_loan(), LATE)
    closed = after(repaid(active, 0, LATE, RepaymentKind.PAYOFF), LoanClosed(ID))
    closed = after(closed, ControlledReleased(ID, BORROWER, 300_000))
    repaying = repayment(active, 5, LATE)
    for loan, events in (
        (approved, [repaying, ProceedsWithdrawn(ID, 1), LoanClosed(ID), write_off(active, LATE)]),
        (active, [disbursed, LoanCancelled(ID, LENDER), LoanClosed(ID)]),
        (lost, [disbursed, ProceedsWithdrawn(ID, 1), write_off(active, LATE)]),
        (cancelled, [disbursed, repaying, LoanCancelled(ID, LENDER)]),
        (closed, [disbursed, repaying, LoanClosed(ID), ControlledReleased(ID, BORROWER, 1)]),
    ):
        for event in events:
            with pytest.raises(EventContradictsLoan):
                after(loan, event)


def test_notices_and_held_payouts_leave_a_loan_as_it_is() -> None:
    loan = active_loan()
    assert after(loan, NoticeServed(ID, HASH, "overdue_7"), PayoutHeld(ID, LENDER, 5)) == loan
