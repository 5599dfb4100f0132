"""Reorganisations of a real chain, with txs in the blocks that go and in those that come."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tallystick.chain import calls
from tallystick.chain.calls import Call
from tallystick.chain.finality import finality_of
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.signers import Tx
from tallystick.loans.terms import LoanTerms
from tallystick.mirror.digest import StateDigest
from tallystick.mirror.follow import ChainBehindMirror, Follower, ReorgBelowFinality
from tallystick.mirror.rebuild import rebuild_from_chain, tables_not_derived
from tallystick.mirror.reconcile import reconcile
from tallystick.parties.roles import PartyRole
from tallystick.store.session import Store, open_store
from tests.fixtures.chain import World, digest_of
from tests.fixtures.store import new_sqlite
from tests.mirror import mirrored
from tests.mirror.lives import live, live_all
from tests.mirror.tampering_node import tampering_node
from tests.mirror.test_follow import IMPATIENT, follower


def reorganise(world: World, depth: int, instead: list[tuple[Call, str]]) -> None:
    """Replaces the last `depth` blocks by as many with `instead` in the first of them."""
    fork = world.node.header("latest").number - depth
    nonces: dict[str, int] = {}
    txs = []
    for call, name in instead:
        sender = world.address(name)
        nonce = nonces.setdefault(name, world.node.nonces([sender], fork)[0])
        nonces[name] += 1
        tx = Tx(world.chain.chain_id, nonce, call.target, call.calldata, call.gas_limit)
        txs.append(["0x" + world.key(name).sign_tx(tx).raw.hex(), 0])
    before = world.node.header(fork + 1).hash
    world.node.rpc("anvil_reorg", [depth, txs])
    assert world.node.header(fork + 1).hash != before
    assert world.node.header("latest").number == fork + depth


def afresh(world: World, template: Path, folder: Path) -> StateDigest:
    """What a mirror that never saw the lost branch holds."""
    store = open_store(new_sqlite(template, folder))
    Follower(store, world.node, world.deployment).catch_up()
    return mirrored.digest_of(store)


def pay(world: World, terms: LoanTerms, amount_minor: int) -> tuple[Call, str]:
    call = calls.pay(
        world.deployment,
        terms,
        world.address("supplier"),
        amount_minor,
        "supplies",
        digest_of(f"invoice {amount_minor}"),
    )
    return call, "borrower"


def test_the_blocks_that_went_are_unwound(
    fresh_world: World, store: Store, sqlite_template: Path, tmp_path: Path
) -> None:
    world, follow = fresh_world, follower(fresh_world, store, "30")
    carried, *_ = live(world)
    follow.catch_up()
    kept = mirrored.digest_of(store)
    depth = 4
    world.repay(carried, 50_000)
    world.send(calls.freeze(world.deployment, world.address("school"), digest_of("x")), "guardian")
    world.originate(world.terms())
    world.register("late comer", PartyRole.BORROWER)
    follow.catch_up()
    lost = mirrored.digest_of(store)
    assert {name for name in kept.tables if kept.tables[name] != lost.tables[name]} >= {
        "loans", "instalments", "repayments", "allocations", "balances", "parties", "transfers",
    }  # fmt: skip

    reorganise(world, depth, [pay(world, carried, 7), pay(world, carried, 8)])
    report = follow.catch_up()
    assert report.unwound_blocks == depth
    assert mirrored.digest_of(store) == afresh(world, sqlite_template, tmp_path)
    assert tables_not_derived(store, world.deployment) == ()
    assert reconcile(store, LedgerReader(world.node, world.deployment)).is_matching


def test_a_reorg_down_to_loans_that_were_closed(
    fresh_world: World, store: Store, sqlite_template: Path, tmp_path: Path
) -> None:
    """Almost everything goes: claims, write-offs, closings, restructurings, changes of staff, and
    the loans themselves."""
    world, follow = fresh_world, follower(fresh_world, store, "200")
    base = world.node.header("latest").number
    live_all(world)
    follow.catch_up()
    depth = world.node.header("latest").number - base - 6
    reorganise(world, depth, [(calls.approve(world.deployment, "0x" + "11" * 20, 1), "school")])
    assert follow.catch_up().unwound_blocks == depth
    assert mirrored.digest_of(store) == afresh(world, sqlite_template, tmp_path)
    assert reconcile(store, LedgerReader(world.node, world.deployment)).is_matching


def test_reorgs_again_and_again(
    fresh_world: World, store: Store, sqlite_template: Path, tmp_path: Path
) -> None:
    world, follow = fresh_world, follower(fresh_world, store, "30")
    terms = world.terms()
    world.originate(terms)
    world.disburse(terms)
    unwound = 0
    for turn in range(1, 6):
        for amount in range(1, 4):
            world.send(*pay(world, terms, 10 * turn + amount))
        unwound += follow.catch_up().unwound_blocks
        reorganise(world, turn % 3 + 1, [pay(world, terms, 1000 + turn)])
    unwound += follow.catch_up().unwound_blocks
    assert unwound == sum(turn % 3 + 1 for turn in range(1, 6))
    assert mirrored.digest_of(store) == afresh(world, sqlite_template, tmp_path)


def test_a_reorg_between_headers_and_logs(
    fresh_world: World, sqlite_store: Store, sqlite_template: Path, tmp_path: Path
) -> None:
    """The node tells the headers of one branch and then the logs of the other."""
    world = fresh_world
    terms = world.terms()
    world.originate(terms)
    world.disburse(terms)
    for amount in range(1, 4):
        world.send(*pay(world, terms, amount))
    head = hex(world.node.header("latest").number)
    reorganised: list[int] = []

    def tamper(method: str, params: Any, result: Any) -> Any:
        if method == "eth_getBlockByNumber" and params[0] == head and not reorganised:
            reorganised.append(2)
            reorganise(world, 2, [pay(world, terms, 55)])
        return result

    with tampering_node(world.chain.url, tamper) as node:
        follow = Follower(
            sqlite_store, node, world.deployment, finality_of("30"), backoff=IMPATIENT
        )
        follow.catch_up()
        assert reorganised
        follow.catch_up()
    assert mirrored.digest_of(sqlite_store) == afresh(world, sqlite_template, tmp_path)


def test_a_reorg_below_finality_stops_the_follower(fresh_world: World, store: Store) -> None:
    world, follow = fresh_world, follower(fresh_world, store, "2")
    terms = world.terms()
    world.originate(terms)
    world.disburse(terms)
    for amount in range(1, 6):
        world.send(*pay(world, terms, amount))
    follow.catch_up()
    before = mirrored.digest_of(store)
    reorganise(world, 4, [pay(world, terms, 99)])
    with pytest.raises(ReorgBelowFinality, match="mirror rebuild"):
        follow.catch_up()
    assert mirrored.digest_of(store) == before
    rebuild_from_chain(store, follow)
    assert reconcile(store, LedgerReader(world.node, world.deployment)).is_matching


def test_immediate_finality_admits_no_reorg(fresh_world: World, sqlite_store: Store) -> None:
    world, follow = fresh_world, follower(fresh_world, sqlite_store)
    terms = world.terms()
    world.originate(terms)
    world.disburse(terms)
    world.send(*pay(world, terms, 5))
    follow.catch_up()
    reorganise(world, 1, [pay(world, terms, 6)])
    with pytest.raises(ReorgBelowFinality):
        follow.catch_up()


def test_a_chain_rolled_back_is_not_followed_into_the_void(
    fresh_world: World, store: Store, sqlite_template: Path, tmp_path: Path
) -> None:
    world, follow = fresh_world, follower(fresh_world, store, "10")
    terms = world.terms()
    world.originate(terms)
    world.disburse(terms)
    for amount in range(1, 4):
        world.send(*pay(world, terms, amount))
    follow.catch_up()
    before = mirrored.digest_of(store)
    world.node.rpc("anvil_rollback", [2])
    with pytest.raises(ChainBehindMirror, match="rolled back"):
        follow.catch_up()
    assert mirrored.digest_of(store) == before
    # A shorter chain with another block at its head is no lagging node.
    world.send(*pay(world, terms, 77))
    assert follow.catch_up().unwound_blocks == 2
    assert mirrored.digest_of(store) == afresh(world, sqlite_template, tmp_path)


def test_finality_by_the_chains_own_tag(fresh_world: World, sqlite_store: Store) -> None:
    world = fresh_world
    finality = finality_of("finalized")
    follow = Follower(sqlite_store, world.node, world.deployment, finality, backoff=IMPATIENT)
    live(world)
    cursor = follow.catch_up().cursor
    assert cursor.finalized_block_number == world.node.header("finalized").number
    assert cursor.finalized_block_number < cursor.block_number
