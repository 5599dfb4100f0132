"""Where a loan's disbursement went."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tallystick.access.permissions import Verb
from tallystick.access.sight import loan_seen_by
from tallystick.actions.trace_funds import DEPTH_MAX, trace_funds
from tallystick.api.values import LoanId
from tallystick.api.visit import Visit, visiting

router = APIRouter(tags=["funds"])


class FundNodeView(BaseModel):
    """The part of one movement that came from the disbursement, and where it went on to."""

    kind: str
    sender: str
    receiver: str
    amount_minor: int
    remaining_minor: int = Field(description="what no later movement carried on")
    end: str | None = Field(description="what became of the remaining")
    purpose: str | None
    evidence_hash: str | None
    bank_reference: str | None
    moved_at: datetime
    tx_hash: str
    children: list[FundNodeView]


class RestingView(BaseModel):
    account: str
    end: str
    amount_minor: int


class FindingView(BaseModel):
    """A fact for a person to look at, in English and Chinese."""

    code: str
    account: str
    amount_minor: int
    tx_hash: str
    en: str
    zh: str


class FundTraceView(BaseModel):
    loan_id: str
    lender: str
    borrower: str
    currency: str
    block_number: int
    traced_at: datetime
    is_truncated: bool = Field(description="the depth limit was reached somewhere")
    root: FundNodeView
    resting: list[RestingView] = Field(description="where the money is now; sums to the principal")
    findings: list[FindingView]


@router.get("/loans/{loan_id}/funds")
def trace_loan_funds(
    loan_id: LoanId,
    visit: Annotated[Visit, visiting(Verb.TRACE_FUNDS)],
    depth_max: Annotated[int, Query(ge=1, le=DEPTH_MAX)] = DEPTH_MAX,
) -> FundTraceView:
    """The tree of payments and onward transfers of one disbursement, hop by hop."""
    with visit.office.store.read() as session:
        loan_seen_by(session, visit.caller, loan_id)
        trace = trace_funds(session, loan_id, depth_max=depth_max)
    return FundTraceView.model_validate(trace.as_json())
