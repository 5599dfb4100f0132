"""Following a real chain: the same mirror by every way, on both databases, and matching it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tallystick.chain.client import Node
from tallystick.chain.deployment import Deployment
from tallystick.chain.embedded import embedded_chain
from tallystick.chain.failures import NodeUnavailable
from tallystick.chain.finality import Finality, finality_of
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.terms import loan_id
from tallystick.kernel.errors import TallystickError
from tallystick.loans.loan import Status
from tallystick.mirror.fetch import Fetcher
from tallystick.mirror.follow import Backoff, Follower, FollowReport, MirrorOfOtherLedger
from tallystick.mirror.history import loan_history
from tallystick.mirror.rebuild import (
    rebuild_from_chain,
    rebuild_from_kept_logs,
    tables_not_derived,
)
from tallystick.mirror.reconcile import reconcile
from tallystick.store.chain_logs import count_logs
from tallystick.store.loan_life import instalments_of, repayments_of, uses_of
from tallystick.store.loans import LoanNotFound, find_loan, list_loans
from tallystick.store.session import Store, StoreLocked, open_store
from tests.fixtures.chain import STARTS_AT, World
from tests.fixtures.store import new_sqlite
from tests.mirror.lives import live, live_all
from tests.mirror.mirrored import digest_of

IMPATIENT = Backoff(first_seconds=0.01, max_seconds=0.02, attempts=3)


def follower(world: World, store: Store, finality: str = "immediate") -> Follower:
    return Follower(store, world.node, world.deployment, finality_of(finality), backoff=IMPATIENT)


def test_the_mirror_matches_the_chain(world: World, store: Store) -> None:
    terms = live_all(world)
    report = follower(world, store).catch_up()
    found = reconcile(store, LedgerReader(world.node, world.deployment))
    assert found.differences == ()
    assert (found.loans, found.notices, found.role_grants) == (13, 2, 10)
    assert found.block_number == report.cursor.block_number == report.head_block_number
    with store.read() as session:
        assert count_logs(session) == report.logs > 150
        statuses = [find_loan(session, loan_id(one)).status for one in terms]
        assert statuses == [
            *(Status.ACTIVE, Status.ACTIVE, Status.CLOSED, Status.WRITTEN_OFF),
            *(Status.ACTIVE, Status.ACTIVE, Status.CLOSED, Status.ACTIVE, Status.RESTRUCTURED),
            *(Status.WRITTEN_OFF, Status.CANCELLED, Status.ACTIVE, Status.ACTIVE),
        ]
        assert [row.loan_id for row in list_loans(session)] == [loan_id(one) for one in terms]
        assert [use.kind for use in uses_of(session, loan_id(terms[0]))] == [
            "paid", "paid", "withdrawn",
        ]  # fmt: skip
        assert [use.kind for use in uses_of(session, loan_id(terms[2]))] == ["held"]
        (repayment,) = repayments_of(session, loan_id(terms[1]))
        parts = repayment.allocations
        assert repayment.amount_minor == 400_000
        assert sum(part.principal_minor for part in parts) == repayment.principal_minor
        first = instalments_of(session, loan_id(terms[1]))[0]
        assert (first.principal_repaid_minor, first.interest_repaid_minor) == (
            parts[0].principal_minor, parts[0].interest_minor,
        )  # fmt: skip


def test_every_way_leads_to_the_same_mirror(
    world: World, store: Store, sqlite_template: Path, tmp_path: Path
) -> None:
    step_by_step = follower(world, store, "3")
    one_block_a_time = open_store(new_sqlite(sqlite_template, tmp_path))
    step_by_step.catch_up()
    live_all(world)
    step_by_step.catch_up()
    Follower(
        one_block_a_time,
        world.node,
        world.deployment,
        Finality(5),
        fetcher=Fetcher(world.node, world.deployment.addresses, blocks_at_first=1),
        logs_per_commit=0,
    ).catch_up()
    followed = digest_of(store)
    assert digest_of(one_block_a_time) == followed
    assert tables_not_derived(store, world.deployment) == ()
    rebuild_from_kept_logs(store, world.deployment)
    assert digest_of(store) == followed
    report = rebuild_from_chain(store, follower(world, store))
    assert digest_of(store) == followed
    assert report.logs > 150


def test_the_fallback_chain_is_mirrored_too(tmp_path: Path, sqlite_store: Store) -> None:
    """eth-tester, which runs where there is no anvil."""
    with embedded_chain(tmp_path / "chain", kind="eth-tester", starts_at=STARTS_AT) as chain:
        world = World(chain)
        live(world)
        follower(world, sqlite_store, "5").catch_up()
        found = reconcile(sqlite_store, LedgerReader(world.node, world.deployment))
    assert found.differences == ()
    assert found.loans == 4


def test_a_loan_tells_its_history(world: World, sqlite_store: Store) -> None:
    terms = live(world)
    follower(world, sqlite_store).catch_up()
    with sqlite_store.read() as session:
        entries = loan_history(session, loan_id(terms[2]))
        assert [entry.event for entry in entries] == [
            "LoanOriginated",
            "FundsDisbursed",
            "RepaymentReceived",
            "LoanClosed",
            "ControlledReleased",
            "PayoutHeld",
        ]
        assert entries[1].details == {"amount_minor": terms[2].principal_minor}
        assert entries[-1].details["party"] == world.address("borrower")
        with pytest.raises(LoanNotFound):
            loan_history(session, "0x" + "00" * 32)


def test_a_second_look_finds_nothing_to_do(world: World, sqlite_store: Store) -> None:
    follow = follower(world, sqlite_store)
    assert follow.catch_up().blocks > 0
    again = follow.catch_up()
    assert (again.blocks, again.logs, again.unwound_blocks) == (0, 0, 0)


def test_progress_is_told_and_following_can_be_stopped(world: World, sqlite_store: Store) -> None:
    live(world)
    reports: list[FollowReport] = []
    stop = threading.Event()

    def on_report(report: FollowReport) -> None:
        reports.append(report)
        if report.cursor.block_number == report.head_block_number:
            stop.set()

    Follower(
        sqlite_store,
        world.node,
        world.deployment,
        fetcher=Fetcher(world.node, world.deployment.addresses, blocks_at_first=5),
        logs_per_commit=0,
    ).follow(stop, poll_seconds=0.01, on_report=on_report)
    assert len(reports) > 3
    numbers = [report.cursor.block_number for report in reports]
    assert numbers == sorted(numbers)


def test_two_followers_of_one_database_do_no_harm(world: World, store: Store) -> None:
    live(world)
    fetchers = [Fetcher(world.node, world.deployment.addresses, blocks_at_first=1) for _ in "ab"]
    patient = Backoff(first_seconds=0.001, max_seconds=0.01, attempts=100)
    followers = [
        Follower(
            store, world.node, world.deployment, backoff=patient, fetcher=fetcher, logs_per_commit=0
        )
        for fetcher in fetchers
    ]
    threads = [threading.Thread(target=one.catch_up) for one in followers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reconcile(store, LedgerReader(world.node, world.deployment)).is_matching
    assert tables_not_derived(store, world.deployment) == ()


def test_a_database_of_another_ledger_is_refused(world: World, store: Store) -> None:
    follower(world, store).catch_up()
    before = digest_of(store)
    members = {name: getattr(world.deployment, name) for name in Deployment.__dataclass_fields__}
    other = Deployment(**{**members, "loan_ledger": "0x" + "12" * 20})
    with pytest.raises(MirrorOfOtherLedger, match="mirrors ledger"):
        Follower(store, world.node, other).catch_up()
    assert digest_of(store) == before


def test_a_chain_that_began_otherwise_is_refused(world: World, sqlite_store: Store) -> None:
    members = {name: getattr(world.deployment, name) for name in Deployment.__dataclass_fields__}
    other = Deployment(**{**members, "block_hash": "0x" + "12" * 32})
    with pytest.raises(MirrorOfOtherLedger, match="is another"):
        Follower(sqlite_store, world.node, other).catch_up()


def test_a_node_that_is_down_changes_nothing(world: World, store: Store) -> None:
    follower(world, store).catch_up()
    before = digest_of(store)
    with Node("http://127.0.0.1:1") as down:
        follow = Follower(store, down, world.deployment, backoff=IMPATIENT)
        with pytest.raises(NodeUnavailable):
            follow.catch_up()
        troubles: list[TallystickError] = []
        stop = threading.Event()

        def on_trouble(error: TallystickError) -> None:
            troubles.append(error)
            if len(troubles) == 2:
                stop.set()

        follow.follow(stop, on_trouble=on_trouble)
    assert [error.type for error in troubles] == ["node_unavailable"] * 2
    assert digest_of(store) == before


def test_a_locked_database_changes_nothing(world: World, store: Store) -> None:
    follower(world, store).catch_up()
    before = digest_of(store)
    live(world)
    with store.begin() as holder:
        holder.exec_driver_sql("UPDATE cursor SET block_number = block_number")
        if store.dialect == "postgresql":
            holder.exec_driver_sql("SELECT pg_advisory_xact_lock(2047956764)")
        with pytest.raises(StoreLocked):
            follower(world, store).catch_up()
        assert digest_of(store) == before
    follower(world, store).catch_up()
    assert reconcile(store, LedgerReader(world.node, world.deployment)).is_matching
