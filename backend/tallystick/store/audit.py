"""The audit trail: who asked for what, about what, and what came of it. No personal data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from tallystick.store.session import Session
from tallystick.store.tables import audit_trail

ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`outcome` is `accepted` or the type of the error that refused it."""

    id: int
    at: datetime
    caller: str
    verb: str
    subject: str
    outcome: str


def record(
    session: Session, *, at: datetime, caller: str, verb: str, subject: str, outcome: str = ACCEPTED
) -> None:
    session.execute(
        insert(audit_trail).values(
            at=at, caller=caller, verb=verb, subject=subject, outcome=outcome[:40]
        )
    )


def list_audit_trail(
    session: Session, *, after: int | None = None, limit: int = 100
) -> list[AuditEntry]:
    """Newest first; `after` is the id of the last entry already seen."""
    entries = select(audit_trail).order_by(audit_trail.c.id.desc()).limit(limit)
    if after is not None:
        entries = entries.where(audit_trail.c.id < after)
    return [AuditEntry(**row._mapping) for row in session.execute(entries)]
