"""Commands that move a loan on: each is answered 202 with a command to watch."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field

from tallystick.access.permissions import Verb
from tallystick.access.sight import agreement_seen_by, terms_seen_by
from tallystick.actions.disburse import disburse
from tallystick.actions.originate import originate
from tallystick.actions.pay import pay
from tallystick.actions.payoff import payoff
from tallystick.actions.repay import repay
from tallystick.actions.withdraw import withdraw
from tallystick.actions.write_off import write_off
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
from tallystick.loans.terms import LoanTerms

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


class RepaymentBody(Body):
    amount_minor_max: AmountMinor = Field(description="the ledger takes no more than is repayable")
    payer: Address | None = Field(None, description="the borrower if left out")


class WriteOffBody(Body):
    reason_hash: Hash32 = Field(description="hash of the decision's text")


@router.post("/loans", status_code=202)
def originate_loan(
    body: OriginationBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.ORIGINATE)],
) -> CommandView:
    """Brings an agreement both sides signed to the ledger, where it becomes a loan."""
    with visit.audited(Verb.ORIGINATE, body.loan_id):
        with visit.office.store.read() as session:
            agreement_seen_by(session, visit.principal, body.loan_id)
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
        command = disburse(visit.office, visit.order(key), _terms(visit, loan_id))
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
            _terms(visit, loan_id),
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
            _terms(visit, loan_id),
            amount_minor=body.amount_minor,
        )
    return accepted(command, response)


@router.post("/loans/{loan_id}/repay", status_code=202)
def repay_loan(
    loan_id: LoanId,
    body: RepaymentBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.REPAY)],
) -> CommandView:
    """Repays what has fallen due and the current instalment."""
    with visit.audited(Verb.REPAY, loan_id):
        terms = _terms(visit, loan_id)
        payer = _payer(visit, terms, body)
        command = repay(
            visit.office,
            visit.order(key),
            terms,
            amount_minor_max=body.amount_minor_max,
            payer=payer,
        )
    return accepted(command, response)


@router.post("/loans/{loan_id}/payoff", status_code=202)
def pay_off_loan(
    loan_id: LoanId,
    body: RepaymentBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.PAYOFF)],
) -> CommandView:
    """Repays everything and closes the loan."""
    with visit.audited(Verb.PAYOFF, loan_id):
        terms = _terms(visit, loan_id)
        payer = _payer(visit, terms, body)
        command = payoff(
            visit.office,
            visit.order(key),
            terms,
            amount_minor_max=body.amount_minor_max,
            payer=payer,
        )
    return accepted(command, response)


@router.post("/loans/{loan_id}/write-off", status_code=202)
def write_off_loan(
    loan_id: LoanId,
    body: WriteOffBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.WRITE_OFF)],
) -> CommandView:
    """Stops carrying a loan in arrears; the debt survives and repayments are still taken."""
    with visit.audited(Verb.WRITE_OFF, loan_id):
        command = write_off(
            visit.office,
            visit.order(key),
            _terms(visit, loan_id),
            reason_hash=body.reason_hash,
        )
    return accepted(command, response)


def _terms(visit: Visit, loan_id: str) -> LoanTerms:
    with visit.office.store.read() as session:
        return terms_seen_by(session, visit.principal, loan_id)


def _payer(visit: Visit, terms: LoanTerms, body: RepaymentBody) -> str:
    payer = body.payer or terms.borrower
    visit.principal.require_party(payer, field="payer")
    return payer
