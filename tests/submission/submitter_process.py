"""Submitters in processes of their own, to be killed.

    python -m tests.submission.submitter_process NODE_URL

reads lines "DATABASE_URL POINT" and forks a submitter for each, which works until nothing is left
or ends by SIGKILL at the point told. A point is the moment before or after a commit, or after a
question to the node that changes something. Answers "SIGNAL POINTS" when it has ended: 0 and how
many points there were, or the signal that ended it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from eth_hash.auto import keccak

from tallystick.actions.submission import Submitter
from tallystick.chain.client import Node
from tallystick.chain.signers import LocalKey
from tallystick.store.session import Session, Store, open_store
from tests.submission.outbox import LANES

_CHANGING = (b"eth_sendRawTransaction", b"evm_mine")


class Fuse:
    """Ends the process at the `point`-th point; 0 never does."""

    def __init__(self, point: int) -> None:
        self._point = point
        self.passed = 0

    def burn(self) -> None:
        self.passed += 1
        if self.passed == self._point:
            os.kill(os.getpid(), signal.SIGKILL)


def submit(node_url: str, database_url: str, point: int) -> int:
    """How many points were passed."""
    fuse = Fuse(point)
    keys = [LocalKey(keccak(f"tallystick test key {name}".encode())) for name in LANES]
    signers = {key.address: key for key in keys}
    begin = Store.begin

    @contextmanager
    def fused_begin(self: Store, *, is_durable: bool = False) -> Iterator[Session]:
        with begin(self, is_durable=is_durable) as session:
            yield session
            fuse.burn()
        fuse.burn()

    Store.begin = fused_begin  # type: ignore[method-assign]  # the point of this module
    store = open_store(database_url)
    with Node(node_url) as node:
        exchange = node._transport.exchange

        def fused_exchange(request: bytes) -> bytes:
            answer = exchange(request)
            if any(method in request for method in _CHANGING):
                fuse.burn()
            return answer

        node._transport.exchange = fused_exchange  # type: ignore[method-assign]  # likewise
        # Few in flight: several rounds, in which every step comes after every other.
        submitter = Submitter(
            store,
            node,
            signers.__getitem__,
            mine=lambda: node.rpc("evm_mine"),
            lane_in_flight_max=2,
        )
        submitter.drain()
    store.close()
    return fuse.passed


def main(node_url: str) -> None:
    for line in sys.stdin:
        database_url, point = line.split()
        reader, writer = os.pipe()
        if not (child := os.fork()):
            os.close(reader)
            os.write(writer, str(submit(node_url, database_url, int(point))).encode())
            os._exit(0)
        os.close(writer)
        with open(reader) as told:
            passed = told.read() or "0"
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.WTERMSIG(status)} {passed}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
