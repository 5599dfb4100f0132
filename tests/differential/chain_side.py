"""The chain's half: attempts sent in batches, and what the ledger told of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Any

from eth_abi.abi import decode
from eth_hash.auto import keccak

from tallystick.chain import calls
from tallystick.chain.answers import RawLog
from tallystick.chain.bindings import CONTRACTS, abi
from tallystick.chain.calls import Call
from tallystick.chain.sending import SendStatus
from tallystick.chain.signers import Tx
from tallystick.chain.terms import decode_terms
from tallystick.chain.words import word_text
from tallystick.loans import events as loan_events
from tallystick.loans.events import BatchItemFailed, LoanOriginated, RepaymentKind
from tests.fixtures.chain import World

BATCH_ITEMS = 60
BATCH_GAS = 25_000_000
_TEXTS = ("purpose", "step")


@dataclass(frozen=True)
class Sent:
    """A tx: the attempts it carries, by their place in the list given, and whether as a batch."""

    attempts: tuple[int, ...]
    is_batch: bool


def send(world: World, sends: Sequence[tuple[Call, str]]) -> list[tuple[Sent, list[object]]]:
    """Sends `sends` (call and sender's name) in one block; per tx in the block's order, what the
    ledger told in it. The ledger's calls go in batches, one behind the other for each sender."""
    txs, by_hash = [], {}
    names = sorted({name for _, name in sends})
    nonces = dict(
        zip(names, world.node.nonces([world.address(name) for name in names]), strict=True)
    )
    for sent, name, call in _packed(world, sends):
        tx = Tx(world.chain.chain_id, nonces[name], call.target, call.calldata, call.gas_limit)
        nonces[name] += 1
        signed = world.key(name).sign_tx(tx)
        by_hash[signed.hash] = sent
        txs.append(signed)
    for outcome in world.node.send_raw([tx.raw for tx in txs]):
        assert outcome.status is SendStatus.ACCEPTED, outcome
    world.chain.mine()
    block = world.node.rpc("eth_getBlockByNumber", ["latest", False])
    receipts = world.node.receipts(block["transactions"])
    assert len(receipts) == len(txs), "not everything fits one block"
    for tx_hash, receipt in zip(block["transactions"], receipts, strict=True):
        carried = [sends[index][0].kind for index in by_hash[tx_hash].attempts]
        assert receipt is not None
        assert receipt.is_successful, f"{carried} failed: {_traced(world, tx_hash)}"
    number = int(block["number"], 16)
    told: dict[str, list[object]] = {tx_hash: [] for tx_hash in by_hash}
    for log in world.node.logs(number, number, [world.deployment.loan_ledger]):
        told[log.tx_hash].append(event_of(log))
    return [(by_hash[tx_hash], told[tx_hash]) for tx_hash in block["transactions"]]


def _traced(world: World, tx_hash: str) -> object:
    return world.node.rpc("debug_traceTransaction", [tx_hash, {"tracer": "callTracer"}])


def _packed(world: World, sends: Sequence[tuple[Call, str]]) -> list[tuple[Sent, str, Call]]:
    numbered = sorted(enumerate(sends), key=lambda one: one[1][1])
    packed = []
    for name, group in groupby(numbered, key=lambda one: one[1][1]):
        waiting: list[tuple[int, Call]] = []
        for index, (call, _) in group:
            if call.target == world.deployment.loan_ledger:
                waiting.append((index, call))
            else:
                packed.append((Sent((index,), is_batch=False), name, call))
        for at in range(0, len(waiting), BATCH_ITEMS):
            items = waiting[at : at + BATCH_ITEMS]
            batch = calls.batch(world.deployment, [call for _, call in items])
            sent = Sent(tuple(index for index, _ in items), is_batch=True)
            packed.append((sent, name, replace(batch, gas_limit=BATCH_GAS)))
    return packed


def event_of(log: RawLog) -> object:
    """The event of `tallystick.loans.events` that a log of the ledger tells."""
    entry = _events()[log.topics[:32]]
    indexed = [one for one in entry["inputs"] if one["indexed"]]
    plain = [one for one in entry["inputs"] if not one["indexed"]]
    values: dict[str, Any] = {}
    for index, one in enumerate(indexed, start=1):
        word = log.topics[32 * index : 32 * index + 32]
        (values[one["name"]],) = decode([one["type"]], word)
    decoded = decode([one["type"] for one in plain], log.data)
    values.update({one["name"]: value for one, value in zip(plain, decoded, strict=True)})
    if entry["name"] == "LoanOriginated":
        terms = decode_terms(values["witness"], values["agreement"])
        assert (values["lender"], values["borrower"]) == (terms.lender, terms.borrower)
        return LoanOriginated(_plain("loanId", values["loanId"]), terms)
    members = {_snake(name): _plain(name, value) for name, value in values.items()}
    if "kind" in members:
        members["kind"] = list(RepaymentKind)[members["kind"]]
    made: object = getattr(loan_events, entry["name"])(**members)
    return made


def refusal_of(failed: BatchItemFailed) -> tuple[object, ...]:
    """The error's name and its arguments, hashes and texts as hex."""
    entry = _errors().get(failed.reason[:4])
    if entry is None:
        return ("Unknown", failed.reason.hex())
    values = decode([one["type"] for one in entry["inputs"]], failed.reason[4:])
    return (entry["name"], *("0x" + v.hex() if isinstance(v, bytes) else v for v in values))


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, bytes) and name in _TEXTS:
        return word_text(value)
    if isinstance(value, bytes) and name != "reason":
        return "0x" + value.hex()
    return value


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@cache
def _events() -> Mapping[bytes, dict[str, Any]]:
    return {_digest(entry): entry for entry in abi("LoanLedger") if entry["type"] == "event"}


@cache
def _errors() -> Mapping[bytes, dict[str, Any]]:
    return {
        _digest(entry)[:4]: entry
        for contract in CONTRACTS
        for entry in abi(contract)
        if entry["type"] == "error"
    }


def _digest(entry: Mapping[str, Any]) -> bytes:
    kinds = ",".join(one["type"] for one in entry["inputs"])
    return keccak(f"{entry['name']}({kinds})".encode())
