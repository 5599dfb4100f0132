"""Settlement tokens: bank payments in and out, transfers between parties, allowances."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from tallystick.access.permissions import Verb
from tallystick.actions.allow_spending import Spender, allow_spending
from tallystick.actions.book_bank_payment import (
    Direction,
    bank_reference_of,
    book_bank_payment,
)
from tallystick.actions.transfer import NO_EVIDENCE, transfer
from tallystick.api.answers import CommandView, accepted
from tallystick.api.values import (
    Address,
    AmountMinor,
    Body,
    Hash32,
    IdempotencyKey,
    Name,
    NoneOrMoreMinor,
    ShortText,
)
from tallystick.api.visit import Visit, visiting

router = APIRouter(tags=["money"])


class BankPaymentBody(Body):
    direction: Direction
    party: Address
    amount_minor: AmountMinor
    bank_reference: Name = Field(
        description="the bank's own reference; only its SHA-256 goes on chain, and only once"
    )


class TransferBody(Body):
    sender: Address
    receiver: Address
    amount_minor: AmountMinor
    purpose: ShortText
    evidence_hash: Hash32 = NO_EVIDENCE


class AllowanceBody(Body):
    owner: Address
    spender: Spender
    amount_minor: NoneOrMoreMinor = Field(description="what may be spent from now on")


@router.post("/bank-payments", status_code=202)
def book_payment(
    body: BankPaymentBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.BOOK_BANK_PAYMENT)],
) -> CommandView:
    """Books money that came in at the bank as tokens of a party, or money that went out."""
    with visit.audited(Verb.BOOK_BANK_PAYMENT, body.party):
        command = book_bank_payment(
            visit.office,
            visit.order(key),
            direction=body.direction,
            party=body.party,
            amount_minor=body.amount_minor,
            bank_reference=bank_reference_of(body.bank_reference),
        )
    return accepted(command, response)


@router.post("/transfers", status_code=202)
def transfer_tokens(
    body: TransferBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.TRANSFER)],
) -> CommandView:
    """Transfers tokens between parties and states what for."""
    with visit.audited(Verb.TRANSFER, body.sender):
        visit.caller.require_party(body.sender, field="sender")
        command = transfer(
            visit.office,
            visit.order(key),
            sender=body.sender,
            receiver=body.receiver,
            amount_minor=body.amount_minor,
            purpose=body.purpose,
            evidence_hash=body.evidence_hash,
        )
    return accepted(command, response)


@router.post("/allowances", status_code=202)
def set_allowance(
    body: AllowanceBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.ALLOW_SPENDING)],
) -> CommandView:
    """Lets the ledger or the settlement bank spend tokens of a party."""
    with visit.audited(Verb.ALLOW_SPENDING, body.owner):
        visit.caller.require_party(body.owner, field="owner")
        command = allow_spending(
            visit.office,
            visit.order(key),
            owner=body.owner,
            spender=body.spender,
            amount_minor=body.amount_minor,
        )
    return accepted(command, response)
