"""What is owed under a mirrored loan at a time."""

from __future__ import annotations

from datetime import datetime

from tallystick.kernel.errors import Invalid
from tallystick.loans.loan import CARRIED, Loan, local_day
from tallystick.loans.waterfall import Owed
from tallystick.store.cursor import read_cursor
from tallystick.store.session import Session


class TimeNotCountable(Invalid):
    """Before the loan's last event."""

    title = "Nothing can be counted at that time"


def owed_at(
    session: Session, loan: Loan, *, at: datetime | None, now: datetime
) -> tuple[Owed, datetime]:
    """What is owed at `at`, and the time it was counted at (see `counted_at`).

    Raises TimeNotCountable.
    """
    at = counted_at(session, loan, at=at, now=now)
    return loan.owed_at(at), at


def counted_at(session: Session, loan: Loan, *, at: datetime | None, now: datetime) -> datetime:
    """The time at which to count what is owed: `at` or, without it, `now` or, where the chain's
    clock runs ahead of that, the mirror's latest block.

    Raises TimeNotCountable.
    """
    if at is None:
        cursor = read_cursor(session)
        at = now if cursor is None else max(now, cursor.block_at)
    if loan.status in CARRIED:
        day = local_day(at, loan.terms.utc_offset_minutes)
        if day < loan.repaid.accrued_on:
            raise TimeNotCountable(
                f"something happened to the loan on {loan.repaid.accrued_on}; ask about that day "
                "or later",
                field="at",
            )
    return at
