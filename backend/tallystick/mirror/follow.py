"""Follows the chain into the database.

Each run of blocks goes in by one commit: raw logs, projection, headers that a reorg may undo,
cursor. So a crash at any moment leaves the mirror at some block, whole. Before catching
up the block at the cursor is asked for again by number; if its hash is another one, the blocks that
went are undone first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tallystick.chain.answers import BlockHeader
from tallystick.chain.client import Node
from tallystick.chain.deployment import Deployment
from tallystick.chain.failures import NodeLagging
from tallystick.chain.finality import IMMEDIATE, Finality, finalized_number
from tallystick.kernel.errors import Conflict, Corrupt, TallystickError, Unavailable
from tallystick.mirror.apply import apply_logs
from tallystick.mirror.decode import Decoder
from tallystick.mirror.fetch import BlockRange, Fetcher, block_time
from tallystick.mirror.unwind import unwind
from tallystick.store.chain_logs import (
    KeptBlock,
    kept_blocks,
    lock_mirror,
    write_blocks,
    write_cursor,
)
from tallystick.store.colendings import co_lending_addresses
from tallystick.store.cursor import Cursor, read_cursor
from tallystick.store.session import Store

LOGS_PER_COMMIT = 10_000
"""Of a backfill: a commit loads and writes each loan it touches once."""


class MirrorOfOtherLedger(Conflict):
    """The database mirrors another ledger than the one to follow."""

    title = "Database mirrors another ledger"


class ChainBehindMirror(Unavailable):
    """The node knows fewer blocks than the mirror."""

    title = "Node behind the mirror"
    is_retryable = True


class ReorgBelowFinality(Corrupt):
    """Blocks that counted as final are gone from the chain."""

    title = "Final blocks are gone"


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before asking again: from `first_seconds` doubling up to `max_seconds`,
    `attempts` times in a row without progress."""

    first_seconds: float = 0.2
    max_seconds: float = 5.0
    attempts: int = 8

    def seconds(self, attempt: int) -> float:
        """`attempt` counts from 0."""
        return min(self.max_seconds, self.first_seconds * 2.0 ** min(attempt, 30))


@dataclass(frozen=True, slots=True)
class FollowReport:
    """What one catching up did. `cursor` is where the mirror now stands."""

    cursor: Cursor
    head_block_number: int
    blocks: int = 0
    logs: int = 0
    unwound_blocks: int = 0


Progress = Callable[[FollowReport], object]


class Follower:
    """Follows one deployment into one store. Several followers of a store do no harm, but only
    one of them gets anything done at a time."""

    def __init__(
        self,
        store: Store,
        node: Node,
        deployment: Deployment,
        finality: Finality = IMMEDIATE,
        *,
        backoff: Backoff | None = None,
        fetcher: Fetcher | None = None,
        logs_per_commit: int = LOGS_PER_COMMIT,
    ) -> None:
        self._store = store
        self._node = node
        self._deployment = deployment
        self._finality = finality
        self._backoff = backoff or Backoff()
        self._fetcher = fetcher or Fetcher(node, deployment.addresses)
        self._logs_per_commit = logs_per_commit
        self._decoder = Decoder(deployment)
        self._stop = threading.Event()

    def catch_up(self, on_progress: Progress | None = None) -> FollowReport:
        """Applies every block up to the head as it is now.

        Retries what may pass. Raises the node's errors once `backoff` is used up,
        MirrorOfOtherLedger, ReorgBelowFinality, the errors of `apply_logs`, and the store's.
        """
        work = _Work(on_progress or (lambda _report: None))
        failures = 0
        while True:
            seen = (work.blocks, work.unwound_blocks)
            try:
                head = self._node.header("latest")
                cursor = self._standing(head, work)
                if cursor.block_number < head.number and not self._stop.is_set():
                    cursor = self._advance(cursor, head, work)
                return work.report(cursor, head.number)
            except TallystickError as error:
                failures = 0 if seen != (work.blocks, work.unwound_blocks) else failures + 1
                if not is_retryable(error) or failures > self._backoff.attempts:
                    raise
                self._stop.wait(self._backoff.seconds(failures))

    def follow(
        self,
        stop: threading.Event,
        *,
        poll_seconds: float = 1.0,
        on_report: Progress | None = None,
        on_trouble: Callable[[TallystickError], object] | None = None,
    ) -> None:
        """Catches up again and again until `stop` is set.

        What may pass (the node or the database away) is told to `on_trouble` and tried again for
        ever; what cannot is raised.
        """
        self._stop = stop
        failures = 0
        while not stop.is_set():
            try:
                report = self.catch_up(on_report)
                failures = 0
                if on_report is not None:
                    on_report(report)
                stop.wait(poll_seconds)
            except TallystickError as error:
                if not (is_retryable(error) or isinstance(error, Unavailable)):
                    raise
                if on_trouble is not None:
                    on_trouble(error)
                stop.wait(self._backoff.seconds(failures))
                failures += 1

    def _standing(self, head: BlockHeader, work: _Work) -> Cursor:
        """The cursor, after undoing the blocks that are no longer in the chain."""
        with self._store.read() as session:
            cursor = read_cursor(session)
            kept = kept_blocks(session)
            co_lendings = co_lending_addresses(session)
        self._fetcher.watch(co_lendings)
        self._decoder.know(co_lendings)
        if cursor is None:
            return self._begin()
        check_same_ledger(cursor, self._deployment)
        if head.number < cursor.block_number:
            self._check_forked(cursor, head, kept)
        elif self._node.header(cursor.block_number).hash == cursor.block_hash:
            return cursor
        fork = self._fork(cursor, head, kept)
        with self._store.begin() as session:
            lock_mirror(session, cursor)
            back = unwind(session, self._decoder, cursor, fork)
        work.unwound_blocks += cursor.block_number - fork.block_number
        return back

    def _begin(self) -> Cursor:
        """Stands before the first block the deployment could have logged in."""
        deployment = self._deployment
        base = self._node.header(deployment.block_number)
        if base.hash != deployment.block_hash:
            raise MirrorOfOtherLedger(
                "The node's chain is another than the one the contracts were deployed on. "
                "Connect to the right node, or start over with a fresh home."
            )
        cursor = Cursor(
            chain_id=deployment.chain_id,
            ledger=deployment.loan_ledger,
            block_number=base.number,
            block_hash=base.hash,
            block_at=block_time(base.timestamp),
            finalized_block_number=0,
        )
        with self._store.begin() as session:
            lock_mirror(session, None)
            write_blocks(session, [_kept(base)], 0)
            write_cursor(session, cursor)
        return cursor

    def _check_forked(self, cursor: Cursor, head: BlockHeader, kept: list[KeptBlock]) -> None:
        """A shorter chain is either another one, or the node's view of ours is old."""
        if any(b.block_number == head.number and b.block_hash != head.hash for b in kept):
            return
        raise ChainBehindMirror(
            f"The node's latest block is {head.number}, the mirror stands at "
            f"{cursor.block_number}. The node lags: wait or ask another. If the chain was "
            "rolled back for good, run `tallystick mirror rebuild`.",
            head=head.number,
            cursor=cursor.block_number,
        )

    def _fork(self, cursor: Cursor, head: BlockHeader, kept: list[KeptBlock]) -> KeptBlock:
        """The last kept block that is still in the chain."""
        highest = min(cursor.block_number - 1, head.number)
        below = [block for block in kept if block.block_number <= highest]
        headers = self._node.headers(block.block_number for block in below)
        for block, header in zip(reversed(below), reversed(headers), strict=True):
            if block.block_hash == header.hash:
                return block
        raise ReorgBelowFinality(
            f"Block {cursor.block_number} of the mirror is gone from the chain, and so is every "
            f"block down to the finalized {cursor.finalized_block_number}. Either this is another "
            "chain, or final blocks were undone: find out which. `tallystick mirror rebuild` then "
            "mirrors the chain as it is now.",
            block_number=cursor.block_number,
            finalized_block_number=cursor.finalized_block_number,
        )

    def _advance(self, cursor: Cursor, head: BlockHeader, work: _Work) -> Cursor:
        """Applies range after range up to `head`, fetching the next while some are applied."""
        finalized = finalized_number(self._node, self._finality, head)
        waiting: BlockRange | None = None
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="mirror-fetch") as pool:
            coming = pool.submit(self._fetcher.fetch, cursor.block_number + 1, head, finalized)
            while True:
                found = coming.result()
                is_last = found.to_block == head.number or self._stop.is_set()
                if not is_last:
                    coming = pool.submit(self._fetcher.fetch, found.to_block + 1, head, finalized)
                waiting = found if waiting is None else waiting.joined(found)
                if is_last or len(waiting.logs) >= self._logs_per_commit:
                    cursor = self._commit(cursor, waiting, finalized)
                    work.tell(cursor, waiting, head.number)
                    waiting = None
                if is_last:
                    return cursor

    def _commit(self, cursor: Cursor, found: BlockRange, finalized: int) -> Cursor:
        first, last = found.headers[0], found.headers[-1]
        if first.number == cursor.block_number + 1 and first.parent_hash != cursor.block_hash:
            raise NodeLagging(f"Block {cursor.block_number} changed; the mirror looks again.")
        new = replace(
            cursor,
            block_number=last.number,
            block_hash=last.hash,
            block_at=block_time(last.timestamp),
            finalized_block_number=max(cursor.finalized_block_number, min(finalized, last.number)),
        )
        with self._store.begin() as session:
            lock_mirror(session, cursor)
            apply_logs(session, self._decoder, cursor.ledger, found.logs, found.times)
            write_blocks(session, map(_kept, found.headers), new.finalized_block_number)
            write_cursor(session, new)
        return new


@dataclass(slots=True)
class _Work:
    """What was done so far in one catching up."""

    on_progress: Progress
    blocks: int = 0
    logs: int = 0
    unwound_blocks: int = 0

    def tell(self, cursor: Cursor, found: BlockRange, head_block_number: int) -> None:
        self.blocks += found.to_block - found.from_block + 1
        self.logs += len(found.logs)
        self.on_progress(self.report(cursor, head_block_number))

    def report(self, cursor: Cursor, head_block_number: int) -> FollowReport:
        return FollowReport(cursor, head_block_number, self.blocks, self.logs, self.unwound_blocks)


def check_same_ledger(cursor: Cursor, deployment: Deployment) -> None:
    """Raises MirrorOfOtherLedger unless the database mirrors `deployment`."""
    if (cursor.chain_id, cursor.ledger) != (deployment.chain_id, deployment.loan_ledger):
        raise MirrorOfOtherLedger(
            f"The database mirrors ledger {cursor.ledger} of chain {cursor.chain_id}, not "
            f"{deployment.loan_ledger} of chain {deployment.chain_id}. Use another database, "
            "or run `tallystick mirror rebuild` to replace what it mirrors.",
            ledger=cursor.ledger,
            chain_id=cursor.chain_id,
        )


def is_retryable(error: TallystickError) -> bool:
    """Whether asking again may help."""
    return bool(getattr(error, "is_retryable", False))


def _kept(header: BlockHeader) -> KeptBlock:
    return KeptBlock(header.number, header.hash, header.parent_hash, block_time(header.timestamp))
