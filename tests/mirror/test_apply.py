"""The projection is one function of the logs, however they were cut, on any database."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tallystick.chain.bindings import event_topics
from tallystick.funds.movements import MovementKind
from tallystick.loans.events import RepaymentKind
from tallystick.mirror.layouts import LAYOUTS
from tallystick.mirror.rebuild import rebuild_from_kept_logs
from tallystick.mirror.unwind import unwind
from tallystick.store.chain_logs import count_logs
from tallystick.store.loan_records import records_of
from tallystick.store.loan_tables import payouts_held, repayments, uses_of_proceeds
from tallystick.store.mirror_tables import PROJECTION_TABLES, transfers
from tallystick.store.parties import balances_of, claimable_of, token_supply
from tallystick.store.session import Store, open_store
from tests.fixtures.store import new_postgres, new_sqlite
from tests.mirror.event_model import DEPLOYMENT, EventModel
from tests.mirror.mirrored import DECODER, apply_blocks, cursor_at, digest_of, kept, mirror

seeds = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mirrors")


def _fresh(template: Path, scratch: Path) -> Store:
    return open_store(new_sqlite(template, Path(tempfile.mkdtemp(dir=scratch))))


@settings(max_examples=10, deadline=None)
@given(seed=seeds, blocks=st.integers(1, 150), per_commit=st.integers(1, 40))
def test_many_commits_or_one_make_the_same_mirror(
    seed: int, blocks: int, per_commit: int, sqlite_template: Path, scratch: Path
) -> None:
    model = EventModel(seed).run(blocks)
    at_once = mirror(_fresh(sqlite_template, scratch), model)
    assert mirror(_fresh(sqlite_template, scratch), model, per_commit) == at_once


@settings(max_examples=12, deadline=None)
@given(
    seed=seeds, blocks=st.integers(1, 150), gone=st.integers(1, 60), per_commit=st.integers(1, 40)
)
def test_unwound_blocks_leave_no_trace(
    seed: int, blocks: int, gone: int, per_commit: int, sqlite_template: Path, scratch: Path
) -> None:
    fork = max(1, blocks - gone)
    model = EventModel(seed).run(fork)
    expected = mirror(_fresh(sqlite_template, scratch), model)
    model.run(blocks - fork)
    store = _fresh(sqlite_template, scratch)
    mirror(store, model, per_commit)
    with store.begin() as session:
        unwind(session, DECODER, cursor_at(model.blocks[-1]), kept(model.blocks[fork - 1]))
    assert digest_of(store) == expected


@settings(max_examples=10, deadline=None)
@given(seed=seeds, other=seeds, shared=st.integers(1, 80), gone=st.integers(1, 40))
def test_after_a_reorg_the_mirror_is_as_if_only_the_other_branch_had_been(
    seed: int, other: int, shared: int, gone: int, sqlite_template: Path, scratch: Path
) -> None:
    lost = EventModel(seed).run(shared + gone)
    stays = EventModel(seed).run(shared)
    stays.diverge(other)
    stays.run(gone)
    store = _fresh(sqlite_template, scratch)
    mirror(store, lost, 7)
    with store.begin() as session:
        unwind(session, DECODER, cursor_at(lost.blocks[-1]), kept(lost.blocks[shared - 1]))
    apply_blocks(store, stays.blocks[shared:])
    assert digest_of(store) == mirror(_fresh(sqlite_template, scratch), stays)


@settings(max_examples=6, deadline=None)
@given(
    seed=seeds, blocks=st.integers(1, 150), per_commit=st.integers(1, 40), gone=st.integers(0, 30)
)
def test_sqlite_and_postgres_agree(
    seed: int,
    blocks: int,
    per_commit: int,
    gone: int,
    sqlite_template: Path,
    scratch: Path,
    postgres_url: str,
) -> None:
    model = EventModel(seed).run(blocks)
    fork = max(1, blocks - gone)
    on_sqlite = _fresh(sqlite_template, scratch)
    with new_postgres(postgres_url) as url:
        on_postgres = open_store(url)
        assert mirror(on_sqlite, model) == mirror(on_postgres, model, per_commit)
        for store in (on_sqlite, on_postgres):
            with store.begin() as session:
                unwind(session, DECODER, cursor_at(model.blocks[-1]), kept(model.blocks[fork - 1]))
        assert digest_of(on_sqlite) == digest_of(on_postgres)
        on_postgres.close()


def test_rebuilding_from_kept_logs_changes_nothing_but_what_was_wrong(store: Store) -> None:
    model = EventModel(5).run(300)
    expected = mirror(store, model)
    with store.begin() as session:
        session.exec_driver_sql("UPDATE loans SET received_principal_minor = 1, status = 'closed'")
        session.exec_driver_sql("DELETE FROM balances")
    assert digest_of(store) != expected
    told: list[int] = []
    assert rebuild_from_kept_logs(store, DEPLOYMENT, told.append) == len(model.logs())
    assert told[-1] == len(model.logs())
    assert digest_of(store) == expected


@pytest.mark.parametrize("seed", range(3))
def test_the_mirror_holds_what_the_model_holds(store: Store, seed: int) -> None:
    model = EventModel(seed).run(400)
    mirror(store, model, 25)
    with store.read() as session:
        records = records_of(session, model.loans)
        assert {loan_id: record.loan for loan_id, record in records.items()} == model.loans
        assert balances_of(session, model.balances) == model.balances
        assert {party: claimable_of(session, party) for party in model.claims} == model.claims
        assert token_supply(session) == sum(model.balances.values())
        assert count_logs(session) == len(model.logs())


def test_the_histories_have_everything_in_them(sqlite_template: Path, scratch: Path) -> None:
    """Otherwise the tests above would say little: every event, row and kind of movement."""
    topics: set[bytes] = set()
    kinds, uses, repaid, held, tables = (set[str]() for _ in range(5))
    for seed in range(12):
        model = EventModel(seed).run(300)
        topics |= {log.topics[:32] for log in model.logs()}
        store = _fresh(sqlite_template, scratch)
        mirror(store, model)
        with store.read() as session:
            for column, found in (
                (transfers.c.kind, kinds),
                (uses_of_proceeds.c.kind, uses),
                (repayments.c.kind, repaid),
                (payouts_held.c.kind, held),
            ):
                found |= set(session.execute(select(column)).scalars())
            for table in PROJECTION_TABLES:
                if session.execute(select(table).limit(1)).first():
                    tables.add(table.name)
        store.close()
    assert topics == {
        topic
        for contract in LAYOUTS
        for topic, name in event_topics(contract).items()
        if name in LAYOUTS[contract] or name == "Approval"
    }
    assert kinds == set(MovementKind) - {MovementKind.CARRIED_OVER}
    assert uses == {"paid", "withdrawn", "released", "held", "applied"}
    assert repaid == set(RepaymentKind)
    assert held == {"repaid", "collected", "guaranteed", "applied", "reimbursed", "released"}
    assert tables == {table.name for table in PROJECTION_TABLES}
