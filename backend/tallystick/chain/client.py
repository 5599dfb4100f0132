"""A node, asked strictly: every answer has the right shape and is the answer to the question."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tallystick.chain.answers import (
    BlockHeader,
    HeaderJson,
    LogJson,
    RawLog,
    Receipt,
    ReceiptJson,
    address,
    octets,
    quantity,
    read_header,
    read_logs,
    read_receipt,
)
from tallystick.chain.bloom import bloom_admits
from tallystick.chain.failures import NodeAnswerInvalid, NodeLagging, WrongChain
from tallystick.chain.jsonrpc import JsonRpc, Request, unless_failed
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.sending import SendOutcome, outcome_of
from tallystick.chain.transport import open_transport

_HASH_CHARS = 66

Block = int | str
"""A block number, a block hash, or a tag: latest, finalized, safe, pending, earliest."""


@dataclass(frozen=True, slots=True)
class CallRequest:
    to: str
    data: bytes
    sender: str | None = None


class Node:
    """A node at `url` (`http://`, `https://`, or the path of its IPC socket).

    Nothing is asked before it is needed; the first question checks `chain_id`, if given. `poa`
    admits the long extraData of proof-of-authority chains. Safe to use from several threads.

    Every method raises NodeUnavailable, NodeBusy, NodeLagging, NodeRefused, NodeAnswerInvalid or
    WrongChain; their `is_retryable` says whether asking again may help.
    """

    def __init__(
        self,
        url: str,
        *,
        chain_id: int | None = None,
        poa: bool = False,
        timeout_seconds: float = 30.0,
    ) -> None:
        self._transport = open_transport(url, timeout_seconds)
        self._poa = poa
        self._expected_chain_id = chain_id
        self._checked_chain_id: int | None = None
        self._check_lock = threading.Lock()
        self._rpc = JsonRpc(self._transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    @property
    def waited_seconds(self) -> float:
        """How long answers were waited for so far, added up over all threads."""
        return self._rpc.waited_seconds

    # ------------------------------------------------------------ chain and blocks

    @property
    def chain_id(self) -> int:
        """The node's chain id. Raises WrongChain if another was expected."""
        with self._check_lock:
            if self._checked_chain_id is None:
                told = quantity(self._rpc.ask("eth_chainId", [], str), "chain id")
                if self._expected_chain_id not in (None, told):
                    raise WrongChain(
                        f"The node is of chain {told}, not {self._expected_chain_id}; "
                        "set the chain's address to a node of the right chain.",
                        expected=self._expected_chain_id,
                        told=told,
                    )
                self._checked_chain_id = told
            return self._checked_chain_id

    def header(self, block: Block) -> BlockHeader:
        """Header by number, hash or tag. Raises NodeLagging if the node does not have it."""
        by_hash = isinstance(block, str) and len(block) == _HASH_CHARS
        method = "eth_getBlockByHash" if by_hash else "eth_getBlockByNumber"
        source = self._ask(method, [_block(block), False], HeaderJson | None)
        header = self._header(source, block)
        if by_hash and header.hash != str(block).lower():
            raise NodeAnswerInvalid(f"Asked for block {block}, the node answered {header.hash}.")
        return header

    def headers(self, numbers: Iterable[int]) -> list[BlockHeader]:
        """Headers in the order asked for. Raises NodeLagging if one is missing."""
        asked = list(numbers)
        answers = self._ask_each(
            [("eth_getBlockByNumber", [hex(number), False]) for number in asked], HeaderJson | None
        )
        return [
            self._header(unless_failed(source), number)
            for number, source in zip(asked, answers, strict=True)
        ]

    def _header(self, source: HeaderJson | None, block: Block) -> BlockHeader:
        if source is None:
            raise NodeLagging(f"The node does not have block {block}.")
        header = read_header(source, poa=self._poa)
        if isinstance(block, int) and header.number != block:
            raise NodeAnswerInvalid(f"Asked for block {block}, the node answered {header.number}.")
        return header

    def logs(
        self,
        from_block: int,
        to_block: int,
        addresses: Sequence[str],
        headers: Sequence[BlockHeader] = (),
    ) -> list[RawLog]:
        """Logs of `addresses` in a range of blocks, both ends included, in order.

        With the `headers` of blocks in the range, the logs must agree with them: same hashes, and
        no block without logs whose bloom filter has some. Raises RangeTooLarge, to be asked again
        in smaller ranges, and NodeLagging when logs are missing or of other blocks.
        """
        wanted = [one.lower() for one in addresses]
        sources = self._ask(
            "eth_getLogs",
            [{"fromBlock": hex(from_block), "toBlock": hex(to_block), "address": wanted}],
            list[LogJson],
        )
        logs = read_logs(sources, from_block, to_block, frozenset(wanted))
        if headers:
            self._check_complete(logs, headers, wanted)
        return logs

    def _check_complete(
        self, logs: Sequence[RawLog], headers: Sequence[BlockHeader], addresses: Sequence[str]
    ) -> None:
        hashes = {log.block_number: log.block_hash for log in logs}
        for header in headers:
            if (told := hashes.get(header.number)) is not None:
                if told != header.hash:
                    raise NodeLagging(
                        f"Block {header.number} changed while it was read; ask again."
                    )
            elif any(bloom_admits(header.logs_bloom, one) for one in addresses):
                # A bloom filter may be wrong, the block's whole list of logs may not.
                everything = self._ask("eth_getLogs", [{"blockHash": header.hash}], list[LogJson])
                found = {address(source.address, "address") for source in everything}
                if not everything or not found.isdisjoint(addresses):
                    raise NodeLagging(
                        f"The node left out logs of block {header.number}; "
                        "ask again, or another node."
                    )

    # ------------------------------------------------------------ calls

    def call(
        self, to: str, data: bytes, sender: str | None = None, block: Block = "latest"
    ) -> bytes:
        """What a call returns. Raises LedgerRefused, decoded, if it reverts."""
        (answer,) = self.call_many([CallRequest(to, data, sender)], block)
        if isinstance(answer, LedgerRefused):
            raise answer
        return answer

    def call_many(
        self, requests: Sequence[CallRequest], block: Block = "latest"
    ) -> list[bytes | LedgerRefused]:
        """What each call returns, or its refusal, all at one block.

        A hash names a block of the chain as it is: raises NodeLagging if it is not, or not any
        more when the calls have been answered.
        """
        if isinstance(block, str) and len(block) == _HASH_CHARS:
            # Not every node takes hashes here, and anvil takes them at a thousandth of the speed.
            number = self.header(block).number
            self._check_canonical(number, block)
            answers = self.call_many(requests, number)
            self._check_canonical(number, block)
            return answers
        at = _block(block)
        results: list[bytes | LedgerRefused] = []
        for answer in self._ask_each(
            [("eth_call", [_call_json(request), at]) for request in requests], str
        ):
            if isinstance(answer, LedgerRefused):
                results.append(answer)
            else:
                results.append(octets(unless_failed(answer), "call result"))
        return results

    def _check_canonical(self, number: int, block_hash: str) -> None:
        if self.header(number).hash != block_hash.lower():
            raise NodeLagging(f"Block {block_hash} is not, or no longer, in the node's chain.")

    def code(self, account: str, block: Block = "latest") -> bytes:
        """Runtime code at an address, empty if there is none."""
        return octets(self._ask("eth_getCode", [account, _block(block)], str), "code")

    def nonces(self, accounts: Sequence[str], block: Block = "latest") -> list[int]:
        """How many txs of each account are in the chain; with "pending", in the pool too."""
        answers = self._ask_each(
            [("eth_getTransactionCount", [account, _block(block)]) for account in accounts], str
        )
        return [quantity(unless_failed(answer), "nonce") for answer in answers]

    # ------------------------------------------------------------ txs

    @property
    def gas_price(self) -> int:
        """Wei per gas a legacy tx would be offered at, base fee included."""
        return quantity(self._ask("eth_gasPrice", [], str), "gas price")

    def send_raw(self, raw_txs: Sequence[bytes]) -> list[SendOutcome]:
        """Sends signed txs in the order given and tells what became of each.

        A node that stops answering in the middle raises; what it took can be sent again.
        """
        answers = self._ask_each(
            [("eth_sendRawTransaction", ["0x" + raw.hex()]) for raw in raw_txs], str
        )
        return [outcome_of(raw, answer) for raw, answer in zip(raw_txs, answers, strict=True)]

    def receipts(self, tx_hashes: Sequence[str]) -> list[Receipt | None]:
        """Receipt of each tx, none if it is in no block."""
        answers = self._ask_each(
            [("eth_getTransactionReceipt", [tx_hash]) for tx_hash in tx_hashes],
            ReceiptJson | None,
        )
        sources = [unless_failed(answer) for answer in answers]
        return [
            None if source is None else read_receipt(source, tx_hash)
            for source, tx_hash in zip(sources, tx_hashes, strict=True)
        ]

    # ------------------------------------------------------------ any other question

    def rpc(self, method: str, params: Sequence[Any] = ()) -> Any:
        """The result of any method, as plain JSON."""
        return self._ask(method, list(params), Any)

    def _ask(self, method: str, params: Sequence[Any], shape: Any) -> Any:
        _ = self.chain_id
        return self._rpc.ask(method, params, shape)

    def _ask_each(self, requests: Sequence[Request], shape: Any) -> list[Any]:
        _ = self.chain_id
        return self._rpc.ask_each(requests, shape)


def _block(block: Block) -> str:
    return hex(block) if isinstance(block, int) else block


def _call_json(request: CallRequest) -> Mapping[str, str]:
    call = {"to": request.to, "data": "0x" + request.data.hex()}
    return call if request.sender is None else {**call, "from": request.sender}
