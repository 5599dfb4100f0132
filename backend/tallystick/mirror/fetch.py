"""Fetches ranges of blocks: their logs, the times of the blocks, and the headers that prove them.

One question per range asks for all contracts and events. Ranges grow and shrink so that an answer
holds about as many logs as nodes and databases like best.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from tallystick.chain.answers import BlockHeader, RawLog
from tallystick.chain.client import Node
from tallystick.chain.failures import NodeLagging, RangeTooLarge
from tallystick.mirror.decode import made_co_lending

LOGS_WANTED = 2_000
BLOCKS_AT_FIRST = 16
BLOCKS_MAX = 50_000
TAIL_BLOCKS = 64
"""So many blocks below the head are always proved by their headers: a node that lags behind its
peers leaves out logs there."""


@dataclass(frozen=True, slots=True)
class BlockRange:
    """Blocks `from_block` to `to_block`. `headers` are those of its last block and of every block
    that a reorg may undo, oldest first; `times` has the blocks with logs."""

    from_block: int
    to_block: int
    logs: Sequence[RawLog]
    times: dict[int, datetime]
    headers: Sequence[BlockHeader]

    def joined(self, following: BlockRange) -> BlockRange:
        """This range and the one right behind it. Raises NodeLagging if they are of two chains."""
        last, first = self.headers[-1], following.headers[0]
        if first.number == last.number + 1 and first.parent_hash != last.hash:
            raise NodeLagging(f"Block {last.number} changed while it was read; ask again.")
        return BlockRange(
            self.from_block,
            following.to_block,
            [*self.logs, *following.logs],
            {**self.times, **following.times},
            [*self.headers, *following.headers],
        )


class Fetcher:
    """Fetches ranges one after the other; remembers which size suited the node."""

    def __init__(
        self, node: Node, addresses: Sequence[str], *, blocks_at_first: int = BLOCKS_AT_FIRST
    ) -> None:
        self._node = node
        self._addresses = tuple(addresses)
        self._blocks = blocks_at_first

    def watch(self, addresses: Iterable[str]) -> None:
        """From now on these contracts' logs too."""
        self._addresses += tuple(one for one in addresses if one not in self._addresses)

    def fetch(self, from_block: int, head: BlockHeader, finalized: int) -> BlockRange:
        """The next range from `from_block` on, up to `head` at most.

        Raises NodeLagging when the chain changed meanwhile, RangeTooLarge when the node refuses a
        single block, and what `Node` raises.
        """
        while True:
            to_block = min(from_block + self._blocks - 1, head.number)
            try:
                found = self._range(from_block, to_block, min(finalized, head.number - TAIL_BLOCKS))
            except RangeTooLarge:
                if to_block == from_block:
                    raise
                self._blocks = (to_block - from_block + 1) // 2
                continue
            self._resize(to_block - from_block + 1, len(found.logs))
            return found

    def _range(self, from_block: int, to_block: int, proved_from: int) -> BlockRange:
        headers = self._node.headers(
            range(max(from_block, min(proved_from, to_block)), to_block + 1)
        )
        for parent, child in pairwise(headers):
            if child.parent_hash != parent.hash:
                raise NodeLagging(f"Block {child.number} changed while it was read; ask again.")
        logs = self._logs(from_block, to_block, headers)
        return BlockRange(from_block, to_block, logs, self._times(logs, headers), headers)

    def _logs(
        self, from_block: int, to_block: int, headers: Sequence[BlockHeader]
    ) -> Sequence[RawLog]:
        """Asks again when contracts were made in the range, for what these logged in it."""
        while True:
            logs = self._node.logs(from_block, to_block, self._addresses, headers)
            known = len(self._addresses)
            self.watch(filter(None, map(made_co_lending, logs)))
            if len(self._addresses) == known:
                return logs

    def _times(self, logs: Sequence[RawLog], headers: Sequence[BlockHeader]) -> dict[int, datetime]:
        stamps: dict[int, int | None] = {log.block_number: log.block_timestamp for log in logs}
        stamps.update({h.number: h.timestamp for h in headers if h.number in stamps})
        untold = [number for number, stamp in stamps.items() if stamp is None]
        stamps.update({h.number: h.timestamp for h in self._node.headers(untold)})
        return {number: block_time(stamp) for number, stamp in stamps.items() if stamp is not None}

    def _resize(self, blocks: int, logs: int) -> None:
        """Aims at LOGS_WANTED, at most doubling."""
        if blocks < self._blocks and logs < LOGS_WANTED:
            return  # the head cut it short: it says nothing of the size
        wanted = blocks * LOGS_WANTED // max(logs, 1)
        self._blocks = max(1, min(wanted, 2 * blocks, BLOCKS_MAX))


def block_time(timestamp: int) -> datetime:
    """Unix seconds as UTC."""
    return datetime.fromtimestamp(timestamp, UTC)
