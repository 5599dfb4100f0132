"""Reconciliation names what does not match: the loan or party, and the member."""

from __future__ import annotations

from pathlib import Path

import pytest

from tallystick.chain.embedded import embedded_chain
from tallystick.chain.failures import NodeLagging
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.terms import loan_id
from tallystick.loans.terms import LoanTerms
from tallystick.mirror.follow import Follower
from tallystick.mirror.rebuild import rebuild_from_kept_logs, tables_not_derived
from tallystick.mirror.reconcile import NothingMirrored, Reconciliation, reconcile
from tallystick.store.loan_records import StoredTermsUnreadable
from tallystick.store.session import Store
from tests.fixtures.chain import STARTS_AT, World
from tests.mirror.lives import live, live_all
from tests.mirror.test_follow import follower


class Mirrored:
    """A world lived in and mirrored."""

    def __init__(self, world: World, store: Store) -> None:
        self.world = world
        self.store = store
        self.terms: list[LoanTerms] = live_all(world)
        follower(world, store).catch_up()

    def tamper(self, statement: str) -> None:
        with self.store.begin() as session:
            assert session.exec_driver_sql(statement).rowcount > 0, "tampered with nothing"

    def mend(self) -> None:
        rebuild_from_kept_logs(self.store, self.world.deployment)

    def reconcile(self) -> Reconciliation:
        return reconcile(self.store, LedgerReader(self.world.node, self.world.deployment))


@pytest.fixture
def mirrored(world: World, store: Store) -> Mirrored:
    return Mirrored(world, store)


# What is done to the loan of number 1 (id), and the members that are named for it.
LOAN_TAMPERING = {
    "UPDATE loans SET status = 'written_off' WHERE id = 1": "status",
    "UPDATE loans SET accrued_on = '2026-01-02' WHERE id = 1": "accrued_on",
    "UPDATE loans SET disbursed_at = '2026-01-01 00:00:00.000000' WHERE id = 1": "disbursement",
    "UPDATE loans SET next_instalment = 1 WHERE id = 1": "next_instalment",
    "UPDATE loans SET paid_on_next_minor = paid_on_next_minor + 1 WHERE id = 1": (
        "paid_on_next_minor"
    ),
    "UPDATE loans SET received_principal_minor = 0 WHERE id = 1": "principal left",
    "UPDATE loans SET received_interest_minor = 0 WHERE id = 1": "interest of repayments",
    "UPDATE loans SET penalty_repaid_minor = 9 WHERE id = 1": "owed.penalty_minor",
    "UPDATE loans SET penalty_unit_days = '1' WHERE id = 1": "penalty_unit_days",
    "UPDATE loans SET controlled_minor = 1 WHERE id = 1": "controlled_minor",
    "UPDATE loans SET withdrawn_minor = 0 WHERE id = 1": "withdrawals",
    "UPDATE loans SET principal_minor = 1 WHERE id = 1": "column principal_minor",
    "UPDATE loans SET borrower_id = lender_id WHERE id = 1": "column borrower_id",
    "UPDATE purposes SET spent_minor = 1 WHERE loan_id = 1 AND purpose = 'tuition'": (
        "purpose tuition"
    ),
    "DELETE FROM purposes WHERE loan_id = 1 AND purpose = 'supplies'": "purpose supplies",
    "UPDATE instalments SET due_on = '2030-01-01' WHERE loan_id = 1 AND number = 2": "instalment 2",
    "UPDATE instalments SET is_settled = true WHERE loan_id = 1 AND number = 1": "instalment 1",
    "UPDATE instalments SET principal_repaid_minor = 5 WHERE loan_id = 1 AND number = 3": (
        "principal repaid on instalments"
    ),
    "DELETE FROM instalments WHERE loan_id = 1 AND number = 3": "instalments",
    "UPDATE repayments SET principal_minor = principal_minor + 1 WHERE loan_id = 1": (
        "principal of repayments"
    ),
    "DELETE FROM repayments WHERE loan_id = 1": "interest of repayments",
    "DELETE FROM allocations WHERE EXISTS (SELECT 1 FROM repayments r WHERE r.loan_id = 1 AND "
    "r.block_number = allocations.block_number)": "allocated interest",
    "UPDATE uses_of_proceeds SET amount_minor = 1 WHERE loan_id = 1 AND kind = 'withdrawn'": (
        "withdrawals"
    ),
    "UPDATE uses_of_proceeds SET purpose = 'tuition' WHERE loan_id = 1 AND purpose = 'supplies'": (
        "purpose supplies"
    ),
}


def test_a_tampered_loan_is_named(mirrored: Mirrored, subtests: pytest.Subtests) -> None:
    assert mirrored.reconcile().is_matching
    for statement, member in LOAN_TAMPERING.items():
        with subtests.test(statement):
            mirrored.tamper(statement)
            found = mirrored.reconcile().differences
            assert {difference.subject for difference in found} == {loan_id(mirrored.terms[0])}
            assert member in {difference.member for difference in found}
        mirrored.mend()
    assert mirrored.reconcile().is_matching


# What is done, and the kind, name and member of a difference that is named for it.
PARTY_TAMPERING = {
    "UPDATE balances SET balance_minor = balance_minor + 1": ("balance", "supplier", "balance"),
    "DELETE FROM balances": ("balance", "lender", "balance"),
    "UPDATE transfers SET amount_minor = 1 WHERE kind = 'repaid'": (
        "balance",
        "lender",
        "transfers",
    ),
    "UPDATE claims SET claimable_minor = 1": ("claim", "borrower", "claimable"),
    "DELETE FROM claims": ("claim", "guarantor", "claimable"),
    "DELETE FROM payouts_held": ("claim", "guarantor", "payouts held"),
    "UPDATE parties SET roles = 64": ("party", "school", "roles"),
    "UPDATE parties SET payee_category = 3": ("party", "school", "payee_category"),
    "UPDATE parties SET signature_nonce = 0": ("party", "school", "signature_nonce"),
    "UPDATE parties SET is_frozen = true": ("party", "lender", "is_frozen"),
    "UPDATE parties SET identity_commitment = 'x'": ("party", "lender", "identity_commitment"),
    "UPDATE parties SET address = '0x' || substr(identity_commitment, 3, 40) WHERE roles = 8": (
        "party",
        "uncle",
        "registered",
    ),
}


def test_a_tampered_party_is_named(mirrored: Mirrored, subtests: pytest.Subtests) -> None:
    for statement, (kind, name, member) in PARTY_TAMPERING.items():
        with subtests.test(statement):
            mirrored.tamper(statement)
            found = mirrored.reconcile().differences
            expected = (kind, mirrored.world.address(name), member)
            assert expected in {(d.kind, d.subject, d.member) for d in found}
            assert mirrored.world.address("stranger") not in {d.subject for d in found}
        mirrored.mend()
    assert mirrored.reconcile().is_matching


def test_terms_that_were_not_signed_are_named(mirrored: Mirrored) -> None:
    text = "terms" if mirrored.store.dialect == "sqlite" else "terms::text"
    other = f"replace({text}, 'act/360', 'act/365f')"
    if mirrored.store.dialect == "postgresql":
        other += "::json"
    mirrored.tamper(f"UPDATE loans SET terms = {other} WHERE id = 3")
    (found,) = mirrored.reconcile().differences
    assert (found.subject, found.member) == (loan_id(mirrored.terms[2]), "terms")


def test_terms_nobody_can_read_are_named(mirrored: Mirrored) -> None:
    mirrored.tamper("UPDATE loans SET terms = '{}' WHERE id = 3")
    with pytest.raises(StoredTermsUnreadable) as raised:
        mirrored.reconcile()
    assert raised.value.data == {"loan_id": loan_id(mirrored.terms[2])}
    mirrored.mend()
    assert mirrored.reconcile().is_matching


def test_a_lost_loan_is_named(mirrored: Mirrored) -> None:
    mirrored.tamper("DELETE FROM loans WHERE id = 2")
    members = {
        d.member
        for d in mirrored.reconcile().differences
        if d.subject == loan_id(mirrored.terms[1])
    }
    assert members == {"row"}


def test_a_lost_party_is_named(mirrored: Mirrored) -> None:
    mirrored.tamper(
        "DELETE FROM parties WHERE roles = 8 AND id NOT IN "
        "(SELECT guarantor_id FROM loans WHERE guarantor_id IS NOT NULL)"
    )
    found = {(d.subject, d.member) for d in mirrored.reconcile().differences}
    assert (mirrored.world.address("uncle"), "row") in found


def test_a_tampered_notice_is_named(mirrored: Mirrored) -> None:
    mirrored.tamper("UPDATE notices_served SET served_at = '2026-01-01 00:00:00.000000'")
    found = mirrored.reconcile().differences
    assert {d.subject for d in found} == {loan_id(mirrored.terms[3])}
    assert all(d.member.startswith("notice 0x") for d in found)
    assert len(found) == 2


def test_what_the_chain_cannot_show_is_held_against_the_raw_logs(mirrored: Mirrored) -> None:
    assert tables_not_derived(mirrored.store, mirrored.world.deployment) == ()
    mirrored.tamper("UPDATE uses_of_proceeds SET payee = 'x'")
    mirrored.tamper("UPDATE repayments SET payer = 'x'")
    assert mirrored.reconcile().is_matching
    assert tables_not_derived(mirrored.store, mirrored.world.deployment) == (
        "uses_of_proceeds",
        "repayments",
    )


def test_a_chain_that_moved_on_is_compared_where_the_mirror_stands(mirrored: Mirrored) -> None:
    stood_at = mirrored.reconcile().block_number
    mirrored.world.repay(mirrored.terms[0], 77_777)
    found = mirrored.reconcile()
    assert found.is_matching
    assert found.block_number == stood_at < mirrored.world.node.header("latest").number


def test_nothing_mirrored_is_said(world: World, sqlite_store: Store) -> None:
    with pytest.raises(NothingMirrored):
        reconcile(sqlite_store, LedgerReader(world.node, world.deployment))


def test_a_node_without_old_states_is_compared_at_its_head(
    tmp_path: Path, sqlite_store: Store
) -> None:
    """A node restarted from its saved state answers for its latest block only."""
    with embedded_chain(tmp_path / "chain", kind="anvil", starts_at=STARTS_AT) as chain:
        world = World(chain)
        terms, *_ = live(world)
        follower(world, sqlite_store).catch_up()
        world.repay(terms, 500)
    with embedded_chain(tmp_path / "chain", kind="anvil") as chain:
        ledger = LedgerReader(chain.node, world.deployment)
        with pytest.raises(NodeLagging):
            reconcile(sqlite_store, ledger)
        found = reconcile(
            sqlite_store, ledger, Follower(sqlite_store, chain.node, world.deployment)
        )
        assert found.is_matching
        assert found.block_number == chain.node.header("latest").number
