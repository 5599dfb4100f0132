"""A mirror filled from a model's logs, without a node."""

from __future__ import annotations

from collections.abc import Iterable

from tallystick.mirror.apply import apply_logs
from tallystick.mirror.decode import Decoder
from tallystick.mirror.digest import StateDigest, state_digest
from tallystick.store.chain_logs import KeptBlock, write_blocks, write_cursor
from tallystick.store.cursor import Cursor
from tallystick.store.session import Store
from tests.mirror.event_model import DEPLOYMENT, EventModel, ModelBlock
from tests.mirror.loan_deeds import digest

DECODER = Decoder(DEPLOYMENT)


def cursor_at(block: ModelBlock) -> Cursor:
    return Cursor(
        chain_id=DEPLOYMENT.chain_id,
        ledger=DEPLOYMENT.loan_ledger,
        block_number=block.number,
        block_hash=block.hash,
        block_at=block.at,
        finalized_block_number=0,
    )


def kept(block: ModelBlock) -> KeptBlock:
    return KeptBlock(block.number, block.hash, digest(f"parent of {block.hash}"), block.at)


def apply_blocks(store: Store, blocks: Iterable[ModelBlock]) -> None:
    """Applies whole blocks in one commit."""
    run = list(blocks)
    if not run:
        return
    logs = [log for block in run for log in block.logs]
    with store.begin() as session:
        apply_logs(
            session,
            DECODER,
            DEPLOYMENT.loan_ledger,
            logs,
            {block.number: block.at for block in run},
        )
        write_blocks(session, map(kept, run), 0)
        write_cursor(session, cursor_at(run[-1]))


def mirror(store: Store, model: EventModel, blocks_per_commit: int = 10**9) -> StateDigest:
    """Applies the whole model; the digest."""
    for start in range(0, len(model.blocks), blocks_per_commit):
        apply_blocks(store, model.blocks[start : start + blocks_per_commit])
    return digest_of(store)


def digest_of(store: Store) -> StateDigest:
    with store.read() as session:
        return state_digest(session)
