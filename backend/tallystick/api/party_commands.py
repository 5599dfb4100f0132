"""Commands about a party's record and what is held for it: each answered 202 with a command."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from tallystick.access.permissions import Verb
from tallystick.access.sight import require_party_seen
from tallystick.actions.cancel_signatures import cancel_signatures
from tallystick.actions.claim import claim
from tallystick.actions.freeze import freeze
from tallystick.actions.unfreeze import unfreeze
from tallystick.actions.update_party import Identity, update_party
from tallystick.api.answers import CommandView, accepted
from tallystick.api.parties import Language, PartyRoleName, PayeeCategory
from tallystick.api.values import Body, Email, Hash32, IdempotencyKey, Name, PartyAddress
from tallystick.api.visit import Visit, visiting
from tallystick.parties.roles import roles_from_names

router = APIRouter(tags=["parties"])


class IdentityBody(Body):
    name: Name
    email: Email | None = None
    language: Language = "zh"


class RecordBody(Body):
    roles: list[PartyRoleName] = Field(min_length=1, max_length=6)
    payee_category: PayeeCategory = 0
    identity: IdentityBody | None = Field(
        None, description="profile and commitment stay as they are if left out"
    )


class FreezeBody(Body):
    reason_hash: Hash32 = Field(description="hash of the decision's text")


class UnfreezeBody(FreezeBody):
    announce: bool = Field(
        False, description="announce it first, where the contracts ask for a delay"
    )


@router.put("/parties/{address}", status_code=202)
def update_record(
    address: PartyAddress,
    body: RecordBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.UPDATE_PARTY)],
) -> CommandView:
    """Replaces the party's roles and category, and who it says it is if that is told."""
    with visit.audited(Verb.UPDATE_PARTY, address):
        command = update_party(
            visit.office,
            visit.order(key),
            address=address,
            roles=roles_from_names(body.roles),
            payee_category=body.payee_category,
            identity=Identity(**body.identity.model_dump()) if body.identity else None,
        )
    return accepted(command, response)


@router.post("/parties/{address}/freeze", status_code=202)
def freeze_party(
    address: PartyAddress,
    body: FreezeBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.FREEZE)],
) -> CommandView:
    """Stops the party from sending and receiving settlement tokens."""
    with visit.audited(Verb.FREEZE, address):
        command = freeze(visit.office, visit.order(key), address, reason_hash=body.reason_hash)
    return accepted(command, response)


@router.post("/parties/{address}/unfreeze", status_code=202)
def unfreeze_party(
    address: PartyAddress,
    body: UnfreezeBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.UNFREEZE)],
) -> CommandView:
    """Lets the party send and receive again, or announces that it will."""
    with visit.audited(Verb.UNFREEZE, address):
        command = unfreeze(
            visit.office,
            visit.order(key),
            address,
            reason_hash=body.reason_hash,
            announce=body.announce,
        )
    return accepted(command, response)


@router.post("/parties/{address}/cancel-signatures", status_code=202)
def cancel_party_signatures(
    address: PartyAddress,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.CANCEL_SIGNATURES)],
) -> CommandView:
    """Makes everything void that the caller's party has signed and that was not used yet."""
    with visit.audited(Verb.CANCEL_SIGNATURES, address):
        require_party_seen(visit.caller, address)
        command = cancel_signatures(visit.office, visit.order(key), address)
    return accepted(command, response)


@router.post("/parties/{address}/claim", status_code=202)
def claim_held(
    address: PartyAddress,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.CLAIM)],
) -> CommandView:
    """Fetches what the ledger held for the party because it could not receive it."""
    with visit.audited(Verb.CLAIM, address):
        require_party_seen(visit.caller, address)
        command = claim(visit.office, visit.order(key), address)
    return accepted(command, response)
