"""What a caller can see: what is not its own answers as if it did not exist."""

from __future__ import annotations

from tallystick.access.caller import Caller
from tallystick.loans.loan import Loan
from tallystick.loans.terms import LoanTerms
from tallystick.store.agreements import Agreement, AgreementNotFound, find_agreement
from tallystick.store.assignments import (
    AssignmentNotFound,
    ProposedAssignment,
    find_assignment,
)
from tallystick.store.commands import Command, CommandNotFound, find_command
from tallystick.store.loans import LoanNotFound, find_loan
from tallystick.store.parties import PartyNotFound
from tallystick.store.session import Session


def loan_seen_by(session: Session, caller: Caller, loan_id: str) -> Loan:
    """A mirrored loan. Raises LoanNotFound."""
    loan = _mirrored(session, loan_id)
    if loan is None or not caller.reaches_loan(loan):
        raise _loan_not_found(loan_id)
    return loan


def is_loan_seen_by(session: Session, caller: Caller, loan_id: str) -> bool:
    """Whether there is such a loan in the caller's sight."""
    loan = _mirrored(session, loan_id)
    return loan is not None and caller.reaches_loan(loan)


def agreement_seen_by(session: Session, caller: Caller, loan_id: str) -> Agreement:
    """Terms out for signature. Raises AgreementNotFound."""
    try:
        agreement = find_agreement(session, loan_id)
    except AgreementNotFound:
        agreement = None
    if agreement is None or not caller.reaches_terms(agreement.terms):
        raise AgreementNotFound(
            f"no terms with loan id {loan_id} were proposed here", loan_id=loan_id
        )
    return agreement


def terms_seen_by(session: Session, caller: Caller, loan_id: str) -> LoanTerms:
    """The terms of a loan, also before the mirror has seen it. Raises LoanNotFound."""
    loan = _mirrored(session, loan_id)
    if loan is not None:
        # Whoever has sold the loan still sees what it signed, and commands nothing any more.
        terms = loan.terms if caller.reaches_loan(loan) else None
    else:
        terms = _proposed(session, caller, loan_id)
    if terms is None:
        raise _loan_not_found(loan_id)
    return terms


def assignment_seen_by(session: Session, caller: Caller, assignment_id: str) -> ProposedAssignment:
    """An assignment out for signature; seen by its two sides. Raises AssignmentNotFound."""
    try:
        proposed = find_assignment(session, assignment_id)
    except AssignmentNotFound:
        proposed = None
    sides = () if proposed is None else (proposed.lender, proposed.assignee)
    if proposed is None or (caller.party is not None and caller.as_lender not in sides):
        raise AssignmentNotFound(
            f"no assignment {assignment_id} was proposed here", assignment_id=assignment_id
        )
    return proposed


def command_seen_by(session: Session, caller: Caller, command_id: int) -> Command:
    """A command; a party's key sees those it gave. Raises CommandNotFound."""
    command = find_command(session, command_id)
    if command is None or (caller.party is not None and command.caller != caller.name):
        raise CommandNotFound(f"no command {command_id} is known here", command_id=command_id)
    return command


def require_party_seen(caller: Caller, address: str) -> None:
    """Raises PartyNotFound."""
    if not caller.reaches_party(address):
        raise PartyNotFound(f"no party {address} is known here", address=address)


def _mirrored(session: Session, loan_id: str) -> Loan | None:
    try:
        return find_loan(session, loan_id)
    except LoanNotFound:
        return None


def _proposed(session: Session, caller: Caller, loan_id: str) -> LoanTerms | None:
    try:
        return agreement_seen_by(session, caller, loan_id).terms
    except AgreementNotFound:
        return None


def _loan_not_found(loan_id: str) -> LoanNotFound:
    return LoanNotFound(
        f"no loan {loan_id} is known here; a loan just originated appears within seconds",
        loan_id=loan_id,
    )
