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
from tallystick.loans.loan import EventContradictsLoan
from tallystick.mirror.decode import EventMalformed
from tallystick.mirror.fetch import Fetcher
from tallystick.mirror.follow import Follower
from tallystick.mirror.loan_fold import EventOutOfPlace
from tallystick.mirror.money_fold import BalanceContradicts
from tallystick.mirror.rebuild import rebuild_from_chain
from tallystick.mirror.reconcile import reconcile
from tallystick.store.chain_logs import count_logs
from tallystick.store.session import Store
from tests.fixtures.chain import World
from tests.mirror.lives import live
from tests.mirror.mirrored import digest_of
from tests.mirror.tampering_node import Refuse, tampering_node
from tests.mirror.test_follow import IMPATIENT, follower

Logs = list[dict[str, Any]]
TOPICS = {
    name: "0x" + topic.hex()
    for contract in ("LoanLedger", "SettlementToken", "PartyRegistry")
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


@pytest.mark.parametrize("name", TAMPERED)
def test_false_logs_change_nothing(name: str, world: World, sqlite_store: Store) -> None:
    live(world)
    tamper_logs, error = TAMPERED[name]
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
        follow = Follower(sqlite_store, node, world.deployment, backoff=IMPATIENT, fetcher=at_once)
        with pytest.raises(error):
            follow.catch_up()
    assert any(tampered), "the test changed nothing"
    with sqlite_store.read() as session:
        assert count_logs(session) == 0
    follower(world, sqlite_store).catch_up()
    assert reconcile(sqlite_store, LedgerReader(world.node, world.deployment)).is_matching


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
    leave_out = without("RepaymentReceived", 0)

    def tamper(method: str, _params: Any, result: Any) -> Any:
        return leave_out(result) if method == "eth_getLogs" else result

    with tampering_node(world.chain.url, tamper) as node:
        Follower(sqlite_store, node, world.deployment, backoff=IMPATIENT).catch_up()
    found = reconcile(sqlite_store, LedgerReader(world.node, world.deployment))
    assert {difference.subject for difference in found.differences} == {loan_id(terms)}
    assert "principal_repaid_minor" in {difference.member for difference in found.differences}


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
            if len(result) > 10:
                raise Refuse(-32005, "query returned more than 10 results")
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
