"""Opening the database, and the one commit of a session.

A `Session` is a SQLAlchemy connection inside `Store.begin()`: everything done in the block is
committed at its end or not at all. On SQLite a writing session takes the write lock at once, so
that it can never fail half-way for a lock another writer holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from tallystick.kernel.errors import Conflict, Corrupt, Invalid, TallystickError, Unavailable

Session = Connection

LOCK_TIMEOUT_SECONDS = 10.0

_IS_READ_ONLY = "tallystick_is_read_only"
# Values may be personal data, and errors end up in logs.
_HIDE_PARAMETERS = True
_IS_DURABLE = "tallystick_is_durable"
_POSTGRES_LOCKED = frozenset({"40001", "40P01", "55P03"})
_POSTGRES_UNREACHABLE = ("08", "28", "3D", "53", "57P")
_SQLITE_LOCKED = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED"})
_SQLITE_UNREACHABLE = frozenset({"SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_PERM"})
_SQLITE_DAMAGED = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB"})


class StoreUrlInvalid(Invalid):
    """The database URL names no database this project can open."""

    title = "Database URL not usable"


class StoreLocked(Unavailable):
    """Another process held the database, or the rows in question, for too long."""

    title = "Database is locked"


class StoreUnreachable(Unavailable):
    """The database cannot be opened, connected to, or written."""

    title = "Database cannot be reached"


class StoreDamaged(Corrupt):
    """The database file is not a sound SQLite database."""

    title = "Database is damaged"


class SchemaOutdated(Conflict):
    """The tables are not those of this version."""

    title = "Database schema is not current"


class Store:
    """One database. Threads may share it; each session has its own connection."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.shown_url = engine.url.render_as_string(hide_password=True)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._engine.dialect.name

    @contextmanager
    def begin(self, *, is_durable: bool = False) -> Iterator[Session]:
        """A writing session: one commit at the end of the block, nothing if it raises.

        A durable commit outlives a power failure; of others, SQLite may lose the last moments,
        never their order. Raises StoreLocked or StoreUnreachable, also for statements inside the
        block.
        """
        engine = self._engine.execution_options(**{_IS_DURABLE: is_durable})
        with self._translated(), engine.begin() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one moment of the database and cannot write."""
        with self._translated(), self._engine.connect() as connection:
            session = connection.execution_options(**{_IS_READ_ONLY: True})
            if self.dialect == "postgresql":
                session = session.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            yield session

    @contextmanager
    def connect_apart(self) -> Iterator[Session]:
        """A connection outside any session, for what must not end with a commit: locks."""
        with self._translated(), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def file(self) -> str | None:
        """Path of a SQLite database."""
        return self._engine.url.database if self.dialect == "sqlite" else None

    def upgrade(self) -> None:
        """Creates the tables or brings them up to this version, in one commit."""
        from tallystick.store import schema  # Alembic is slow to import and seldom needed

        with self.begin() as session:
            schema.upgrade(session)

    def check(self) -> None:
        """Raises StoreUnreachable if the database does not answer, SchemaOutdated if its tables are
        not this version's."""
        from tallystick.store import schema  # Alembic is slow to import and seldom needed

        with self.read() as session:
            found, wanted = schema.revisions(session)
        if found != wanted:
            raise SchemaOutdated(
                f"The database has schema {found or 'none'}, this version needs {wanted}. "
                "Run `tallystick init`; if the database is newer, update this program instead.",
                found=found,
                wanted=wanted,
            )

    def close(self) -> None:
        """Closes idle connections."""
        self._engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            translated = _translate(error, self.shown_url)
            if translated is None:
                raise
            raise translated from error


def open_store(url: str, *, lock_timeout_seconds: float = LOCK_TIMEOUT_SECONDS) -> Store:
    """The store at `url`: `sqlite:///path/to/file.db` or `postgresql://user@host/database`.

    Connects lazily: the first session meets an unreachable database. A writer waits up to
    `lock_timeout_seconds` for another's lock. Raises StoreUrlInvalid.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
            return Store(_sqlite_engine(parsed, lock_timeout_seconds))
        if parsed.drivername == "postgresql+psycopg":
            return Store(_postgres_engine(parsed, lock_timeout_seconds))
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreUrlInvalid(
            f"The database URL cannot be read: {error}.", field="database_url"
        ) from error
    except ModuleNotFoundError as error:
        raise StoreUrlInvalid(
            "PostgreSQL needs its driver: pip install 'tallystick[postgres]'.", field="database_url"
        ) from error
    raise StoreUrlInvalid(
        f"{parsed.render_as_string(hide_password=True)} names neither a SQLite file nor a "
        "PostgreSQL database; use sqlite:///file.db or postgresql://user@host/database.",
        field="database_url",
    )


def _sqlite_engine(url: URL, lock_timeout_seconds: float) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": lock_timeout_seconds}, hide_parameters=_HIDE_PARAMETERS
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        # The driver must not begin sessions by itself: see `on_begin`.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(session: Session) -> None:
        options = session.get_execution_options()
        is_read_only = options.get(_IS_READ_ONLY, False)
        is_durable = options.get(_IS_DURABLE, False)
        session.exec_driver_sql(f"PRAGMA synchronous={'FULL' if is_durable else 'NORMAL'}")
        session.exec_driver_sql(f"PRAGMA query_only={'ON' if is_read_only else 'OFF'}")
        session.exec_driver_sql("BEGIN" if is_read_only else "BEGIN IMMEDIATE")

    return engine


def _postgres_engine(url: URL, lock_timeout_seconds: float) -> Engine:
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=_HIDE_PARAMETERS)

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.execute(f"SET lock_timeout = {round(lock_timeout_seconds * 1000)}")
        connection.execute("SET TIME ZONE 'UTC'")
        connection.commit()

    return engine


def _translate(error: DBAPIError, shown_url: str) -> TallystickError | None:
    original = error.orig
    if original is None:
        return None
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None) or ""
    primary = "_".join(code.split("_")[:2])
    if code in _POSTGRES_LOCKED or primary in _SQLITE_LOCKED:
        return StoreLocked(
            f"The database {shown_url} is locked by another process. Try again; if it stays "
            "locked, end the process that holds it.",
            database=shown_url,
        )
    is_lost = getattr(error, "connection_invalidated", False)
    has_no_answer = not code and type(original).__name__ == "OperationalError"
    if (
        is_lost
        or has_no_answer
        or primary in _SQLITE_UNREACHABLE
        or code.startswith(_POSTGRES_UNREACHABLE)
    ):
        return StoreUnreachable(
            f"The database {shown_url} cannot be reached: {str(original).strip()}. Check the URL, "
            "that the server runs or the folder exists, and that it may be written.",
            database=shown_url,
        )
    if primary in _SQLITE_DAMAGED:
        return StoreDamaged(
            f"The file of {shown_url} is not a sound SQLite database: {original}. Restore it from "
            "a copy; the mirror's part can be rebuilt from the chain.",
            database=shown_url,
        )
    return None
