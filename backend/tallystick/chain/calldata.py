"""How calls of the contracts are encoded, and how much gas each may take.

Gas limits are formulas in the size of the witness and the number of purposes, measured at their
dearest and then given room; `tests/chain/test_calls.py` holds them against the contracts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tallystick.chain.bindings import selector
from tallystick.chain.deployment import Deployment
from tallystick.chain.terms import loan_id
from tallystick.chain.words import address_bytes
from tallystick.kernel.errors import Invalid
from tallystick.loans.terms import LoanTerms

CONTRACT_SIGNATURE_GAS = 500_000
"""Room for asking a contract account about a signature: a passkey's where Solidity verifies it.

Chains that verify passkeys themselves (EIP-7951) take a tenth.
"""

_KEY_SIGNATURE_BYTES = 65
_WORD = 32
_LEDGER_GAS = {
    # fixed, per byte of witness, per purpose
    "originate": (140_000, 150, 7_000),
    "restructure": (250_000, 200, 7_000),
    "revoke_signature": (90_000, 60, 0),
    "cancel": (60_000, 60, 0),
    "disburse": (190_000, 30, 900),
    "pay": (190_000, 30, 1_300),
    "withdraw": (100_000, 50, 900),
    "repay": (170_000, 420, 0),
    "collect": (150_000, 420, 0),
    "revoke_mandate": (60_000, 60, 0),
    "prepay": (140_000, 35, 0),
    "payoff": (200_000, 250, 0),
    "call_guarantee": (190_000, 420, 0),
    "reimburse": (160_000, 35, 0),
    "accelerate": (160_000, 250, 0),
    "write_off": (130_000, 250, 0),
    "assign": (130_000, 40, 0),
}


class BatchInvalid(Invalid):
    title = "Not a batch"


@dataclass(frozen=True, slots=True)
class Call:
    """`kind` is the verb, `subject` the loan id or address it is about, `target` the contract."""

    kind: str
    subject: str
    target: str
    calldata: bytes
    gas_limit: int


@dataclass(frozen=True, slots=True)
class Bytes:
    """An argument of type `bytes`; all others are words."""

    value: bytes


class Witness(Bytes):
    """A witness: its size decides how much gas is needed."""

    __slots__ = ()


class Signature(Bytes):
    """A signature: by a key of 65 bytes, or else one that a contract account is asked about."""

    __slots__ = ()


def registry_call(
    deployment: Deployment, kind: str, function: str, party: str, *words: bytes
) -> Call:
    calldata = selector("PartyRegistry", function) + address(party) + b"".join(words)
    return Call(kind, party, deployment.party_registry, calldata, 120_000)


def token_call(
    deployment: Deployment, kind: str, function: str, subject: str, *words: bytes
) -> Call:
    calldata = selector("SettlementToken", function) + b"".join(words)
    return Call(kind, subject, deployment.settlement_token, calldata, 160_000)


def ledger_call(
    deployment: Deployment, kind: str, function: str, terms: LoanTerms, *arguments: bytes | Bytes
) -> Call:
    """A call about the loan of `terms`."""
    fixed, per_byte, per_purpose = _LEDGER_GAS[kind]
    gas_limit = fixed + per_purpose * len(terms.purposes)
    heads, tails = [], []
    at = len(arguments) * _WORD
    for argument in arguments:
        if isinstance(argument, bytes):
            heads.append(argument)
            continue
        tail = _dynamic(argument.value)
        heads.append(uint(at))
        tails.append(tail)
        at += len(tail)
        if isinstance(argument, Witness):
            gas_limit += per_byte * len(argument.value)
        if isinstance(argument, Signature) and len(argument.value) not in (0, _KEY_SIGNATURE_BYTES):
            gas_limit += CONTRACT_SIGNATURE_GAS
    calldata = b"".join((selector("LoanLedger", function), *heads, *tails))
    return Call(kind, loan_id(terms), deployment.loan_ledger, calldata, gas_limit)


def batch_call(deployment: Deployment, calls: Sequence[Call]) -> Call:
    """See `calls.batch`."""
    ledger = deployment.loan_ledger
    if not calls or any(call.target != ledger or call.kind == "batch" for call in calls):
        raise BatchInvalid("A batch holds calls of the ledger, at least one, and no other batch.")
    items = [_dynamic(call.calldata) for call in calls]
    offsets, at = [], len(items) * _WORD
    for item in items:
        offsets.append(uint(at))
        at += len(item)
    calldata = b"".join(
        (selector("LoanLedger", "batch"), uint(_WORD), uint(len(items)), *offsets, *items)
    )
    # A contract can pass on all but a 64th of its gas.
    gas_limit = 40_000 + sum(call.gas_limit for call in calls) * 64 // 63
    return Call("batch", ledger, ledger, calldata, gas_limit)


def address(value: str) -> bytes:
    return address_bytes(value).rjust(_WORD, b"\0")


def uint(value: int) -> bytes:
    return value.to_bytes(_WORD)


def _dynamic(value: bytes) -> bytes:
    return uint(len(value)) + value + bytes(-len(value) % _WORD)
