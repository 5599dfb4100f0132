"""Puts terms out for signature: those of a new loan, or of one that is to replace another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from tallystick.actions.desk import Desk
from tallystick.chain import terms as chain_terms
from tallystick.chain.ledger import OnChainParty
from tallystick.kernel.errors import Conflict
from tallystick.loans.loan import Loan, Status, local_day
from tallystick.loans.plan import Plan
from tallystick.loans.schedule import schedule_of
from tallystick.loans.terms import LoanTerms, PurposeCap, TermsInvalid
from tallystick.parties.roles import PartyRole
from tallystick.store.agreements import (
    SIDES,
    Agreement,
    AgreementNotFound,
    find_agreement,
    write_agreement,
)
from tallystick.store.audit import record
from tallystick.store.loans import find_loan

_PPM_OF_PCT = 10_000
_ROLES = (PartyRole.LENDER, PartyRole.BORROWER, PartyRole.GUARANTOR)


class PartyNotActiveAs(Conflict):
    """A side of the agreement is not registered in its role, or is frozen."""

    title = "Party not active in its role"


class RestructuringMismatch(Conflict):
    """The terms name a loan to replace that they cannot replace."""

    title = "Terms do not continue the loan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is agreed beside the plan; members and their defaults as in LoanTerms."""

    agreement: str
    lender: str
    borrower: str
    guarantor: str | None = None
    allocation: str = "penalty_first"
    penalty_rate_ppm: int
    penalty_year_days: int
    grace_days: int
    prepayment: str = "not_allowed"
    prepayment_fee_ppm: int = 0
    accelerate_after_days: int = 0
    mandate_minor_max: int = 0
    collectable_by: str = "nobody"
    guarantee_minor_max: int = 0
    guarantee_after_days: int = 0
    utc_offset_minutes: int
    sign_by: date
    disburse_by: date
    self_paid_minor_max: int
    document_hash: str
    collateral_hash: str | None = None
    prior_loan_id: str | None = None
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
    agreed = {name: getattr(conditions, name) for name in Conditions.__slots__}
    return LoanTerms(
        **agreed,
        currency=plan.currency,
        principal_minor=plan.principal_minor,
        method=plan.method.value,
        day_count=plan.day_count.value,
        annual_rate_ppm=int(rate_ppm),
        rounding=plan.rounding.value,
        disburse_on=plan.disbursed_on,
        instalments=schedule_of(plan).instalments,
    )


def with_signature_nonces(desk: Desk, terms: LoanTerms) -> LoanTerms:
    """`terms` with the nonces under which their signers' signatures count now."""
    records = desk.ledger.parties(terms.signers)
    nonces: dict[str, Any] = {
        f"{side}_nonce": known.signature_nonce
        for side, signer in zip(SIDES, terms.signers, strict=False)
        if (known := records[signer]) is not None
    }
    return replace(terms, **nonces)


def propose_loan(desk: Desk, terms: LoanTerms, *, caller: str, now: datetime) -> Agreement:
    """Keeps `terms` for all sides to sign; the same terms proposed again are the same agreement.

    Raises TermsInvalid for terms the ledger would refuse, PartyNotActiveAs; of terms that name a
    loan to replace also LoanNotFound and RestructuringMismatch.
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
            prior = find_loan(session, terms.prior_loan_id) if terms.prior_loan_id else None
    _require_active(desk, terms)
    if prior is not None:
        _require_continued(prior, terms)
    with desk.store.begin() as session:
        if write_agreement(session, loan_id, terms, proposed_by=caller, now=now):
            record(session, at=now, caller=caller, verb="propose_loan", subject=loan_id)
        return find_agreement(session, loan_id)


def _require_active(desk: Desk, terms: LoanTerms) -> None:
    records = desk.ledger.parties(terms.signers)
    for side, role, address in zip(SIDES, _ROLES, terms.signers, strict=False):
        found = records[address]
        if found is None or not found.roles & role or found.is_frozen:
            raise PartyNotActiveAs(
                f"{address} is not registered as a {side}, or is frozen; ask the registrar",
                field=side,
            )
        _require_nonce(found, f"{side}_nonce", getattr(terms, f"{side}_nonce"))


def _require_nonce(party: OnChainParty, field: str, nonce: int) -> None:
    if nonce != party.signature_nonce:
        raise TermsInvalid(
            f"{field} must be {party.signature_nonce}, under which the party's signatures count "
            "now",
            field=field,
        )


def _require_continued(prior: Loan, terms: LoanTerms) -> None:
    """The ledger's rules of restructuring, as far as they can be known before the day."""
    if prior.status is not Status.ACTIVE:
        raise RestructuringMismatch(
            f"loan {prior.loan_id} is {prior.status}; only an active loan can be replaced",
            field="prior_loan_id",
        )
    for field, of_prior in (("lender", prior.lender), ("borrower", prior.terms.borrower)):
        if getattr(terms, field) != of_prior:
            raise RestructuringMismatch(
                f"{field} must be {of_prior}, that of the loan to be replaced", field=field
            )
    if terms.principal_minor < prior.outstanding_minor:
        raise RestructuringMismatch(
            f"principal_minor must be at least the {prior.outstanding_minor} outstanding on the "
            "loan to be replaced",
            field="principal_minor",
        )
