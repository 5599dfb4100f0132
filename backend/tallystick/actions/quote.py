"""What a prepayment or a payoff would take, and until when that holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from tallystick.actions.show_owed import counted_at
from tallystick.kernel.errors import Conflict
from tallystick.loans.loan import CARRIED, Loan, Status, local_day
from tallystick.loans.repayment import Repayment, payoff, prepay
from tallystick.store.session import Session


class LoanNotCarried(Conflict):
    """Nothing is owed under the loan, so there is nothing to quote."""

    title = "Nothing to repay"


@dataclass(frozen=True, slots=True)
class Quote:
    """Amounts in minor units; `amount_minor` is their sum. It holds unless something is repaid
    before, up to `valid_until`: the end of the day on which the loan counts `counted_at`.
    """

    amount_minor: int
    penalty_minor: int
    interest_minor: int
    principal_minor: int
    fee_minor: int
    counted_at: datetime
    valid_until: datetime


def quote_payoff(session: Session, loan: Loan, *, at: datetime | None, now: datetime) -> Quote:
    """What closes the loan at `at`, or now. Raises LoanNotCarried, TimeNotCountable."""
    _require_carried(loan, *CARRIED)
    at = counted_at(session, loan, at=at, now=now)
    day = local_day(at, loan.terms.utc_offset_minutes)
    return _quote(loan, payoff(loan.terms, loan.repaid, day), at)


def quote_prepayment(
    session: Session, loan: Loan, principal_minor: int, *, at: datetime | None, now: datetime
) -> Quote:
    """What prepaying `principal_minor` takes at `at`, or now.

    Raises LoanNotCarried, TimeNotCountable, PrepaymentNotPossible.
    """
    _require_carried(loan, Status.ACTIVE)
    at = counted_at(session, loan, at=at, now=now)
    day = local_day(at, loan.terms.utc_offset_minutes)
    return _quote(loan, prepay(loan.terms, loan.repaid, day, principal_minor), at)


def _require_carried(loan: Loan, *statuses: Status) -> None:
    if loan.status not in statuses:
        raise LoanNotCarried(
            f"loan {loan.loan_id} is {loan.status.replace('_', ' ')}; there is nothing to quote",
            status=loan.status,
        )


def _quote(loan: Loan, repayment: Repayment, at: datetime) -> Quote:
    offset_minutes = loan.terms.utc_offset_minutes
    next_day = local_day(at, offset_minutes) + timedelta(days=1)
    return Quote(
        amount_minor=repayment.amount_minor,
        penalty_minor=repayment.penalty_minor,
        interest_minor=repayment.interest_minor,
        principal_minor=repayment.principal_minor,
        fee_minor=repayment.fee_minor,
        counted_at=at,
        valid_until=datetime.combine(next_day, time(), UTC) - timedelta(minutes=offset_minutes),
    )
