"""A submitter killed at any point and started again ends in the same state."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tallystick.chain import calls
from tallystick.store.commands import CommandStatus
from tallystick.store.session import open_store
from tests.fixtures.chain import BORROWER_MINOR, World, digest_of
from tests.fixtures.store import new_sqlite
from tests.submission.outbox import Outbox


@contextmanager
def submitters(world: World) -> Iterator[subprocess.Popen[str]]:
    """The process that forks submitters; see `submitter_process`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.submission.submitter_process", world.chain.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ask(process: subprocess.Popen[str], database_url: str, point: int) -> tuple[int, int]:
    """The signal that ended a submitter and the points it passed if none did."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{database_url} {point}\n")
    process.stdin.flush()
    ended_by, passed = process.stdout.readline().split()
    return int(ended_by), int(passed)


def order_some(outbox: Outbox, count: int = 1) -> None:
    """Three lanes, effects that would show if they came twice, one refusal among them."""
    on, world = outbox.world.deployment, outbox.world
    supplier, school = world.address("supplier"), world.address("school")
    for turn in range(count):
        outbox.order(f"{turn}/pay", calls.transfer(on, supplier, 1), "borrower")
        outbox.order(f"{turn}/refused", calls.transfer(on, supplier, BORROWER_MINOR), "borrower")
        outbox.order(f"{turn}/more", calls.transfer(on, supplier, 10), "borrower")
        outbox.order(f"{turn}/lend", calls.transfer(on, school, 7), "lender")
        outbox.order(
            f"{turn}/mint", calls.mint(on, school, 100, digest_of(f"{turn}")), "settlement_bank"
        )


def check_ended(outbox: Outbox, count: int = 1) -> None:
    """Each command settled as it should, with one effect."""
    for command in outbox.commands():
        is_refused = command.idempotency_key.endswith("/refused")
        expected = CommandStatus.REFUSED if is_refused else CommandStatus.MINED
        assert command.status is expected, command
        if is_refused:
            assert (command.error or {})["type"] == "erc20_insufficient_balance"
    assert outbox.balance(outbox.world.address("supplier")) == 11 * count
    assert outbox.balance(outbox.world.address("school")) == 107 * count
    outbox.check_lanes()


def test_killed_at_every_point_it_ends_in_the_same_state(
    world: World, sqlite_template: Path, tmp_path: Path
) -> None:
    ordered = new_sqlite(sqlite_template, tmp_path)
    store = open_store(ordered)
    order_some(Outbox(world, store))
    store.close()
    point, points, beginning = 0, 1, world.chain.snapshot()
    with submitters(world) as process:
        while point <= points:
            url = f"sqlite:///{tmp_path}/point{point}.db"
            shutil.copy(ordered.removeprefix("sqlite:///"), url.removeprefix("sqlite:///"))
            ended_by, passed = ask(process, url, point)
            if point == 0:
                assert ended_by == 0
                points = passed
                assert points >= 16
            else:
                assert ended_by == signal.SIGKILL
            store = open_store(url)
            outbox = Outbox(world, store)
            outbox.submitter().drain(timeout_seconds=20)
            check_ended(outbox)
            store.close()
            world.chain.revert(beginning)
            beginning = world.chain.snapshot()
            point += 1


def test_killed_at_random_again_and_again_it_ends_in_the_same_state(
    outbox: Outbox, store_url: str
) -> None:
    chance = random.Random(1)
    order_some(outbox, count=60)
    kills = 0
    for _ in range(6):
        with submitters(outbox.world) as process:
            assert process.stdin is not None
            process.stdin.write(f"{store_url} 0\n")
            process.stdin.flush()
            time.sleep(chance.uniform(0.6, 1.6))
            kills += process.poll() is None
        if chance.random() < 0.3:
            outbox.world.node.rpc("anvil_dropAllTransactions")
        if not any(not command.is_settled for command in outbox.commands()):
            break
    assert kills
    outbox.submitter().drain(timeout_seconds=30)
    check_ended(outbox, count=60)
