"""A loan as it stood at the end of an earlier day.

A day is closed after it ended, when the ledger may already have gone on. What is owed follows from
how the loan began, what was repaid and whether it was accelerated: a write-off changes the status
only, and accrual is a function of the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from tallystick.loans.events import LoanEvent
from tallystick.loans.life import apply
from tallystick.loans.loan import CARRIED, Loan, Status, local_day


def carried_at_end_of(
    loan: Loan,
    day: date,
    *,
    events: Sequence[tuple[datetime, LoanEvent]],
    written_off_at: datetime | None,
    ended_at: datetime | None,
) -> Loan | None:
    """`loan`, a later state, taken back to the end of `day`; None if it was not carried then.

    `events` are all that changed what is owed, in order: the disbursement, or the restructuring the
    loan came of, then repayments and acceleration. Only what decides what is owed is taken back:
    status and `repaid`. Raises EventContradictsLoan if the events are not this loan's.
    """
    offset = loan.terms.utc_offset_minutes
    if ended_at is not None and local_day(ended_at, offset) <= day:
        return None
    earlier = Loan(loan.loan_id, loan.terms)
    for happened_at, event in events:
        if local_day(happened_at, offset) <= day:
            earlier, _ = apply(earlier, event, happened_at)
    if earlier.status not in CARRIED:
        return None
    is_written_off = written_off_at is not None and local_day(written_off_at, offset) <= day
    return replace(
        loan,
        status=Status.WRITTEN_OFF if is_written_off else Status.ACTIVE,
        repaid=earlier.repaid,
        account=earlier.account,
        received=earlier.received,
    )
