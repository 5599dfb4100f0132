"""Totals over all loans, by status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Select, Table, func, select

from tallystick.loans.events import RepaymentKind
from tallystick.loans.loan import Status
from tallystick.store.loan_tables import (
    accelerations,
    claims_assigned,
    disbursements,
    loans,
    notices_served,
    reimbursements,
    repayments,
    restructurings,
)
from tallystick.store.mirror_tables import raw_logs
from tallystick.store.session import Session


@dataclass(frozen=True, slots=True)
class StatusTotal:
    """All loans of one status since the ledger began; amounts in minor units.

    A loan that came of restructuring another was not disbursed: what it took over is told by the
    other. What is repaid is what repayments of all kinds brought.
    """

    status: Status
    loans: int
    disbursed_minor: int
    principal_repaid_minor: int
    interest_repaid_minor: int
    penalty_repaid_minor: int
    fee_repaid_minor: int
    written_off_minor: int


def status_totals(session: Session) -> list[StatusTotal]:
    """One of each status, in the order of a loan's life; those no loan has are zero."""
    sums: Select[Any] = (
        select(
            loans.c.status,
            func.count(),
            func.sum(func.coalesce(disbursements.c.amount_minor, 0)),
            func.sum(loans.c.received_principal_minor),
            func.sum(loans.c.received_interest_minor),
            func.sum(loans.c.received_penalty_minor),
            func.sum(loans.c.received_fee_minor),
            func.sum(loans.c.written_off_minor),
        )
        .outerjoin(disbursements, disbursements.c.loan_id == loans.c.id)
        .group_by(loans.c.status)
    )
    totals = {
        Status(status): [int(value) for value in values]
        for status, *values in session.execute(sums)
    }
    return [StatusTotal(status, *totals.get(status, [0] * 7)) for status in Status]


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


def life_counts(session: Session) -> dict[str, int]:
    """How often what happened that an ordinary loan does without."""
    by_kind: dict[str, int] = {}
    kinds = select(repayments.c.kind, func.count()).group_by(repayments.c.kind)
    for kind, count in session.execute(kinds):
        by_kind[kind] = count

    def rows(table: Table) -> int:
        return session.execute(select(func.count()).select_from(table)).scalar_one()

    def loans_with(column: Column[Any]) -> int:
        return session.execute(select(func.count()).where(column.is_not(None))).scalar_one()

    return {
        "collections": by_kind.get(RepaymentKind.COLLECT, 0),
        "prepayments": by_kind.get(RepaymentKind.PREPAY, 0),
        "payoffs": by_kind.get(RepaymentKind.PAYOFF, 0),
        "guarantee_calls": by_kind.get(RepaymentKind.GUARANTEE, 0),
        "reimbursements": rows(reimbursements),
        "accelerations": rows(accelerations),
        "restructurings": rows(restructurings),
        "assignments": rows(claims_assigned),
        "cancellations": loans_with(loans.c.cancelled_at),
        "collateral_releases": loans_with(loans.c.collateral_released_at),
    }


def ledger_currency(session: Session) -> str | None:
    """The ledger's one currency; None before the first loan."""
    return session.execute(select(loans.c.currency).limit(1)).scalar_one_or_none()
