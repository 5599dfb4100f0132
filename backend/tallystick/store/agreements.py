"""Agreements: terms out for signature and the signatures that came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from tallystick.kernel.errors import NotFound
from tallystick.loans.terms import LoanTerms
from tallystick.store.session import Session
from tallystick.store.tables import agreements

Side = Literal["lender", "borrower", "guarantor"]
SIDES: tuple[Side, ...] = ("lender", "borrower", "guarantor")
"""In the order of `LoanTerms.signers`; not every agreement has a guarantor."""


class AgreementNotFound(NotFound):
    title = "Agreement not found"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Signatures are `0x` hex, verified before they were written; None while awaited."""

    loan_id: str
    terms: LoanTerms
    lender_signature: str | None
    borrower_signature: str | None
    guarantor_signature: str | None
    proposed_by: str
    proposed_at: datetime

    @property
    def signatures(self) -> Mapping[Side, str | None]:
        """By side, of those who are to sign these terms."""
        given: Mapping[Side, str | None] = {
            "lender": self.lender_signature,
            "borrower": self.borrower_signature,
            "guarantor": self.guarantor_signature,
        }
        return {side: given[side] for side, _ in zip(SIDES, self.terms.signers, strict=False)}

    @property
    def awaited(self) -> list[Side]:
        """Who has still to sign."""
        return [side for side, signature in self.signatures.items() if signature is None]


def write_agreement(
    session: Session, loan_id: str, terms: LoanTerms, *, proposed_by: str, now: datetime
) -> bool:
    """Whether the agreement is new; one that is there stays as it is."""
    row = {
        "loan_id": loan_id,
        "lender": terms.lender,
        "borrower": terms.borrower,
        "guarantor": terms.guarantor,
        "terms": terms.as_json(),
        "proposed_by": proposed_by,
        "proposed_at": now,
    }
    try:
        with session.begin_nested():
            session.execute(insert(agreements).values(row))
    except IntegrityError:
        return False
    return True


def find_agreement(session: Session, loan_id: str) -> Agreement:
    """Raises AgreementNotFound."""
    row = session.execute(select(agreements).where(agreements.c.loan_id == loan_id)).one_or_none()
    if row is None:
        raise AgreementNotFound(
            f"no terms with loan id {loan_id} were proposed here", loan_id=loan_id
        )
    return _agreement(row)


def list_agreements(
    session: Session,
    *,
    lender: str | None = None,
    borrower: str | None = None,
    guarantor: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[Agreement]:
    """In order of loan id; the sides are addresses, `after` is the last id seen."""
    query = select(agreements).order_by(agreements.c.loan_id).limit(limit)
    for column, party in (
        (agreements.c.lender, lender),
        (agreements.c.borrower, borrower),
        (agreements.c.guarantor, guarantor),
    ):
        if party is not None:
            query = query.where(column == party)
    if after is not None:
        query = query.where(agreements.c.loan_id > after)
    return [_agreement(row) for row in session.execute(query)]


def write_signature(session: Session, loan_id: str, side: Side, signature: str) -> None:
    session.execute(
        update(agreements)
        .where(agreements.c.loan_id == loan_id)
        .values({f"{side}_signature": signature})
    )


def _agreement(row: Row[tuple[object, ...]]) -> Agreement:
    return Agreement(
        loan_id=row.loan_id,
        terms=LoanTerms.from_json(row.terms),
        lender_signature=row.lender_signature,
        borrower_signature=row.borrower_signature,
        guarantor_signature=row.guarantor_signature,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
    )
