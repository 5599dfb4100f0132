"""API keys: whom each speaks for, and only the hash of its secret."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from tallystick.kernel.errors import Conflict, NotFound
from tallystick.store.session import Session
from tallystick.store.tables import api_keys


class KeyNameTaken(Conflict):
    title = "Key name taken"


class KeyNotFound(NotFound):
    title = "API key not found"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """`key_hash` is `0x` hex; `party` is the address a lender's or borrower's key speaks for."""

    id: int
    name: str
    key_hash: str
    role: str
    party: str | None
    created_at: datetime
    revoked_at: datetime | None


def insert_key(
    session: Session, *, name: str, key_hash: str, role: str, party: str | None, now: datetime
) -> ApiKey:
    """Raises KeyNameTaken: names are never given twice, also not after a key was revoked."""
    row = {"name": name, "key_hash": key_hash, "role": role, "party": party, "created_at": now}
    try:
        with session.begin_nested():
            key_id = session.execute(
                insert(api_keys).values(row).returning(api_keys.c.id)
            ).scalar_one()
    except IntegrityError:
        raise KeyNameTaken(
            f"an API key named {name!r} was issued before; choose another name", field="name"
        ) from None
    return ApiKey(key_id, name, key_hash, role, party, now, None)


def find_key(session: Session, key_hash: str) -> ApiKey | None:
    row = session.execute(select(api_keys).where(api_keys.c.key_hash == key_hash)).one_or_none()
    return None if row is None else _key(row)


def list_keys(session: Session) -> list[ApiKey]:
    """All keys ever issued, oldest first."""
    return [_key(row) for row in session.execute(select(api_keys).order_by(api_keys.c.id))]


def revoke_key(session: Session, name: str, now: datetime) -> ApiKey:
    """Makes the key worthless; a key revoked before keeps its date. Raises KeyNotFound."""
    session.execute(
        update(api_keys)
        .where(api_keys.c.name == name, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    row = session.execute(select(api_keys).where(api_keys.c.name == name)).one_or_none()
    if row is None:
        raise KeyNotFound(f"no API key is named {name!r}", field="name")
    return _key(row)


def _key(row: Row[tuple[object, ...]]) -> ApiKey:
    return ApiKey(**row._mapping)
