"""The portfolio: buckets, categories, portfolio at risk, totals."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tallystick.access.permissions import Verb
from tallystick.actions.portfolio import portfolio
from tallystick.api.values import Moment
from tallystick.api.visit import Visit, visiting
from tallystick.loans.loan import Status

router = APIRouter(tags=["portfolio"])


class BucketView(BaseModel):
    name: str = Field(description="days past due")
    loans: int
    outstanding_minor: int
    arrears_minor: int


class CategoryView(BaseModel):
    category: str
    loans: int
    outstanding_minor: int


class StatusTotalView(BaseModel):
    status: Status
    loans: int
    disbursed_minor: int
    principal_repaid_minor: int
    interest_repaid_minor: int
    penalty_repaid_minor: int
    fee_repaid_minor: int
    written_off_minor: int


class PortfolioView(BaseModel):
    """Carried loans at a time, and totals of all loans there ever were; amounts in minor units."""

    at: datetime
    block_number: int
    day: date
    currency: str | None
    loans: int
    outstanding_minor: int
    interest_due_minor: int
    penalty_minor: int
    arrears_minor: int
    par30: str = Field(description="exact fraction of the outstanding more than 30 days past due")
    par30_ppm: int
    par90: str = Field(description="exact fraction of the outstanding more than 90 days past due")
    par90_ppm: int
    buckets: list[BucketView]
    categories: list[CategoryView]
    written_off_loans: int
    written_off_outstanding_minor: int
    disbursed_minor: int
    repaid_minor: int
    written_off_minor: int
    by_status: list[StatusTotalView]


@router.get("/portfolio")
def show_portfolio(
    visit: Annotated[Visit, visiting(Verb.SHOW_PORTFOLIO)],
    at: Annotated[Moment | None, Query(description="not before the mirror's latest block")] = None,
) -> PortfolioView:
    """The portfolio at a time, by default that of the mirror's latest block."""
    with visit.office.store.read() as session:
        report = portfolio(session, at)
    return PortfolioView.model_validate(report.as_json())
