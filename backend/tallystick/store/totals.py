"""Totals over all loans, by status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select

from tallystick.loans.loan import Status
from tallystick.store.session import Session
from tallystick.store.tables import loans, notices_served, raw_logs, repayments


@dataclass(frozen=True, slots=True)
class StatusTotal:
    """All loans of one status since the ledger began; amounts in minor units."""

    status: Status
    loans: int
    disbursed_minor: int
    principal_repaid_minor: int
    interest_repaid_minor: int
    penalty_repaid_minor: int
    written_off_minor: int


def status_totals(session: Session) -> list[StatusTotal]:
    """One of each status, in the order of a loan's life; those no loan has are zero."""
    disbursed = case((loans.c.disbursed_at.is_not(None), loans.c.principal_minor), else_=0)
    sums: Select[Any] = select(
        loans.c.status,
        func.count(),
        func.sum(disbursed),
        func.sum(loans.c.principal_repaid_minor),
        func.sum(loans.c.interest_repaid_minor),
        func.sum(loans.c.penalty_repaid_minor),
        func.sum(loans.c.written_off_minor),
    ).group_by(loans.c.status)
    totals = {
        Status(status): [int(value) for value in values]
        for status, *values in session.execute(sums)
    }
    return [StatusTotal(status, *totals.get(status, [0] * 6)) for status in Status]


@dataclass(frozen=True, slots=True)
class EventCounts:
    """How much is mirrored: logs of the contracts, and two kinds of what they tell."""

    logs: int
    repayments: int
    notices_served: int


def event_counts(session: Session) -> EventCounts:
    counts = (
        session.execute(select(func.count()).select_from(table)).scalar_one()
        for table in (raw_logs, repayments, notices_served)
    )
    return EventCounts(*counts)


def ledger_currency(session: Session) -> str | None:
    """The ledger's one currency; None before the first loan."""
    return session.execute(select(loans.c.currency).limit(1)).scalar_one_or_none()
