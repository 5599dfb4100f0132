"""The migrations make exactly the tables the code declares, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from tallystick.store.session import Session, Store, open_store
from tallystick.store.tables import metadata

_POSTGRES_SHAPES = (
    """SELECT table_name, column_name, data_type, character_maximum_length, is_nullable,
              column_default
       FROM information_schema.columns WHERE table_schema = 'public'""",
    """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
)


def _sqlite_shape(session: Session) -> set[Any]:
    rows = session.execute(text("SELECT type, name, tbl_name, sql FROM sqlite_master")).all()
    return {
        (kind, name, table, frozenset(line.strip(" ,\t") for line in (sql or "").splitlines()))
        for kind, name, table, sql in rows
        if "alembic" not in table
    }


def _postgres_shape(session: Session) -> set[Any]:
    return {
        tuple(row)
        for query in _POSTGRES_SHAPES
        for row in session.execute(text(query))
        if "alembic" not in row[0]
    }


def test_nothing_is_declared_that_no_migration_makes(store: Store) -> None:
    with store.read() as session:
        context = MigrationContext.configure(session, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_sqlite_upgraded_is_sqlite_created(sqlite_store: Store, tmp_path: Path) -> None:
    created = open_store(f"sqlite:///{tmp_path}/created.db")
    with created.begin() as session:
        metadata.create_all(session)
    with created.read() as ours, sqlite_store.read() as migrated:
        assert _sqlite_shape(migrated) == _sqlite_shape(ours)
        assert len(_sqlite_shape(ours)) > len(metadata.tables)
    created.close()


def test_postgres_upgraded_is_postgres_created(postgres_store: Store) -> None:
    with postgres_store.read() as session:
        migrated = _postgres_shape(session)
    with postgres_store.begin() as session:
        metadata.drop_all(session)
        assert _postgres_shape(session) == set()
        metadata.create_all(session)
        assert _postgres_shape(session) == migrated
    assert len(migrated) > len(metadata.tables)


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_every_column_of_an_amount_holds_63_bits(table: str) -> None:
    for column in metadata.tables[table].columns:
        if column.name.endswith("_minor"):
            assert type(column.type).__name__ == "BigInteger", column
