"""Commands from an agreement to the use of proceeds: each answered 202 with a command to watch."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from tallystick.access.permissions import Verb
from tallystick.access.sight import agreement_seen_by
from tallystick.actions.cancel import cancel
from tallystick.actions.disburse import disburse
from tallystick.actions.originate import originate
from tallystick.actions.pay import pay
from tallystick.actions.revoke_signature import revoke_signature
from tallystick.actions.withdraw import withdraw
from tallystick.api.answers import CommandView, accepted
from tallystick.api.values import (
    Address,
    AmountMinor,
    Body,
    Hash32,
    IdempotencyKey,
    LoanId,
    ShortText,
)
from tallystick.api.visit import Visit, visiting

router = APIRouter(tags=["loans"])


class OriginationBody(Body):
    loan_id: Hash32


class PaymentBody(Body):
    payee: Address
    amount_minor: AmountMinor
    purpose: ShortText
    evidence_hash: Hash32 = Field(description="hash of the invoice or contract paid")


class WithdrawalBody(Body):
    amount_minor: AmountMinor


@router.post("/loans", status_code=202)
def originate_loan(
    body: OriginationBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.ORIGINATE)],
) -> CommandView:
    """Brings an agreement all sides signed to the ledger, where it becomes a loan."""
    with visit.audited(Verb.ORIGINATE, body.loan_id):
        with visit.office.store.read() as session:
            agreement_seen_by(session, visit.caller, body.loan_id)
        command = originate(visit.office, visit.order(key), body.loan_id)
    return accepted(command, response)


@router.post("/loans/{loan_id}/disburse", status_code=202)
def disburse_loan(
    loan_id: LoanId,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.DISBURSE)],
) -> CommandView:
    """Moves the principal from the lender into the loan's controlled account."""
    with visit.audited(Verb.DISBURSE, loan_id):
        command = disburse(visit.office, visit.order(key), visit.terms(loan_id))
    return accepted(command, response)


@router.post("/loans/{loan_id}/pay", status_code=202)
def pay_payee(
    loan_id: LoanId,
    body: PaymentBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.PAY)],
) -> CommandView:
    """Pays a registered payee from the controlled account, for an agreed purpose."""
    with visit.audited(Verb.PAY, loan_id):
        command = pay(
            visit.office,
            visit.order(key),
            visit.terms(loan_id),
            payee=body.payee,
            amount_minor=body.amount_minor,
            purpose=body.purpose,
            evidence_hash=body.evidence_hash,
        )
    return accepted(command, response)


@router.post("/loans/{loan_id}/withdraw", status_code=202)
def withdraw_share(
    loan_id: LoanId,
    body: WithdrawalBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.WITHDRAW)],
) -> CommandView:
    """Releases part of the self-paid share to the borrower."""
    with visit.audited(Verb.WITHDRAW, loan_id):
        command = withdraw(
            visit.office,
            visit.order(key),
            visit.terms(loan_id),
            amount_minor=body.amount_minor,
        )
    return accepted(command, response)


@router.post("/agreements/{loan_id}/revoke-signature", status_code=202)
def revoke_own_signature(
    loan_id: LoanId,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.REVOKE_SIGNATURE)],
) -> CommandView:
    """Withdraws the caller's signature from terms that are not a loan yet, for good."""
    with visit.audited(Verb.REVOKE_SIGNATURE, loan_id):
        with visit.office.store.read() as session:
            terms = agreement_seen_by(session, visit.caller, loan_id).terms
        command = revoke_signature(visit.office, visit.order(key), terms, signer=visit.party)
    return accepted(command, response)


@router.post("/loans/{loan_id}/cancel", status_code=202)
def cancel_loan(
    loan_id: LoanId,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.CANCEL)],
) -> CommandView:
    """Gives up a loan before its disbursement, as its lender or its borrower."""
    with visit.audited(Verb.CANCEL, loan_id):
        command = cancel(visit.office, visit.order(key), visit.terms(loan_id), party=visit.party)
    return accepted(command, response)
