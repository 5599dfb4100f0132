"""A node that answers anything but what the protocol allows is found out."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tallystick.chain import calls
from tallystick.chain.bloom import bloom_admits
from tallystick.chain.client import CallRequest, Node
from tallystick.chain.failures import (
    NodeAnswerInvalid,
    NodeBusy,
    NodeLagging,
    NodeRefused,
    NodeUnavailable,
    RangeTooLarge,
    WrongChain,
    failure_of,
)
from tallystick.chain.finality import (
    IMMEDIATE,
    Finality,
    FinalityInvalid,
    finality_of,
    finalized_number,
)
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.sending import SendStatus
from tallystick.chain.signers import Tx
from tests.fixtures.chain import World
from tests.fixtures.proxy import ProxyNode

Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def proxy(world: World) -> Iterator[ProxyNode]:
    with ProxyNode(world.chain.url) as running:
        yield running


@pytest.fixture
def node(proxy: ProxyNode) -> Iterator[Node]:
    with Node(proxy.url, chain_id=31337, timeout_seconds=5) as asked:
        yield asked


def members(**changed: Any) -> Change:
    """Changes members of the result."""
    return lambda answer: {**answer, "result": {**answer["result"], **changed}}


def first_log(**changed: Any) -> Change:
    """Changes members of the first log."""
    return lambda answer: {
        **answer,
        "result": [{**answer["result"][0], **changed}, *answer["result"][1:]],
    }


def refusing(message: str) -> Callable[[list[Any]], dict[str, Any]]:
    return lambda _: {"code": -32000, "message": message}


# ---------------------------------------------------------------- what a good node tells


def test_headers_logs_receipts_and_nonces(world: World) -> None:
    node = world.node
    first = node.header("latest")
    receipt = world.mint("supplier", 5)
    second = node.header("latest")
    assert second.parent_hash == first.hash
    assert node.header(second.hash) == node.header(second.number) == second
    assert node.headers([second.number, first.number]) == [second, first]
    assert (receipt.block_number, receipt.block_hash) == (second.number, second.hash)
    token = world.deployment.settlement_token
    assert bloom_admits(second.logs_bloom, token)
    assert not bloom_admits(first.logs_bloom, world.address("stranger"))
    logs = node.logs(second.number, second.number, [token.upper().replace("0X", "0x")], [second])
    assert [log.log_index for log in logs] == [0, 1]
    assert {log.tx_hash for log in logs} == {receipt.tx_hash}
    assert {log.block_hash for log in logs} == {second.hash}
    assert [len(log.topics) for log in logs] == [96, 96]
    assert logs[0].address == token
    assert logs[0].block_timestamp in (None, second.timestamp)
    assert node.receipts([receipt.tx_hash, "0x" + "00" * 32]) == [receipt, None]
    (nonce,) = node.nonces([world.address("settlement_bank")])
    assert node.nonces([world.address("settlement_bank")], first.number) == [nonce - 1]
    assert node.code(token)
    assert node.code(world.address("lender")) == b""


def test_calls_return_or_are_refused_each_for_itself(world: World) -> None:
    on = world.deployment
    good = calls.transfer(on, world.address("supplier"), 1)
    bad = calls.transfer(on, world.address("stranger"), 1)
    lender = world.address("lender")
    answers = world.node.call_many(
        [CallRequest(call.target, call.calldata, lender) for call in (good, bad, good)]
    )
    assert answers[0] == answers[2] == (1).to_bytes(32)
    assert isinstance(answers[1], LedgerRefused)
    assert answers[1].type == "party_not_active"
    with pytest.raises(LedgerRefused):
        world.node.call(bad.target, bad.calldata, lender)
    head = world.node.header("latest")
    assert world.node.call(good.target, good.calldata, lender, head.hash) == (1).to_bytes(32)
    with pytest.raises(NodeLagging):
        world.node.call(good.target, good.calldata, lender, "0x" + "ab" * 32)
    with pytest.raises(LedgerRefused, match="without a reason"):
        world.node.call(on.loan_ledger, b"\1\2\3\4")


def test_many_questions_go_in_few_batches(world: World, proxy: ProxyNode, node: Node) -> None:
    batches: list[int] = []

    def count(answers: list[Any]) -> list[Any]:
        batches.append(len(answers))
        return answers

    proxy.on_batch = count
    assert len(node.nonces([world.address("lender")] * 1_200)) == 1_200
    assert batches == [500, 500, 200]


def test_a_batch_may_be_answered_in_any_order(world: World, proxy: ProxyNode, node: Node) -> None:
    proxy.on_batch = lambda answers: answers[::-1]
    names = ["lender", "settlement_bank", "stranger", "registrar"]
    accounts = [world.address(name) for name in names]
    assert node.nonces(accounts) == world.node.nonces(accounts)


def test_what_becomes_of_a_tx_is_told(world: World, proxy: ProxyNode, node: Node) -> None:
    call = calls.transfer(world.deployment, world.address("supplier"), 1)
    (nonce,) = node.nonces([world.address("lender")])

    def sign(nonce: int, chain_id: int = 31337) -> bytes:
        tx = Tx(chain_id, nonce, call.target, call.calldata, call.gas_limit)
        return world.key("lender").sign_tx(tx).raw

    outcomes = node.send_raw([sign(nonce), sign(nonce), sign(nonce - 1), sign(nonce, 1)])
    assert [outcome.status for outcome in outcomes] == [
        SendStatus.ACCEPTED,
        SendStatus.KNOWN,
        SendStatus.NONCE_USED,
        SendStatus.REJECTED,
    ]
    for message, status in (
        ("already known", SendStatus.KNOWN),
        ("INTERNAL_ERROR: AlreadyKnown", SendStatus.KNOWN),
        ("Nonce too low", SendStatus.NONCE_USED),
        ("replacement transaction underpriced", SendStatus.UNDERPRICED),
        ("max fee per gas less than block base fee", SendStatus.UNDERPRICED),
        ("insufficient funds for gas * price + value", SendStatus.UNFUNDED),
        ("txpool is full", SendStatus.BUSY),
        ("exceeds block gas limit", SendStatus.REJECTED),
        ("intrinsic gas too low", SendStatus.REJECTED),
    ):
        proxy.refuse("eth_sendRawTransaction", refusing(message))
        (outcome,) = node.send_raw([sign(nonce + 1)])
        assert outcome.status is status, message
        assert message in outcome.message
    proxy.refuse("eth_sendRawTransaction", lambda _: None)
    proxy.result("eth_sendRawTransaction", "0x" + "11" * 32)
    with pytest.raises(NodeAnswerInvalid, match="Sent tx"):
        node.send_raw([sign(nonce + 1)])


def test_calls_at_a_block_that_is_reorganised_away_are_not_believed(
    world: World, proxy: ProxyNode, node: Node
) -> None:
    world.chain.mine()
    head = node.header("latest")
    token = world.deployment.settlement_token
    question = bytes.fromhex("18160ddd")
    assert len(node.call(token, question, block=head.hash)) == 32
    # Another block takes its number while the call is answered.
    proxy.on("eth_call", reorganising(proxy))
    with pytest.raises(NodeLagging, match="no longer"):
        node.call(token, question, block=head.hash)


def reorganising(proxy: ProxyNode) -> Change:
    def then(answer: dict[str, Any]) -> dict[str, Any]:
        proxy.on("eth_getBlockByNumber", members(hash="0x" + "cd" * 32))
        return answer

    return then


# ---------------------------------------------------------------- what a bad node tells


@pytest.mark.parametrize(
    "change",
    [
        members(hash="0x12"),
        members(hash="0x" + "zz" * 32),
        members(hash=None),
        members(parentHash="0x" + "1 " * 32),
        members(number="12"),
        members(number="0x1_0"),
        members(number="0x"),
        members(number="0x" + "f" * 65),
        members(number="0x٣"),
        members(number=7),
        members(number="0x7fffffff"),
        members(timestamp="now"),
        members(logsBloom="0x00"),
        members(extraData="0x0"),
        members(baseFeePerGas="-0x1"),
        lambda answer: {**answer, "result": []},
        lambda answer: {**answer, "result": "0x1"},
        lambda answer: {"jsonrpc": "2.0", "id": answer["id"]},
        lambda answer: {**answer, "id": 999_999},
        lambda answer: {**answer, "id": None},
        lambda answer: {**answer, "jsonrpc": "1.0"},
        lambda answer: {**answer, "error": {"message": "no code"}},
    ],
)
def test_a_malformed_header_is_refused(
    world: World, proxy: ProxyNode, node: Node, change: Change
) -> None:
    world.chain.mine()
    number = node.header("latest").number
    proxy.on("eth_getBlockByNumber", change)
    with pytest.raises(NodeAnswerInvalid) as refused:
        node.header(number)
    assert not refused.value.is_retryable
    with pytest.raises(NodeAnswerInvalid):
        node.headers([number, number - 1])


def test_another_block_than_asked_for_is_refused(
    world: World, proxy: ProxyNode, node: Node
) -> None:
    world.chain.mine()
    head = node.header("latest")
    other = world.node.rpc("eth_getBlockByNumber", [hex(head.number - 1), False])
    proxy.result("eth_getBlockByNumber", other)
    proxy.result("eth_getBlockByHash", other)
    for asked in (head.number, head.hash):
        with pytest.raises(NodeAnswerInvalid, match="Asked for block"):
            node.header(asked)


def test_a_block_the_node_lacks_may_come_later(node: Node) -> None:
    for asked in (10**6, "0x" + "ab" * 32):
        with pytest.raises(NodeLagging) as lagging:
            node.header(asked)
        assert lagging.value.is_retryable
    with pytest.raises(NodeLagging):
        node.headers([0, 10**6])


@pytest.mark.parametrize(
    "change",
    [
        first_log(address="0x" + "11" * 20),
        first_log(address="0x11"),
        first_log(blockNumber="0x0"),
        first_log(blockNumber="0xfffff"),
        first_log(blockNumber=None),
        first_log(blockHash=None),
        first_log(logIndex="0x1"),
        first_log(topics=["0x12"]),
        first_log(topics=["0x" + "00" * 32] * 5),
        first_log(topics="0x" + "00" * 32),
        first_log(data="0x1"),
        first_log(data="00"),
        first_log(transactionHash="0x" + "11" * 31),
        first_log(blockTimestamp="yesterday"),
        lambda answer: {**answer, "result": answer["result"][::-1]},
        lambda answer: {**answer, "result": answer["result"] * 2},
        lambda answer: {**answer, "result": {"logs": answer["result"]}},
        lambda answer: {**answer, "result": None},
    ],
)
def test_malformed_logs_are_refused(
    world: World, proxy: ProxyNode, node: Node, change: Change
) -> None:
    number = world.mint("supplier", 5).block_number
    proxy.on("eth_getLogs", change)
    with pytest.raises(NodeAnswerInvalid):
        node.logs(number, number, [world.deployment.settlement_token])


def test_logs_of_a_changing_chain_are_asked_again(
    world: World, proxy: ProxyNode, node: Node
) -> None:
    number = world.mint("supplier", 5).block_number
    header = node.header(number)
    token = [world.deployment.settlement_token]
    for change in (first_log(removed=True), first_log(blockHash="0x" + "11" * 32)):
        proxy.on("eth_getLogs", change)
        with pytest.raises(NodeLagging) as lagging:
            node.logs(number, number, token, [header])
        assert lagging.value.is_retryable

    def of_another_block(answer: dict[str, Any]) -> dict[str, Any]:
        moved = [{**log, "blockHash": "0x" + "11" * 32} for log in answer["result"]]
        return {**answer, "result": moved}

    proxy.on("eth_getLogs", of_another_block)
    with pytest.raises(NodeLagging, match="changed while it was read"):
        node.logs(number, number, token, [header])


def test_missing_logs_are_noticed_by_the_bloom_filter(
    world: World, proxy: ProxyNode, node: Node
) -> None:
    world.chain.mine()
    before = node.header("latest").number
    number = world.mint("supplier", 5).block_number
    headers = node.headers(range(before, number + 1))
    token = [world.deployment.settlement_token]
    assert len(node.logs(before, number, token, headers)) == 2
    proxy.result("eth_getLogs", [])
    assert node.logs(before, number, token) == []
    with pytest.raises(NodeLagging, match="left out logs"):
        node.logs(before, number, token, headers)
    # The block's own list is told, but not the range's.
    answers: list[Any] = []

    def first_empty(answer: dict[str, Any]) -> dict[str, Any]:
        answers.append(answer)
        return {**answer, "result": []} if len(answers) == 1 else answer

    proxy.on("eth_getLogs", first_empty)
    with pytest.raises(NodeLagging, match="left out logs"):
        node.logs(before, number, token, headers)
    assert len(answers) == 2


def test_a_bloom_filter_that_errs_is_no_reason_to_distrust(
    world: World, proxy: ProxyNode, node: Node
) -> None:
    number = world.mint("supplier", 5).block_number
    full = members(logsBloom="0x" + "ff" * 256)
    proxy.on("eth_getBlockByNumber", full)
    headers = node.headers([number])
    assert node.logs(number, number, [world.deployment.loan_ledger], headers) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "0x2"},
        {"status": None},
        {"transactionHash": "0x" + "11" * 32},
        {"blockNumber": None},
        {"gasUsed": "much"},
        {"contractAddress": "0x12"},
    ],
)
def test_malformed_receipts_are_refused(
    world: World, proxy: ProxyNode, node: Node, changed: dict[str, Any]
) -> None:
    receipt = world.mint("supplier", 5)
    proxy.on("eth_getTransactionReceipt", members(**changed))
    with pytest.raises(NodeAnswerInvalid):
        node.receipts([receipt.tx_hash])


@pytest.mark.parametrize(
    "bend",
    [
        lambda answers: answers[:-1],
        lambda answers: [*answers, answers[0]],
        lambda answers: [*answers[:-1], answers[0]],
        lambda answers: [*answers, {"jsonrpc": "2.0", "id": 12345, "result": "0x1"}],
        lambda answers: answers[0],
        lambda _: None,
        lambda _: [],
        lambda _: "no",
    ],
)
def test_a_batch_is_answered_whole(
    world: World, proxy: ProxyNode, node: Node, bend: Callable[[list[Any]], Any]
) -> None:
    assert node.chain_id == 31337
    proxy.on_batch = bend
    with pytest.raises(NodeAnswerInvalid):
        node.nonces([world.address("lender"), world.address("borrower")])


def test_a_batch_refused_as_a_whole_says_why(world: World, proxy: ProxyNode, node: Node) -> None:
    assert node.chain_id == 31337
    error = {"code": -32005, "message": "too many requests in the batch"}
    proxy.on_batch = lambda _: {"jsonrpc": "2.0", "id": None, "error": error}
    with pytest.raises(NodeBusy):
        node.nonces([world.address("lender"), world.address("borrower")])


@pytest.mark.parametrize("body", [b"", b"  ", b"<html>", b'{"jsonrpc"', b"\xff\xfe"])
def test_an_answer_that_is_no_json_is_refused(proxy: ProxyNode, node: Node, body: bytes) -> None:
    assert node.chain_id == 31337
    proxy.on_body = lambda _: body
    with pytest.raises((NodeAnswerInvalid, NodeUnavailable)):
        node.header("latest")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, NodeUnavailable),
        (503, NodeUnavailable),
        (429, NodeBusy),
        (401, NodeRefused),
        (413, NodeRefused),
    ],
)
def test_http_errors_are_told_apart(
    proxy: ProxyNode, node: Node, status: int, error: type[Exception]
) -> None:
    proxy.status = status
    with pytest.raises(error):
        node.header("latest")
    proxy.status = 200
    assert node.header(0).number == 0


def test_the_wrong_chain_is_noticed_before_anything_is_asked(proxy: ProxyNode) -> None:
    with Node(proxy.url, chain_id=1) as node:
        for _ in range(2):
            with pytest.raises(WrongChain) as wrong:
                node.header("latest")
            assert wrong.value.data == {"expected": 1, "told": 31337}
    assert proxy.asked == ["eth_chainId"] * 2


def test_a_silent_node_is_given_up(world: World) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://user:secret@127.0.0.1:{listener.getsockname()[1]}/key"
        with Node(url, timeout_seconds=0.2) as node, pytest.raises(NodeUnavailable) as down:
            node.header("latest")
        assert "secret" not in down.value.detail
        assert "/key" not in down.value.detail
    assert down.value.is_retryable


@pytest.mark.parametrize(
    ("method", "code", "message", "error"),
    [
        ("eth_getLogs", -32005, "query returned more than 10000 results", RangeTooLarge),
        ("eth_getLogs", -32602, "block range is too wide", RangeTooLarge),
        ("eth_getLogs", -32000, "Response size exceeded", RangeTooLarge),
        ("eth_getLogs", -32000, "unknown block", NodeLagging),
        ("eth_getLogs", -32602, "BlockOutOfRangeError: block height is 1", NodeLagging),
        ("eth_call", -32000, "header not found", NodeLagging),
        ("eth_call", -32000, "missing trie node 12ab", NodeLagging),
        ("eth_chainId", -32005, "limit exceeded", NodeBusy),
        ("eth_chainId", 429, "slow down", NodeBusy),
        ("anvil_magic", -32601, "the method does not exist", NodeRefused),
        ("eth_chainId", -32603, "something else", NodeRefused),
    ],
)
def test_errors_of_nodes_are_told_apart(
    method: str, code: int, message: str, error: type[Exception]
) -> None:
    failure = failure_of(method, {"code": code, "message": message, "data": None})
    assert type(failure) is error
    assert getattr(failure, "is_retryable", None) is (error is not NodeRefused)


REVERT = "0x08c379a0" + (32).to_bytes(32).hex() + (2).to_bytes(32).hex() + "6e6f".ljust(64, "0")


@pytest.mark.parametrize(
    ("code", "message", "data"),
    [
        (3, "execution reverted: no", REVERT),
        (-32000, "execution reverted", {"data": REVERT}),
        (-32015, "VM execution error.", f"Reverted {REVERT}"),
        (-32603, "transaction failed", {"message": "revert", "data": REVERT}),
    ],
)
def test_reverts_are_found_wherever_a_node_puts_them(code: int, message: str, data: object) -> None:
    failure = failure_of("eth_call", {"code": code, "message": message, "data": data})
    assert isinstance(failure, LedgerRefused)
    assert failure.arguments == {"message": "no"}


# ---------------------------------------------------------------- proof of authority, finality, IPC


def test_long_extra_data_needs_the_setting(world: World, proxy: ProxyNode) -> None:
    proxy.on("eth_getBlockByNumber", members(extraData="0x" + "ab" * 97))
    with Node(proxy.url) as strict, pytest.raises(NodeAnswerInvalid, match="TALLYSTICK_POA"):
        strict.header("latest")
    with Node(proxy.url, poa=True) as lenient:
        assert lenient.header("latest") == world.node.header("latest")


def test_finality_is_a_setting(world: World) -> None:
    for _ in range(5):
        world.chain.mine()
    head = world.node.header("latest")
    assert finality_of("immediate") == IMMEDIATE
    assert finalized_number(world.node, IMMEDIATE, head) == head.number
    assert finalized_number(world.node, finality_of("3"), head) == head.number - 3
    assert finalized_number(world.node, Finality(10**6), head) == -1
    finalized = finalized_number(world.node, finality_of("finalized"), head)
    assert finalized == world.node.header("finalized").number
    for wrong in ("", "soon", "-1", "1.5", "٣"):
        with pytest.raises(FinalityInvalid):
            finality_of(wrong)


class SocketNode:
    """A node behind a Unix socket; tells answers in pieces of `piece` bytes."""

    def __init__(self, path: str, piece: int = 1 << 20) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(path)
        self._listener.listen()
        self._piece = piece
        self.is_silent = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                while asked := connection.recv(1 << 20):
                    if self.is_silent:
                        break
                    questions = json.loads(asked)
                    told = (
                        json.dumps(
                            [self._answer(one) for one in questions]
                            if isinstance(questions, list)
                            else self._answer(questions)
                        ).encode()
                        + b"\n"
                    )
                    for at in range(0, len(told), self._piece):
                        connection.sendall(told[at : at + self._piece])

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        results = {"eth_chainId": "0x7", "eth_getTransactionCount": "0x5"}
        return {"jsonrpc": "2.0", "id": question["id"], "result": results[question["method"]]}


@pytest.mark.parametrize("piece", [1 << 20, 7])
def test_a_node_is_asked_over_its_socket(
    tmp_path_factory: pytest.TempPathFactory, piece: int
) -> None:
    path = str(tmp_path_factory.mktemp("ipc") / "node.ipc")
    served = SocketNode(path, piece)
    accounts = ["0x" + "11" * 20] * 3
    try:
        for url in (path, f"ipc://{path}"):
            with Node(url, chain_id=7, timeout_seconds=2) as node:
                assert node.nonces(accounts) == [5, 5, 5]
                served.is_silent = True
                with pytest.raises(NodeUnavailable):
                    node.nonces(accounts)
                served.is_silent = False
                assert node.nonces(accounts) == [5, 5, 5]
    finally:
        served.close()
    with Node(path, timeout_seconds=1) as node, pytest.raises(NodeUnavailable):
        node.nonces(accounts)


@pytest.mark.parametrize("url", ["ftp://node", "ws://127.0.0.1:1", ""])
def test_an_address_that_is_no_node_s_is_refused(url: str) -> None:
    with pytest.raises(NodeRefused):
        Node(url)
