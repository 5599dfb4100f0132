"""Commands that bring money on a loan, from whoever: each answered 202 with a command to watch."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from tallystick.access.permissions import Role, Verb
from tallystick.actions.call_guarantee import call_guarantee
from tallystick.actions.collect import collect
from tallystick.actions.collect_due import collect_due
from tallystick.actions.payoff import payoff
from tallystick.actions.prepay import prepay
from tallystick.actions.reimburse import reimburse
from tallystick.actions.repay import repay
from tallystick.actions.revoke_mandate import revoke_mandate
from tallystick.api.answers import CommandView, accepted, command_view
from tallystick.api.values import Address, AmountMinor, Body, IdempotencyKey, LoanId
from tallystick.api.visit import Visit, visiting
from tallystick.loans.terms import LoanTerms

router = APIRouter(tags=["repayment"])


class RepaymentBody(Body):
    amount_minor_max: AmountMinor = Field(description="the ledger takes no more than it may")
    payer: Address | None = Field(
        None, description="a party's own key pays itself; for others the borrower if left out"
    )


class PrepaymentBody(Body):
    principal_minor: AmountMinor
    amount_minor_max: AmountMinor = Field(description="most the borrower pays with interest, fee")


class GuaranteeBody(Body):
    amount_minor_max: AmountMinor


class RefusedCollection(BaseModel):
    """A loan of which something is due and nothing can be taken now."""

    loan_id: str
    error: dict[str, Any] = Field(description="the decoded refusal: type, detail and data")


class CollectionView(BaseModel):
    commands: list[CommandView] = Field(
        description="batches; what becomes of each loan is in their `items`"
    )
    refused: list[RefusedCollection]


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
        terms = visit.terms(loan_id)
        payer = _payer(visit, terms, body)
        command = repay(
            visit.office,
            visit.order(key),
            terms,
            amount_minor_max=body.amount_minor_max,
            payer=payer,
        )
    return accepted(command, response)


@router.post("/loans/{loan_id}/collect", status_code=202)
def collect_loan(
    loan_id: LoanId,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.COLLECT)],
) -> CommandView:
    """Takes what is due from the borrower under its mandate."""
    with visit.audited(Verb.COLLECT, loan_id):
        command = collect(visit.office, visit.order(key), visit.terms(loan_id))
    return accepted(command, response)


@router.post("/collections")
def collect_all_due(
    key: IdempotencyKey,
    visit: Annotated[Visit, visiting(Verb.COLLECT)],
) -> CollectionView:
    """Takes what is due under every mandate; a lender's key does so for its own loans."""
    with visit.audited(Verb.COLLECT, "due"):
        report = collect_due(visit.office, visit.order(key), lender=visit.caller.as_lender)
    return CollectionView(
        commands=[command_view(command) for command in report.commands],
        refused=[
            RefusedCollection(loan_id=loan_id, error=refusal.as_dict())
            for loan_id, refusal in report.refused
        ],
    )


@router.post("/loans/{loan_id}/revoke-mandate", status_code=202)
def revoke_loan_mandate(
    loan_id: LoanId,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.REVOKE_MANDATE)],
) -> CommandView:
    """Ends the mandate under which the borrower is collected from, for good."""
    with visit.audited(Verb.REVOKE_MANDATE, loan_id):
        command = revoke_mandate(visit.office, visit.order(key), visit.terms(loan_id))
    return accepted(command, response)


@router.post("/loans/{loan_id}/prepay", status_code=202)
def prepay_loan(
    loan_id: LoanId,
    body: PrepaymentBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.PREPAY)],
) -> CommandView:
    """Repays principal ahead of schedule; see `prepayment-quote` for what that takes."""
    with visit.audited(Verb.PREPAY, loan_id):
        command = prepay(
            visit.office,
            visit.order(key),
            visit.terms(loan_id),
            principal_minor=body.principal_minor,
            amount_minor_max=body.amount_minor_max,
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
    """Repays everything and closes the loan; see `payoff-quote` for what that takes."""
    with visit.audited(Verb.PAYOFF, loan_id):
        terms = visit.terms(loan_id)
        payer = _payer(visit, terms, body)
        command = payoff(
            visit.office,
            visit.order(key),
            terms,
            amount_minor_max=body.amount_minor_max,
            payer=payer,
        )
    return accepted(command, response)


@router.post("/loans/{loan_id}/call-guarantee", status_code=202)
def call_loan_guarantee(
    loan_id: LoanId,
    body: GuaranteeBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.CALL_GUARANTEE)],
) -> CommandView:
    """Takes what is due from the guarantor; its own key may at any time."""
    with visit.audited(Verb.CALL_GUARANTEE, loan_id):
        command = call_guarantee(
            visit.office,
            visit.order(key),
            visit.terms(loan_id),
            amount_minor_max=body.amount_minor_max,
            sender=visit.party if visit.caller.role is Role.GUARANTOR else None,
        )
    return accepted(command, response)


@router.post("/loans/{loan_id}/reimburse", status_code=202)
def reimburse_guarantor(
    loan_id: LoanId,
    body: RepaymentBody,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.REIMBURSE)],
) -> CommandView:
    """Pays the guarantor back what it paid, once nothing is due to the lender."""
    with visit.audited(Verb.REIMBURSE, loan_id):
        terms = visit.terms(loan_id)
        payer = _payer(visit, terms, body)
        command = reimburse(
            visit.office,
            visit.order(key),
            terms,
            amount_minor_max=body.amount_minor_max,
            payer=payer,
        )
    return accepted(command, response)


def _payer(visit: Visit, terms: LoanTerms, body: RepaymentBody) -> str:
    payer = body.payer or visit.caller.party or terms.borrower
    visit.caller.require_party(payer, field="payer")
    return payer
