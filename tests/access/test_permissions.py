"""The table of permissions: complete, and with duties kept apart."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tallystick.access.caller import Caller, NotPermitted, PartyNotYours
from tallystick.access.permissions import BOUND_ROLES, PERMISSIONS, Role, Verb, roles_with
from tallystick.loans.instalment import Instalment
from tallystick.loans.loan import Loan
from tallystick.loans.terms import LoanTerms

OWN, OTHER, THIRD, FOURTH = (f"0x{byte * 20}" for byte in ("aa", "bb", "cc", "dd"))
DAY = date(2026, 1, 1)


def test_every_role_has_a_row_and_every_verb_a_role() -> None:
    assert set(PERMISSIONS) == set(Role)
    for verb in Verb:
        assert roles_with(verb), f"nobody may {verb}"


def test_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        PERMISSIONS[Role.AUDITOR] = frozenset(Verb)  # type: ignore[index]  # what must fail
    assert isinstance(PERMISSIONS[Role.AUDITOR], frozenset)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Verb.PROPOSE_LOAN, Verb.WRITE_OFF),
        (Verb.ORIGINATE, Verb.BOOK_BANK_PAYMENT),
        (Verb.REGISTER_PARTY, Verb.PAY),
        (Verb.REGISTER_PARTY, Verb.DISBURSE),
        (Verb.WRITE_OFF, Verb.REPAY),
        (Verb.MANAGE_KEYS, Verb.SHOW_LOANS),
        (Verb.MANAGE_KEYS, Verb.DISBURSE),
        (Verb.FREEZE, Verb.REGISTER_PARTY),
        (Verb.COLLECT, Verb.WRITE_OFF),
        (Verb.COLLECT, Verb.BOOK_BANK_PAYMENT),
        (Verb.PREPAY, Verb.COLLECT),
    ],
)
def test_no_role_does_both(one: Verb, other: Verb) -> None:
    assert not set(roles_with(one)) & set(roles_with(other))


def test_among_staff_who_proposes_does_not_originate_and_who_originates_does_not_disburse() -> None:
    staff = set(Role) - BOUND_ROLES
    proposing, originating, disbursing = (
        staff & set(roles_with(verb)) for verb in (Verb.PROPOSE_LOAN, Verb.ORIGINATE, Verb.DISBURSE)
    )
    assert not proposing & originating
    assert not originating & disbursing
    assert not proposing & disbursing


@pytest.mark.parametrize(
    ("proposing", "deciding"),
    [
        (Verb.PROPOSE_LOAN, Verb.RESTRUCTURE),
        (Verb.PROPOSE_ASSIGNMENT, Verb.ASSIGN),
        (Verb.COLLECT, Verb.CALL_GUARANTEE),
        (Verb.COLLECT, Verb.ACCELERATE),
    ],
)
def test_among_staff_who_proposes_does_not_decide(proposing: Verb, deciding: Verb) -> None:
    staff = set(Role) - BOUND_ROLES
    assert not staff & set(roles_with(proposing)) & set(roles_with(deciding))


def test_auditors_change_nothing_and_collectors_only_collect() -> None:
    def changing(role: Role) -> set[Verb]:
        return {verb for verb in PERMISSIONS[role] if not verb.startswith(("show_", "trace_"))}

    assert changing(Role.AUDITOR) == set()
    assert changing(Role.COLLECTOR) == {Verb.COLLECT}


def test_only_borrowers_prepay_and_end_their_mandates() -> None:
    for verb in (Verb.PREPAY, Verb.REVOKE_MANDATE, Verb.WITHDRAW):
        assert roles_with(verb) == [Role.BORROWER]


def test_refusal_says_who_may() -> None:
    with pytest.raises(NotPermitted) as refused:
        Caller("a", Role.AUDITOR).require(Verb.DISBURSE)
    assert "disburse" in refused.value.detail
    assert "lender or treasurer" in refused.value.detail


def test_bound_principal_acts_for_its_party_only() -> None:
    lender = Caller("l", Role.LENDER, OWN)
    lender.require_party(OWN, field="sender")
    with pytest.raises(PartyNotYours) as refused:
        lender.require_party(OTHER, field="sender")
    assert refused.value.field == "sender"
    Caller("t", Role.TREASURER).require_party(OTHER, field="sender")


def loan(**members: Any) -> Loan:
    terms = LoanTerms(
        agreement="A-1", lender=OWN, borrower=OTHER, guarantor=THIRD, currency="CNY",
        principal_minor=100, method="custom", day_count="act/360", annual_rate_ppm=0,
        rounding="half_even", penalty_rate_ppm=0, penalty_year_days=360, grace_days=0,
        utc_offset_minutes=480, sign_by=DAY, disburse_on=DAY, disburse_by=DAY,
        guarantee_minor_max=1, self_paid_minor_max=100, document_hash="0x" + "11" * 32,
        purposes=(), instalments=(Instalment(1, DAY, 100, 0),),
    )  # fmt: skip
    return Loan("0x" + "01" * 32, terms, **members)


def test_a_party_reaches_its_side_of_a_loan() -> None:
    sides = {Role.LENDER: OWN, Role.BORROWER: OTHER, Role.GUARANTOR: THIRD}
    for role in sides:
        for party in sides.values():
            caller = Caller("k", role, party)
            assert caller.reaches_loan(loan()) == (sides[role] == party)
            assert caller.reaches_terms(loan().terms) == (sides[role] == party)
    assert Caller("k", Role.AUDITOR).reaches_loan(loan())


def test_who_has_sold_a_loan_reaches_it_no_more() -> None:
    sold = loan(assignee=FOURTH)
    assert not Caller("k", Role.LENDER, OWN).reaches_loan(sold)
    assert Caller("k", Role.LENDER, FOURTH).reaches_loan(sold)
    assert Caller("k", Role.LENDER, OWN).reaches_terms(sold.terms)
    assert not Caller("k", Role.BORROWER, FOURTH).reaches_loan(sold)
