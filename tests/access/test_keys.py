"""API keys: shown once, kept as a hash, revocable, bound to a party where they must be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from tallystick.access.caller import Caller
from tallystick.access.keys import (
    KeyNameInvalid,
    KeyNotValid,
    KeyPartyMismatch,
    authenticate,
    issue_key,
)
from tallystick.access.permissions import Role
from tallystick.store.keys import KeyNameTaken, KeyNotFound, list_keys, revoke_key
from tallystick.store.session import Store
from tallystick.store.tables import api_keys

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
PARTY = "0x" + "ab" * 20


def test_secret_is_recognisable_random_and_not_kept(store: Store) -> None:
    with store.begin() as session:
        one = issue_key(session, name="one", role=Role.OFFICER, now=NOW)
        two = issue_key(session, name="two", role=Role.OFFICER, now=NOW)
    assert one.secret.startswith("tsk_")
    assert len(one.secret) == len("tsk_") + 43
    assert one.secret != two.secret
    with store.read() as session:
        rows = [str(value) for row in session.execute(select(api_keys)) for value in row]
    assert one.secret not in " ".join(rows)
    assert one.secret.removeprefix("tsk_") not in " ".join(rows)


def test_key_speaks_for_its_holder(store: Store) -> None:
    with store.begin() as session:
        officer = issue_key(session, name="o", role=Role.OFFICER, now=NOW).secret
        lender = issue_key(session, name="l", role=Role.LENDER, party=PARTY, now=NOW).secret
    with store.read() as session:
        assert authenticate(session, officer) == Caller("o", Role.OFFICER, None)
        assert authenticate(session, lender) == Caller("l", Role.LENDER, PARTY)


@pytest.mark.parametrize(
    "wrong", [None, "", "tsk_", "tsk_" + "A" * 43, "\ud800", "tsk_\x00", "中" * 50, "x" * 100_000]
)
def test_wrong_secrets_are_refused_alike(store: Store, wrong: str | None) -> None:
    with store.begin() as session:
        issue_key(session, name="o", role=Role.OFFICER, now=NOW)
    with store.read() as session, pytest.raises(KeyNotValid) as refused:
        authenticate(session, wrong)
    with store.read() as session, pytest.raises(KeyNotValid) as other:
        authenticate(session, "tsk_other")
    assert refused.value.detail == other.value.detail


def test_secret_changed_in_one_character_is_refused(store: Store) -> None:
    with store.begin() as session:
        secret = issue_key(session, name="o", role=Role.OFFICER, now=NOW).secret
    for at in (4, 20, len(secret) - 1):
        changed = secret[:at] + ("A" if secret[at] != "A" else "B") + secret[at + 1 :]
        with store.read() as session, pytest.raises(KeyNotValid):
            authenticate(session, changed)


def test_revoked_key_is_worthless_at_once_and_says_no_more_than_an_unknown_one(
    store: Store,
) -> None:
    with store.begin() as session:
        secret = issue_key(session, name="o", role=Role.OFFICER, now=NOW).secret
        revoke_key(session, "o", NOW)
    with store.read() as session, pytest.raises(KeyNotValid) as revoked:
        authenticate(session, secret)
    with store.read() as session, pytest.raises(KeyNotValid) as unknown:
        authenticate(session, "tsk_never-issued")
    assert revoked.value.as_dict() == unknown.value.as_dict()


def test_revoking_again_keeps_the_first_date(store: Store) -> None:
    with store.begin() as session:
        issue_key(session, name="o", role=Role.OFFICER, now=NOW)
        revoke_key(session, "o", NOW)
        again = revoke_key(session, "o", NOW + timedelta(days=1))
    assert again.revoked_at == NOW


def test_revoking_an_unknown_key(store: Store) -> None:
    with store.begin() as session, pytest.raises(KeyNotFound):
        revoke_key(session, "nobody", NOW)


def test_name_is_never_given_twice_and_the_refusal_leaves_the_session_usable(store: Store) -> None:
    with store.begin() as session:
        issue_key(session, name="o", role=Role.OFFICER, now=NOW)
        revoke_key(session, "o", NOW)
    with store.begin() as session:
        with pytest.raises(KeyNameTaken):
            issue_key(session, name="o", role=Role.AUDITOR, now=NOW)
        issue_key(session, name="p", role=Role.AUDITOR, now=NOW)
    with store.read() as session:
        assert [(key.name, key.role) for key in list_keys(session)] == [
            ("o", "officer"),
            ("p", "auditor"),
        ]


@pytest.mark.parametrize("role", Role)
def test_party_goes_with_keys_of_parties_only(store: Store, role: Role) -> None:
    is_bound = role in (Role.LENDER, Role.BORROWER, Role.GUARANTOR)
    with store.begin() as session:
        with pytest.raises(KeyPartyMismatch):
            issue_key(session, name="x", role=role, party=None if is_bound else PARTY, now=NOW)
        issue_key(session, name="x", role=role, party=PARTY if is_bound else None, now=NOW)


@pytest.mark.parametrize("name", ["", " ", "a b", "a:b", "-a", "a\n", "ä", "a" * 61])
def test_unusable_names(store: Store, name: str) -> None:
    with store.begin() as session, pytest.raises(KeyNameInvalid):
        issue_key(session, name=name, role=Role.OFFICER, now=NOW)
