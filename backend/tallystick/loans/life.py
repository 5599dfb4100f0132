"""The life of a loan: the sum of its events.

`originated` begins it, `apply` moves it on. Both are pure, so a loan is the same whether it was
followed live, rebuilt from logs or replayed in a test. Whatever an event tells that the terms
decide is held against them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from tallystick.kernel.errors import Corrupt
from tallystick.loans.events import (
    ClaimAssigned,
    CollateralReleased,
    ControlledReleased,
    FundsDisbursed,
    GuarantorReimbursed,
    LoanAccelerated,
    LoanCancelled,
    LoanClosed,
    LoanEvent,
    LoanOriginated,
    LoanRestructured,
    LoanWrittenOff,
    MandateRevoked,
    ProceedsPaid,
    ProceedsWithdrawn,
    RepaymentKind,
    RepaymentReceived,
)
from tallystick.loans.loan import CARRIED, Account, Loan, Received, Status, local_day
from tallystick.loans.reduction import credited
from tallystick.loans.repaid import DueAtOnce, Repaid
from tallystick.loans.repayment import (
    Allocation,
    PrepaymentNotPossible,
    Repayment,
    payoff,
    prepay,
    repay,
)
from tallystick.loans.waterfall import Owed, owed_on


class EventContradictsLoan(Corrupt):
    """A ledger event cannot follow from the loan's terms and history."""

    title = "Event contradicts the loan"


def originated(event: LoanOriginated) -> Loan:
    return Loan(event.loan_id, event.terms)


def apply(loan: Loan, event: LoanEvent, at: datetime) -> tuple[Loan, tuple[Allocation, ...]]:
    """The loan after `event`, which its block dated `at`, and what a repayment did to instalments.

    `LoanRestructured` is to be applied to both loans it names. Events that leave the loan's state
    as it is (notices, held payouts) are accepted. Raises EventContradictsLoan when the event
    cannot have followed.
    """
    if isinstance(event, RepaymentReceived):
        return _received(loan, event, at)
    return _changed(loan, event, at), ()


def _changed(loan: Loan, event: LoanEvent, at: datetime) -> Loan:
    account = loan.account
    match event:
        case FundsDisbursed(amount_minor=amount):
            _expect_status(loan, event, Status.APPROVED)
            _expect_amount(loan, event, amount, loan.terms.principal_minor, "the principal")
            return replace(
                loan,
                status=Status.ACTIVE,
                disbursed_at=at,
                repaid=Repaid(accrued_on=_today(loan, at)),
                account=Account(controlled_minor=amount),
            )
        case LoanCancelled():
            _expect_status(loan, event, Status.APPROVED)
            return replace(loan, status=Status.CANCELLED)
        case ProceedsPaid(purpose=purpose, amount_minor=amount):
            spent = {**loan.spent_minor, purpose: loan.spent_minor.get(purpose, 0) + amount}
            return replace(loan, account=_used(loan, event, amount), spent_minor=spent)
        case ProceedsWithdrawn(amount_minor=amount):
            used = _used(loan, event, amount)
            withdrawn = account.withdrawn_minor + amount
            return replace(loan, account=replace(used, withdrawn_minor=withdrawn))
        case MandateRevoked():
            _expect(loan, event, not loan.is_mandate_revoked, "it was revoked before")
            return replace(loan, is_mandate_revoked=True)
        case GuarantorReimbursed(amount_minor=amount):
            left = loan.to_reimburse_minor
            _expect(loan, event, amount <= left, f"{amount} exceeds the {left} to reimburse")
            reimbursed = account.reimbursed_minor + amount
            return replace(loan, account=replace(account, reimbursed_minor=reimbursed))
        case ClaimAssigned():
            _expect_status(loan, event, *CARRIED)
            _expect(loan, event, event.lender == loan.lender, f"{loan.lender} is its lender")
            count = account.assignment_count + 1
            _expect_amount(loan, event, event.assignment_count, count, "the next assignment")
            return replace(
                loan, assignee=event.assignee, account=replace(account, assignment_count=count)
            )
        case LoanAccelerated():
            return _accelerated(loan, event, at)
        case LoanRestructured(prior_loan_id=loan.loan_id):
            return _replaced(loan, event, at)
        case LoanRestructured():
            return _replacing(loan, event, at)
        case LoanWrittenOff():
            _expect_status(loan, event, Status.ACTIVE)
            owed, repaid = _accrued(loan, at)
            told = (event.principal_minor, event.interest_minor, event.penalty_minor)
            ours = (owed.outstanding_principal_minor, owed.interest_minor, owed.penalty_minor)
            _expect_amount(loan, event, told, ours, "what the terms say is owed")
            return replace(loan, status=Status.WRITTEN_OFF, repaid=repaid)
        case LoanClosed():
            _expect_status(loan, event, *CARRIED)
            left = loan.owed_at(at).payoff_minor
            _expect(loan, event, left == 0, f"{left} is still owed")
            return replace(loan, status=Status.CLOSED)
        case ControlledReleased(amount_minor=amount):
            _expect_status(loan, event, Status.CLOSED)
            _expect_amount(loan, event, amount, account.controlled_minor, "what was controlled")
            return replace(loan, account=replace(account, controlled_minor=0))
        case CollateralReleased():
            _expect_status(loan, event, Status.CLOSED)
            _expect(loan, event, loan.terms.collateral_hash is not None, "it has no collateral")
            _expect(loan, event, not loan.to_reimburse_minor, "the guarantor is still owed")
    return loan


def _received(
    loan: Loan, event: RepaymentReceived, at: datetime
) -> tuple[Loan, tuple[Allocation, ...]]:
    _expect_status(loan, event, *CARRIED)
    ours = _repayment(loan, event, _today(loan, at))
    told = (event.penalty_minor, event.interest_minor, event.principal_minor, event.fee_minor)
    parts = (ours.penalty_minor, ours.interest_minor, ours.principal_minor, ours.fee_minor)
    _expect_amount(loan, event, told, parts, "what the terms say")
    before = loan.received
    received = Received(
        penalty_minor=before.penalty_minor + ours.penalty_minor,
        interest_minor=before.interest_minor + ours.interest_minor,
        principal_minor=before.principal_minor + ours.principal_minor,
        fee_minor=before.fee_minor + ours.fee_minor,
    )
    account = _account_after(loan, event)
    return (
        replace(loan, repaid=ours.repaid, account=account, received=received),
        ours.allocations,
    )


def _repayment(loan: Loan, event: RepaymentReceived, today: date) -> Repayment:
    match event.kind:
        case RepaymentKind.PAYOFF:
            return payoff(loan.terms, loan.repaid, today)
        case RepaymentKind.PREPAY:
            try:
                return prepay(loan.terms, loan.repaid, today, event.principal_minor)
            except PrepaymentNotPossible as refused:
                raise _contradiction(loan, event, refused.detail) from refused
        case _:
            return repay(loan.terms, loan.repaid, today, event.amount_minor)


def _account_after(loan: Loan, event: RepaymentReceived) -> Account:
    account, amount = loan.account, event.amount_minor
    match event.kind:
        case RepaymentKind.COLLECT:
            _expect(loan, event, not loan.is_mandate_revoked, "its mandate was revoked")
            _expect(loan, event, event.payer == loan.terms.borrower, "the borrower did not pay it")
            collected, most = account.collected_minor + amount, loan.terms.mandate_minor_max
            _expect(loan, event, collected <= most, f"{collected} exceeds the mandate's {most}")
            return replace(account, collected_minor=collected)
        case RepaymentKind.GUARANTEE:
            _expect(loan, event, event.payer == loan.terms.guarantor, "its guarantor did not pay")
            guaranteed, most = account.guaranteed_minor + amount, loan.terms.guarantee_minor_max
            _expect(loan, event, guaranteed <= most, f"{guaranteed} exceeds the guaranteed {most}")
            return replace(account, guaranteed_minor=guaranteed)
        case RepaymentKind.CONTROLLED:
            return replace(account, controlled_minor=_left_controlled(loan, event, amount))
        case _:
            return account


def _accelerated(loan: Loan, event: LoanAccelerated, at: datetime) -> Loan:
    _expect_status(loan, event, Status.ACTIVE)
    _expect(loan, event, not loan.repaid.is_accelerated, "it was accelerated before")
    owed, repaid = _accrued(loan, at)
    due = repaid.due_at_once
    interest = owed.interest_minor - due.carried_interest_minor + owed.payoff_interest_minor
    told = (event.interest_minor, event.principal_minor)
    ours = (interest, owed.outstanding_principal_minor)
    _expect_amount(loan, event, told, ours, "what the terms say is owed")
    return replace(
        loan,
        repaid=replace(
            repaid,
            next_instalment=len(loan.terms.instalments),
            paid_on_next_minor=0,
            is_accelerated=True,
            due_at_once=replace(
                due,
                accelerated_interest_minor=interest,
                accelerated_principal_minor=owed.outstanding_principal_minor,
                oldest_due_on=repaid.accrued_on - timedelta(days=owed.days_past_due),
            ),
        ),
    )


def _replaced(loan: Loan, event: LoanRestructured, at: datetime) -> Loan:
    """The loan that a restructuring ends."""
    _expect_status(loan, event, Status.ACTIVE)
    owed, repaid = _accrued(loan, at)
    told = (
        event.penalty_minor, event.interest_minor, event.principal_minor, event.controlled_minor
    )  # fmt: skip
    ours = (
        owed.penalty_minor,
        owed.interest_minor + owed.payoff_interest_minor,
        owed.outstanding_principal_minor,
        loan.controlled_minor,
    )
    _expect_amount(loan, event, told, ours, "what it hands on")
    account = replace(loan.account, controlled_minor=0)
    return replace(loan, status=Status.RESTRUCTURED, repaid=repaid, account=account)


def _replacing(loan: Loan, event: LoanRestructured, at: datetime) -> Loan:
    """The loan that takes over what was owed."""
    _expect_status(loan, event, Status.APPROVED)
    prior = loan.terms.prior_loan_id
    _expect(loan, event, prior == event.prior_loan_id, f"its terms replace {prior}")
    most = loan.terms.principal_minor
    _expect(loan, event, event.principal_minor <= most, f"its principal is {most}")
    return replace(
        loan,
        status=Status.ACTIVE,
        disbursed_at=at,
        account=Account(controlled_minor=event.controlled_minor),
        repaid=Repaid(
            accrued_on=_today(loan, at),
            reduction=credited(loan.terms, event.principal_minor),
            due_at_once=DueAtOnce(
                carried_penalty_minor=event.penalty_minor,
                carried_interest_minor=event.interest_minor,
            ),
        ),
    )


def _accrued(loan: Loan, at: datetime) -> tuple[Owed, Repaid]:
    """What is owed at `at`, and `loan.repaid` with unit-days counted up to it."""
    today = _today(loan, at)
    owed, unit_days = owed_on(loan.terms, loan.repaid, today)
    return owed, replace(loan.repaid, accrued_on=today, penalty_unit_days=unit_days)


def _used(loan: Loan, event: LoanEvent, amount_minor: int) -> Account:
    _expect_status(loan, event, Status.ACTIVE)
    _expect(loan, event, not loan.repaid.is_accelerated, "it was accelerated")
    left = _left_controlled(loan, event, amount_minor)
    return replace(loan.account, controlled_minor=left)


def _left_controlled(loan: Loan, event: LoanEvent, amount_minor: int) -> int:
    left = loan.controlled_minor - amount_minor
    held = loan.controlled_minor
    _expect(loan, event, left >= 0, f"{amount_minor} exceeds the {held} controlled")
    return left


def _today(loan: Loan, at: datetime) -> date:
    return local_day(at, loan.terms.utc_offset_minutes)


def _expect_status(loan: Loan, event: LoanEvent, *statuses: Status) -> None:
    _expect(loan, event, loan.status in statuses, f"it is {loan.status}")


def _expect_amount(loan: Loan, event: LoanEvent, told: object, ours: object, what: str) -> None:
    _expect(loan, event, told == ours, f"the ledger says {told}, but {what} is {ours}")


def _expect(loan: Loan, event: LoanEvent, holds: bool, why: str) -> None:
    if not holds:
        raise _contradiction(loan, event, why)


def _contradiction(loan: Loan, event: LoanEvent, why: str) -> EventContradictsLoan:
    return EventContradictsLoan(
        f"{type(event).__name__} of loan {loan.loan_id} contradicts it: {why.rstrip('.')}. "
        "Run `tallystick mirror rebuild`; if it says so again, ledger and terms disagree.",
        loan_id=loan.loan_id,
    )
