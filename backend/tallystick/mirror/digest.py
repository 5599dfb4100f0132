"""The digest of the mirror's state: two mirrors that agree have the same, on any database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec

from tallystick.store.session import Session
from tallystick.store.state_rows import state_rows


@dataclass(frozen=True, slots=True)
class StateDigest:
    """SHA-256, hex, of the whole state and of each table, so that a difference can be located."""

    whole: str
    tables: Mapping[str, str]


def state_digest(session: Session) -> StateDigest:
    """Digest of all that the mirror took and derived from the chain up to its cursor.

    A row is the MessagePack array of its members, a table its rows in key order.
    """
    tables = {name: _table_digest(rows) for name, rows in state_rows(session)}
    whole = sha256("".join(f"{name}:{digest}\n" for name, digest in tables.items()).encode())
    return StateDigest(whole.hexdigest(), tables)


def _table_digest(rows: Iterable[tuple[Any, ...]]) -> str:
    encode = msgspec.msgpack.Encoder().encode
    digest = sha256()
    for row in rows:
        digest.update(encode(row))
    return digest.hexdigest()
