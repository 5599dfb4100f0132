"""One commit or nothing, and a clear error for each way a database can be away."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from tallystick.store.mirror_tables import balances
from tallystick.store.session import (
    SchemaOutdated,
    Store,
    StoreDamaged,
    StoreLocked,
    StoreUnreachable,
    StoreUrlInvalid,
    open_store,
)
from tallystick.store.tables import audit_trail, profiles

SOMEBODY = "0x" + "11" * 20


def _held(store: Store) -> list[tuple[str, int]]:
    with store.read() as session:
        return [tuple(row) for row in session.execute(select(balances))]


def test_a_block_is_committed_whole(store: Store) -> None:
    with store.begin() as session:
        session.execute(insert(balances).values(address=SOMEBODY, balance_minor=2**63 - 1))
    assert _held(store) == [(SOMEBODY, 2**63 - 1)]


def test_a_block_that_raises_leaves_nothing(store: Store) -> None:
    row = {"address": SOMEBODY, "balance_minor": 1}
    with pytest.raises(IntegrityError), store.begin() as session:
        session.execute(insert(balances), [row, row])
    assert _held(store) == []


def test_a_reading_session_cannot_write(store: Store) -> None:
    with pytest.raises(DBAPIError, match=r"read-?only"), store.read() as session:
        session.execute(insert(balances).values(address=SOMEBODY, balance_minor=1))
    with store.begin() as session:
        session.execute(insert(balances).values(address=SOMEBODY, balance_minor=2))
    assert _held(store) == [(SOMEBODY, 2)]


def test_a_reading_session_sees_one_moment(store: Store) -> None:
    with store.read() as session:
        assert session.execute(select(balances)).all() == []
        with store.begin() as other:
            other.execute(insert(balances).values(address=SOMEBODY, balance_minor=1))
        assert session.execute(select(balances)).all() == []
    assert len(_held(store)) == 1


def test_times_come_back_aware_and_in_utc(store: Store) -> None:
    china = timezone(timedelta(hours=8))
    at = datetime(2026, 2, 1, 6, 30, 0, 123456, tzinfo=china)
    row = {"at": at, "caller": "c", "verb": "v", "subject": "s", "outcome": "o"}
    with store.begin() as session:
        session.execute(insert(audit_trail).values(row))
    with store.read() as session:
        told = session.execute(select(audit_trail.c.at)).scalar_one()
    assert told == at
    assert told.tzinfo is UTC


def test_a_time_without_zone_is_refused(store: Store) -> None:
    row = {"caller": "c", "verb": "v", "subject": "s", "outcome": "o"}
    naive = datetime(2026, 2, 1)  # noqa: DTZ001  # the mistake to be refused
    with pytest.raises(Exception, match="naive"), store.begin() as session:
        session.execute(insert(audit_trail).values(at=naive, **row))


def test_sqlite_survives_a_kill_and_keeps_references_whole(sqlite_store: Store) -> None:
    with sqlite_store.read() as session:
        assert session.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert session.exec_driver_sql("PRAGMA synchronous").scalar_one() == 1
        assert session.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_sqlite_locked_by_another_process_says_so(sqlite_store: Store) -> None:
    holder = sqlite3.connect(sqlite_store.shown_url.removeprefix("sqlite:///"))
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreLocked, match="locked"), sqlite_store.begin():
        pytest.fail("got in while another held the lock")
    holder.rollback()
    holder.close()
    with sqlite_store.begin() as session:
        session.execute(insert(balances).values(address=SOMEBODY, balance_minor=1))


def test_postgres_locked_by_another_process_says_so(postgres_store: Store) -> None:
    url = postgres_store.shown_url.replace("+psycopg", "").replace("***", "")
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE profiles")
        with pytest.raises(StoreLocked, match="locked"), postgres_store.begin() as session:
            session.execute(select(profiles))


def test_two_writers_wait_for_each_other(store: Store) -> None:
    def add(first: int) -> None:
        for number in range(first, first + 20):
            with store.begin() as session:
                session.execute(
                    insert(balances).values(address=f"0x{number:040x}", balance_minor=1)
                )

    threads = [threading.Thread(target=add, args=(first,)) for first in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(_held(store)) == 60


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("sqlite:///{folder}/none/x.db", StoreUnreachable),
        ("postgresql://nobody@127.0.0.1:1/none", StoreUnreachable),
        ("sqlite://", StoreUrlInvalid),
        ("sqlite:///:memory:", StoreUrlInvalid),
        ("mysql://somewhere/x", StoreUrlInvalid),
        ("where?", StoreUrlInvalid),
        ("", StoreUrlInvalid),
    ],
)
def test_a_database_that_is_not_there(url: str, error: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(error):
        open_store(url.format(folder=tmp_path)).check()
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_not_told(postgres_url: str) -> None:
    url = "postgresql://somebody:secret-word@127.0.0.1:1/none"
    with pytest.raises(StoreUnreachable) as raised:
        open_store(url).check()
    assert "secret-word" not in str(raised.value.as_dict())
    assert "secret-word" not in open_store(url).shown_url


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"not a database, whatever its name says" * 100)
    with pytest.raises(StoreDamaged, match="not a sound"):
        open_store(f"sqlite:///{path}").check()


def test_an_empty_database_has_to_be_upgraded(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/x.db")
    with pytest.raises(SchemaOutdated, match="tallystick init"):
        store.check()
    store.upgrade()
    store.check()
    store.upgrade()
    store.check()
    store.close()


def test_errors_of_the_program_are_not_dressed_up(store: Store) -> None:
    with pytest.raises(DBAPIError), store.begin() as session:
        session.exec_driver_sql("SELECT * FROM no_such_table")
