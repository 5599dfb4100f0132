"""Commands that change what a loan is: each is answered 202 with a command to watch."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from tallystick.access.permissions import Verb
from tallystick.access.sight import agreement_seen_by
from tallystick.actions.accelerate import accelerate
from tallystick.actions.restructure import restructure
from tallystick.actions.write_off import write_off
from tallystick.api.answers import CommandView, accepted
from tallystick.api.values import Body, Hash32, IdempotencyKey, LoanId
from tallystick.api.visit import Visit, visiting

router = APIRouter(tags=["servicing"])


class ReasonBody(Body):
    reason_hash: Hash32 = Field(description="hash of the decision's text")


class RestructuringBody(Body):
    loan_id: Hash32 = Field(description="of the agreement whose terms replace another loan")


@router.post("/loans/{loan_id}/accelerate", status_code=202)
def accelerate_loan(
    loan_id: LoanId,
    body: ReasonBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.ACCELERATE)],
) -> CommandView:
    """Makes all due, beyond the agreed days past due; unused proceeds repay what they can."""
    with visit.audited(Verb.ACCELERATE, loan_id):
        command = accelerate(
            visit.office, visit.order(key), visit.terms(loan_id), reason_hash=body.reason_hash
        )
    return accepted(command, response)


@router.post("/restructurings", status_code=202)
def restructure_loan(
    body: RestructuringBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.RESTRUCTURE)],
) -> CommandView:
    """Replaces an active loan by the one all sides signed to replace it, on the day agreed."""
    with visit.audited(Verb.RESTRUCTURE, body.loan_id):
        with visit.office.store.read() as session:
            agreement_seen_by(session, visit.caller, body.loan_id)
        command = restructure(visit.office, visit.order(key), body.loan_id)
    return accepted(command, response)


@router.post("/loans/{loan_id}/write-off", status_code=202)
def write_off_loan(
    loan_id: LoanId,
    body: ReasonBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.WRITE_OFF)],
) -> CommandView:
    """Stops carrying a loan in arrears; the debt survives and repayments are still taken."""
    with visit.audited(Verb.WRITE_OFF, loan_id):
        command = write_off(
            visit.office, visit.order(key), visit.terms(loan_id), reason_hash=body.reason_hash
        )
    return accepted(command, response)
