"""The digest of the mirror's state: two mirrors that agree have the same, on any database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from tallystick.store.session import Session
from tallystick.store.state_rows import state_rows


@dataclass(frozen=True, slots=True)
class StateDigest:
    """SHA-256, hex, of the whole state and of each table, so that a difference can be located."""

    whole: str
    tables: Mapping[str, str]


def state_digest(session: Session) -> StateDigest:
    """Digest of all that the mirror took and derived from the chain up to its cursor.

    A row is its members, each as text behind its length; a table is its rows in key order.
    """
    tables = {name: _table_digest(rows) for name, rows in state_rows(session)}
    whole = sha256("".join(f"{name}:{digest}\n" for name, digest in tables.items()).encode())
    return StateDigest(whole.hexdigest(), tables)


def _table_digest(rows: Iterable[tuple[Any, ...]]) -> str:
    digest = sha256()
    for row in rows:
        texts = [_text(member) for member in row]
        digest.update("".join([f"{len(text)}:{text}" for text in texts]).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _text(member: Any) -> str:
    # The letter keeps 1 and "1", and none and "", apart.
    match member:
        case None:
            return "n"
        case bool():
            return f"b{int(member)}"
        case int():
            return f"i{member}"
        case str():
            return f"s{member}"
        case bytes() | memoryview():
            return f"x{member.hex()}"
        case datetime():
            return f"t{member.isoformat()}"
        case date():
            return f"d{member.isoformat()}"
        case _:
            raise TypeError(f"no text for {type(member).__name__}")
