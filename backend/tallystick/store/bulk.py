"""Writes many rows at once by the fastest way each database has.

SQLite takes tuples straight through the driver, PostgreSQL binary COPY. Rows are plain tuples in
the order of the columns named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import JSON, BigInteger, Boolean, Date, Integer, LargeBinary, String, Table, Text
from sqlalchemy.types import TypeEngine

from tallystick.store.columns import UtcDateTime
from tallystick.store.session import Session

IN_CHUNK = 5_000
"""Most values in one `IN`: SQLite binds 32,766 at most."""

T = TypeVar("T")


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """`values` in lists short enough for `IN`."""
    everything = list(values)
    for start in range(0, len(everything), IN_CHUNK):
        yield everything[start : start + IN_CHUNK]


def insert_rows(
    session: Session, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Inserts `rows`, whose members are in the order of `columns`. JSON comes as its text."""
    kinds = [table.c[name].type for name in columns]
    names = ", ".join(columns)
    if session.dialect.name == "postgresql":
        _copy(session, f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)", kinds, rows)
        return
    marks = ", ".join("?" * len(columns))
    prepared = _for_sqlite(kinds, rows)
    if prepared:
        session.exec_driver_sql(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", prepared)


def update_rows(
    session: Session,
    table: Table,
    keys: Sequence[str],
    assignments: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    """Updates by key. Members of `rows`: new values in the order of `assignments`, then the keys.

    An assignment is a column, or `+column` to add to what is there.
    """
    mark = "%s" if session.dialect.name == "postgresql" else "?"
    columns = [name.lstrip("+") for name in assignments]
    sets = ", ".join(
        f"{column} = {column} + {mark}" if name.startswith("+") else f"{column} = {mark}"
        for name, column in zip(assignments, columns, strict=True)
    )
    where = " AND ".join(f"{key} = {mark}" for key in keys)
    statement = f"UPDATE {table.name} SET {sets} WHERE {where}"
    kinds = [table.c[name].type for name in (*columns, *keys)]
    is_sqlite = session.dialect.name == "sqlite"
    prepared = _for_sqlite(kinds, rows) if is_sqlite else [tuple(row) for row in rows]
    if prepared:
        session.exec_driver_sql(statement, prepared)


def json_text(value: Any) -> str:
    """The one text this project stores for a JSON value."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _for_sqlite(kinds: Sequence[TypeEngine[Any]], rows: Iterable[Sequence[Any]]) -> list[Any]:
    """Dates and times as SQLAlchemy writes and reads them on SQLite."""
    converted: list[tuple[int, Callable[[Any], Any]]] = []
    for index, kind in enumerate(kinds):
        if isinstance(kind, UtcDateTime):
            converted.append((index, _sqlite_datetime))
        elif isinstance(kind, Date):
            converted.append((index, _sqlite_date))
    if not converted:
        return [tuple(row) for row in rows]
    prepared = []
    for row in rows:
        values = list(row)
        for index, convert in converted:
            values[index] = convert(values[index])
        prepared.append(tuple(values))
    return prepared


@lru_cache(maxsize=4096)
def _sqlite_datetime(value: datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


@lru_cache(maxsize=4096)
def _sqlite_date(value: Any) -> str | None:
    return None if value is None else value.isoformat()


_COPY_TYPES: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (BigInteger, "int8"),
    (Integer, "int4"),
    (UtcDateTime, "timestamptz"),
    (Date, "date"),
    (Boolean, "bool"),
    (LargeBinary, "bytea"),
    (JSON, "json"),
    (Text, "text"),
    (String, "varchar"),
)


def _copy(
    session: Session,
    statement: str,
    kinds: Sequence[TypeEngine[Any]],
    rows: Iterable[Sequence[Any]],
) -> None:
    from psycopg.types.json import Json  # the driver is installed only where it is used

    types = [next(name for known, name in _COPY_TYPES if isinstance(k, known)) for k in kinds]
    texts = [index for index, name in enumerate(types) if name == "json"]
    cursor: Any = session.connection.cursor()
    with cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            if texts:
                values = list(row)
                for index in texts:
                    values[index] = Json(values[index], dumps=_as_is)
                copy.write_row(values)
            else:
                copy.write_row(row)


def _as_is(text: str) -> str:
    return text
