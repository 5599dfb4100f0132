"""A chain of one's own on this machine, which keeps its state.

The chain is a process beside the house: anvil where it is installed, else the Python development
node (`tallystick.chain.devnode`). A folder belongs to one chain. Whoever opens the folder first
starts the process, later ones join it, the last one to leave stops it; after a `kill -9` of
everyone the process goes on, and the next to open the folder finds it.
"""

from __future__ import annotations

import fcntl
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from tallystick.chain.anvil import anvil_command, find_anvil, keeping_written
from tallystick.chain.client import Node
from tallystick.chain.process import (
    ChainNotStarting,
    ChainProcess,
    alone,
    launch,
    living_process,
    stop,
    try_lock,
    write_json,
)
from tallystick.kernel.errors import Conflict

Kind = Literal["auto", "anvil", "eth-tester"]

DEFAULT_CHAIN_ID = 31337


class ChainFolderTaken(Conflict):
    """The folder holds a chain of another kind or id."""

    title = "Chain folder taken"


class EmbeddedChain:
    """A running embedded chain. `url` is its address on loopback."""

    def __init__(self, process: ChainProcess) -> None:
        self.url = process.url
        self.kind = process.kind
        self.chain_id = process.chain_id
        self.pid = process.pid
        self.node = Node(process.url, chain_id=process.chain_id, timeout_seconds=300.0)

    def now(self) -> datetime:
        """Time of the latest block."""
        return datetime.fromtimestamp(self.node.header("latest").timestamp, UTC)

    def set_time(self, at: datetime) -> None:
        """The next block will be dated `at`; nothing if the chain is there already."""
        if at > self.now():
            self.node.rpc("evm_setNextBlockTimestamp", [int(at.timestamp())])

    def mine(self) -> None:
        """Mines one block of what is pending."""
        self.node.rpc("evm_mine", [])

    def mine_every(self, seconds: int) -> None:
        """Mines by itself every so many seconds; 0 stops it."""
        self.node.rpc("evm_setIntervalMining", [seconds])

    def snapshot(self) -> str:
        """A name to `revert` to, once."""
        return str(self.node.rpc("evm_snapshot", []))

    def revert(self, snapshot: str) -> None:
        """Goes back to a snapshot; whatever was mined since is gone."""
        self.node.rpc("evm_revert", [snapshot])


@dataclass(frozen=True, slots=True)
class _Chain:
    """What a folder remembers of its chain. One with its own clock stands still while it is off."""

    kind: Literal["anvil", "eth-tester"]
    chain_id: int
    has_own_clock: bool


@contextmanager
def embedded_chain(
    directory: Path,
    *,
    kind: Kind = "auto",
    chain_id: int = DEFAULT_CHAIN_ID,
    starts_at: datetime | None = None,
    state_interval_seconds: int | None = 60,
) -> Iterator[EmbeddedChain]:
    """The chain of `directory`, started or joined.

    A new chain's first block is dated `starts_at`, and from there it has a clock of its own, which
    stands still while nobody uses the chain; without `starts_at` it goes by the machine's clock. It
    mines on demand until `mine_every`. Gas is free, accounts need no ether. State is on disk when
    the last user leaves, and every `state_interval_seconds` before. Raises ChainNotStarting,
    ChainFolderTaken.
    """
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "users.lock").open("a") as users:
        with alone(directory / "start.lock"):
            process = living_process(directory)
            kept = _kept(directory)
            if kept is not None and (kept.chain_id != chain_id or kind not in ("auto", kept.kind)):
                raise ChainFolderTaken(
                    f"The folder {directory.name} holds the {kept.kind} chain {kept.chain_id}; "
                    "use another folder for another chain."
                )
            if process is None:
                process = _start(directory, kept, kind, chain_id, starts_at, state_interval_seconds)
            fcntl.flock(users, fcntl.LOCK_SH)
        chain = EmbeddedChain(process)
        try:
            with keeping_written(
                directory, state_interval_seconds if process.kind == "anvil" else None
            ):
                yield chain
        finally:
            chain.node.close()
            with alone(directory / "start.lock"):
                if try_lock(users):
                    stop(directory, process)


def _start(
    directory: Path,
    kept: _Chain | None,
    kind: Kind,
    chain_id: int,
    starts_at: datetime | None,
    state_interval_seconds: int | None,
) -> ChainProcess:
    wanted = kept.kind if kept else kind
    anvil = find_anvil()
    if wanted == "auto":
        wanted = "anvil" if anvil else "eth-tester"
    if wanted == "eth-tester":
        command = [
            sys.executable, "-m", "tallystick.chain.devnode",
            "--directory", str(directory / "devnode"), "--chain-id", str(chain_id),
        ]  # fmt: skip
    elif anvil is not None:
        command = anvil_command(anvil, directory, chain_id, state_interval_seconds)
    else:
        raise ChainNotStarting(
            "anvil is not installed; run `make setup`, set TALLYSTICK_ANVIL, or use eth-tester."
        )
    if kept is not None:
        process = launch(directory, command, wanted, chain_id)
        _go_on(process, kept)
        return process
    if starts_at is not None:
        command += ["--timestamp", str(int(starts_at.timestamp()))]
    # Before the process: whatever state it leaves, the folder knows whose it is.
    memory = directory / "chain.json"
    write_json(memory, asdict(_Chain(wanted, chain_id, starts_at is not None)))
    try:
        return launch(directory, command, wanted, chain_id)
    except ChainNotStarting:
        memory.unlink()
        raise


def _go_on(process: ChainProcess, kept: _Chain) -> None:
    """Sets the clock of a chain that was started again: it never runs back."""
    with Node(process.url, chain_id=process.chain_id) as node:
        latest = node.header("latest").timestamp
        if kept.has_own_clock or latest > time.time():
            node.rpc("evm_setTime", [latest])


def _kept(directory: Path) -> _Chain | None:
    try:
        return _Chain(**json.loads((directory / "chain.json").read_text()))
    except FileNotFoundError:
        return None
