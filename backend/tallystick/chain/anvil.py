"""anvil as the embedded chain: where it is, how it is started, and how its state is kept safe.

anvil writes its whole state now and then, over the file it wrote before: killed while it writes,
it leaves half a file. So it writes to one file and reads another, and what it has written wholly
is moved over what it reads.
"""

from __future__ import annotations

import mmap
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

_BESIDE = "node_modules/@foundry-rs/anvil-*/bin/anvil"
_ROOT = Path(__file__).resolve().parents[3]
_GAS_LIMIT = 300_000_000
_KEPT = "anvil-state.json"
_WRITTEN = "anvil-state.written.json"
_LOOK_SECONDS = 0.5


def find_anvil() -> Path | None:
    """The anvil to use: $TALLYSTICK_ANVIL, the project's own, or one on the PATH."""
    if told := os.environ.get("TALLYSTICK_ANVIL"):
        return Path(told)
    for root in (_ROOT, Path.cwd()):
        for found in sorted(root.glob(_BESIDE)):
            return found
    on_path = shutil.which("anvil")
    return Path(on_path) if on_path else None


def anvil_command(
    anvil: Path, directory: Path, chain_id: int, state_interval_seconds: int | None
) -> list[str]:
    """Starts anvil on the state kept in `directory`: gas is free, blocks come on demand."""
    command = [
        str(anvil), "--host", "127.0.0.1", "--chain-id", str(chain_id), "--accounts", "0",
        "--no-mining", "--hardfork", "prague", "--gas-limit", str(_GAS_LIMIT),
        "--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee",
        "--disable-pool-balance-checks", "--no-request-size-limit", "--quiet",
        "--dump-state", str(directory / _WRITTEN),
    ]  # fmt: skip
    keep_written(directory)
    if (directory / _KEPT).exists():
        command += ["--load-state", str(directory / _KEPT)]
    if state_interval_seconds is not None:
        command += ["--state-interval", str(state_interval_seconds)]
    return command


def keep_written(directory: Path) -> None:
    """Keeps what a process that has ended wrote last, if it came to the end of it."""
    written = directory / _WRITTEN
    if written.exists() and _is_complete(written):
        written.replace(directory / _KEPT)


@contextmanager
def keeping_written(directory: Path, state_interval_seconds: int | None) -> Iterator[None]:
    """Keeps what the process writes while it runs, each time it has come to the end of it."""
    if state_interval_seconds is None:
        yield
        return
    stop = threading.Event()
    watch = threading.Thread(target=_watch, args=(directory, state_interval_seconds, stop))
    watch.start()
    try:
        yield
    finally:
        stop.set()
        watch.join()


def _watch(directory: Path, state_interval_seconds: int, stop: threading.Event) -> None:
    written = directory / _WRITTEN
    while not stop.wait(min(_LOOK_SECONDS, state_interval_seconds / 4)):
        try:
            age = time.time() - written.stat().st_mtime
            # Done writing, and long before the next time: it must not begin while we look.
            if state_interval_seconds / 4 <= age <= state_interval_seconds / 2:
                keep_written(directory)
        except FileNotFoundError:
            continue


def _is_complete(path: Path) -> bool:
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            try:
                msgspec.json.decode(content, type=msgspec.Raw)
            except msgspec.DecodeError:
                return False
    return True
