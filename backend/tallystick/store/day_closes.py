"""Day closes, and the loans a day close is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import insert, or_, select, text

from tallystick.loans.events import (
    FundsDisbursed,
    LoanAccelerated,
    LoanEvent,
    LoanRestructured,
    RepaymentReceived,
)
from tallystick.loans.loan import CARRIED, Loan
from tallystick.loans.terms import UTC_OFFSET_MINUTES_MAX
from tallystick.servicing.backdating import carried_at_end_of
from tallystick.store.loan_life import (
    acceleration_of,
    disbursement_of,
    repayments_of,
    restructurings_of,
)
from tallystick.store.loan_records import records_where
from tallystick.store.loan_tables import loans
from tallystick.store.mirror_tables import cursor
from tallystick.store.session import Session
from tallystick.store.tables import day_closes


@dataclass(frozen=True, slots=True)
class DayClose:
    """`summary` is the portfolio at the end of the day and what was written, as JSON."""

    closed_on: date
    block_number: int
    summary: dict[str, Any]
    closed_at: datetime


def find_day_close(session: Session, closed_on: date) -> DayClose | None:
    row = session.execute(
        select(day_closes).where(day_closes.c.closed_on == closed_on)
    ).one_or_none()
    return DayClose(**row._mapping) if row is not None else None


def last_day_close(session: Session) -> DayClose | None:
    row = session.execute(
        select(day_closes).order_by(day_closes.c.closed_on.desc()).limit(1)
    ).one_or_none()
    return DayClose(**row._mapping) if row is not None else None


def write_day_close(session: Session, close: DayClose) -> None:
    session.execute(
        insert(day_closes).values(
            closed_on=close.closed_on,
            block_number=close.block_number,
            summary=close.summary,
            closed_at=close.closed_at,
        )
    )


def hold_for_day_close(session: Session) -> None:
    """Until the session ends, no other day is closed and the mirror does not move on."""
    # SQLite's one writer needs no more than the writing session itself.
    if session.dialect.name == "postgresql":
        session.execute(text(f"LOCK TABLE {day_closes.name} IN SHARE ROW EXCLUSIVE MODE"))
        session.execute(text(f'LOCK TABLE "{cursor.name}" IN SHARE MODE'))


def carried_loans_on(session: Session, day: date) -> Iterator[tuple[Loan, Loan]]:
    """Every loan carried at the end of `day`: as it stood then, and as the mirror knows it now.

    In order of origination; a day is counted at each loan's own UTC offset.
    """
    # Nowhere does the day end before this moment; each loan's own day decides.
    ends_at = datetime.combine(day + timedelta(days=1), time(), UTC)
    first_end_at = ends_at - timedelta(minutes=UTC_OFFSET_MINUTES_MAX)
    may_be_carried = or_(
        loans.c.status.in_(CARRIED),
        loans.c.closed_at >= first_end_at,
        loans.c.restructured_at >= first_end_at,
    )
    for record in records_where(session, may_be_carried):
        loan = record.loan
        if loan.repaid.accrued_on <= day and record.ended_at is None:
            yield loan, loan
            continue
        earlier = carried_at_end_of(
            loan,
            day,
            events=_decisive_events(session, loan.loan_id),
            written_off_at=record.written_off_at,
            ended_at=record.ended_at,
        )
        if earlier is not None:
            yield earlier, loan


def _decisive_events(session: Session, loan_id: str) -> list[tuple[datetime, LoanEvent]]:
    """All that decided what is owed, with their times, in the ledger's order."""
    found: list[tuple[tuple[int, int], datetime, LoanEvent]] = []
    if begun := disbursement_of(session, loan_id):
        disbursed = FundsDisbursed(loan_id, begun.amount_minor)
        found.append(((begun.block_number, begun.log_index), begun.disbursed_at, disbursed))
    found += [
        (
            (row.block_number, row.log_index),
            row.restructured_at,
            LoanRestructured(
                loan_id=row.loan_id,
                prior_loan_id=row.prior_loan_id,
                penalty_minor=row.penalty_minor,
                interest_minor=row.interest_minor,
                principal_minor=row.principal_minor,
                controlled_minor=row.controlled_minor,
            ),
        )
        for row in restructurings_of(session, loan_id)
        if row.loan_id == loan_id
    ]
    found += [
        (
            (row.block_number, row.log_index),
            row.received_at,
            RepaymentReceived(
                loan_id=loan_id,
                payer=row.payer,
                kind=row.kind,
                penalty_minor=row.penalty_minor,
                interest_minor=row.interest_minor,
                principal_minor=row.principal_minor,
                fee_minor=row.fee_minor,
            ),
        )
        for row in repayments_of(session, loan_id)
    ]
    if told := acceleration_of(session, loan_id):
        event = LoanAccelerated(
            loan_id, told.interest_minor, told.principal_minor, told.reason_hash
        )
        found.append(((told.block_number, told.log_index), told.accelerated_at, event))
    found.sort(key=lambda one: one[0])
    return [(happened_at, event) for _, happened_at, event in found]
