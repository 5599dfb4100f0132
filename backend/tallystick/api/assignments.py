"""Assignments: the claim of a loan offered to another lender, signed by both, and carried out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from tallystick.access.permissions import Verb
from tallystick.access.sight import assignment_seen_by, loan_seen_by
from tallystick.actions.assign import assign
from tallystick.actions.propose_assignment import message_of, propose_assignment
from tallystick.actions.sign_assignment import sign_assignment
from tallystick.api.answers import (
    CommandView,
    TermsView,
    TypedData,
    accepted,
    terms_view,
)
from tallystick.api.values import (
    Address,
    AssignmentId,
    Body,
    Day,
    Hash32,
    IdempotencyKey,
    Limit,
    NoneOrMoreMinor,
    Signature,
)
from tallystick.api.visit import Visit, visiting
from tallystick.chain.messages import assignment_typed_data
from tallystick.store.assignments import ProposedAssignment, list_assignments
from tallystick.store.loans import find_loan
from tallystick.store.session import Session

router = APIRouter(tags=["assignments"])


class AssignmentBody(Body):
    loan_id: Hash32
    assignee: Address = Field(description="the lender to whom the claim goes")
    price_minor: NoneOrMoreMinor = Field(description="what the assignee pays the lender")
    sign_by: Day = Field(description="last day on which the signatures can be used")


class AssignmentSignatureBody(Body):
    signer: Address
    signature: Signature


class AssignmentView(BaseModel):
    assignment_id: str
    loan_id: str
    lender: str
    assignee: str
    price_minor: int
    assignment_count: int = Field(description="how often the claim was assigned before")
    sign_by: date
    awaited: list[str] = Field(description="which of lender and assignee has still to sign")
    proposed_by: str
    proposed_at: datetime
    terms: TermsView = Field(description="of the loan")
    outstanding_principal_minor: int
    typed_data: TypedData


class AssignmentPage(BaseModel):
    assignments: list[AssignmentView]
    next_after: str | None = Field(description="`after` of the next page; none on the last")


@router.post("/assignments", status_code=201)
def propose_loan_assignment(
    body: AssignmentBody,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.PROPOSE_ASSIGNMENT)],
) -> AssignmentView:
    """Puts an assignment out for the signatures of the present lender and of the assignee."""
    with visit.audited(Verb.PROPOSE_ASSIGNMENT, body.loan_id):
        with visit.office.store.read() as session:
            loan = loan_seen_by(session, visit.caller, body.loan_id)
        proposed = propose_assignment(
            visit.office,
            loan,
            assignee=body.assignee,
            price_minor=body.price_minor,
            sign_by=body.sign_by,
            caller=visit.caller.name,
            now=visit.now,
        )
    response.headers["Location"] = f"/v1/assignments/{proposed.assignment_id}"
    with visit.office.store.read() as session:
        return _view(visit, session, proposed)


@router.get("/assignments")
def list_proposed_assignments(
    visit: Annotated[Visit, visiting(Verb.SHOW_AGREEMENTS)],
    loan_id: Annotated[Hash32 | None, Query()] = None,
    after: Annotated[Hash32 | None, Query(description="last assignment id already seen")] = None,
    limit: Limit = 100,
) -> AssignmentPage:
    """Assignments in the order of their ids; a lender's key sees those it is a side of."""
    caller = visit.caller
    if caller.party is not None and caller.as_lender is None:
        return AssignmentPage(assignments=[], next_after=None)
    with visit.office.store.read() as session:
        found = list_assignments(
            session, party=caller.as_lender, loan_id=loan_id, after=after, limit=limit
        )
        views = [_view(visit, session, proposed) for proposed in found]
    return AssignmentPage(
        assignments=views, next_after=found[-1].assignment_id if len(found) == limit else None
    )


@router.get("/assignments/{assignment_id}")
def show_assignment(
    assignment_id: AssignmentId, visit: Annotated[Visit, visiting(Verb.SHOW_AGREEMENTS)]
) -> AssignmentView:
    """One assignment, the message to sign, and whose signature it awaits."""
    with visit.office.store.read() as session:
        return _view(visit, session, assignment_seen_by(session, visit.caller, assignment_id))


@router.post("/assignments/{assignment_id}/signatures")
def sign_loan_assignment(
    assignment_id: AssignmentId,
    body: AssignmentSignatureBody,
    visit: Annotated[Visit, visiting(Verb.SIGN_ASSIGNMENT)],
) -> AssignmentView:
    """Hands in one side's signature, which is verified before it is kept."""
    with visit.audited(Verb.SIGN_ASSIGNMENT, assignment_id):
        with visit.office.store.read() as session:
            assignment_seen_by(session, visit.caller, assignment_id)
        proposed = sign_assignment(
            visit.office,
            assignment_id,
            signer=body.signer,
            signature=body.signature,
            caller=visit.caller.name,
            now=visit.now,
        )
    with visit.office.store.read() as session:
        return _view(visit, session, proposed)


@router.post("/assignments/{assignment_id}/assign", status_code=202)
def assign_loan(
    assignment_id: AssignmentId,
    key: IdempotencyKey,
    response: Response,
    visit: Annotated[Visit, visiting(Verb.ASSIGN)],
) -> CommandView:
    """Moves the claim, against its price, to the assignee, the loan's lender from then on."""
    with visit.audited(Verb.ASSIGN, assignment_id):
        with visit.office.store.read() as session:
            assignment_seen_by(session, visit.caller, assignment_id)
        command = assign(visit.office, visit.order(key), assignment_id)
    return accepted(command, response)


def _view(visit: Visit, session: Session, proposed: ProposedAssignment) -> AssignmentView:
    loan = find_loan(session, proposed.loan_id)
    deployment = visit.office.deployment
    message = assignment_typed_data(
        message_of(proposed), deployment.chain_id, deployment.loan_ledger
    )
    return AssignmentView(
        assignment_id=proposed.assignment_id,
        loan_id=proposed.loan_id,
        lender=proposed.lender,
        assignee=proposed.assignee,
        price_minor=proposed.price_minor,
        assignment_count=proposed.assignment_count,
        sign_by=proposed.sign_by,
        awaited=list(proposed.awaited),
        proposed_by=proposed.proposed_by,
        proposed_at=proposed.proposed_at,
        terms=terms_view(loan.terms),
        outstanding_principal_minor=loan.outstanding_minor,
        typed_data=TypedData(**message),
    )
