"""What a command of several calls holds."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select

from tallystick.store.commands import ContractCall
from tallystick.store.session import Session
from tallystick.store.tables import batch_items


def write_batch_items(session: Session, command_id: int, calls: Sequence[ContractCall]) -> None:
    """Keeps what each call of the batch is about, in their order."""
    session.execute(
        insert(batch_items),
        [
            {"command_id": command_id, "item": item, "kind": call.kind, "subject": call.subject}
            for item, call in enumerate(calls)
        ],
    )


def batch_items_of(session: Session, command_id: int) -> list[tuple[str, str]]:
    """Kind and subject of each call, in the order of the batch; none if it is no batch."""
    query = (
        select(batch_items.c.kind, batch_items.c.subject)
        .where(batch_items.c.command_id == command_id)
        .order_by(batch_items.c.item)
    )
    return [(row.kind, row.subject) for row in session.execute(query)]
