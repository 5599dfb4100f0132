"""The submitter on a real chain: order, settlement, refusals, troubles of chain and node."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tallystick.actions.adopt_lane import adopt_lane
from tallystick.actions.lanes import Lanes, LaneUnknown
from tallystick.actions.submission import SubmissionStalled, Submitter
from tallystick.chain import calls
from tallystick.chain.calls import Call
from tallystick.chain.client import Node
from tallystick.chain.failures import NodeAnswerInvalid, NodeUnavailable
from tallystick.chain.fees import Fees, offered_fees
from tallystick.chain.finality import Finality
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.signers import KeystoreFolder, Tx
from tallystick.store.audit import list_audit_trail
from tallystick.store.commands import (
    CommandStatus,
    IdempotencyKeyReused,
    NewCommand,
    enqueue,
    enqueue_many,
    find_command,
    has_commands,
    outbox_age,
)
from tallystick.store.exclusive import HeldElsewhere, exclusively
from tallystick.store.outbox import raw_txs
from tests.fixtures.chain import BORROWER_MINOR, World, digest_of
from tests.fixtures.house import HouseDesk
from tests.fixtures.proxy import ProxyNode
from tests.submission.outbox import NOW, Outbox


def transfer(outbox: Outbox, amount_minor: int, receiver: str = "supplier") -> Call:
    deployment = outbox.world.deployment
    return calls.transfer(deployment, outbox.world.address(receiver), amount_minor)


def mint(outbox: Outbox, reference: str, amount_minor: int = 5) -> Call:
    address = outbox.world.address("supplier")
    return calls.mint(outbox.world.deployment, address, amount_minor, digest_of(reference))


def received(outbox: Outbox) -> int:
    return outbox.balance(outbox.world.address("supplier"))


def test_commands_are_mined_once_and_in_order_of_each_lane(outbox: Outbox) -> None:
    for number in range(1, 6):
        outbox.order(f"a{number}", transfer(outbox, number), "borrower")
        outbox.order(f"b{number}", mint(outbox, f"bank {number}"), "settlement_bank")
    report = outbox.submitter().drain()
    assert (report.signed, report.sent, report.mined, report.refused) == (10, 10, 10, 0)
    assert received(outbox) == 15 + 25
    outbox.check_lanes()
    command = outbox.command("a3")
    assert command.status is CommandStatus.MINED
    assert command.settled_at == NOW
    assert command.gas_used is not None
    assert command.gas_used > 21_000
    (receipt,) = outbox.world.node.receipts([command.tx_hash or ""])
    assert receipt is not None
    assert receipt.block_number == command.block_number
    assert outbox.submitter().drain().has_progressed is False


def test_a_refusal_is_decoded_and_does_not_stop_the_lane(outbox: Outbox) -> None:
    outbox.order("before", transfer(outbox, 1), "borrower")
    outbox.order("too much", transfer(outbox, BORROWER_MINOR), "borrower")
    outbox.order("after", transfer(outbox, 2), "borrower")
    report = outbox.submitter().drain()
    assert (report.mined, report.refused) == (2, 1)
    error = outbox.command("too much").error
    assert error is not None
    assert error["type"] == "erc20_insufficient_balance"
    assert error["args"]["needed"] == BORROWER_MINOR
    assert "holds" in error["detail"]
    outbox.check_lanes()


def test_out_of_gas_is_told_from_a_refusal(sqlite_outbox: Outbox) -> None:
    call = transfer(sqlite_outbox, 1)
    short = Call(call.kind, call.subject, call.target, call.calldata, 40_000)
    sqlite_outbox.order("short", short, "borrower")
    sqlite_outbox.submitter().drain()
    error = sqlite_outbox.command("short").error
    assert error is not None
    assert error["type"] == "out_of_gas"


def test_one_key_is_one_command(outbox: Outbox) -> None:
    first = outbox.order("key", transfer(outbox, 7), "borrower")
    again = outbox.order("key", transfer(outbox, 7), "borrower")
    assert again == first
    for other, lane in ((transfer(outbox, 8), "borrower"), (transfer(outbox, 7), "lender")):
        with pytest.raises(IdempotencyKeyReused):
            outbox.order("key", other, lane)
    outbox.submitter().drain()
    assert outbox.order("key", transfer(outbox, 7), "borrower").status is CommandStatus.MINED
    outbox.submitter().drain()
    assert received(outbox) == 7


def test_many_are_ordered_at_once_or_not_at_all(outbox: Outbox) -> None:
    lane = outbox.world.address("borrower")
    new = [NewCommand(f"many/{n}", "tester", lane, transfer(outbox, n)) for n in range(1, 1201)]
    with outbox.store.begin() as session:
        assert enqueue_many(session, new, NOW) == 1200
        assert enqueue_many(session, new[:3], NOW) == 0
    other = NewCommand("many/5", "tester", lane, transfer(outbox, 99))
    fresh = NewCommand("many/new", "tester", lane, transfer(outbox, 1))
    with pytest.raises(IdempotencyKeyReused), outbox.store.begin() as session:
        enqueue_many(session, [fresh, other], NOW)
    with pytest.raises(IdempotencyKeyReused), outbox.store.begin() as session:
        enqueue_many(session, [fresh, NewCommand("many/new", "x", lane, fresh.call)], NOW)
    with outbox.store.read() as session:
        assert find_command(session, "many/new") is None
        assert has_commands(session, "many/")
        assert not has_commands(session, "man_/")
        assert outbox_age(session, NOW + timedelta(minutes=3)) == timedelta(minutes=3)
    assert outbox.submitter().drain().mined == 1200
    assert received(outbox) == sum(range(1, 1201))
    with outbox.store.read() as session:
        assert outbox_age(session, NOW) is None


def test_a_lane_without_a_key_waits_and_the_others_go_on(outbox: Outbox) -> None:
    stranger = outbox.world.address("stranger")
    with outbox.store.begin() as session:
        new = NewCommand("nobody", "tester", stranger, transfer(outbox, 1))
        enqueue(session, new, NOW)
    outbox.order("somebody", transfer(outbox, 1), "borrower")
    report = outbox.submitter().drain()
    assert report.mined == 1
    assert report.blocked == {stranger: "no key is held"}
    assert outbox.command("nobody").status is CommandStatus.PENDING


def test_only_one_submitter_works(outbox: Outbox) -> None:
    outbox.order("one", transfer(outbox, 1), "borrower")
    with exclusively(outbox.store, "submitter"):
        with pytest.raises(HeldElsewhere):
            outbox.submitter().run_once()
        assert outbox.command("one").status is CommandStatus.PENDING
    assert outbox.submitter().run_once().mined == 1


def test_draining_beside_another_submitter_waits_for_it(outbox: Outbox) -> None:
    outbox.order("one", transfer(outbox, 1), "borrower")
    reports = []
    with exclusively(outbox.store, "submitter"):
        with pytest.raises(SubmissionStalled):
            outbox.submitter().drain(timeout_seconds=0.05)
        waiting = threading.Thread(target=lambda: reports.append(outbox.submitter().drain()))
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
    waiting.join(30)
    assert not waiting.is_alive()
    assert outbox.command("one").status is CommandStatus.MINED


def test_nothing_is_lost_while_the_node_is_down(sqlite_outbox: Outbox) -> None:
    outbox = sqlite_outbox
    outbox.order("one", transfer(outbox, 1), "borrower")
    with Node("http://127.0.0.1:9", timeout_seconds=1) as nowhere:
        submitter = Submitter(outbox.store, nowhere, outbox.signer)
        with pytest.raises(NodeUnavailable) as down:
            submitter.run_once()
        assert down.value.is_retryable
        stop = threading.Event()
        thread = threading.Thread(target=submitter.run, args=(stop,), kwargs={"poll_seconds": 0.01})
        thread.start()
        for _ in range(200):
            if submitter.trouble is not None:
                break
            stop.wait(0.02)
        stop.set()
        thread.join(30)
        assert submitter.trouble is not None
        assert submitter.trouble.type == "node_unavailable"
    assert outbox.command("one").status is CommandStatus.PENDING
    assert outbox.submitter().drain().mined == 1


def test_the_running_submitter_sends_what_is_ordered(sqlite_outbox: Outbox) -> None:
    outbox = sqlite_outbox
    stop = threading.Event()
    submitter = outbox.submitter()
    thread = threading.Thread(target=submitter.run, args=(stop,), kwargs={"poll_seconds": 0.01})
    thread.start()
    try:
        outbox.order("one", transfer(outbox, 1), "borrower")
        for _ in range(500):
            if outbox.command("one").is_settled:
                break
            stop.wait(0.01)
    finally:
        stop.set()
        thread.join(30)
    assert outbox.command("one").status is CommandStatus.MINED


def test_a_lost_mempool_is_filled_again(outbox: Outbox) -> None:
    for number in range(3):
        outbox.order(f"a{number}", transfer(outbox, 1), "borrower")
    submitter = outbox.submitter(is_mining=False, resend_seconds=0)
    assert submitter.run_once().in_flight == 3
    before = [command.tx_hash for command in outbox.commands()]
    outbox.world.node.rpc("anvil_dropAllTransactions")
    outbox.world.chain.mine()
    assert received(outbox) == 0
    submitter.run_once()
    outbox.world.chain.mine()
    assert submitter.run_once().mined == 3
    assert [command.tx_hash for command in outbox.commands()] == before
    outbox.check_lanes()


def test_new_commands_go_behind_those_the_pool_has_lost(outbox: Outbox) -> None:
    outbox.order("lost", transfer(outbox, 1), "borrower")
    submitter = outbox.submitter(is_mining=False, resend_seconds=1_000)
    submitter.run_once()
    outbox.world.node.rpc("anvil_dropAllTransactions")
    outbox.order("new", transfer(outbox, 10), "borrower")
    submitter.run_once()
    lost, new = outbox.command("lost"), outbox.command("new")
    assert lost.nonce is not None
    assert new.nonce == lost.nonce + 1
    assert outbox.submitter().drain().mined == 2
    outbox.check_lanes()


def test_a_restart_sends_again_what_the_pool_may_have_lost(outbox: Outbox) -> None:
    outbox.order("one", transfer(outbox, 1), "borrower")
    outbox.submitter(is_mining=False).run_once()
    outbox.world.node.rpc("anvil_dropAllTransactions")
    assert outbox.submitter().run_once().mined == 1


def test_many_in_flight_are_sent_in_portions(sqlite_outbox: Outbox) -> None:
    outbox = sqlite_outbox
    for number in range(10):
        outbox.order(f"a{number}", transfer(outbox, 1), "borrower")
    outbox.order("other lane", transfer(outbox, 1), "lender")
    submitter = outbox.submitter(lane_in_flight_max=4)
    report = submitter.run_once()
    assert (report.mined, report.pending) == (5, 6)
    assert submitter.drain().mined == 6
    outbox.check_lanes()


# Where blocks are not final at once, all of those not yet final are looked at again.
@pytest.mark.parametrize(
    ("finality", "looked_at"), [(Finality(0), 2), (Finality(3), 3)], ids=["immediate", "3 blocks"]
)
def test_what_a_reorg_undid_is_done_again(
    outbox: Outbox, finality: Finality, looked_at: int
) -> None:
    submitter = outbox.submitter(finality=finality)
    for number in range(3):
        outbox.order(f"a{number}", transfer(outbox, 10**number), "borrower")
        submitter.drain()
    assert received(outbox) == 111
    # Two blocks with txs are replaced by empty ones.
    outbox.world.node.rpc("anvil_reorg", [2, []])
    outbox.world.chain.mine()
    assert received(outbox) == 1
    report = submitter.drain()
    assert (report.revived, report.mined) == (looked_at, looked_at)
    assert received(outbox) == 111
    outbox.check_lanes()


def test_a_chain_that_lost_its_latest_blocks_gets_them_again(outbox: Outbox) -> None:
    for number in range(4):
        outbox.order(f"a{number}", transfer(outbox, 10**number), "borrower")
        outbox.submitter().drain()
    outbox.order("refused", transfer(outbox, BORROWER_MINOR), "borrower")
    outbox.submitter().drain()
    outbox.world.node.rpc("anvil_rollback", [3])
    assert received(outbox) == 11
    report = outbox.submitter().drain()
    assert (report.revived, report.mined, report.refused) == (3, 2, 1)
    assert received(outbox) == 1111
    outbox.check_lanes()


def send_elsewhere(outbox: Outbox, nonce: int, amount_minor: int) -> None:
    """Another program uses the borrower's key."""
    call = transfer(outbox, amount_minor)
    tx = Tx(outbox.world.chain.chain_id, nonce, call.target, call.calldata, call.gas_limit)
    outbox.world.node.send_raw([outbox.world.key("borrower").sign_tx(tx).raw])
    outbox.world.chain.mine()


def desk_of(outbox: Outbox, keys: Path) -> HouseDesk:
    """Of a house that holds the borrower's key."""
    world = outbox.world
    lanes = Lanes({}, KeystoreFolder(keys, "unused"))
    lanes.hold(world.key("borrower"))
    reader = LedgerReader(world.node, world.deployment)
    return HouseDesk(outbox.store, world.node, world.deployment, reader, lanes)


def test_a_nonce_that_jumped_blocks_the_lane_until_adopted(outbox: Outbox, tmp_path: Path) -> None:
    outbox.order("ours", transfer(outbox, 1), "borrower")
    outbox.submitter().drain()
    nonce = (outbox.command("ours").nonce or 0) + 1
    send_elsewhere(outbox, nonce, 100)
    outbox.order("next", transfer(outbox, 10), "borrower")
    outbox.order("other lane", transfer(outbox, 1000), "lender")
    lane = outbox.world.address("borrower")
    report = outbox.submitter().drain()
    assert report.mined == 1
    assert "not in this database" in report.blocked[lane]
    assert outbox.command("next").status is CommandStatus.PENDING
    desk = desk_of(outbox, tmp_path)
    with pytest.raises(LaneUnknown):
        adopt_lane(desk, outbox.world.address("stranger"), caller="tester", now=NOW)
    for _ in range(2):
        assert adopt_lane(desk, lane, caller="tester", now=NOW) == nonce + 1
    with outbox.store.read() as session:
        assert {(e.verb, e.subject) for e in list_audit_trail(session)} == {("adopt_lane", lane)}
    assert outbox.submitter().drain().mined == 1
    assert outbox.command("next").nonce == nonce + 1
    assert received(outbox) == 1111


def test_a_key_used_before_the_first_command_is_no_jump(outbox: Outbox) -> None:
    (nonce,) = outbox.world.node.nonces([outbox.world.address("borrower")])
    send_elsewhere(outbox, nonce, 1)
    outbox.order("first", transfer(outbox, 1), "borrower")
    assert outbox.submitter().drain().mined == 1
    outbox.check_lanes()


def test_a_command_whose_nonce_was_taken_elsewhere_is_refused(outbox: Outbox) -> None:
    outbox.order("ours", transfer(outbox, 1), "borrower")
    submitter = outbox.submitter(is_mining=False)
    submitter.run_once()
    outbox.world.node.rpc("anvil_dropAllTransactions")
    send_elsewhere(outbox, outbox.command("ours").nonce or 0, 100)
    for _ in range(3):
        submitter.run_once()
    command = outbox.command("ours")
    assert command.status is CommandStatus.REFUSED
    assert command.error is not None
    assert command.error["type"] == "lane_used_elsewhere"
    assert received(outbox) == 100
    outbox.order("next", transfer(outbox, 10), "borrower")
    assert outbox.submitter().drain().mined == 1
    assert received(outbox) == 110


REFUSED_MINOR = 66


def without_amount(params: list[str]) -> dict[str, object] | None:
    """A node whose policy takes no transfer of REFUSED_MINOR."""
    if f"{REFUSED_MINOR:064x}" in params[0]:
        return {"code": -32000, "message": "sender is not allowed to do this here"}
    return None


@pytest.fixture
def strict_node(world: World) -> Iterator[Node]:
    with ProxyNode(world.chain.url) as proxy, Node(proxy.url) as node:
        proxy.refuse("eth_sendRawTransaction", without_amount)
        yield node


def test_a_tx_no_node_takes_leaves_no_gap(outbox: Outbox, strict_node: Node) -> None:
    for number, amount_minor in enumerate((1, REFUSED_MINOR, 10, REFUSED_MINOR, 100)):
        outbox.order(f"a{number}", transfer(outbox, amount_minor), "borrower")
    report = outbox.submitter(node=strict_node).drain()
    assert (report.mined, report.refused) == (3, 2)
    for key in ("a1", "a3"):
        error = outbox.command(key).error
        assert error is not None
        assert error["type"] == "tx_not_taken"
        assert "not allowed" in error["detail"]
    assert received(outbox) == 111
    outbox.check_lanes()


def test_a_filled_nonce_that_is_undone_is_filled_again(outbox: Outbox, strict_node: Node) -> None:
    outbox.order("before", transfer(outbox, 1), "borrower")
    outbox.order("refused", transfer(outbox, REFUSED_MINOR), "borrower")
    outbox.submitter(node=strict_node).drain()
    outbox.world.node.rpc("anvil_rollback", [1])
    report = outbox.submitter(node=strict_node).drain()
    assert (report.revived, report.refused) == (2, 1)
    assert (outbox.command("refused").error or {})["type"] == "tx_not_taken"
    assert received(outbox) == 1
    outbox.check_lanes()


def test_a_node_that_takes_nothing_costs_one_command_at_most(
    outbox: Outbox, strict_node: Node
) -> None:
    # Nothing can be filled either, so the lane waits until somebody mends the node.
    with ProxyNode(outbox.world.chain.url) as proxy, Node(proxy.url) as node:
        proxy.refuse(
            "eth_sendRawTransaction", lambda _: {"code": -32000, "message": "account not permitted"}
        )
        outbox.order("a", transfer(outbox, 1), "borrower")
        outbox.order("b", transfer(outbox, 10), "borrower")
        submitter = outbox.submitter(node=node)
        for _ in range(3):
            report = submitter.run_once()
            assert list(report.blocked) == [outbox.world.address("borrower")]
    report = outbox.submitter().drain()
    assert (report.mined, report.refused) == (1, 1)
    assert received(outbox) == 10
    outbox.check_lanes()


def test_a_node_that_breaks_off_in_a_batch_gets_the_same_bytes_again(outbox: Outbox) -> None:
    for number in range(4):
        outbox.order(f"a{number}", transfer(outbox, 1), "borrower")
    with ProxyNode(outbox.world.chain.url) as proxy, Node(proxy.url) as node:
        # All four have reached the pool; the answer is lost.
        proxy.on_batch = lambda answers: answers[:2] if len(answers) == 4 else answers
        with pytest.raises(NodeAnswerInvalid):
            outbox.submitter(node=node).run_once()
    assert {command.status for command in outbox.commands()} == {CommandStatus.SIGNED}
    hashes = [command.tx_hash for command in outbox.commands()]
    assert outbox.submitter().drain().mined == 4
    assert [command.tx_hash for command in outbox.commands()] == hashes
    assert received(outbox) == 4
    outbox.check_lanes()


def test_a_full_pool_is_tried_again(outbox: Outbox) -> None:
    for number in range(3):
        outbox.order(f"a{number}", transfer(outbox, 1), "borrower")
    with ProxyNode(outbox.world.chain.url) as proxy, Node(proxy.url) as node:
        left = [2, 0]

        def full(_: list[str]) -> dict[str, object] | None:
            left[0] -= 1
            return {"code": -32000, "message": "txpool is full"} if left[0] < 0 else None

        proxy.refuse("eth_sendRawTransaction", full)
        submitter = outbox.submitter(node=node)
        report = submitter.run_once()
        assert (report.mined, report.in_flight) == (2, 1)
        left[0] = 10
        assert submitter.drain().mined == 1
    outbox.check_lanes()


def offer(outbox: Outbox, command_id: int) -> Fees:
    with outbox.store.read() as session:
        raw = raw_txs(session, [command_id])[command_id]
    assert raw is not None
    return offered_fees(raw)


def test_a_stuck_tx_is_offered_for_more(sqlite_outbox: Outbox) -> None:
    outbox, rpc = sqlite_outbox, sqlite_outbox.world.node.rpc
    lane = outbox.world.address("borrower")
    gwei = 10**9
    rpc("anvil_setBalance", [lane, hex(10**21)])
    rpc("anvil_setNextBlockBaseFeePerGas", [hex(gwei)])
    outbox.world.chain.mine()
    outbox.order("one", transfer(outbox, 1), "borrower")
    outbox.order("two", transfer(outbox, 10), "borrower")
    submitter = outbox.submitter(is_mining=False, resend_seconds=0, replace_seconds=0)
    submitter.run_once()
    first = outbox.command("one")
    offered = offer(outbox, first.id)
    assert offered.max_fee >= 2 * gwei
    submitter.run_once()
    replaced = outbox.command("one")
    assert replaced.tx_hash != first.tx_hash
    assert replaced.nonce == first.nonce
    assert offer(outbox, first.id).max_fee >= offered.max_fee * 5 // 4
    outbox.world.chain.mine()
    assert submitter.run_once().mined == 2
    assert received(outbox) == 11
    outbox.check_lanes()


def test_whichever_of_two_offers_is_mined_settles_the_command(sqlite_outbox: Outbox) -> None:
    outbox, rpc = sqlite_outbox, sqlite_outbox.world.node.rpc
    rpc("anvil_setBalance", [outbox.world.address("borrower"), hex(10**21)])
    rpc("anvil_setNextBlockBaseFeePerGas", [hex(10**9)])
    outbox.world.chain.mine()
    outbox.order("one", transfer(outbox, 1), "borrower")
    submitter = outbox.submitter(is_mining=False, resend_seconds=0, replace_seconds=0)
    submitter.run_once()
    first = outbox.command("one")
    with outbox.store.read() as session:
        raw = raw_txs(session, [first.id])[first.id]
    assert raw is not None
    submitter.run_once()
    assert outbox.command("one").tx_hash != first.tx_hash
    # The chain mines the first offer all the same.
    rpc("anvil_dropAllTransactions")
    outbox.world.node.send_raw([raw])
    outbox.world.chain.mine()
    assert submitter.run_once().mined == 1
    assert outbox.command("one").tx_hash == first.tx_hash
    outbox.check_lanes()
