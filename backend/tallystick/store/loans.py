"""Reads loans: one, a page of them, or all that are carried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select

from tallystick.kernel.errors import NotFound
from tallystick.loans.loan import CARRIED, Loan, Status
from tallystick.store.loan_records import records_where
from tallystick.store.session import Session
from tallystick.store.tables import loans, parties


class LoanNotFound(NotFound):
    title = "No such loan"


@dataclass(frozen=True, slots=True)
class LoanSummary:
    """One line of a list of loans; amounts in minor units, addresses of the parties."""

    loan_id: str
    agreement: str
    lender: str
    borrower: str
    currency: str
    principal_minor: int
    interest_minor: int
    principal_repaid_minor: int
    interest_repaid_minor: int
    penalty_repaid_minor: int
    controlled_minor: int
    written_off_minor: int
    matures_on: date
    status: Status
    originated_at: datetime
    disbursed_at: datetime | None
    closed_at: datetime | None


_lenders = parties.alias("lenders")
_borrowers = parties.alias("borrowers")


def find_loan(session: Session, loan_id: str) -> Loan:
    """Raises LoanNotFound."""
    for record in records_where(session, loans.c.loan_id == loan_id.lower()):
        return record.loan
    raise _not_found(loan_id)


def loan_surrogate(session: Session, loan_id: str) -> int:
    """The `loans.id` other tables point at. Raises LoanNotFound."""
    found = session.execute(
        select(loans.c.id).where(loans.c.loan_id == loan_id.lower())
    ).scalar_one_or_none()
    if found is None:
        raise _not_found(loan_id)
    return int(found)


def carried_loans(session: Session) -> Iterator[Loan]:
    """Every loan under which something can be owed, in order of origination."""
    for record in records_where(session, loans.c.status.in_(CARRIED)):
        yield record.loan


def list_loans(
    session: Session,
    *,
    lender: str | None = None,
    borrower: str | None = None,
    status: Status | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[LoanSummary]:
    """In order of origination; `lender` and `borrower` are addresses, `after` the last id seen."""
    query: Select[Any] = (
        select(
            loans.c.loan_id,
            loans.c.agreement,
            _lenders.c.address.label("lender"),
            _borrowers.c.address.label("borrower"),
            loans.c.currency,
            loans.c.principal_minor,
            loans.c.interest_minor,
            loans.c.principal_repaid_minor,
            loans.c.interest_repaid_minor,
            loans.c.penalty_repaid_minor,
            loans.c.controlled_minor,
            loans.c.written_off_minor,
            loans.c.matures_on,
            loans.c.status,
            loans.c.originated_at,
            loans.c.disbursed_at,
            loans.c.closed_at,
        )
        .join(_lenders, _lenders.c.id == loans.c.lender_id)
        .join(_borrowers, _borrowers.c.id == loans.c.borrower_id)
        .order_by(loans.c.id)
        .limit(limit)
    )
    if lender is not None:
        query = query.where(_lenders.c.address == lender.lower())
    if borrower is not None:
        query = query.where(_borrowers.c.address == borrower.lower())
    if status is not None:
        query = query.where(loans.c.status == status)
    if after is not None:
        last = select(loans.c.id).where(loans.c.loan_id == after.lower()).scalar_subquery()
        query = query.where(loans.c.id > last)
    rows = session.execute(query).mappings()
    return [LoanSummary(**{**row, "status": Status(row["status"])}) for row in rows]


def _not_found(loan_id: str) -> LoanNotFound:
    return LoanNotFound(
        f"No loan has the id {loan_id}. Check it, or wait for the mirror to catch up.",
        loan_id=loan_id,
    )
