"""What a principal can see: what is not its own answers as if it did not exist."""

from __future__ import annotations

from tallystick.access.principal import Principal
from tallystick.loans.loan import Loan
from tallystick.loans.terms import LoanTerms
from tallystick.store.agreements import Agreement, AgreementNotFound, find_agreement
from tallystick.store.commands import Command, CommandNotFound, find_command
from tallystick.store.loans import LoanNotFound, find_loan
from tallystick.store.parties import PartyNotFound
from tallystick.store.session import Session


def loan_seen_by(session: Session, principal: Principal, loan_id: str) -> Loan:
    """A mirrored loan. Raises LoanNotFound."""
    try:
        loan = find_loan(session, loan_id)
    except LoanNotFound:
        loan = None
    if loan is None or not principal.reaches_loan(loan.terms):
        raise LoanNotFound(
            f"no loan {loan_id} is known here; a loan just originated appears within seconds",
            loan_id=loan_id,
        )
    return loan


def is_loan_seen_by(session: Session, principal: Principal, loan_id: str) -> bool:
    """Whether there is such a loan in the principal's sight."""
    try:
        loan_seen_by(session, principal, loan_id)
    except LoanNotFound:
        return False
    return True


def agreement_seen_by(session: Session, principal: Principal, loan_id: str) -> Agreement:
    """Terms out for signature. Raises AgreementNotFound."""
    try:
        agreement = find_agreement(session, loan_id)
    except AgreementNotFound:
        agreement = None
    if agreement is None or not principal.reaches_loan(agreement.terms):
        raise AgreementNotFound(
            f"no terms with loan id {loan_id} were proposed here", loan_id=loan_id
        )
    return agreement


def terms_seen_by(session: Session, principal: Principal, loan_id: str) -> LoanTerms:
    """The terms of a loan, also before the mirror has seen it. Raises LoanNotFound."""
    try:
        return agreement_seen_by(session, principal, loan_id).terms
    except AgreementNotFound:
        return loan_seen_by(session, principal, loan_id).terms


def command_seen_by(session: Session, principal: Principal, command_id: int) -> Command:
    """A command; lender's and borrower's keys see those they gave. Raises CommandNotFound."""
    command = find_command(session, command_id)
    if command is None or (principal.party is not None and command.caller != principal.name):
        raise CommandNotFound(f"no command {command_id} is known here", command_id=command_id)
    return command


def require_party_seen(principal: Principal, address: str) -> None:
    """Raises PartyNotFound."""
    if not principal.reaches_party(address):
        raise PartyNotFound(f"no party {address} is known here", address=address)
