"""Every event has a layout and a row, and every row is held against the contracts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from tallystick.chain.bindings import event_topics
from tallystick.chain.ledger import LedgerReader
from tallystick.mirror.layouts import LAYOUTS, NOT_MIRRORED
from tallystick.mirror.reconcile import reconcile
from tallystick.store.mirror_tables import PROJECTION_TABLES, raw_logs
from tallystick.store.session import open_store
from tests.fixtures.chain import World
from tests.fixtures.store import new_sqlite
from tests.mirror.lives import live_all
from tests.mirror.test_follow import follower

NOT_LIVED = {
    "TargetClosed": "closing a contract would end the life of the others",
    "RoleAdminChanged": "the model of events has it",
    "RoleGrantDelayChanged": "tests/chain/test_deployment.py has it",
    "TargetAdminDelayUpdated": "tests/chain/test_deployment.py has it",
}
"""Events that no life on the chain of these tests makes, and why."""


@pytest.mark.parametrize("contract", LAYOUTS)
def test_every_event_has_a_layout_or_a_reason(contract: str) -> None:
    emitted = set(event_topics(contract).values())
    assert emitted - LAYOUTS[contract].keys() <= NOT_MIRRORED.keys()
    assert LAYOUTS[contract].keys() <= emitted
    assert not LAYOUTS[contract].keys() & NOT_MIRRORED.keys()


def test_the_lives_make_every_event(lived: tuple[World, Path]) -> None:
    store = open_store(f"sqlite:///{lived[1]}")
    with store.read() as session:
        made = {
            bytes(topics[:32]) for topics in session.execute(select(raw_logs.c.topics)).scalars()
        }
    store.close()
    missing = {
        name
        for contract in LAYOUTS
        for topic, name in event_topics(contract).items()
        if name in LAYOUTS[contract] and topic not in made
    }
    assert missing == set(NOT_LIVED)


LOGGED_ONLY = {
    "batch_failures": "of a failed item the ledger keeps nothing",
}
"""Tables no contract can be asked about: the raw logs alone tell what is in them."""


@pytest.mark.parametrize("table", [table.name for table in PROJECTION_TABLES])
def test_a_lost_row_of_any_table_is_named(
    lived: tuple[World, Path], table: str, tmp_path: Path
) -> None:
    world, database = lived
    store = open_store(f"sqlite:///{shutil.copy(database, tmp_path)}")
    with store.begin() as session:
        session.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        lost = f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})"
        if table == "parties":
            lost = (
                "DELETE FROM parties WHERE id NOT IN (SELECT lender_id FROM loans UNION SELECT "
                "first_lender_id FROM loans UNION SELECT borrower_id FROM loans UNION SELECT "
                "coalesce(guarantor_id, 0) FROM loans)"
            )
        assert session.exec_driver_sql(lost).rowcount > 0
    found = reconcile(store, LedgerReader(world.node, world.deployment)).differences
    assert bool(found) == (table not in LOGGED_ONLY)
    assert "" not in {difference.subject for difference in found}
    store.close()


@pytest.fixture(scope="module")
def lived(
    _session_world: World, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, Path]]:
    """A world lived in, and the file it is mirrored in, for tests that only read the one and copy
    the other."""
    world = _session_world
    snapshot = world.chain.snapshot()
    live_all(world)
    url = new_sqlite(sqlite_template, tmp_path_factory.mktemp("lived"))
    store = open_store(url)
    follower(world, store).catch_up()
    store.close()
    yield world, Path(url.removeprefix("sqlite:///"))
    world.chain.revert(snapshot)
