"""The outbox to the chain: commands as they were ordered, and what became of each.

    pending    ordered, not signed
    signed     signed bytes and nonce are kept; a node may or may not have them
    sent       a node has taken them
    mined      in a block, with effect
    refused    in a block without effect, or never to be in one

A command keeps its nonce for ever. What is sent under that nonce may be replaced: by the same call
at a higher price, or, when no node takes the call, by an empty tx that fills the nonce.
`earlier_txs` names what was replaced, for any of them may be the one that is mined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Protocol

from sqlalchemy import Row, func, insert, select, text

from tallystick.kernel.errors import Conflict, NotFound
from tallystick.store.session import Session
from tallystick.store.tables import commands


class CommandStatus(StrEnum):
    PENDING = "pending"
    SIGNED = "signed"
    SENT = "sent"
    MINED = "mined"
    REFUSED = "refused"


IN_FLIGHT = (CommandStatus.SIGNED, CommandStatus.SENT)
SETTLED = (CommandStatus.MINED, CommandStatus.REFUSED)
_UNSETTLED = (CommandStatus.PENDING, *IN_FLIGHT)
_CHUNK = 500
_ADVISORY_LOCK = 0x7461_6C6C_7903


class IdempotencyKeyReused(Conflict):
    """The key was given to another command."""

    title = "Idempotency key reused"


class CommandNotFound(NotFound):
    title = "No such command"


class ContractCall(Protocol):
    """What to call: `tallystick.chain.calls.Call` is one."""

    @property
    def kind(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def calldata(self) -> bytes: ...
    @property
    def gas_limit(self) -> int: ...


@dataclass(frozen=True, slots=True)
class NewCommand:
    """`lane` is the address that signs; `caller` who ordered it."""

    idempotency_key: str
    caller: str
    lane: str
    call: ContractCall

    @property
    def request_hash(self) -> str:
        """Equal for equal orders under one key."""
        parts = (self.caller, self.lane, self.call.kind, self.call.subject, self.call.target)
        digest = sha256("\n".join(parts).encode())
        digest.update(b"\n" + self.call.calldata)
        return "0x" + digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Command:
    """`error` is the refusal as callers see it: type, detail, field and data."""

    id: int
    idempotency_key: str
    caller: str
    kind: str
    subject: str
    lane: str
    status: CommandStatus
    nonce: int | None
    tx_hash: str | None
    block_number: int | None
    gas_used: int | None
    error: dict[str, Any] | None
    created_at: datetime
    settled_at: datetime | None

    @property
    def is_settled(self) -> bool:
        return self.status in SETTLED


_COMMAND = [commands.c[name] for name in Command.__slots__]

# ---------------------------------------------------------------- ordering


def enqueue(session: Session, new: NewCommand, now: datetime) -> Command:
    """The command of that key: the new one, or the one that was ordered before by the same request.

    Raises IdempotencyKeyReused.
    """
    enqueue_many(session, [new], now)
    command = find_command(session, new.idempotency_key)
    assert command is not None
    return command


def enqueue_many(session: Session, new: Sequence[NewCommand], now: datetime) -> int:
    """Orders commands, in that order for each lane; how many were new.

    Those ordered before by the same request are left as they are. Raises IdempotencyKeyReused.
    """
    if session.dialect.name == "postgresql":
        # Two orders under one key at once must not both be new; SQLite has one writer anyway.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    by_key: dict[str, str] = {}
    rows = []
    ordered = _request_hashes(session, [one.idempotency_key for one in new])
    for one in new:
        request_hash = one.request_hash
        given = ordered.get(one.idempotency_key) or by_key.get(one.idempotency_key)
        if given is None:
            by_key[one.idempotency_key] = request_hash
            rows.append(
                {
                    "idempotency_key": one.idempotency_key,
                    "request_hash": request_hash,
                    "caller": one.caller,
                    "kind": one.call.kind,
                    "subject": one.call.subject,
                    "lane": one.lane,
                    "target": one.call.target,
                    "calldata": one.call.calldata,
                    "gas_limit": one.call.gas_limit,
                    "status": CommandStatus.PENDING,
                    "created_at": now,
                }
            )
        elif given != request_hash:
            raise IdempotencyKeyReused(
                f"The idempotency key {one.idempotency_key!r} belongs to another command; "
                "use a new key for a new command.",
                idempotency_key=one.idempotency_key,
            )
    if rows:
        session.execute(insert(commands), rows)
    return len(rows)


def _request_hashes(session: Session, keys: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(keys), _CHUNK):
        query = select(commands.c.idempotency_key, commands.c.request_hash).where(
            commands.c.idempotency_key.in_(keys[start : start + _CHUNK])
        )
        found.update((row[0], row[1]) for row in session.execute(query))
    return found


# ---------------------------------------------------------------- asking


def find_command(session: Session, command: int | str) -> Command | None:
    """By id or by idempotency key; none if there is no such command."""
    column = commands.c.id if isinstance(command, int) else commands.c.idempotency_key
    row = session.execute(select(*_COMMAND).where(column == command)).one_or_none()
    return None if row is None else _command(row)


def has_commands(session: Session, prefix: str) -> bool:
    """Whether any command's idempotency key begins with `prefix`."""
    query = select(commands.c.id).where(
        commands.c.idempotency_key.startswith(prefix, autoescape=True)
    )
    return session.execute(query.limit(1)).first() is not None


def last_ordered_at(session: Session, prefix: str) -> datetime | None:
    """When the latest command was ordered whose idempotency key begins with `prefix`."""
    query = select(commands.c.created_at).where(
        commands.c.idempotency_key.startswith(prefix, autoescape=True)
    )
    return session.execute(query.order_by(commands.c.created_at.desc()).limit(1)).scalar()


def commands_of(session: Session, caller: str) -> list[Command]:
    """Every command a caller ever gave, oldest first."""
    query = select(*_COMMAND).where(commands.c.caller == caller).order_by(commands.c.id)
    return [_command(row) for row in session.execute(query)]


def count_unsettled(session: Session) -> int:
    """How many commands are still to end."""
    query = select(func.count()).where(commands.c.status.in_(_UNSETTLED))
    return session.execute(query).scalar_one()


def outbox_age(session: Session, now: datetime) -> timedelta | None:
    """How long the oldest unsettled command has waited; none if there is none."""
    query = (
        select(commands.c.created_at)
        .where(commands.c.status.in_(_UNSETTLED))
        .order_by(commands.c.id)
        .limit(1)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else now - row.created_at


def _command(row: Row[Any]) -> Command:
    return Command(**{**row._mapping, "status": CommandStatus(row.status)})
