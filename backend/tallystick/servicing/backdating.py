"""A loan as it stood at the end of an earlier day.

A day is closed after it ended, when the ledger may already have gone on. Repayments are all that
changes what is owed: a write-off changes the status only, and accrual is a function of the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from tallystick.loans.events import RepaymentReceived
from tallystick.loans.loan import Loan, Status, apply, local_day
from tallystick.loans.waterfall import Repaid


def carried_at_end_of(
    loan: Loan,
    day: date,
    *,
    repayments: Sequence[tuple[datetime, RepaymentReceived]],
    written_off_at: datetime | None,
    closed_at: datetime | None,
) -> Loan | None:
    """`loan`, a later state, taken back to the end of `day`; None if it was not carried then.

    `repayments` are all the loan ever had, in order. Only what decides what is owed is taken back:
    status and `repaid`. Raises EventContradictsLoan if the repayments are not this loan's.
    """
    offset = loan.terms.utc_offset_minutes
    if loan.disbursed_at is None or local_day(loan.disbursed_at, offset) > day:
        return None
    if closed_at is not None and local_day(closed_at, offset) <= day:
        return None
    disbursed_on = local_day(loan.disbursed_at, offset)
    earlier = replace(
        loan, status=Status.ACTIVE, repaid=Repaid(accrued_on=disbursed_on), interest_repaid_minor=0
    )
    for received_at, repayment in repayments:
        if local_day(received_at, offset) <= day:
            earlier, _ = apply(earlier, repayment, received_at)
    if written_off_at is not None and local_day(written_off_at, offset) <= day:
        earlier = replace(earlier, status=Status.WRITTEN_OFF)
    return earlier
