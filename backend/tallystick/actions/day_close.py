"""Close a day: what every carried loan owes at its end, the portfolio, and the notices due.

A day is closed once, in one commit. Figures are those of the end of the day, also when the ledger
has gone on since. Notices speak of what is known when they are written: nobody is asked for an
instalment that was repaid in the meantime.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from tallystick.delivery.mail import MailboxUnusable, check_mailbox
from tallystick.kernel.errors import Conflict
from tallystick.loans.loan import Loan, local_day
from tallystick.loans.waterfall import owed_on
from tallystick.servicing.dunning import DueStep, due_steps
from tallystick.servicing.notices import Recipient, mail_notice, unwritten_notice
from tallystick.servicing.portfolio import (
    OFFICE_UTC_OFFSET_MINUTES,
    portfolio_of,
    standing_on,
)
from tallystick.store.cursor import read_cursor
from tallystick.store.day_closes import (
    DayClose,
    carried_loans_on,
    find_day_close,
    hold_for_day_close,
    last_day_close,
    write_day_close,
)
from tallystick.store.notices import NewNotice, write_notices, written_steps
from tallystick.store.profiles import Profile, find_profiles
from tallystick.store.session import Session, Store

DEFAULT_LANGUAGE = "zh"
"""Of a notice to a party without a profile."""
_CHUNK = 500


class DayNotReached(Conflict):
    title = "Day not reached"


class DayBeforeLastClose(Conflict):
    title = "Day lies before the last day close"


def close_day(
    store: Store,
    closed_on: date,
    *,
    now: datetime,
    utc_offset_minutes: int = OFFICE_UTC_OFFSET_MINUTES,
) -> DayClose:
    """Closes `closed_on`, a business day at `utc_offset_minutes`, as the mirror stands.

    A day that was closed before is left as it is and its close returned. Days may be skipped.
    Raises DayNotReached when the mirror is not at that day yet and DayBeforeLastClose.
    """
    with store.begin() as session:
        hold_for_day_close(session)
        closed = find_day_close(session, closed_on)
        if closed is not None:
            return closed
        block_number = _closing_block(session, closed_on, utc_offset_minutes)
        carried = list(carried_loans_on(session, closed_on))
        written = _due_notices(session, [loan for _, loan in carried], closed_on)
        close = DayClose(
            closed_on=closed_on,
            block_number=block_number,
            summary=_summary([loan for loan, _ in carried], written, closed_on),
            closed_at=now,
        )
        write_notices(session, written)
        write_day_close(session, close)
    return close


def _closing_block(session: Session, closed_on: date, utc_offset_minutes: int) -> int:
    cursor = read_cursor(session)
    if cursor is None:
        raise DayNotReached(
            f"{closed_on} cannot be closed: nothing is mirrored yet. "
            "Run `tallystick mirror follow` first.",
            closed_on=closed_on.isoformat(),
        )
    reached = local_day(cursor.block_at, utc_offset_minutes)
    if closed_on > reached:
        raise DayNotReached(
            f"{closed_on} cannot be closed: the mirror stands at {reached}. Close a day up to "
            "that one, or let the mirror catch up.",
            closed_on=closed_on.isoformat(),
            reached_on=reached.isoformat(),
        )
    last = last_day_close(session)
    if last is not None and closed_on < last.closed_on:
        raise DayBeforeLastClose(
            f"{closed_on} cannot be closed any more: {last.closed_on} is closed already. "
            "Close a later day.",
            closed_on=closed_on.isoformat(),
            last_closed_on=last.closed_on.isoformat(),
        )
    return cursor.block_number


def _summary(
    carried: Iterable[Loan], written: Iterable[NewNotice], closed_on: date
) -> dict[str, Any]:
    standings = []
    currency = None
    for loan in carried:
        currency = loan.terms.currency
        standings.append(standing_on(loan, closed_on))
    steps = Counter(notice.content.step for notice in written)
    return {
        **portfolio_of(standings, closed_on, currency).as_json(),
        "notices_written": steps.total(),
        "notices_unroutable": sum(notice.error is not None for notice in written),
        "notices_by_step": dict(sorted(steps.items())),
    }


def _due_notices(session: Session, carried: list[Loan], closed_on: date) -> list[NewNotice]:
    return [
        notice
        for start in range(0, len(carried), _CHUNK)
        for notice in _chunk_notices(session, carried[start : start + _CHUNK], closed_on)
    ]


def _chunk_notices(session: Session, carried: list[Loan], closed_on: date) -> Iterator[NewNotice]:
    steps = written_steps(session, [loan.loan_id for loan in carried])
    due = [
        (loan, list(due_steps(loan, closed_on, steps.get(loan.loan_id, ())))) for loan in carried
    ]
    profiles = find_profiles(session, {loan.terms.borrower for loan, rungs in due if rungs})
    for loan, rungs in due:
        for rung in rungs:
            yield _notice(loan, rung, profiles.get(loan.terms.borrower), closed_on)


def _notice(loan: Loan, due: DueStep, profile: Profile | None, closed_on: date) -> NewNotice:
    if profile is None:
        content = unwritten_notice(loan, due, loan.terms.borrower)
        return NewNotice(content, DEFAULT_LANGUAGE, closed_on, "the recipient has no profile")
    owed, _ = owed_on(loan.terms, loan.repaid, max(closed_on, loan.repaid.accrued_on))
    recipient = Recipient(profile.address, profile.name, profile.language, profile.salt)
    content = mail_notice(loan, due, owed, recipient)
    return NewNotice(content, profile.language, closed_on, _why_unroutable(profile))


def _why_unroutable(profile: Profile) -> str | None:
    """Why nothing can be sent to the recipient, in words without personal data."""
    if not profile.email:
        return "the recipient's profile has no e-mail address"
    try:
        check_mailbox(profile.name, profile.email)
    except MailboxUnusable as error:
        return error.detail
    return None
