"""A demo that is killed, again and again and at the worst of moments, comes to the same in the end.

The chain's process is not killed: it goes on without its user, and the next one finds it.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.cli.homes import DEMO_LOANS, chain_of, is_chain_running
from tests.cli.running import run, started
from tests.demo.business import comparable_business_of
from tests.demo.killed_process import STEPS, run_killed

ENDED = 0
KILLED = -signal.SIGKILL


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A new home, whose chain is not left running."""
    home = tmp_path / "home"
    yield home
    with chain_of(home):
        pass
    assert not is_chain_running(home)


def run_until(home: Path, step: str, times: int) -> int | None:
    """Runs the demo in a process of its own until it is killed or done; its exit code."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.demo.killed_process"])
    process = processes.Process(target=run_killed, args=(str(home), DEMO_LOANS, step, times))
    process.start()
    process.join()
    code = process.exitcode
    process.close()
    return code


def check_same(home: Path, undisturbed: Path) -> None:
    first, second = (
        run("demo", "--loans", DEMO_LOANS, "--json", home=one).json for one in (home, undisturbed)
    )
    assert first["reconciled"] is True
    for outcome in (first, second):
        del outcome["seconds"]
    assert first == second
    assert comparable_business_of(home) == comparable_business_of(undisturbed)
    mails = [len(list((one / "mail").iterdir())) for one in (home, undisturbed)]
    assert mails[0] == mails[1]


@pytest.mark.parametrize("seed", [1, 2])
def test_it_is_killed_at_every_step(seed: int, home: Path, kept_demo_home: Path) -> None:
    random = Random(seed)
    steps = list(STEPS)
    random.shuffle(steps)
    killed_at = []
    for step in steps:
        # Days and notices are few; of other steps a month takes many.
        times = 1 if "notice" in step or "day" in step else random.randrange(1, 7)
        code = run_until(home, step, times)
        assert code in (KILLED, ENDED), step
        if code == KILLED:
            killed_at.append(step)
    assert len(killed_at) >= len(STEPS) - 2, set(STEPS) - set(killed_at)
    check_same(home, kept_demo_home)


def test_it_is_killed_at_any_moment(home: Path, kept_demo_home: Path) -> None:
    """From outside, by the clock."""
    random = Random(3)
    kills = 0
    while kills < 8:
        with started("demo", "--loans", DEMO_LOANS, "--json", home=home) as process:
            before = size_of(home)
            while size_of(home) == before and process.poll() is None:
                time.sleep(0.005)
            deadline = time.monotonic() + random.uniform(0.0, 1.2)
            while time.monotonic() < deadline and process.poll() is None:
                time.sleep(0.005)
            if process.poll() is not None:
                break
            process.kill()
            process.communicate()
            kills += 1
    assert kills >= 4
    check_same(home, kept_demo_home)


def size_of(home: Path) -> int:
    """Grows as soon as a run gets anything done."""
    files = (home / name for name in ("tallystick.sqlite", "tallystick.sqlite-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
