"""A name that one process at a time may hold: the submitter's, the follower's.

On PostgreSQL it is an advisory lock of the server, on SQLite a lock on a file beside the database.
Both end with the process that held them, however it ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from filelock import FileLock, Timeout
from sqlalchemy import text

from tallystick.kernel.errors import Conflict
from tallystick.store.session import Store


class HeldElsewhere(Conflict):
    """Another process does this work on the same database."""

    title = "Done by another process"


@contextmanager
def exclusively(store: Store, name: str) -> Iterator[None]:
    """Holds `name` in the block. Raises HeldElsewhere at once if somebody else does."""
    held = HeldElsewhere(
        f"Another process is the {name} of this database; let it work, or end it first.", name=name
    )
    if store.dialect == "sqlite":
        try:
            with FileLock(f"{store.file}.{name}.lock", timeout=0):
                yield
        except Timeout:
            raise held from None
        return
    key = int.from_bytes(sha256(f"tallystick {name}".encode()).digest()[:8], signed=True)
    with store.connect_apart() as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
            raise held
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})
