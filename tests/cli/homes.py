"""Homes for tests: an office just founded, and one with a demo's story in it.

`founded_home` and `demo_home` are copies a test may do anything with, `open_demo_home` is one for
all, to be read only. Whoever moves the clock of a home opens its chain by `chain_of`; the commands
that are run meanwhile join that chain, and are quicker for it.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tallystick.chain.embedded import EmbeddedChain, embedded_chain
from tests.cli.running import run

DEMO_LOANS = 10


@pytest.fixture(scope="session")
def kept_founded_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("founded") / "home"
    assert run("init", home=home).code == 0
    return home


@pytest.fixture
def founded_home(kept_founded_home: Path, tmp_path: Path) -> Path:
    return copy_of(kept_founded_home, tmp_path)


@pytest.fixture(scope="session")
def kept_demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("demo") / "home"
    told = run("demo", "--loans", DEMO_LOANS, home=home)
    assert told.code == 0, told
    return home


@pytest.fixture(scope="session")
def open_demo_home(
    kept_demo_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """For all tests, to be read only; its chain runs as long as they do."""
    home = copy_of(kept_demo_home, tmp_path_factory.mktemp("open"))
    with chain_of(home):
        yield home


@pytest.fixture
def demo_home(kept_demo_home: Path, tmp_path: Path) -> Path:
    return copy_of(kept_demo_home, tmp_path)


def copy_of(home: Path, folder: Path) -> Path:
    """A copy of a home nobody writes to, with a chain of its own."""
    copied = folder / "home"
    shutil.copytree(home, copied, ignore=shutil.ignore_patterns("process.json", "*.lock"))
    return copied


def is_chain_running(home: Path) -> bool:
    """Whether a process of the home's chain is alive: it holds the lock on its folder."""
    with (home / "chain" / "process.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def chain_of(home: Path) -> Iterator[EmbeddedChain]:
    with embedded_chain(home / "chain") as chain:
        yield chain
