"""Agreements: terms proposed, shown as the message to sign, and signed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from tallystick.access.permissions import Verb
from tallystick.access.sight import agreement_seen_by, loan_seen_by
from tallystick.actions.extend import Extension, extended_terms
from tallystick.actions.propose_loan import propose_loan, terms_of_plan, with_signature_nonces
from tallystick.actions.sign_loan import sign_loan
from tallystick.api.answers import TermsView, TypedData, terms_view
from tallystick.api.fields import in_body
from tallystick.api.terms_bodies import ConditionsBody, PlanBody, TermsBody
from tallystick.api.values import (
    Address,
    Body,
    Day,
    Hash32,
    Limit,
    LoanId,
    ShortText,
    Signature,
    Whole,
)
from tallystick.api.visit import Visit, visiting
from tallystick.chain.messages import typed_data
from tallystick.loans.annualised import annualised_cost
from tallystick.loans.loan import local_day
from tallystick.loans.schedule import schedule_of
from tallystick.loans.terms import LoanTerms
from tallystick.store.agreements import Agreement, list_agreements

router = APIRouter(tags=["agreements"])


class ProposalBody(Body):
    terms: TermsBody


class PlanProposalBody(Body):
    plan: PlanBody
    conditions: ConditionsBody


class SignatureBody(Body):
    signer: Address
    signature: Signature


class ExtensionBody(Body):
    agreement: ShortText = Field(description="number of the new terms")
    months: Annotated[Whole, Field(ge=1, le=1200)] = Field(
        description="how much later every unpaid instalment falls due"
    )
    effective_on: Day = Field(description="the one day on which it can take place")
    sign_by: Day
    document_hash: Hash32


class AgreementView(BaseModel):
    loan_id: str
    terms: TermsView
    awaited: list[str] = Field(description="who has still to sign: lender, borrower, guarantor")
    proposed_by: str
    proposed_at: datetime


class ProposedView(AgreementView):
    typed_data: TypedData


class PlanProposedView(ProposedView):
    apr_pct: str = Field(description="annualised all-in cost, simple, per cent")
    ear_pct: str = Field(description="annualised all-in cost, compound, per cent")


class AgreementPage(BaseModel):
    agreements: list[AgreementView]
    next_after: str | None = Field(description="`after` of the next page; none on the last")


@router.post("/agreements", status_code=201)
def propose(
    body: ProposalBody,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.PROPOSE_LOAN)],
) -> ProposedView:
    """Puts explicit terms out for signature; the same terms again are the same agreement."""
    with in_body(terms=TermsBody):
        agreement = _propose(visit, body.terms.to_terms())
    response.headers["Location"] = f"/v1/agreements/{agreement.loan_id}"
    return ProposedView(**_facts(agreement), typed_data=_typed_data(visit, agreement))


@router.post("/plans", status_code=201)
def propose_from_plan(
    body: PlanProposalBody,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.PROPOSE_LOAN)],
) -> PlanProposedView:
    """Puts the terms a plan leads to out for signature, with what the loan costs a year."""
    with in_body(conditions=ConditionsBody, plan=PlanBody):
        plan = body.plan.to_plan()
        cost = annualised_cost(schedule_of(plan))
        terms = terms_of_plan(plan, body.conditions.to_conditions())
        agreement = _propose(visit, with_signature_nonces(visit.office, terms))
    response.headers["Location"] = f"/v1/agreements/{agreement.loan_id}"
    return PlanProposedView(
        **_facts(agreement),
        typed_data=_typed_data(visit, agreement),
        apr_pct=str(cost.apr_pct),
        ear_pct=str(cost.ear_pct),
    )


@router.post("/loans/{loan_id}/extensions", status_code=201)
def propose_extension(
    loan_id: LoanId,
    body: ExtensionBody,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.PROPOSE_LOAN)],
) -> ProposedView:
    """Puts terms out for signature that replace the loan by one with later due dates."""
    with visit.audited(Verb.PROPOSE_LOAN, loan_id):
        with visit.office.store.read() as session:
            loan = loan_seen_by(session, visit.caller, loan_id)
        today = local_day(visit.now, loan.terms.utc_offset_minutes)
        terms = extended_terms(loan, Extension(**body.model_dump()), today)
        agreement = propose_loan(
            visit.office,
            with_signature_nonces(visit.office, terms),
            caller=visit.caller.name,
            now=visit.now,
        )
    response.headers["Location"] = f"/v1/agreements/{agreement.loan_id}"
    return ProposedView(**_facts(agreement), typed_data=_typed_data(visit, agreement))


@router.get("/agreements")
def list_proposed_agreements(
    visit: Annotated[Visit, visiting(Verb.SHOW_AGREEMENTS)],
    after: Annotated[Hash32 | None, Query(description="last loan id already seen")] = None,
    limit: Limit = 100,
) -> AgreementPage:
    """Agreements in the order of their loan ids."""
    caller = visit.caller
    with visit.office.store.read() as session:
        found = list_agreements(
            session,
            lender=caller.as_lender,
            borrower=caller.as_borrower,
            guarantor=caller.as_guarantor,
            after=after,
            limit=limit,
        )
    return AgreementPage(
        agreements=[AgreementView(**_facts(agreement)) for agreement in found],
        next_after=found[-1].loan_id if len(found) == limit else None,
    )


@router.get("/agreements/{loan_id}")
def show_agreement(
    loan_id: LoanId, visit: Annotated[Visit, visiting(Verb.SHOW_AGREEMENTS)]
) -> AgreementView:
    """One agreement and whose signature it awaits."""
    with visit.office.store.read() as session:
        return AgreementView(**_facts(agreement_seen_by(session, visit.caller, loan_id)))


@router.get("/agreements/{loan_id}/typed-data")
def show_typed_data(
    loan_id: LoanId, visit: Annotated[Visit, visiting(Verb.SHOW_AGREEMENTS)]
) -> TypedData:
    """The message all sides sign, for a wallet's `eth_signTypedData_v4`."""
    with visit.office.store.read() as session:
        return _typed_data(visit, agreement_seen_by(session, visit.caller, loan_id))


@router.post("/agreements/{loan_id}/signatures")
def sign(
    loan_id: LoanId,
    body: SignatureBody,
    visit: Annotated[Visit, visiting(Verb.SIGN_LOAN)],
) -> AgreementView:
    """Hands in one side's signature, which is verified before it is kept."""
    with visit.audited(Verb.SIGN_LOAN, loan_id):
        with visit.office.store.read() as session:
            agreement_seen_by(session, visit.caller, loan_id)
        agreement = sign_loan(
            visit.office,
            loan_id,
            signer=body.signer,
            signature=body.signature,
            caller=visit.caller.name,
            now=visit.now,
        )
    return AgreementView(**_facts(agreement))


def _propose(visit: Visit, terms: LoanTerms) -> Agreement:
    with visit.audited(Verb.PROPOSE_LOAN, terms.agreement):
        visit.caller.require_party(terms.lender, field="lender")
        if terms.prior_loan_id is not None:
            with visit.office.store.read() as session:
                loan_seen_by(session, visit.caller, terms.prior_loan_id)
        return propose_loan(visit.office, terms, caller=visit.caller.name, now=visit.now)


def _facts(agreement: Agreement) -> dict[str, Any]:
    return {
        "loan_id": agreement.loan_id,
        "terms": terms_view(agreement.terms),
        "awaited": agreement.awaited,
        "proposed_by": agreement.proposed_by,
        "proposed_at": agreement.proposed_at,
    }


def _typed_data(visit: Visit, agreement: Agreement) -> TypedData:
    deployment = visit.office.deployment
    return TypedData(**typed_data(agreement.terms, deployment.chain_id, deployment.loan_ledger))
