"""Loans as rows: how the mirror writes the pure `Loan` and reads it back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, select

from tallystick.kernel.errors import Corrupt
from tallystick.loans.loan import Account, Loan, Received, Status
from tallystick.loans.reduction import Reduction
from tallystick.loans.repaid import DueAtOnce, Repaid
from tallystick.loans.terms import LoanTerms, TermsInvalid
from tallystick.store.bulk import chunks, json_text
from tallystick.store.loan_tables import loans, purposes
from tallystick.store.mirror_tables import parties
from tallystick.store.session import Session


class StoredTermsUnreadable(Corrupt):
    """The terms in a loan's row are not terms."""

    title = "Stored terms cannot be read"


@dataclass(slots=True)
class LoanRecord:
    """A loan with what the mirror adds to it.

    `id` is the mirror's surrogate, dealt in chain order; times are those of the events' blocks,
    `written_off_minor` the principal written off, `next_loan_id` the loan that replaced this one,
    `block_number` that of the latest event.
    """

    id: int
    loan: Loan
    originated_at: datetime
    block_number: int
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None
    mandate_revoked_at: datetime | None = None
    accelerated_at: datetime | None = None
    written_off_at: datetime | None = None
    restructured_at: datetime | None = None
    closed_at: datetime | None = None
    collateral_released_at: datetime | None = None
    written_off_minor: int = 0
    next_loan_id: str | None = None

    @property
    def ended_at(self) -> datetime | None:
        """When it stopped being carried."""
        return self.closed_at or self.restructured_at


LOAN_FIXED = (
    "id",
    "loan_id",
    "agreement",
    "first_lender_id",
    "borrower_id",
    "guarantor_id",
    "currency",
    "principal_minor",
    "interest_minor",
    "matures_on",
    "prepayment",
    "accelerate_after_days",
    "collectable_by",
    "mandate_minor_max",
    "guarantee_minor_max",
    "collateral_hash",
    "prior_loan_id",
    "terms",
    "originated_at",
)
"""Columns that are written once; the members of `fixed_members`."""

_TOLD = (
    "cancelled_at",
    "cancelled_by",
    "mandate_revoked_at",
    "accelerated_at",
    "written_off_at",
    "restructured_at",
    "closed_at",
    "collateral_released_at",
    "written_off_minor",
    "next_loan_id",
    "block_number",
)
LOAN_CHANGING = (
    "status",
    "disbursed_at",
    "accrued_on",
    "next_instalment",
    "paid_on_next_minor",
    "penalty_unit_days",
    "penalty_repaid_minor",
    "reduced_from_instalment",
    "reduced_shift_minor",
    "reduced_numerator_minor",
    "reduced_denominator_minor",
    "reduced_current_principal_minor",
    "carried_penalty_minor",
    "carried_interest_minor",
    "accelerated_interest_minor",
    "accelerated_principal_minor",
    "oldest_due_on",
    "received_penalty_minor",
    "received_interest_minor",
    "received_principal_minor",
    "received_fee_minor",
    "controlled_minor",
    "withdrawn_minor",
    "collected_minor",
    "guaranteed_minor",
    "reimbursed_minor",
    "assignment_count",
    *_TOLD,
)
"""Columns that go with the loan's state; the members of `changing_members`."""

_lenders = parties.alias("lenders")
_RECORD = (
    cast(loans.c.terms, Text).label("terms_text"),
    _lenders.c.address.label("lender"),
    *(loans.c[name] for name in ("id", "loan_id", "originated_at", *LOAN_CHANGING)),
)


def fixed_members(record: LoanRecord, party_ids: Mapping[str, int]) -> tuple[Any, ...]:
    """Raises KeyError for a party without an id."""
    terms = record.loan.terms
    return (
        record.id,
        record.loan.loan_id,
        terms.agreement,
        party_ids[terms.lender],
        party_ids[terms.borrower],
        None if terms.guarantor is None else party_ids[terms.guarantor],
        terms.currency,
        terms.principal_minor,
        terms.interest_minor,
        terms.matures_on,
        terms.prepayment,
        terms.accelerate_after_days,
        terms.collectable_by,
        terms.mandate_minor_max,
        terms.guarantee_minor_max,
        terms.collateral_hash,
        terms.prior_loan_id,
        json_text(terms.as_json()),
        record.originated_at,
    )


def changing_members(record: LoanRecord) -> tuple[Any, ...]:
    loan = record.loan
    repaid, account, received = loan.repaid, loan.account, loan.received
    reduction, due = repaid.reduction, repaid.due_at_once
    return (
        loan.status.value,
        loan.disbursed_at,
        None if loan.disbursed_at is None else repaid.accrued_on,
        repaid.next_instalment,
        repaid.paid_on_next_minor,
        str(repaid.penalty_unit_days),
        repaid.penalty_repaid_minor,
        reduction.from_instalment,
        reduction.shift_minor,
        reduction.numerator_minor,
        reduction.denominator_minor,
        reduction.current_principal_minor,
        due.carried_penalty_minor,
        due.carried_interest_minor,
        due.accelerated_interest_minor,
        due.accelerated_principal_minor,
        due.oldest_due_on,
        received.penalty_minor,
        received.interest_minor,
        received.principal_minor,
        received.fee_minor,
        account.controlled_minor,
        account.withdrawn_minor,
        account.collected_minor,
        account.guaranteed_minor,
        account.reimbursed_minor,
        account.assignment_count,
        *[getattr(record, name) for name in _TOLD],
    )


def records_of(session: Session, loan_ids: Iterable[str]) -> dict[str, LoanRecord]:
    """The known ones of `loan_ids`, all loaded at once."""
    return {
        record.loan.loan_id: record
        for chunk in chunks(loan_ids)
        for record in records_where(session, loans.c.loan_id.in_(chunk))
    }


def records_where(session: Session, condition: ColumnElement[bool]) -> Iterator[LoanRecord]:
    """In order of origination."""
    spent: dict[int, dict[str, int]] = {}
    rows = session.execute(
        select(purposes.c.loan_id, purposes.c.purpose, purposes.c.spent_minor)
        .join(loans, loans.c.id == purposes.c.loan_id)
        .where(condition, purposes.c.spent_minor != 0)
    )
    for surrogate, purpose, spent_minor in rows:
        spent.setdefault(surrogate, {})[purpose] = spent_minor
    query: Select[Any] = (
        select(*_RECORD)
        .join(_lenders, _lenders.c.id == loans.c.lender_id)
        .where(condition)
        .order_by(loans.c.id)
    )
    for row in session.execute(query):
        yield _record(row, spent.get(row.id, {}))


def _record(row: Any, spent_minor: dict[str, int]) -> LoanRecord:
    loan = Loan(
        loan_id=row.loan_id,
        terms=_terms_of(row.loan_id, row.terms_text),
        status=Status(row.status),
        disbursed_at=row.disbursed_at,
        repaid=Repaid(
            accrued_on=row.accrued_on or date.min,
            next_instalment=row.next_instalment,
            paid_on_next_minor=row.paid_on_next_minor,
            penalty_unit_days=int(row.penalty_unit_days),
            penalty_repaid_minor=row.penalty_repaid_minor,
            is_accelerated=row.accelerated_at is not None,
            reduction=Reduction(
                from_instalment=row.reduced_from_instalment,
                shift_minor=row.reduced_shift_minor,
                numerator_minor=row.reduced_numerator_minor,
                denominator_minor=row.reduced_denominator_minor,
                current_principal_minor=row.reduced_current_principal_minor,
            ),
            due_at_once=DueAtOnce(
                carried_penalty_minor=row.carried_penalty_minor,
                carried_interest_minor=row.carried_interest_minor,
                accelerated_interest_minor=row.accelerated_interest_minor,
                accelerated_principal_minor=row.accelerated_principal_minor,
                oldest_due_on=row.oldest_due_on,
            ),
        ),
        account=Account(
            controlled_minor=row.controlled_minor,
            withdrawn_minor=row.withdrawn_minor,
            collected_minor=row.collected_minor,
            guaranteed_minor=row.guaranteed_minor,
            reimbursed_minor=row.reimbursed_minor,
            assignment_count=row.assignment_count,
        ),
        received=Received(
            penalty_minor=row.received_penalty_minor,
            interest_minor=row.received_interest_minor,
            principal_minor=row.received_principal_minor,
            fee_minor=row.received_fee_minor,
        ),
        spent_minor=spent_minor,
        assignee=row.lender if row.assignment_count else None,
        is_mandate_revoked=row.mandate_revoked_at is not None,
    )
    told = {name: getattr(row, name) for name in _TOLD}
    return LoanRecord(id=row.id, loan=loan, originated_at=row.originated_at, **told)


def _terms_of(loan_id: str, text: str) -> LoanTerms:
    try:
        return _terms(text)
    except (ValueError, TermsInvalid) as error:
        raise StoredTermsUnreadable(
            f"The stored terms of loan {loan_id} cannot be read ({str(error).rstrip('.')}). Run "
            "`tallystick mirror rebuild`.",
            loan_id=loan_id,
        ) from error


@lru_cache(maxsize=4096)
def _terms(text: str) -> LoanTerms:
    """Terms never change, and the same loans are read again and again."""
    return LoanTerms.from_json(json.loads(text))
