"""A chain of one's own on this machine, which keeps its state.

The chain is a process beside the house: anvil where it is installed, else the Python development
node (`tallystick.chain.devnode`). A folder belongs to one chain. Whoever opens the folder first
starts the process, later ones join it, the last one to leave stops it; after a `kill -9` of
everyone the process goes on and the next to open the folder finds it. Two locks tell who lives,
and the system lets go of them when a process dies, so no file can claim what is not so:

    process.lock   held by the chain process itself, which inherits it
    users.lock     shared by those who use it
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

from tallystick.chain.client import Node
from tallystick.chain.failures import NodeUnavailable
from tallystick.kernel.errors import Conflict, Unavailable

Kind = Literal["auto", "anvil", "eth-tester"]

DEFAULT_CHAIN_ID = 31337
_GAS_LIMIT = 300_000_000
_START_SECONDS = 30.0
_STOP_SECONDS = 60.0
_LAUNCHES_MAX = 5
_ANVIL_BESIDE = "node_modules/@foundry-rs/anvil-*/bin/anvil"
_ROOT = Path(__file__).resolve().parents[3]


class ChainNotStarting(Unavailable):
    title = "Embedded chain does not start"


class ChainNotStopping(Unavailable):
    title = "Embedded chain does not stop"


class ChainFolderTaken(Conflict):
    """The folder holds a chain of another kind or id."""

    title = "Chain folder taken"


# Kept to be waited for: a child nobody waits for stays a zombie.
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class _Record:
    kind: str
    chain_id: int
    pid: int
    port: int


class EmbeddedChain:
    """A running embedded chain. `url` is its address on loopback."""

    def __init__(self, url: str, kind: str, chain_id: int, pid: int) -> None:
        self.url = url
        self.kind = kind
        self.chain_id = chain_id
        self.pid = pid
        self.node = Node(url, chain_id=chain_id, timeout_seconds=300.0)

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


def find_anvil() -> Path | None:
    """The anvil to use: $TALLYSTICK_ANVIL, the project's own, or one on the PATH."""
    if told := os.environ.get("TALLYSTICK_ANVIL"):
        return Path(told)
    for root in (_ROOT, Path.cwd()):
        for found in sorted(root.glob(_ANVIL_BESIDE)):
            return found
    on_path = shutil.which("anvil")
    return Path(on_path) if on_path else None


@contextmanager
def embedded_chain(
    directory: Path,
    *,
    kind: Kind = "auto",
    chain_id: int = DEFAULT_CHAIN_ID,
    starts_at: datetime | None = None,
    state_interval_seconds: int | None = 10,
) -> Iterator[EmbeddedChain]:
    """The chain of `directory`, started or joined.

    A new chain's first block is dated `starts_at`, and from there it has a clock of its own, which
    stands still while nobody uses the chain; without `starts_at` it goes by the machine's clock. It
    mines on demand until `mine_every`. Gas is free, accounts need no ether. State is on disk when the last user leaves,
    and every `state_interval_seconds` before. Raises ChainNotStarting, ChainFolderTaken.
    """
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "users.lock").open("a") as users:
        with _exclusively(directory / "start.lock"):
            record = _join(directory) or _start(
                directory, kind, chain_id, starts_at, state_interval_seconds
            )
            fcntl.flock(users, fcntl.LOCK_SH)
        chain = EmbeddedChain(
            f"http://127.0.0.1:{record.port}", record.kind, record.chain_id, record.pid
        )
        try:
            if record.chain_id != chain_id or kind not in ("auto", record.kind):
                raise ChainFolderTaken(
                    f"The folder {directory.name} holds the {record.kind} chain {record.chain_id}; "
                    "use another folder for another chain."
                )
            yield chain
        finally:
            chain.node.close()
            with _exclusively(directory / "start.lock"):
                if _is_last(users):
                    _stop(directory, record)


def _join(directory: Path) -> _Record | None:
    """The living process of this folder, if there is one."""
    with (directory / "process.lock").open("a") as lock:
        if _try_lock(lock):
            return None
    try:
        record = _Record(**json.loads((directory / "process.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        raise ChainNotStarting(
            f"A chain process holds {directory.name}/process.lock but left no record; end it."
        ) from None
    if not _answers(record.port, None):
        raise ChainNotStarting(
            f"The chain process {record.pid} of {directory.name} runs but does not answer; end it."
        )
    return record


def _start(
    directory: Path,
    kind: Kind,
    chain_id: int,
    starts_at: datetime | None,
    state_interval_seconds: int | None,
) -> _Record:
    kept = _kind_kept(directory)
    anvil = find_anvil() if kind in ("auto", "anvil") else None
    if kept is not None and kind in ("auto", kept):
        kind = kept
    elif kept is not None:
        raise ChainFolderTaken(
            f"The folder {directory.name} holds a chain of {kept}; use another folder for {kind}."
        )
    elif kind == "auto":
        kind = "anvil" if anvil else "eth-tester"
    if kind == "anvil":
        if anvil is None:
            raise ChainNotStarting(
                "anvil is not installed; run `make setup`, set TALLYSTICK_ANVIL, or use eth-tester."
            )
        command = _anvil_command(anvil, directory, chain_id, state_interval_seconds)
    else:
        command = _devnode_command(directory, chain_id)
    if kept is None and starts_at is not None:
        command += ["--timestamp", str(int(starts_at.timestamp()))]

    is_new = kept is None
    process, port = _launch(directory, command)
    record = _Record(kind, chain_id, process.pid, port)
    _children[process.pid] = process
    draft = directory / "process.json.new"
    draft.write_text(json.dumps(asdict(record)))
    draft.replace(directory / "process.json")
    if is_new:
        (directory / "kind").write_text(kind)
        (directory / "clock").write_text("wall" if starts_at is None else "own")
    else:
        _go_on(record, (directory / "clock").read_text() == "own")
    return record


def _go_on(record: _Record, has_own_clock: bool) -> None:
    """Sets the clock of a chain that was started again: it never runs back.

    A chain with a clock of its own goes on from its latest block, as if no time had passed.
    """
    with Node(f"http://127.0.0.1:{record.port}", chain_id=record.chain_id) as node:
        latest = node.header("latest").timestamp
        if has_own_clock or latest > time.time():
            node.rpc("evm_setTime", [latest])


def _launch(directory: Path, command: list[str]) -> tuple[subprocess.Popen[bytes], int]:
    """The process and the port it answers on. Another program may grab the port first: try again."""
    log_path = directory / "chain.log"
    for _ in range(_LAUNCHES_MAX):
        port = _free_port()
        with (directory / "process.lock").open("a") as lock, log_path.open("wb") as log:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                process = subprocess.Popen(
                    [*command, "--port", str(port)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=(lock.fileno(),),
                    # Not to be ended by a Ctrl-C meant for its user: state is saved at the end.
                    start_new_session=True,
                )
            except OSError as error:
                raise ChainNotStarting(f"{command[0]} cannot be run: {error.strerror}.") from error
        if _answers(port, process):
            return process, port
        process.kill()
        process.wait()
    told = log_path.read_text(errors="replace").strip().splitlines()[-3:]
    raise ChainNotStarting(
        f"The chain process does not start: {' / '.join(told) or 'it says nothing'} "
        f"(see chain.log in {directory.name}).",
    )


def _answers(port: int, process: subprocess.Popen[bytes] | None) -> bool:
    """Whether the chain process answers in time and is still the one we started."""
    deadline = time.monotonic() + _START_SECONDS
    with Node(f"http://127.0.0.1:{port}", timeout_seconds=5.0) as node:
        while time.monotonic() < deadline:
            if process is not None and process.poll() is not None:
                return False
            try:
                node.rpc("eth_chainId")
            except NodeUnavailable:
                time.sleep(0.01)
            else:
                return process is None or process.poll() is None
    return False


def _stop(directory: Path, record: _Record) -> None:
    """Ends the process, which saves its state before it goes."""
    with (directory / "process.lock").open("a") as lock:
        if _try_lock(lock):
            return
        os.kill(record.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while not _try_lock(lock):
            if time.monotonic() > deadline:
                raise ChainNotStopping(
                    f"The chain process {record.pid} has not saved its state and ended in "
                    f"{_STOP_SECONDS:.0f} s; it is left running."
                )
            time.sleep(0.01)
    if (child := _children.pop(record.pid, None)) is not None:
        child.wait()


def _anvil_command(
    anvil: Path,
    directory: Path,
    chain_id: int,
    state_interval_seconds: int | None,
) -> list[str]:
    command = [
        str(anvil), "--host", "127.0.0.1", "--chain-id", str(chain_id), "--accounts", "0",
        "--no-mining", "--hardfork", "prague", "--gas-limit", str(_GAS_LIMIT),
        "--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee",
        "--disable-pool-balance-checks", "--no-request-size-limit", "--quiet",
        "--state", str(directory / "anvil-state.json"),
    ]  # fmt: skip
    if state_interval_seconds is not None:
        command += ["--state-interval", str(state_interval_seconds)]
    return command


def _devnode_command(directory: Path, chain_id: int) -> list[str]:
    return [
        sys.executable, "-m", "tallystick.chain.devnode",
        "--directory", str(directory / "devnode"), "--chain-id", str(chain_id),
    ]  # fmt: skip


def _kind_kept(directory: Path) -> Literal["anvil", "eth-tester"] | None:
    """The kind of chain whose state lies in the folder."""
    try:
        kept = (directory / "kind").read_text()
    except FileNotFoundError:
        return None
    if kept == "anvil":
        return "anvil"
    return "eth-tester"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_last(users: IO[str]) -> bool:
    """Whether nobody else holds the lock of users. The caller holds the lock of starting."""
    return _try_lock(users)


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _exclusively(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
