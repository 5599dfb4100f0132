"""What became of each call of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tallystick.chain.bindings import decode_revert
from tallystick.store.batch_items import batch_items_of
from tallystick.store.commands import Command, CommandStatus
from tallystick.store.cursor import read_cursor
from tallystick.store.ledger_life import batch_failures_of
from tallystick.store.session import Session


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """`status` is the command's until the mirror has seen its block; then mined, or refused with
    `error` in the form of a command's.
    """

    kind: str
    subject: str
    status: CommandStatus
    error: dict[str, Any] | None


def batch_outcome(session: Session, command: Command) -> list[ItemOutcome]:
    """In the order of the batch; nothing for a command of one call."""
    items = batch_items_of(session, command.id)
    if not items:
        return []
    if command.status is not CommandStatus.MINED:
        return [ItemOutcome(*item, command.status, command.error) for item in items]
    cursor = read_cursor(session)
    assert command.tx_hash is not None
    assert command.block_number is not None
    if cursor is None or cursor.block_number < command.block_number:
        return [ItemOutcome(*item, CommandStatus.SENT, None) for item in items]
    failures = {one.item: one.reason for one in batch_failures_of(session, command.tx_hash)}
    return [
        ItemOutcome(*item, CommandStatus.REFUSED, decode_revert(failures[number]).as_dict())
        if number in failures
        else ItemOutcome(*item, CommandStatus.MINED, None)
        for number, item in enumerate(items)
    ]
