"""A follower killed at random moments leaves the mirror whole, and the next one ends it."""

from __future__ import annotations

import multiprocessing
import signal
import time
from pathlib import Path
from random import Random

from tallystick.chain.ledger import LedgerReader
from tallystick.mirror.follow import Follower
from tallystick.mirror.rebuild import tables_not_derived
from tallystick.mirror.reconcile import reconcile
from tallystick.store.cursor import read_cursor
from tallystick.store.session import Store, open_store
from tests.fixtures.chain import World
from tests.fixtures.store import new_sqlite
from tests.mirror import mirrored
from tests.mirror.follower_process import follow
from tests.mirror.lives import live

KILLS = 8


def kill_while_following(world: World, store_url: str, random: Random) -> None:
    """Runs a follower in a process of its own and kills it some commits later, at any moment."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.mirror.follower_process"])
    told, tell = processes.Pipe(duplex=False)
    process = processes.Process(
        target=follow, args=(store_url, world.chain.url, world.deployment, tell)
    )
    process.start()
    for _ in range(random.randint(1, 3)):
        told.recv()
    time.sleep(random.uniform(0.0, 0.02))
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    process.close()


def test_a_killed_follower_leaves_the_mirror_whole(
    world: World,
    store: Store,
    store_url: str,
    sqlite_template: Path,
    tmp_path: Path,
) -> None:
    random = Random(7)
    live(world)
    head = world.node.header("latest").number
    stood_at = []
    for _ in range(KILLS):
        kill_while_following(world, store_url, random)
        with store.read() as session:
            cursor = read_cursor(session)
        if cursor is not None:
            stood_at.append(cursor.block_number)
            assert tables_not_derived(store, world.deployment) == ()
    assert stood_at == sorted(stood_at)
    assert any(0 < number < head for number in stood_at), "no kill came in the middle"

    Follower(store, world.node, world.deployment).catch_up()
    undisturbed = open_store(new_sqlite(sqlite_template, tmp_path))
    Follower(undisturbed, world.node, world.deployment).catch_up()
    assert mirrored.digest_of(store) == mirrored.digest_of(undisturbed)
    assert reconcile(store, LedgerReader(world.node, world.deployment)).is_matching
