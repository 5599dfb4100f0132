"""Quotes: what closing a loan, or repaying part of it early, takes today."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tallystick.access.permissions import Verb
from tallystick.access.sight import loan_seen_by
from tallystick.actions.quote import quote_payoff, quote_prepayment
from tallystick.api.values import AMOUNT_MINOR_MAX, LoanId, Moment
from tallystick.api.visit import Visit, visiting

router = APIRouter(tags=["repayment"])

At = Annotated[Moment | None, Query(description="with its UTC offset; now if left out")]


class QuoteView(BaseModel):
    """Amounts in minor units; it holds unless something is repaid before."""

    loan_id: str
    amount_minor: int = Field(description="what is taken in all")
    penalty_minor: int
    interest_minor: int
    principal_minor: int
    fee_minor: int
    counted_at: datetime
    valid_until: datetime = Field(description="end of the day, where the loan counts its days")


@router.get("/loans/{loan_id}/payoff-quote")
def show_payoff_quote(
    loan_id: LoanId, visit: Annotated[Visit, visiting(Verb.SHOW_LOANS)], at: At = None
) -> QuoteView:
    """What a payoff takes: everything owed, interest to the day, and the agreed fee."""
    with visit.office.store.read() as session:
        loan = loan_seen_by(session, visit.caller, loan_id)
        quote = quote_payoff(session, loan, at=at, now=at or visit.now)
    return QuoteView(loan_id=loan_id, **asdict(quote))


@router.get("/loans/{loan_id}/prepayment-quote")
def show_prepayment_quote(
    loan_id: LoanId,
    visit: Annotated[Visit, visiting(Verb.SHOW_LOANS)],
    principal_minor: Annotated[int, Query(ge=1, le=AMOUNT_MINOR_MAX)],
    at: At = None,
) -> QuoteView:
    """What prepaying that much principal takes, with its interest and the agreed fee."""
    with visit.office.store.read() as session:
        loan = loan_seen_by(session, visit.caller, loan_id)
        quote = quote_prepayment(session, loan, principal_minor, at=at, now=at or visit.now)
    return QuoteView(loan_id=loan_id, **asdict(quote))
