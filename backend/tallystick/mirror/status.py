"""How far the mirror is behind the chain."""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.chain.client import Node
from tallystick.mirror.fetch import block_time
from tallystick.store.cursor import Cursor, read_cursor
from tallystick.store.session import Store


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """`cursor` is None before anything was mirrored; `lag_seconds` is between the times of the
    head's block and the cursor's."""

    cursor: Cursor | None
    head_block_number: int
    lag_blocks: int
    lag_seconds: int


def mirror_status(store: Store, node: Node) -> MirrorStatus:
    """Raises the node's and the store's errors."""
    with store.read() as session:
        cursor = read_cursor(session)
    head = node.header("latest")
    behind = block_time(head.timestamp) - cursor.block_at if cursor is not None else None
    return MirrorStatus(
        cursor=cursor,
        head_block_number=head.number,
        lag_blocks=max(0, head.number - (cursor.block_number if cursor is not None else 0)),
        lag_seconds=max(0, int(behind.total_seconds())) if behind is not None else 0,
    )
