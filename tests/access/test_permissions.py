"""The table of permissions: complete, and with duties kept apart."""

from __future__ import annotations

import pytest

from tallystick.access.permissions import BOUND_ROLES, PERMISSIONS, Role, Verb, roles_with
from tallystick.access.principal import NotPermitted, PartyNotYours, Principal

OWN, OTHER = "0x" + "aa" * 20, "0x" + "bb" * 20


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


def test_auditors_and_collectors_change_nothing() -> None:
    for role in (Role.AUDITOR, Role.COLLECTOR):
        assert all(verb.startswith(("show_", "trace_")) for verb in PERMISSIONS[role])


def test_refusal_says_who_may() -> None:
    with pytest.raises(NotPermitted) as refused:
        Principal("a", Role.AUDITOR).require(Verb.DISBURSE)
    assert "disburse" in refused.value.detail
    assert "lender or treasurer" in refused.value.detail


def test_bound_principal_acts_for_its_party_only() -> None:
    lender = Principal("l", Role.LENDER, OWN)
    lender.require_party(OWN, field="sender")
    with pytest.raises(PartyNotYours) as refused:
        lender.require_party(OTHER, field="sender")
    assert refused.value.field == "sender"
    Principal("t", Role.TREASURER).require_party(OTHER, field="sender")
