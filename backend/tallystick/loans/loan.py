"""A loan as the sum of its events.

`originated` begins it, `apply` moves it on. Both are pure, so a loan is the same whether it was
followed live, rebuilt from logs or replayed in a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from tallystick.kernel.errors import Corrupt
from tallystick.loans.events import (
    ControlledReleased,
    FundsDisbursed,
    LoanClosed,
    LoanEvent,
    LoanOriginated,
    LoanWrittenOff,
    ProceedsPaid,
    ProceedsWithdrawn,
    RepaymentReceived,
)
from tallystick.loans.terms import LoanTerms
from tallystick.loans.waterfall import NOTHING_OWED, Allocation, Owed, Repaid, allocate, owed_on


class Status(StrEnum):
    """Lifecycle, only forward; the contract's `Status` under the same words."""

    APPROVED = "approved"
    ACTIVE = "active"
    WRITTEN_OFF = "written_off"
    CLOSED = "closed"


CARRIED = (Status.ACTIVE, Status.WRITTEN_OFF)
"""Statuses in which something can be owed."""


NOTHING_REPAID = Repaid(accrued_on=date.min)


class EventContradictsLoan(Corrupt):
    """A ledger event cannot follow from the loan's terms and history."""

    title = "Event contradicts the loan"


@dataclass(frozen=True, slots=True)
class Loan:
    """State of one loan. `disbursed_at` is UTC; amounts are minor units.

    `interest_repaid_minor` is what was received as interest, also by a payoff;
    `controlled_minor` is disbursed money not yet used.
    """

    loan_id: str
    terms: LoanTerms
    status: Status = Status.APPROVED
    disbursed_at: datetime | None = None
    repaid: Repaid = NOTHING_REPAID
    interest_repaid_minor: int = 0
    controlled_minor: int = 0
    withdrawn_minor: int = 0
    spent_minor: Mapping[str, int] = field(default_factory=dict)

    def owed_at(self, at: datetime) -> Owed:
        """What is owed at `at`, which is not before the last event.

        Nothing is before disbursement and after closing.
        """
        if self.status not in CARRIED:
            return NOTHING_OWED
        return owed_on(self.terms, self.repaid, local_day(at, self.terms.utc_offset_minutes))[0]


def local_day(at: datetime, utc_offset_minutes: int) -> date:
    """The day `at` (aware) falls on at a UTC offset."""
    return (at.astimezone(UTC) + timedelta(minutes=utc_offset_minutes)).date()


def originated(event: LoanOriginated) -> Loan:
    return Loan(event.loan_id, event.terms)


def apply(loan: Loan, event: LoanEvent, at: datetime) -> tuple[Loan, list[Allocation]]:
    """The loan after `event`, which its block dated `at`, and what a repayment did to instalments.

    Events that leave the loan's state as it is (notices, held payouts) are accepted. Raises
    EventContradictsLoan when the event cannot have followed.
    """
    match event:
        case FundsDisbursed(amount_minor=amount):
            _expect(loan, event, loan.status is Status.APPROVED, f"it is {loan.status}")
            _expect(
                loan, event, amount == loan.terms.principal_minor, f"{amount} is not the principal"
            )
            today = local_day(at, loan.terms.utc_offset_minutes)
            return (
                replace(
                    loan,
                    status=Status.ACTIVE,
                    disbursed_at=at,
                    repaid=Repaid(accrued_on=today),
                    controlled_minor=amount,
                ),
                [],
            )
        case ProceedsPaid(purpose=purpose, amount_minor=amount):
            spent = loan.spent_minor.get(purpose, 0) + amount
            return replace(
                _take_controlled(loan, event, amount),
                spent_minor={**loan.spent_minor, purpose: spent},
            ), []
        case ProceedsWithdrawn(amount_minor=amount):
            return replace(
                _take_controlled(loan, event, amount), withdrawn_minor=loan.withdrawn_minor + amount
            ), []
        case RepaymentReceived():
            return _repay(loan, event, at)
        case LoanWrittenOff():
            _expect(loan, event, loan.status is Status.ACTIVE, f"it is {loan.status}")
            today = local_day(at, loan.terms.utc_offset_minutes)
            owed, unit_days = owed_on(loan.terms, loan.repaid, today)
            told = (event.principal_minor, event.interest_minor, event.penalty_minor)
            ours = (owed.outstanding_principal_minor, owed.interest_minor, owed.penalty_minor)
            _expect(
                loan, event, told == ours, f"the ledger says {told} is owed, the terms say {ours}"
            )
            repaid = replace(loan.repaid, accrued_on=today, penalty_unit_days=unit_days)
            return replace(loan, status=Status.WRITTEN_OFF, repaid=repaid), []
        case LoanClosed():
            _expect(loan, event, loan.status in CARRIED, f"it is {loan.status}")
            return replace(loan, status=Status.CLOSED), []
        case ControlledReleased(amount_minor=amount):
            _expect(
                loan, event, amount == loan.controlled_minor, f"{amount} is not what was controlled"
            )
            return replace(loan, controlled_minor=0), []
        case _:
            return loan, []


def _repay(loan: Loan, event: RepaymentReceived, at: datetime) -> tuple[Loan, list[Allocation]]:
    _expect(loan, event, loan.status in CARRIED, f"it is {loan.status}")
    terms, repaid = loan.terms, loan.repaid
    today = local_day(at, terms.utc_offset_minutes)
    owed, unit_days = owed_on(terms, repaid, today)

    if event.is_payoff:
        penalty = owed.penalty_minor
        allocations = _payoff_allocations(loan, owed)
        next_instalment, paid_on_next = len(terms.instalments), 0
    else:
        penalty = min(event.amount_minor, owed.penalty_minor)
        allocations = allocate(terms, repaid, event.amount_minor - penalty)
        next_instalment, paid_on_next = _moved_on(terms, repaid, allocations)

    interest = sum(row.interest_minor for row in allocations)
    principal = sum(row.principal_minor for row in allocations)
    told = (event.penalty_minor, event.interest_minor, event.principal_minor)
    ours = (penalty, interest, principal)
    _expect(loan, event, told == ours, f"the ledger allocated {told}, the terms say {ours}")
    after = Repaid(
        accrued_on=today,
        next_instalment=next_instalment,
        paid_on_next_minor=paid_on_next,
        principal_repaid_minor=repaid.principal_repaid_minor + principal,
        penalty_unit_days=unit_days,
        penalty_repaid_minor=repaid.penalty_repaid_minor + penalty,
    )
    return (
        replace(loan, repaid=after, interest_repaid_minor=loan.interest_repaid_minor + interest),
        allocations,
    )


def _payoff_allocations(loan: Loan, owed: Owed) -> list[Allocation]:
    """All that is left, with interest beyond the elapsed days not charged."""
    interest_left = owed.interest_minor + owed.payoff_interest_minor
    allocations = []
    everything = loan.terms.principal_minor + loan.terms.interest_minor
    for row in allocate(loan.terms, loan.repaid, everything):
        interest = min(row.interest_minor, interest_left)
        interest_left -= interest
        allocations.append(Allocation(row.number, interest, row.principal_minor))
    return allocations


def _moved_on(terms: LoanTerms, repaid: Repaid, allocations: list[Allocation]) -> tuple[int, int]:
    """Index of the next instalment and what is paid on it, after `allocations`."""
    if not allocations:
        return repaid.next_instalment, repaid.paid_on_next_minor
    last = allocations[-1]
    paid = last.interest_minor + last.principal_minor
    if last.number - 1 == repaid.next_instalment:
        paid += repaid.paid_on_next_minor
    is_repaid = paid == terms.instalments[last.number - 1].total_minor
    return (last.number, 0) if is_repaid else (last.number - 1, paid)


def _take_controlled(loan: Loan, event: LoanEvent, amount_minor: int) -> Loan:
    _expect(loan, event, loan.status is Status.ACTIVE, f"it is {loan.status}")
    left = loan.controlled_minor - amount_minor
    _expect(
        loan, event, left >= 0, f"{amount_minor} exceeds the {loan.controlled_minor} controlled"
    )
    return replace(loan, controlled_minor=left)


def _expect(loan: Loan, event: LoanEvent, holds: bool, why: str) -> None:
    if not holds:
        raise EventContradictsLoan(
            f"{type(event).__name__} of loan {loan.loan_id} contradicts it: {why}. "
            "Run `tallystick mirror rebuild`; if it says so again, ledger and terms disagree.",
            loan_id=loan.loan_id,
        )
