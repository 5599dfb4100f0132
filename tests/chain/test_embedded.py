"""The embedded chain keeps its state, whoever starts, joins, leaves or kills it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tallystick.chain import calls
from tallystick.chain.anvil import find_anvil
from tallystick.chain.deployment import verify
from tallystick.chain.embedded import ChainFolderTaken, Kind, embedded_chain
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.process import ChainNotStarting
from tests.fixtures.chain import STARTS_AT, World

USER = """
import sys, time
from pathlib import Path
from tallystick.chain.embedded import embedded_chain
with embedded_chain(Path(sys.argv[1]), kind="anvil") as chain:
    print(chain.pid, flush=True)
    sys.stdin.read()
"""


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def user(directory: Path) -> subprocess.Popen[str]:
    """Another process that uses the chain of `directory` until its input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def chain_pid(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def test_state_and_clock_survive_a_restart(tmp_path: Path) -> None:
    with embedded_chain(tmp_path, kind="anvil", starts_at=STARTS_AT) as chain:
        world = World(chain)
        assert chain.now() - STARTS_AT < timedelta(minutes=1)
        terms = world.terms()
        world.originate(terms)
        world.go_to(terms.matures_on)
        ahead, head = chain.now(), chain.node.header("latest")
        logs = chain.node.logs(0, head.number, world.deployment.addresses)
        pid = chain.pid
    assert not is_running(pid)
    with embedded_chain(tmp_path) as chain:
        assert chain.kind == "anvil"
        assert chain.pid != pid
        assert chain.node.header("latest") == head
        verify(chain.node, world.deployment)
        assert chain.node.logs(0, head.number, world.deployment.addresses) == logs
        chain.mine()
        assert timedelta() <= chain.now() - ahead < timedelta(minutes=1)
        world.chain, world.node = chain, chain.node
        world.mint("supplier", 5)
        reader = LedgerReader(chain.node, world.deployment)
        assert reader.balances([world.address("supplier")]) == {world.address("supplier"): 5}


def test_a_chain_without_its_own_clock_goes_by_the_machine_s(tmp_path: Path) -> None:
    for _ in range(2):
        with embedded_chain(tmp_path, kind="anvil") as chain:
            chain.mine()
            assert abs(datetime.now(UTC) - chain.now()) < timedelta(minutes=1)


def test_time_is_set_forward_only(world: World) -> None:
    ahead = world.now() + timedelta(days=30)
    world.chain.set_time(ahead)
    world.chain.mine()
    assert world.now() == ahead
    world.chain.set_time(ahead - timedelta(days=10))
    world.chain.mine()
    assert ahead <= world.now() < ahead + timedelta(minutes=1)


def test_it_mines_on_demand_or_by_itself(fresh_world: World) -> None:
    chain = fresh_world.chain
    before = chain.node.header("latest").number
    time.sleep(0.1)
    assert chain.node.header("latest").number == before
    chain.mine_every(1)
    for _ in range(50):
        if chain.node.header("latest").number > before:
            break
        time.sleep(0.1)
    assert chain.node.header("latest").number > before
    chain.mine_every(0)


def test_accounts_without_ether_can_send(world: World) -> None:
    account = world.address("borrower")
    assert world.node.rpc("eth_getBalance", [account, "latest"]) == "0x0"
    assert world.node.gas_price == 0
    world.send(calls.transfer(world.deployment, world.address("supplier"), 1), "borrower")


def test_state_survives_the_kill_of_everything(tmp_path: Path) -> None:
    with embedded_chain(tmp_path, kind="anvil", state_interval_seconds=1) as chain:
        world = World(chain)
        world.mint("supplier", 7)
        time.sleep(2.5)
        os.kill(chain.pid, signal.SIGKILL)
    with embedded_chain(tmp_path) as chain:
        reader = LedgerReader(chain.node, world.deployment)
        assert reader.balances([world.address("supplier")]) == {world.address("supplier"): 7}


def test_a_kill_in_the_midst_of_saving_loses_no_more_than_that(tmp_path: Path) -> None:
    with embedded_chain(tmp_path, kind="anvil", state_interval_seconds=1) as chain:
        world = World(chain)
        world.mint("supplier", 7)
        time.sleep(2.5)
        os.kill(chain.pid, signal.SIGKILL)
    whole = (tmp_path / "anvil-state.json").read_bytes()
    (tmp_path / "anvil-state.written.json").write_bytes(whole[: len(whole) // 2])
    with embedded_chain(tmp_path) as chain:
        reader = LedgerReader(chain.node, world.deployment)
        assert reader.balances([world.address("supplier")]) == {world.address("supplier"): 7}


def test_the_first_user_starts_it_and_the_last_one_stops_it(tmp_path: Path) -> None:
    with embedded_chain(tmp_path, kind="anvil") as first:
        other = user(tmp_path)
        assert chain_pid(other) == first.pid
        with embedded_chain(tmp_path) as again:
            assert (again.pid, again.url) == (first.pid, first.url)
        assert is_running(first.pid)
    # The other process still uses it.
    assert is_running(first.pid)
    other.communicate("")
    assert other.returncode == 0
    assert not is_running(first.pid)


def test_an_orphan_is_adopted(tmp_path: Path) -> None:
    other = user(tmp_path)
    pid = chain_pid(other)
    other.kill()
    other.communicate()
    assert is_running(pid)
    with embedded_chain(tmp_path) as chain:
        assert chain.pid == pid
        chain.mine()
    assert not is_running(pid)


def test_a_stale_record_deceives_nobody(tmp_path: Path) -> None:
    with embedded_chain(tmp_path, kind="anvil") as chain:
        stale = (tmp_path / "process.json").read_text()
        pid = chain.pid
    # As after a power failure: the record names a process that is somebody else's by now.
    (tmp_path / "process.json").write_text(stale.replace(str(pid), str(os.getpid())))
    with embedded_chain(tmp_path) as chain:
        assert chain.pid not in (pid, os.getpid())


def test_a_folder_is_of_one_chain(tmp_path: Path) -> None:
    with (
        embedded_chain(tmp_path, kind="anvil", chain_id=7) as chain,
        pytest.raises(ChainFolderTaken),
        embedded_chain(tmp_path, chain_id=8),
    ):
        raise AssertionError
    others: list[tuple[Kind, int]] = [("eth-tester", 7), ("auto", 8)]
    for kind, chain_id in others:
        with (
            pytest.raises(ChainFolderTaken),
            embedded_chain(tmp_path, kind=kind, chain_id=chain_id),
        ):
            raise AssertionError
    assert not is_running(chain.pid)
    with embedded_chain(tmp_path, chain_id=7) as again:
        assert again.node.chain_id == 7


def test_a_chain_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLYSTICK_ANVIL", str(tmp_path / "nowhere"))
    with pytest.raises(ChainNotStarting, match="No such file"), embedded_chain(tmp_path):
        raise AssertionError
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho out of order >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("TALLYSTICK_ANVIL", str(broken))
    with pytest.raises(ChainNotStarting, match="out of order"), embedded_chain(tmp_path):
        raise AssertionError
    monkeypatch.delenv("TALLYSTICK_ANVIL")
    with embedded_chain(tmp_path) as chain:
        chain.mine()


def test_anvil_is_found() -> None:
    found = find_anvil()
    assert found is not None
    assert found.name == "anvil"


def test_a_snapshot_is_gone_back_to(world: World) -> None:
    before, balances = world.chain.snapshot(), LedgerReader(world.node, world.deployment).balances
    supplier = world.address("supplier")
    world.mint("supplier", 7)
    assert balances([supplier]) == {supplier: 7}
    world.chain.revert(before)
    assert balances([supplier]) == {supplier: 0}
