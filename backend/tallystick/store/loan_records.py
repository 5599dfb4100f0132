"""Loans as rows: how the mirror reads them back into the pure `Loan`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, select

from tallystick.kernel.errors import Corrupt
from tallystick.loans.loan import Loan, Status
from tallystick.loans.terms import LoanTerms, TermsInvalid
from tallystick.loans.waterfall import Repaid
from tallystick.store.session import Session
from tallystick.store.tables import loans, purposes


class StoredTermsUnreadable(Corrupt):
    """The terms in a loan's row are not terms."""

    title = "Stored terms cannot be read"


@dataclass(slots=True)
class LoanRecord:
    """A loan with what the mirror adds to it.

    `id` is the mirror's surrogate, dealt in chain order; times are those of the events' blocks,
    `written_off_minor` the principal written off, `block_number` that of the latest event.
    """

    id: int
    loan: Loan
    originated_at: datetime
    written_off_at: datetime | None
    closed_at: datetime | None
    written_off_minor: int
    block_number: int


_RECORD = (
    loans.c.id,
    loans.c.loan_id,
    cast(loans.c.terms, Text),
    loans.c.status,
    loans.c.disbursed_at,
    loans.c.accrued_on,
    loans.c.next_instalment,
    loans.c.paid_on_next_minor,
    loans.c.principal_repaid_minor,
    loans.c.penalty_unit_days,
    loans.c.penalty_repaid_minor,
    loans.c.interest_repaid_minor,
    loans.c.controlled_minor,
    loans.c.withdrawn_minor,
    loans.c.originated_at,
    loans.c.written_off_at,
    loans.c.closed_at,
    loans.c.written_off_minor,
    loans.c.block_number,
)
_CHUNK = 5_000


def records_of(session: Session, loan_ids: Iterable[str]) -> dict[str, LoanRecord]:
    """The known ones of `loan_ids`, all loaded at once."""
    wanted = list(loan_ids)
    return {
        record.loan.loan_id: record
        for start in range(0, len(wanted), _CHUNK)
        for record in records_where(session, loans.c.loan_id.in_(wanted[start : start + _CHUNK]))
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
    query: Select[Any] = select(*_RECORD).where(condition).order_by(loans.c.id)
    for row in session.execute(query):
        yield _record(row, spent.get(row[0], {}))


def _record(row: Any, spent_minor: dict[str, int]) -> LoanRecord:
    (
        surrogate,
        loan_id,
        terms,
        status,
        disbursed_at,
        accrued_on,
        next_instalment,
        paid_on_next_minor,
        principal_repaid_minor,
        penalty_unit_days,
        penalty_repaid_minor,
        interest_repaid_minor,
        controlled_minor,
        withdrawn_minor,
        originated_at,
        written_off_at,
        closed_at,
        written_off_minor,
        block_number,
    ) = row
    loan = Loan(
        loan_id=loan_id,
        terms=_terms_of(loan_id, terms),
        status=Status(status),
        disbursed_at=disbursed_at,
        repaid=Repaid(
            accrued_on=accrued_on or date.min,
            next_instalment=next_instalment,
            paid_on_next_minor=paid_on_next_minor,
            principal_repaid_minor=principal_repaid_minor,
            penalty_unit_days=int(penalty_unit_days),
            penalty_repaid_minor=penalty_repaid_minor,
        ),
        interest_repaid_minor=interest_repaid_minor,
        controlled_minor=controlled_minor,
        withdrawn_minor=withdrawn_minor,
        spent_minor=spent_minor,
    )
    return LoanRecord(
        surrogate, loan, originated_at, written_off_at, closed_at, written_off_minor, block_number
    )


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
