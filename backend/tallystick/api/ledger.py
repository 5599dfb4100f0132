"""The ledger as a whole: whether it is stopped, and the lanes the house signs by."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from tallystick.access.permissions import Verb
from tallystick.actions.adopt_lane import adopt_lane
from tallystick.actions.pause import pause
from tallystick.actions.unpause import unpause
from tallystick.api.answers import CommandView, accepted
from tallystick.api.values import Body, IdempotencyKey, PartyAddress
from tallystick.api.visit import Visit, visiting
from tallystick.store.ledger_life import is_paused

router = APIRouter(tags=["ledger"])


class LedgerView(BaseModel):
    """Where the contracts are, and whether origination and disbursement are stopped."""

    chain_id: int
    loan_ledger: str
    settlement_token: str
    party_registry: str
    currency: str
    is_paused: bool = Field(description="origination, restructuring and disbursement are stopped")


class ResumptionBody(Body):
    announce: bool = Field(
        False, description="announce it first, where the contracts ask for a delay"
    )


class LaneView(BaseModel):
    address: str
    next_nonce: int = Field(description="what the lane goes on with")


@router.get("/ledger")
def show_ledger(visit: Annotated[Visit, visiting(Verb.SHOW_LOANS)]) -> LedgerView:
    """The contracts, and whether they take new loans now."""
    deployment = visit.office.deployment
    with visit.office.store.read() as session:
        is_stopped = is_paused(session)
    return LedgerView(
        chain_id=deployment.chain_id,
        loan_ledger=deployment.loan_ledger,
        settlement_token=deployment.settlement_token,
        party_registry=deployment.party_registry,
        currency=deployment.currency,
        is_paused=is_stopped,
    )


@router.post("/ledger/pause", status_code=202)
def pause_ledger(
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.PAUSE)],
) -> CommandView:
    """Stops origination, restructuring and disbursement; repayments go on."""
    with visit.audited(Verb.PAUSE, visit.office.deployment.loan_ledger):
        command = pause(visit.office, visit.order(key))
    return accepted(command, response)


@router.post("/ledger/unpause", status_code=202)
def unpause_ledger(
    body: ResumptionBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.UNPAUSE)],
) -> CommandView:
    """Lets origination, restructuring and disbursement go on, or announces that they will."""
    with visit.audited(Verb.UNPAUSE, visit.office.deployment.loan_ledger):
        command = unpause(visit.office, visit.order(key), announce=body.announce)
    return accepted(command, response)


@router.post("/lanes/{address}/adopt")
def adopt_account_lane(
    address: PartyAddress, visit: Annotated[Visit, visiting(Verb.ADOPT_LANE)]
) -> LaneView:
    """Lets an account go on that was used elsewhere, once a person has seen what it sent there."""
    with visit.audited(Verb.ADOPT_LANE, address):
        nonce = adopt_lane(visit.office, address, caller=visit.caller.name, now=visit.now)
    return LaneView(address=address, next_nonce=nonce)
