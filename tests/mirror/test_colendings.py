"""Co-lendings are followed from the block they are made in, and held against their contracts."""

from __future__ import annotations

import pytest

from tallystick.chain.bindings import selector
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.terms import loan_id
from tallystick.chain.words import address_bytes
from tallystick.loans.terms import LoanTerms
from tallystick.mirror.rebuild import rebuild_from_kept_logs
from tallystick.mirror.reconcile import reconcile
from tallystick.store.colendings import (
    CoLendingNotFound,
    acts_of,
    consents_of,
    find_co_lending,
    list_co_lendings,
    shares_of,
)
from tallystick.store.parties import balance_of
from tallystick.store.session import Store
from tests.fixtures.chain import World
from tests.mirror.agreed_lives import co_lend
from tests.mirror.test_follow import follower

# What is done, and the member that is named for it.
TAMPERING = {
    "UPDATE co_lending_members SET share = share + 1": "members",
    "DELETE FROM co_lending_members WHERE position = 1": "members",
    "UPDATE commitments_funded SET amount_minor = 1": "funded_minor",
    "UPDATE commitments_funded SET loan_id = 'x'": "loan_id",
    "UPDATE shares SET amount_minor = amount_minor + 1 WHERE NOT is_held": "paid_minor",
    "UPDATE shares SET is_held = NOT is_held": "paid_minor",
    "DELETE FROM shares WHERE is_held": "rows of shares",
    "UPDATE consents SET is_given = NOT is_given": "consent of",
    "DELETE FROM consents": "rows of consents",
    "UPDATE acts_taken SET digest = '0x' || substr(digest, 5) || '00'": "act 0x",
    "DELETE FROM co_lendings": "row",
}


def lend(world: World, store: Store) -> LoanTerms:
    terms = co_lend(world)
    follower(world, store).catch_up()
    return terms


def test_what_each_member_is_owed_is_what_the_contract_says(world: World, store: Store) -> None:
    terms = lend(world, store)
    with store.read() as session:
        (found,) = list_co_lendings(session)
        assert find_co_lending(session, terms.lender.upper().replace("0X", "0x")) == found
        assert (found.address, found.loan_id) == (terms.lender, loan_id(terms))
        assert found.funded_minor == terms.principal_minor
        owed = found.owed_minor(balance_of(session, found.address))
        for member, owed_minor in zip(found.members, owed, strict=True):
            asked = selector("CoLending", "owedMinor") + address_bytes(member.party).rjust(
                32, b"\0"
            )
            assert int.from_bytes(world.node.call(found.address, asked)) == owed_minor
        assert sum(owed) == balance_of(session, found.address) > 0
        told = shares_of(session, found.address)
        assert [(one.member, one.is_held) for one in told] == [
            (world.address("lender"), False),
            (world.address("other_lender"), True),
            (world.address("lender"), False),
        ]
        assert sum(one.amount_minor for one in told if not one.is_held) == sum(found.paid_minor)
        (act,) = acts_of(session, found.address)
        assert act.call[:4] == selector("LoanLedger", "revokeSignature")
        assert sorted(consents_of(session, [found.address]).values()) == [False, True]
        assert list_co_lendings(session, member=world.address("other_lender")) == [found]
        assert list_co_lendings(session, member=world.address("borrower")) == []
        with pytest.raises(CoLendingNotFound):
            find_co_lending(session, world.address("lender"))


def test_tampered_rows_are_named(world: World, store: Store, subtests: pytest.Subtests) -> None:
    terms = lend(world, store)
    ledger = LedgerReader(world.node, world.deployment)
    assert reconcile(store, ledger).is_matching
    for statement, member in TAMPERING.items():
        with subtests.test(statement):
            with store.begin() as session:
                assert session.exec_driver_sql(statement).rowcount > 0
            found = reconcile(store, ledger).differences
            assert {d.subject for d in found} <= {
                terms.lender, world.deployment.co_lending_factory
            }  # fmt: skip
            assert any(d.member.startswith(member) for d in found), [str(d) for d in found]
        rebuild_from_kept_logs(store, world.deployment)
    assert reconcile(store, ledger).is_matching
