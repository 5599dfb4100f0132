"""A chain process beside the house: started, found again, stopped.

Two locks in the chain's folder tell who lives. The system lets go of them when their holder dies,
however it dies, so that no file can claim what is not so:

    process.lock   held by the chain process itself, which inherits it
    users.lock     shared by everyone who uses the chain
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from tallystick.chain.client import Node
from tallystick.chain.failures import NodeUnavailable
from tallystick.kernel.errors import Unavailable

_LAUNCHES_MAX = 5
# A large state takes its time to be read and written.
_START_SECONDS = 180.0
_STOP_SECONDS = 300.0

# Kept to be waited for: a child nobody waits for stays a zombie.
_children: dict[int, subprocess.Popen[bytes]] = {}


class ChainNotStarting(Unavailable):
    title = "Embedded chain does not start"


class ChainNotStopping(Unavailable):
    title = "Embedded chain does not stop"


@dataclass(frozen=True, slots=True)
class ChainProcess:
    """A chain process and where it answers."""

    kind: str
    chain_id: int
    pid: int
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def living_process(directory: Path) -> ChainProcess | None:
    """The chain process of this folder, if there is one. Raises ChainNotStarting."""
    with (directory / "process.lock").open("a") as lock:
        if try_lock(lock):
            return None
    try:
        process = ChainProcess(**json.loads((directory / "process.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        raise ChainNotStarting(
            f"A chain process holds {directory.name}/process.lock but left no record; end it."
        ) from None
    if not _answers(process.port, None):
        raise ChainNotStarting(
            f"The chain process {process.pid} of {directory.name} does not answer; end it."
        )
    return process


def launch(directory: Path, command: list[str], kind: str, chain_id: int) -> ChainProcess:
    """Starts `command` with a free port of loopback. Raises ChainNotStarting in its own words."""
    log_path = directory / "chain.log"
    # Another program may take the port before the chain does.
    for _ in range(_LAUNCHES_MAX):
        port = _free_port()
        with (directory / "process.lock").open("a") as lock, log_path.open("wb") as log:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                child = subprocess.Popen(
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
        process = ChainProcess(kind, chain_id, child.pid, port)
        write_json(directory / "process.json", asdict(process))
        if _answers(port, child):
            _children[child.pid] = child
            return process
        child.kill()
        child.wait()
    told = log_path.read_text(errors="replace").strip().splitlines()[-3:]
    raise ChainNotStarting(
        f"The chain process does not start: {' / '.join(told) or 'it says nothing'} "
        f"(see chain.log in {directory.name})."
    )


def stop(directory: Path, process: ChainProcess) -> None:
    """Ends the process, which saves its state before it goes. Raises ChainNotStopping."""
    with (directory / "process.lock").open("a") as lock:
        if not try_lock(lock):
            os.kill(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_SECONDS
        while not try_lock(lock):
            if time.monotonic() > deadline:
                raise ChainNotStopping(
                    f"The chain process {process.pid} has not saved its state and ended in "
                    f"{_STOP_SECONDS:.0f} s; it is left running."
                )
            time.sleep(0.01)
    if (child := _children.pop(process.pid, None)) is not None:
        child.wait()


def try_lock(file: IO[str]) -> bool:
    """Locks `file` for this process alone, unless anybody else holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Waits for the lock at `path` and holds it in the block."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_json(path: Path, content: object) -> None:
    """Writes all of it or nothing."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(json.dumps(content))
    draft.replace(path)


def _answers(port: int, child: subprocess.Popen[bytes] | None) -> bool:
    """Whether the chain process answers in time and is still the one we started."""
    deadline = time.monotonic() + _START_SECONDS
    with Node(f"http://127.0.0.1:{port}", timeout_seconds=5.0) as node:
        while time.monotonic() < deadline:
            if child is not None and child.poll() is not None:
                return False
            try:
                node.rpc("eth_chainId")
            except NodeUnavailable:
                time.sleep(0.01)
            else:
                return child is None or child.poll() is None
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
