"""Offers the claim of a loan to another lender, for both to sign."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime

from tallystick.actions.desk import Desk
from tallystick.actions.propose_loan import PartyNotActiveAs
from tallystick.chain.ledger import OnChainParty
from tallystick.chain.messages import Assignment, assignment_digest
from tallystick.kernel.errors import Conflict, Invalid
from tallystick.loans.loan import CARRIED, Loan, local_day
from tallystick.parties.roles import PartyRole
from tallystick.store.assignments import (
    ProposedAssignment,
    find_assignment,
    write_assignment,
)
from tallystick.store.audit import record


class AssignmentInvalid(Invalid):
    title = "Not an assignment"


class ClaimNotAssignable(Conflict):
    """Nothing is owed under the loan any more, or not yet."""

    title = "Claim cannot be assigned"


def propose_assignment(
    desk: Desk,
    loan: Loan,
    *,
    assignee: str,
    price_minor: int,
    sign_by: date,
    caller: str,
    now: datetime,
) -> ProposedAssignment:
    """Keeps the assignment for the present lender and `assignee` to sign; the same one proposed
    again is the same. `price_minor`, which may be zero, goes from the assignee to the lender.

    Raises AssignmentInvalid, ClaimNotAssignable, PartyNotActiveAs.
    """
    _check(loan, assignee, sign_by, now)
    lender_nonce, assignee_nonce = (
        _active_lender(desk, address, field).signature_nonce
        for field, address in (("lender", loan.lender), ("assignee", assignee))
    )
    assignment = Assignment(
        loan_id=loan.loan_id,
        lender=loan.lender,
        assignee=assignee,
        price_minor=price_minor,
        assignment_count=loan.account.assignment_count,
        sign_by=sign_by,
        lender_nonce=lender_nonce,
        assignee_nonce=assignee_nonce,
    )
    deployment = desk.deployment
    digest = assignment_digest(assignment, deployment.chain_id, deployment.loan_ledger)
    proposed = ProposedAssignment(
        assignment_id="0x" + digest.hex(),
        **asdict(assignment),
        lender_signature=None,
        assignee_signature=None,
        proposed_by=caller,
        proposed_at=now,
    )
    with desk.store.begin() as session:
        if write_assignment(session, proposed):
            record(
                session,
                at=now,
                caller=caller,
                verb="propose_assignment",
                subject=proposed.assignment_id,
            )
        return find_assignment(session, proposed.assignment_id)


def message_of(proposed: ProposedAssignment) -> Assignment:
    """What the two sides sign."""
    return Assignment(**{name: getattr(proposed, name) for name in Assignment.__slots__})


def _check(loan: Loan, assignee: str, sign_by: date, now: datetime) -> None:
    if loan.status not in CARRIED:
        raise ClaimNotAssignable(
            f"loan {loan.loan_id} is {loan.status.replace('_', ' ')}; only what is owed can be "
            "assigned",
            status=loan.status,
        )
    if assignee in (loan.lender, loan.terms.borrower, loan.terms.guarantor):
        raise AssignmentInvalid(
            "assignee must not be a party of the loan already", field="assignee"
        )
    if sign_by < local_day(now, loan.terms.utc_offset_minutes):
        raise AssignmentInvalid("sign_by must not be past", field="sign_by")


def _active_lender(desk: Desk, address: str, field: str) -> OnChainParty:
    found = desk.ledger.parties([address])[address]
    if found is None or not found.roles & PartyRole.LENDER or found.is_frozen:
        raise PartyNotActiveAs(
            f"{address} is not registered as a lender, or is frozen; ask the registrar",
            field=field,
        )
    return found
