"""Nodes that leave out, repeat, reorder or falsify logs, lag behind, or refuse large ranges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tallystick.chain.bindings import event_topics
from tallystick.chain.failures import NodeAnswerInvalid, NodeLagging, RangeTooLarge
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.terms import loan_id
from tallystick.kernel.errors import TallystickError
from tallystick.loans.life import EventContradictsLoan
from tallystick.mirror.decode import EventMalformed
from tallystick.mirror.fetch import Fetcher
from tallystick.mirror.follow import Follower
from tallystick.mirror.layouts import LAYOUTS
from tallystick.mirror.money_fold import BalanceContradicts
from tallystick.mirror.places import EventOutOfPlace
from tallystick.mirror.rebuild import rebuild_from_chain
from tallystick.mirror.reconcile import reconcile
from tallystick.store.chain_logs import count_logs
from tallystick.store.session import Store
from tests.fixtures.chain import World
from tests.mirror.lives import live, live_all
from tests.mirror.mirrored import digest_of
from tests.mirror.tampering_node import Refuse, tampering_node
from tests.mirror.test_follow import IMPATIENT, follower

Logs = list[dict[str, Any]]
TOPICS = {
    name: "0x" + topic.hex()
    for contract in LAYOUTS
    for topic, name in event_topics(contract).items()
}


def without(event: str, which: int = -1) -> Callable[[Logs], Logs]:
    def tamper(logs: Logs) -> Logs:
        found = [log for log in logs if log["topics"][0] == TOPICS[event]]
        return [log for log in logs if log is not found[which]] if found else logs

    return tamper


def changed(
    event: str, member: str, change: Callable[[Any], Any], which: int = -1
) -> Callable[[Logs], Logs]:
    def tamper(logs: Logs) -> Logs:
        found = [log for log in logs if log["topics"][0] == TOPICS[event]]
        if found:
            found[which][member] = change(found[which][member])
        return logs

    return tamper


def swapped(event: str, other: str) -> Callable[[Logs], Logs]:
    """The contents of two logs change places; their indexes stay in order."""

    def tamper(logs: Logs) -> Logs:
        first = next((log for log in logs if log["topics"][0] == TOPICS[event]), None)
        second = next((log for log in logs if log["topics"][0] == TOPICS[other]), None)
        if first and second:
            for member in ("address", "topics", "data"):
                first[member], second[member] = second[member], first[member]
        return logs

    return tamper


def added(data: str, amount: int) -> str:
    return "0x" + (int(data, 16) + amount).to_bytes((len(data) - 2) // 2).hex()


TAMPERED: dict[str, tuple[Callable[[Logs], Logs], type[TallystickError]]] = {
    "a log twice": (lambda logs: [*logs, *logs[-1:]], NodeAnswerInvalid),
    "logs backwards": (lambda logs: logs[::-1], NodeAnswerInvalid),
    "a log of a stranger": (
        changed("Transfer", "address", lambda _: "0x" + "77" * 20),
        NodeAnswerInvalid,
    ),
    "a log beyond the range": (
        changed("NoticeServed", "blockNumber", lambda _: hex(10**6)),
        NodeAnswerInvalid,
    ),
    "a transfer left out": (without("Transfer", -2), EventOutOfPlace),
    "a first mint left out": (without("Transfer", 0), EventOutOfPlace),
    "a bank reference left out": (without("Minted"), EventOutOfPlace),
    "a registration left out": (without("PartyRegistered", 1), EventOutOfPlace),
    "an origination left out": (without("LoanOriginated"), EventOutOfPlace),
    "a disbursement left out": (without("FundsDisbursed"), EventContradictsLoan),
    "a held payout left out": (without("PayoutHeld"), EventOutOfPlace),
    "a claim without its transfer": (swapped("PayoutClaimed", "PayoutHeld"), TallystickError),
    "an acceleration left out": (without("LoanAccelerated"), EventContradictsLoan),
    "a restructuring left out": (without("LoanRestructured"), EventContradictsLoan),
    "an assignment left out": (without("ClaimAssigned"), EventOutOfPlace),
    "a prepayment left out": (without("RepaymentReceived", 2), TallystickError),
    "a role granted left out": (without("RoleGranted", 0), EventOutOfPlace),
    "an announcement left out": (without("OperationScheduled", 0), EventOutOfPlace),
    "a kind of repayment nobody knows": (
        changed("RepaymentReceived", "data", lambda data: added(data, 9 << 1024)),
        EventMalformed,
    ),
    "a witness cut short": (
        changed("LoanOriginated", "data", lambda data: data[:-64]),
        EventMalformed,
    ),
    "a freeze left out": (without("PartyFrozen"), EventOutOfPlace),
    "a repayment before its origination": (
        swapped("LoanOriginated", "RepaymentReceived"),
        EventOutOfPlace,
    ),
    "more repaid than was": (
        changed("RepaymentReceived", "data", lambda data: added(data, 1 << 512)),
        EventContradictsLoan,
    ),
    "a transfer of more": (
        changed("Transfer", "data", lambda data: added(data, 1), 0),
        EventOutOfPlace,
    ),
    "a transfer of more than 63 bits": (
        changed("Transfer", "data", lambda _: "0x" + "ff" * 32),
        EventMalformed,
    ),
    "a log cut short": (changed("ProceedsPaid", "data", lambda data: data[:-64]), EventMalformed),
    "an event nobody knows": (
        changed("LoanClosed", "topics", lambda topics: ["0x" + "ab" * 32, *topics[1:]]),
        EventMalformed,
    ),
    "terms that were not signed": (
        changed("LoanOriginated", "data", lambda data: added(data, 1)),
        EventMalformed,
    ),
    "another loan's terms": (
        changed("LoanOriginated", "topics", lambda t: [t[0], "0x" + "ab" * 32, *t[2:]]),
        EventMalformed,
    ),
}


def test_false_logs_change_nothing(
    world: World, sqlite_store: Store, subtests: pytest.Subtests
) -> None:
    live_all(world)
    for name, (tamper_logs, error) in TAMPERED.items():
        with subtests.test(name):
            check_tampered(world, sqlite_store, tamper_logs, error)
    follower(world, sqlite_store).catch_up()
    assert reconcile(sqlite_store, LedgerReader(world.node, world.deployment)).is_matching


def check_tampered(
    world: World, store: Store, tamper_logs: Callable[[Logs], Logs], error: type[TallystickError]
) -> None:
    tampered: list[bool] = []

    def tamper(method: str, params: Any, result: Any) -> Any:
        if method == "eth_getBlockByNumber":
            return {**result, "logsBloom": "0x" + "00" * 256}
        if method != "eth_getLogs":
            return result
        shown = repr(result)
        told = tamper_logs(result)
        tampered.append(repr(told) != shown)
        return told

    with tampering_node(world.chain.url, tamper) as node:
        at_once = Fetcher(node, world.deployment.addresses, blocks_at_first=500)
        follow = Follower(store, node, world.deployment, backoff=IMPATIENT, fetcher=at_once)
        with pytest.raises(error):
            follow.catch_up()
    assert any(tampered), "the test changed nothing"
    with store.read() as session:
        assert count_logs(session) == 0


def test_money_from_nowhere_is_seen(world: World, sqlite_store: Store) -> None:
    """A mint left out whole, as a node that lost a block's receipt would."""

    def tamper(method: str, _params: Any, result: Any) -> Any:
        if method == "eth_getBlockByNumber":
            return {**result, "logsBloom": "0x" + "00" * 256}
        if method != "eth_getLogs":
            return result
        minted = {log["transactionHash"] for log in result if log["topics"][0] == TOPICS["Minted"]}
        return [log for log in result if log["transactionHash"] not in minted]

    live(world)
    with tampering_node(world.chain.url, tamper) as node, pytest.raises(BalanceContradicts):
        Follower(sqlite_store, node, world.deployment, backoff=IMPATIENT).catch_up()


def test_what_no_rule_can_see_reconciliation_names(world: World, sqlite_store: Store) -> None:
    """Without the ledger's word a repayment looks like any transfer to the lender."""
    terms, *_ = live(world)
    loan = loan_id(terms)

    def tamper(method: str, _params: Any, result: Any) -> Any:
        if method != "eth_getLogs":
            return result
        left_out = [TOPICS["RepaymentReceived"], loan]
        return [log for log in result if log["topics"][:2] != left_out]

    with tampering_node(world.chain.url, tamper) as node:
        Follower(sqlite_store, node, world.deployment, backoff=IMPATIENT).catch_up()
    found = reconcile(sqlite_store, LedgerReader(world.node, world.deployment))
    assert {difference.subject for difference in found.differences} == {loan}
    assert "paid_on_next_minor" in {difference.member for difference in found.differences}


def test_a_lagging_node_is_asked_again(world: World, store: Store) -> None:
    live(world)
    answers = iter(["lag"] * 2)

    def tamper(method: str, params: Any, result: Any) -> Any:
        if method == "eth_getLogs" and "fromBlock" in params[0] and next(answers, None):
            return []
        return result

    with tampering_node(world.chain.url, tamper) as node:
        report = Follower(store, node, world.deployment, backoff=IMPATIENT).catch_up()
    assert next(answers, None) is None
    assert report.logs > 60
    assert reconcile(store, LedgerReader(world.node, world.deployment)).is_matching


def test_a_node_that_goes_on_lagging_is_given_up(world: World, sqlite_store: Store) -> None:
    live(world)

    def tamper(method: str, params: Any, result: Any) -> Any:
        return [] if method == "eth_getLogs" and "fromBlock" in params[0] else result

    with (
        tampering_node(world.chain.url, tamper) as node,
        pytest.raises(NodeLagging, match="left out logs"),
    ):
        Follower(sqlite_store, node, world.deployment, backoff=IMPATIENT).catch_up()


def test_ranges_shrink_to_what_the_node_answers(world: World, sqlite_store: Store) -> None:
    live(world)
    sizes: list[int] = []

    def tamper(method: str, params: Any, result: Any) -> Any:
        if method == "eth_getLogs" and "fromBlock" in params[0]:
            sizes.append(int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1)
            if len(result) > 40:
                raise Refuse(-32005, "query returned more than 40 results")
        return result

    with tampering_node(world.chain.url, tamper) as node:
        Follower(sqlite_store, node, world.deployment, backoff=IMPATIENT).catch_up()
    assert sizes[0] > sizes[1] > min(sizes) >= 1
    assert reconcile(sqlite_store, LedgerReader(world.node, world.deployment)).is_matching


def test_a_single_block_too_large_is_said(world: World, sqlite_store: Store) -> None:
    def tamper(method: str, params: Any, result: Any) -> Any:
        if method == "eth_getLogs" and "fromBlock" in params[0]:
            raise Refuse(-32005, "block range too large")
        return result

    with (
        tampering_node(world.chain.url, tamper) as node,
        pytest.raises(RangeTooLarge),
    ):
        Follower(sqlite_store, node, world.deployment, backoff=IMPATIENT).catch_up()


def test_a_node_without_times_in_logs_is_asked_for_them(world: World, store: Store) -> None:
    live(world)
    follower(world, store).catch_up()
    told = digest_of(store)

    def tamper(method: str, _params: Any, result: Any) -> Any:
        if method == "eth_getLogs":
            for log in result:
                log.pop("blockTimestamp", None)
        return result

    with tampering_node(world.chain.url, tamper) as node:
        rebuild_from_chain(store, Follower(store, node, world.deployment, backoff=IMPATIENT))
    assert digest_of(store) == told
