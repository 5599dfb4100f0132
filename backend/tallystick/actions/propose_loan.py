"""Puts terms out for signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from tallystick.actions.desk import Desk
from tallystick.chain import terms as chain_terms
from tallystick.kernel.errors import Conflict
from tallystick.loans.loan import local_day
from tallystick.loans.plan import Plan
from tallystick.loans.schedule import schedule_of
from tallystick.loans.terms import LoanTerms, PurposeCap, TermsInvalid
from tallystick.parties.roles import PartyRole
from tallystick.store.agreements import (
    Agreement,
    AgreementNotFound,
    find_agreement,
    write_agreement,
)
from tallystick.store.audit import record

_PPM_OF_PCT = 10_000


class PartyNotActiveAs(Conflict):
    """A side of the agreement is not registered in its role, or is frozen."""

    title = "Party not active in its role"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is agreed beside the plan; members as in LoanTerms."""

    agreement: str
    lender: str
    borrower: str
    penalty_rate_ppm: int
    penalty_year_days: int
    grace_days: int
    utc_offset_minutes: int
    sign_by: date
    disburse_by: date
    self_paid_minor_max: int
    document_hash: str
    purposes: tuple[PurposeCap, ...]


def terms_of_plan(plan: Plan, conditions: Conditions) -> LoanTerms:
    """The terms a plan leads to, with its schedule written out; interest counts from
    `plan.disbursed_on`, the first day of disbursement.

    Raises subclasses of Invalid: what `schedule_of` raises, and TermsInvalid for a rate that does
    not fit parts per million.
    """
    rate_ppm = plan.annual_rate_pct * _PPM_OF_PCT
    if rate_ppm != int(rate_ppm):
        raise TermsInvalid(
            "annual_rate_pct must have at most 4 decimals to be signed", field="annual_rate_pct"
        )
    return LoanTerms(
        agreement=conditions.agreement,
        lender=conditions.lender,
        borrower=conditions.borrower,
        currency=plan.currency,
        principal_minor=plan.principal_minor,
        method=plan.method.value,
        day_count=plan.day_count.value,
        annual_rate_ppm=int(rate_ppm),
        rounding=plan.rounding.value,
        penalty_rate_ppm=conditions.penalty_rate_ppm,
        penalty_year_days=conditions.penalty_year_days,
        grace_days=conditions.grace_days,
        utc_offset_minutes=conditions.utc_offset_minutes,
        sign_by=conditions.sign_by,
        disburse_on=plan.disbursed_on,
        disburse_by=conditions.disburse_by,
        self_paid_minor_max=conditions.self_paid_minor_max,
        document_hash=conditions.document_hash,
        purposes=conditions.purposes,
        instalments=schedule_of(plan).instalments,
    )


def propose_loan(desk: Desk, terms: LoanTerms, *, caller: str, now: datetime) -> Agreement:
    """Keeps `terms` for both sides to sign; the same terms proposed again are the same agreement.

    Raises TermsInvalid for terms the ledger would refuse, PartyNotActiveAs.
    """
    terms.check_originable()
    if terms.currency != desk.deployment.currency:
        raise TermsInvalid(
            f"currency must be {desk.deployment.currency}, which this ledger settles in",
            field="currency",
        )
    if terms.sign_by < local_day(now, terms.utc_offset_minutes):
        raise TermsInvalid("sign_by must not be past", field="sign_by")
    loan_id = chain_terms.loan_id(terms)
    with desk.store.read() as session:
        try:
            return find_agreement(session, loan_id)
        except AgreementNotFound:
            _require_active(desk, terms)
    with desk.store.begin() as session:
        if write_agreement(session, loan_id, terms, proposed_by=caller, now=now):
            record(session, at=now, caller=caller, verb="propose_loan", subject=loan_id)
        return find_agreement(session, loan_id)


def _require_active(desk: Desk, terms: LoanTerms) -> None:
    records = desk.ledger.parties([terms.lender, terms.borrower])
    for field, address, role in (
        ("lender", terms.lender, PartyRole.LENDER),
        ("borrower", terms.borrower, PartyRole.BORROWER),
    ):
        found = records[address]
        if found is None or not found.roles & role or found.is_frozen:
            raise PartyNotActiveAs(
                f"{address} is not registered as a {field}, or is frozen; ask the registrar",
                field=field,
            )
