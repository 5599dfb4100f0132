"""Where the mirror stands on the chain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from tallystick.store.mirror_tables import cursor
from tallystick.store.session import Session


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last block applied. Blocks up to `finalized_block_number` can no longer be undone."""

    chain_id: int
    ledger: str
    block_number: int
    block_hash: str
    block_at: datetime
    finalized_block_number: int


def read_cursor(session: Session) -> Cursor | None:
    """None when nothing was mirrored yet."""
    row = session.execute(
        select(
            cursor.c.chain_id,
            cursor.c.ledger,
            cursor.c.block_number,
            cursor.c.block_hash,
            cursor.c.block_at,
            cursor.c.finalized_block_number,
        )
    ).one_or_none()
    return Cursor(*row) if row is not None else None
