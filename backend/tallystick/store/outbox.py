"""The outbox as the submitter works on it: what to sign, what is in flight, how it ended.

Every mark names the status it expects, so that two submitters at once contradict each other instead
of signing twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, update

from tallystick.kernel.errors import Corrupt
from tallystick.store.commands import IN_FLIGHT, SETTLED, CommandNotFound, CommandStatus
from tallystick.store.session import Session
from tallystick.store.tables import commands

_CHUNK = 500
# Not `in_`: executemany cannot expand it.
_IS_IN_FLIGHT = or_(*(commands.c.status == one for one in IN_FLIGHT))
_IS_SETTLED = or_(*(commands.c.status == one for one in SETTLED))
_ADOPTION = "adopt_lane"


class OutboxContradiction(Corrupt):
    """Somebody else has changed commands that the submitter works on."""

    title = "Outbox changed underneath"


@dataclass(frozen=True, slots=True)
class Unsigned:
    """What to sign for a command."""

    id: int
    lane: str
    target: str
    calldata: bytes
    gas_limit: int


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed for a command."""

    id: int
    nonce: int
    tx_hash: str
    raw_tx: bytes


@dataclass(frozen=True, slots=True)
class InFlight:
    """A command whose tx is not settled. `earlier_txs` are (tx hash, is filler) it replaced."""

    id: int
    lane: str
    nonce: int
    status: CommandStatus
    tx_hash: str
    earlier_txs: tuple[tuple[str, bool], ...]
    error: dict[str, Any] | None

    @property
    def is_filling(self) -> bool:
        """Whether its current tx only fills the nonce: the command is refused with `error`."""
        return self.error is not None


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a command ended: mined, or refused with `error`."""

    id: int
    status: CommandStatus
    tx_hash: str | None
    block_number: int | None
    gas_used: int | None
    error: dict[str, Any] | None


# ---------------------------------------------------------------- reading


def pending(session: Session, blocked: Collection[str], limit: int) -> list[Unsigned]:
    """The oldest commands to sign, none of `blocked` lanes."""
    query = (
        select(*(commands.c[name] for name in Unsigned.__slots__))
        .where(commands.c.status == CommandStatus.PENDING)
        .order_by(commands.c.id)
        .limit(limit)
    )
    if blocked:
        query = query.where(commands.c.lane.not_in(blocked))
    return [Unsigned(*row) for row in session.execute(query)]


def pending_lanes(session: Session) -> list[str]:
    """Lanes with commands to sign."""
    query = select(commands.c.lane).where(commands.c.status == CommandStatus.PENDING).distinct()
    return list(session.execute(query).scalars())


def unsigned(session: Session, command_id: int) -> Unsigned:
    """What the command `command_id` calls. Raises CommandNotFound."""
    row = session.execute(
        select(*(commands.c[name] for name in Unsigned.__slots__)).where(
            commands.c.id == command_id
        )
    ).one_or_none()
    if row is None:
        raise CommandNotFound(f"There is no command {command_id}.")
    return Unsigned(*row)


def in_flight(session: Session) -> list[InFlight]:
    """Commands signed and not settled, by lane and nonce."""
    query = (
        select(*(commands.c[name] for name in InFlight.__slots__))
        .where(_IS_IN_FLIGHT)
        .order_by(commands.c.lane, commands.c.nonce)
    )
    return [
        InFlight(
            row.id,
            row.lane,
            row.nonce,
            CommandStatus(row.status),
            row.tx_hash,
            tuple((tx_hash, is_filler) for tx_hash, is_filler in row.earlier_txs or ()),
            row.error,
        )
        for row in session.execute(query)
    ]


def raw_txs(session: Session, command_ids: Sequence[int]) -> dict[int, bytes | None]:
    """The signed bytes by command; none where they were dropped because they were final."""
    found: dict[int, bytes | None] = {}
    for start in range(0, len(command_ids), _CHUNK):
        query = select(commands.c.id, commands.c.raw_tx).where(
            commands.c.id.in_(command_ids[start : start + _CHUNK])
        )
        found.update((row[0], row[1]) for row in session.execute(query))
    return found


def next_nonces(session: Session, lanes: Sequence[str]) -> dict[str, int]:
    """The nonce after the last one given out, by lane; lanes without any are left out."""
    found: dict[str, int] = {}
    for start in range(0, len(lanes), _CHUNK):
        query = (
            select(commands.c.lane, func.max(commands.c.nonce))
            .where(
                commands.c.lane.in_(lanes[start : start + _CHUNK]), commands.c.nonce.is_not(None)
            )
            .group_by(commands.c.lane)
        )
        found.update((row[0], row[1] + 1) for row in session.execute(query))
    return found


def lanes_used(session: Session) -> list[str]:
    """Lanes that have ever signed."""
    query = select(commands.c.lane).where(commands.c.nonce.is_not(None)).distinct()
    return list(session.execute(query).scalars())


def settled_above(session: Session, block_number: int) -> dict[int, int]:
    """Block by command, of those settled in a block above `block_number`."""
    query = select(commands.c.id, commands.c.block_number).where(
        _IS_SETTLED, commands.c.block_number > block_number
    )
    return {row.id: row.block_number for row in session.execute(query)}


def settled_from_nonce(session: Session, lane: str, nonce: int) -> list[int]:
    """Commands of `lane` settled under `nonce` or a later one."""
    query = select(commands.c.id).where(
        commands.c.lane == lane,
        commands.c.nonce >= nonce,
        _IS_SETTLED,
        commands.c.kind != _ADOPTION,
    )
    return list(session.execute(query).scalars())


# ---------------------------------------------------------------- marking


def mark_signed(session: Session, signed: Sequence[Signed]) -> None:
    """Keeps what was signed for pending commands. Raises OutboxContradiction."""
    _update(
        session,
        commands.c.status == CommandStatus.PENDING,
        {"status": CommandStatus.SIGNED},
        [_signed_row(one) for one in signed],
    )


def mark_replaced(
    session: Session,
    replaced: InFlight,
    by: Signed,
    error: Mapping[str, Any] | None,
) -> None:
    """Keeps what now stands for `replaced`; with `error` it only fills the nonce."""
    earlier = [*replaced.earlier_txs, (replaced.tx_hash, replaced.is_filling)]
    row = _signed_row(by) | {"new_earlier_txs": earlier, "new_error": error}
    _update(session, _IS_IN_FLIGHT, {"status": CommandStatus.SIGNED}, [row])


def mark_sent(session: Session, command_ids: Sequence[int]) -> None:
    """A node has taken them."""
    _update(
        session,
        _IS_IN_FLIGHT,
        {"status": CommandStatus.SENT},
        [{"command_id": one} for one in command_ids],
    )


def mark_settled(
    session: Session, settlements: Sequence[Settlement], now: datetime, *, is_final: bool
) -> None:
    """Ends commands; the signed bytes of final ones are dropped, for the chain has them."""
    same: dict[str, Any] = {"settled_at": now}
    if is_final:
        same["raw_tx"] = None
    rows = [
        {
            "command_id": one.id,
            "new_status": one.status,
            "new_tx_hash": one.tx_hash,
            "new_block_number": one.block_number,
            "new_gas_used": one.gas_used,
            "new_error": one.error,
        }
        for one in settlements
    ]
    _update(session, _IS_IN_FLIGHT, same, rows)


def drop_raw_txs(session: Session, command_ids: Iterable[int]) -> None:
    """Forgets the signed bytes of commands that are final."""
    _update(
        session,
        _IS_SETTLED,
        {"raw_tx": None},
        [{"command_id": one} for one in command_ids],
    )


def revive(session: Session, command_ids: Sequence[int], filled_type: str) -> None:
    """Takes settled commands up again: the chain has undone their blocks.

    Those refused by an error of `filled_type` keep it: their tx only fills the nonce.
    """
    same = {
        "status": CommandStatus.SENT,
        "block_number": None,
        "gas_used": None,
        "settled_at": None,
    }
    query = select(commands.c.id, commands.c.error).where(commands.c.error.is_not(None))
    errors: dict[int, dict[str, Any]] = {}
    for start in range(0, len(command_ids), _CHUNK):
        chunk = command_ids[start : start + _CHUNK]
        errors.update(
            (row[0], row[1]) for row in session.execute(query.where(commands.c.id.in_(chunk)))
        )
    kept = {one for one, error in errors.items() if error.get("type") == filled_type}
    rows = [
        {"command_id": one, "new_error": errors[one] if one in kept else None}
        for one in command_ids
    ]
    _update(session, _IS_SETTLED, same, rows)


def adopt_nonces(session: Session, lane: str, nonce: int, *, caller: str, now: datetime) -> None:
    """Lets `lane` go on with `nonce`; a settled command stands for what used those before."""
    if next_nonces(session, [lane]).get(lane, 0) >= nonce:
        return
    session.execute(
        insert(commands).values(
            idempotency_key=f"adopt/{lane}/{nonce}",
            request_hash="0x" + "00" * 32,
            caller=caller,
            kind=_ADOPTION,
            subject=lane,
            lane=lane,
            target=lane,
            calldata=b"",
            gas_limit=0,
            status=CommandStatus.MINED,
            nonce=nonce - 1,
            created_at=now,
            settled_at=now,
        )
    )


def _update(
    session: Session,
    expected: Any,
    same: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """One UPDATE for many commands; `new_*` members of a row are its own values."""
    if not rows:
        return
    own: dict[str, Any] = {
        name.removeprefix("new_"): bindparam(name) for name in rows[0] if name != "command_id"
    }
    statement = (
        update(commands)
        .where(commands.c.id == bindparam("command_id"), expected)
        .values(**same, **own)
    )
    if session.execute(statement, rows).rowcount != len(rows):
        raise OutboxContradiction(
            "Commands changed while the submitter worked on them; is a second submitter running?"
        )


def _signed_row(signed: Signed) -> dict[str, Any]:
    return {
        "command_id": signed.id,
        "new_nonce": signed.nonce,
        "new_tx_hash": signed.tx_hash,
        "new_raw_tx": signed.raw_tx,
    }
