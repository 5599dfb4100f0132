"""Every row of the mirror in one fixed form, the same from each database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import String, Table, Text, cast, collate, select
from sqlalchemy.types import JSON

from tallystick.store.mirror_tables import PROJECTION_TABLES, cursor, raw_logs
from tallystick.store.session import Session

_STATE_TABLES = (cursor, raw_logs, *PROJECTION_TABLES)
_NOT_STATE = {"cursor": ("id", "finalized_block_number")}
_FETCH_ROWS = 5_000


def state_rows(session: Session) -> Iterator[tuple[str, Iterator[tuple[Any, ...]]]]:
    """Each table's name and rows in the order of its key, members in the order of its columns.

    Left out is what depends on how the mirror got here: headers that a reorg may undo, and how far
    blocks were final.
    """
    for table in _STATE_TABLES:
        yield table.name, _rows(session, table)


def _rows(session: Session, table: Table) -> Iterator[tuple[Any, ...]]:
    columns = [
        cast(column, Text) if isinstance(column.type, JSON) else column
        for column in table.columns
        if column.name not in _NOT_STATE.get(table.name, ())
    ]
    is_postgres = session.dialect.name == "postgresql"
    order = [
        # Databases sort texts by their locale; hashes must not depend on it.
        collate(column, "C") if is_postgres and isinstance(column.type, String) else column
        for column in table.primary_key.columns
    ]
    query = select(*columns).order_by(*order).execution_options(yield_per=_FETCH_ROWS)
    for row in session.execute(query):
        yield tuple(row)
