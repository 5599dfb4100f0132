"""Reads loans: one, a page of them, or all that are carried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, Select, and_, select

from tallystick.kernel.errors import NotFound
from tallystick.loans.loan import CARRIED, Loan, Status
from tallystick.store.loan_records import records_where
from tallystick.store.loan_tables import loans
from tallystick.store.mirror_tables import parties
from tallystick.store.session import Session


class LoanNotFound(NotFound):
    title = "No such loan"


@dataclass(frozen=True, slots=True)
class LoanSummary:
    """One line of a list of loans; amounts in minor units, addresses of the parties.

    `lender` is the present one, `first_lender` who signed. What is repaid is what repayments of all
    kinds brought. `disbursed_at` is the time of the restructuring for a loan that came of one.
    """

    loan_id: str
    agreement: str
    lender: str
    first_lender: str
    borrower: str
    guarantor: str | None
    currency: str
    principal_minor: int
    interest_minor: int
    principal_repaid_minor: int
    interest_repaid_minor: int
    penalty_repaid_minor: int
    fee_repaid_minor: int
    controlled_minor: int
    collected_minor: int
    guaranteed_minor: int
    reimbursed_minor: int
    written_off_minor: int
    assignment_count: int
    matures_on: date
    status: Status
    prior_loan_id: str | None
    next_loan_id: str | None
    originated_at: datetime
    cancelled_at: datetime | None
    disbursed_at: datetime | None
    mandate_revoked_at: datetime | None
    accelerated_at: datetime | None
    written_off_at: datetime | None
    restructured_at: datetime | None
    closed_at: datetime | None
    collateral_released_at: datetime | None

    @property
    def is_accelerated(self) -> bool:
        return self.accelerated_at is not None

    @property
    def is_mandate_revoked(self) -> bool:
        return self.mandate_revoked_at is not None

    @property
    def is_collateral_released(self) -> bool:
        return self.collateral_released_at is not None


_lenders = parties.alias("lenders")
_first_lenders = parties.alias("first_lenders")
_borrowers = parties.alias("borrowers")
_guarantors = parties.alias("guarantors")
_NAMED = {
    "lender": _lenders.c.address,
    "first_lender": _first_lenders.c.address,
    "borrower": _borrowers.c.address,
    "guarantor": _guarantors.c.address,
    "principal_repaid_minor": loans.c.received_principal_minor,
    "interest_repaid_minor": loans.c.received_interest_minor,
    "penalty_repaid_minor": loans.c.received_penalty_minor,
    "fee_repaid_minor": loans.c.received_fee_minor,
}
_SUMMARY: Select[Any] = (
    select(
        *(
            (_NAMED[field.name] if field.name in _NAMED else loans.c[field.name]).label(field.name)
            for field in fields(LoanSummary)
        )
    )
    .select_from(loans)
    .join(_lenders, _lenders.c.id == loans.c.lender_id)
    .join(_first_lenders, _first_lenders.c.id == loans.c.first_lender_id)
    .join(_borrowers, _borrowers.c.id == loans.c.borrower_id)
    .outerjoin(_guarantors, _guarantors.c.id == loans.c.guarantor_id)
)


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


def carried_under_mandate(session: Session) -> Iterator[Loan]:
    """Those of them that can be collected on, as far as the terms and the borrower say."""
    condition = and_(
        loans.c.status.in_(CARRIED),
        loans.c.collectable_by != "nobody",
        loans.c.mandate_revoked_at.is_(None),
    )
    for record in records_where(session, condition):
        yield record.loan


def carried_successors(session: Session) -> Iterator[Loan]:
    """Those of them that came of restructuring another loan."""
    condition = and_(loans.c.status.in_(CARRIED), loans.c.prior_loan_id.is_not(None))
    for record in records_where(session, condition):
        yield record.loan


def list_loans(
    session: Session,
    *,
    lender: str | None = None,
    borrower: str | None = None,
    guarantor: str | None = None,
    status: Status | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[LoanSummary]:
    """In order of origination; parties are addresses, `lender` the present one, `after` the last
    id seen."""
    query = _SUMMARY.order_by(loans.c.id).limit(limit)
    for column, party in (
        (_lenders.c.address, lender),
        (_borrowers.c.address, borrower),
        (_guarantors.c.address, guarantor),
    ):
        if party is not None:
            query = query.where(column == party.lower())
    if status is not None:
        query = query.where(loans.c.status == status)
    if after is not None:
        last = select(loans.c.id).where(loans.c.loan_id == after.lower()).scalar_subquery()
        query = query.where(loans.c.id > last)
    return [_summary(row) for row in session.execute(query).mappings()]


def loan_summary(session: Session, loan_id: str) -> LoanSummary:
    """Raises LoanNotFound."""
    query = _SUMMARY.where(loans.c.loan_id == loan_id.lower())
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise _not_found(loan_id)
    return _summary(row)


def _summary(row: RowMapping) -> LoanSummary:
    return LoanSummary(**{**row, "status": Status(row["status"])})


def _not_found(loan_id: str) -> LoanNotFound:
    return LoanNotFound(
        f"No loan has the id {loan_id}. Check it, or wait for the mirror to catch up.",
        loan_id=loan_id,
    )
