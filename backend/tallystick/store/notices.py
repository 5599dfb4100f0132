"""Notices: written by the day close, waiting to be delivered, served or failed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, insert, or_, select, update

from tallystick.servicing.notices import NoticeContent
from tallystick.store.loan_tables import loans
from tallystick.store.session import Session
from tallystick.store.tables import notices


class NoticeStatus(StrEnum):
    WRITTEN = "written"
    SERVED = "served"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class NewNotice:
    """`error` says why a notice cannot be sent at all; it is kept as failed."""

    content: NoticeContent
    language: str
    written_on: date
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """`attempts` counts the tries to send it; it is not tried before `retry_at`."""

    id: int
    loan_id: str
    instalment: int
    step: str
    recipient: str
    channel: str
    language: str
    subject: str
    body: str
    content_hash: str
    written_on: date
    status: NoticeStatus
    attempts: int
    retry_at: datetime | None
    served_at: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class WaitingNotice:
    """A notice to send, and the UTC offset in which its loan counts its days."""

    notice: Notice
    utc_offset_minutes: int


def written_steps(session: Session, loan_ids: Collection[str]) -> dict[str, set[tuple[int, str]]]:
    """Instalment number and step of all notices ever written, by loan."""
    steps: dict[str, set[tuple[int, str]]] = {}
    query = select(notices.c.loan_id, notices.c.instalment, notices.c.step).where(
        notices.c.loan_id.in_(loan_ids)
    )
    for loan_id, instalment, step in session.execute(query):
        steps.setdefault(loan_id, set()).add((instalment, step))
    return steps


def write_notices(session: Session, written: Sequence[NewNotice]) -> None:
    """Adds notices; one that cannot be sent is kept as failed, for a person to look at."""
    rows = [
        {
            **asdict(notice.content),
            "content_hash": notice.content.content_hash,
            "language": notice.language,
            "written_on": notice.written_on,
            "error": notice.error,
            "status": NoticeStatus.WRITTEN if notice.error is None else NoticeStatus.FAILED,
            "attempts": 0,
        }
        for notice in written
    ]
    if rows:
        session.execute(insert(notices), rows)


def list_notices(
    session: Session,
    *,
    loan_id: str | None = None,
    recipient: str | None = None,
    status: NoticeStatus | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[Notice]:
    """In the order they were written; `after` is the id of the last one seen."""
    query = select(notices).where(notices.c.id > after).order_by(notices.c.id).limit(limit)
    if loan_id is not None:
        query = query.where(notices.c.loan_id == loan_id.lower())
    if recipient is not None:
        query = query.where(notices.c.recipient == recipient.lower())
    if status is not None:
        query = query.where(notices.c.status == status)
    return [_notice(row) for row in session.execute(query)]


def waiting_notices(
    session: Session, now: datetime, *, after: int, limit: int
) -> list[WaitingNotice]:
    """Notices that may be tried at `now`, by id from after `after` on.

    They stay locked to the session; those another session holds are left out.
    """
    query: Select[Any] = (
        select(notices, loans.c.terms["utc_offset_minutes"].as_integer().label("offset"))
        .join(loans, loans.c.loan_id == notices.c.loan_id)
        .where(
            notices.c.status == NoticeStatus.WRITTEN,
            or_(notices.c.retry_at.is_(None), notices.c.retry_at <= now),
            notices.c.id > after,
        )
        .order_by(notices.c.id)
        .limit(limit)
        .with_for_update(of=notices, skip_locked=True)
    )
    return [WaitingNotice(_notice(row), row.offset) for row in session.execute(query)]


def claim_notices(session: Session, ids: Collection[int], until: datetime) -> None:
    """Counts an attempt and keeps others off the notices up to `until`."""
    _change(session, ids, attempts=notices.c.attempts + 1, retry_at=until)


def release_notice(session: Session, notice_id: int) -> None:
    """Takes a claim back: nothing was tried."""
    _change(session, [notice_id], attempts=notices.c.attempts - 1, retry_at=None)


def defer_notice(session: Session, notice_id: int, error: str, retry_at: datetime) -> None:
    """An attempt failed; there will be another."""
    _change(session, [notice_id], error=error, retry_at=retry_at)


def fail_notice(session: Session, notice_id: int, error: str) -> None:
    """The notice will not be tried again."""
    _change(session, [notice_id], status=NoticeStatus.FAILED, error=error, retry_at=None)


def mark_served(session: Session, notice_id: int, served_at: datetime) -> None:
    _change(
        session,
        [notice_id],
        status=NoticeStatus.SERVED,
        served_at=served_at,
        error=None,
        retry_at=None,
    )


def requeue_failed(session: Session) -> int:
    """Lets failed notices be tried anew, with no attempts counted; returns how many.

    A notice that was never given a text, for want of a profile, stays failed.
    """
    query = (
        update(notices)
        .where(notices.c.status == NoticeStatus.FAILED, notices.c.body != "")
        .values(status=NoticeStatus.WRITTEN, attempts=0, error=None, retry_at=None)
    )
    return session.execute(query).rowcount


def _change(session: Session, ids: Collection[int], **values: Any) -> None:
    """Changes notices that are still waiting; what was served stays served."""
    if ids:
        session.execute(
            update(notices)
            .where(notices.c.id.in_(ids), notices.c.status == NoticeStatus.WRITTEN)
            .values(**values)
        )


def _notice(row: Any) -> Notice:
    return Notice(
        id=row.id,
        loan_id=row.loan_id,
        instalment=row.instalment,
        step=row.step,
        recipient=row.recipient,
        channel=row.channel,
        language=row.language,
        subject=row.subject,
        body=row.body,
        content_hash=row.content_hash,
        written_on=row.written_on,
        status=NoticeStatus(row.status),
        attempts=row.attempts,
        retry_at=row.retry_at,
        served_at=row.served_at,
        error=row.error,
    )
