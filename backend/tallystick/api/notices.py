"""Notices: written, served or failed, and their proof of service."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tallystick.access.caller import Caller
from tallystick.access.permissions import Verb
from tallystick.access.sight import loan_seen_by
from tallystick.api.values import Limit, LoanId
from tallystick.api.visit import Visit, visiting
from tallystick.store.notices import Notice, NoticeStatus, list_notices

router = APIRouter(tags=["notices"])


class TextView(BaseModel):
    """What the recipient read; holds personal data."""

    subject: str
    body: str


class NoticeView(BaseModel):
    id: int
    loan_id: str
    instalment: int
    step: str = Field(description="the dunning step")
    recipient: str
    channel: str
    language: str
    content_hash: str = Field(description="what is anchored on chain once served")
    written_on: date
    status: NoticeStatus
    attempts: int
    served_at: datetime | None
    text: TextView | None = Field(description="shown to the recipient and to staff who need it")


class NoticePage(BaseModel):
    notices: list[NoticeView]
    next_after: int | None = Field(description="`after` of the next page; none on the last")


After = Annotated[int, Query(ge=0, lt=2**63, description="last notice id already seen")]
Status = Annotated[NoticeStatus | None, Query()]


@router.get("/notices")
def list_written_notices(
    visit: Annotated[Visit, visiting(Verb.SHOW_NOTICES)],
    status: Status = None,
    after: After = 0,
    limit: Limit = 100,
) -> NoticePage:
    """Notices of all loans in the order they were written; a party's key sees those it received."""
    with visit.office.store.read() as session:
        found = list_notices(
            session, recipient=visit.caller.party, status=status, after=after, limit=limit
        )
    return _page(visit.caller, found, limit)


@router.get("/loans/{loan_id}/notices")
def list_loan_notices(
    loan_id: LoanId,
    visit: Annotated[Visit, visiting(Verb.SHOW_NOTICES)],
    status: Status = None,
    after: After = 0,
    limit: Limit = 100,
) -> NoticePage:
    """Notices of one loan in the order they were written."""
    with visit.office.store.read() as session:
        loan_seen_by(session, visit.caller, loan_id)
        found = list_notices(session, loan_id=loan_id, status=status, after=after, limit=limit)
    return _page(visit.caller, found, limit)


def _page(caller: Caller, found: list[Notice], limit: int) -> NoticePage:
    return NoticePage(
        notices=[_view(caller, notice) for notice in found],
        next_after=found[-1].id if len(found) == limit else None,
    )


def _view(caller: Caller, notice: Notice) -> NoticeView:
    is_shown = caller.may(Verb.SHOW_PROFILES) and caller.reaches_party(notice.recipient)
    return NoticeView(
        id=notice.id,
        loan_id=notice.loan_id,
        instalment=notice.instalment,
        step=notice.step,
        recipient=notice.recipient,
        channel=notice.channel,
        language=notice.language,
        content_hash=notice.content_hash,
        written_on=notice.written_on,
        status=notice.status,
        attempts=notice.attempts,
        served_at=notice.served_at,
        text=TextView(subject=notice.subject, body=notice.body) if is_shown else None,
    )
