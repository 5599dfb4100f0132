"""What Python knows of the contracts: ABI, bytecode, event topics, and what a revert means.

The JSON files under `abi/` are generated from the Solidity sources and shipped with the package.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

from tallystick.chain.refusals import LedgerRefused, refusal_of
from tallystick.kernel.errors import Corrupt

CONTRACTS = (
    "AccessManager",
    "PartyRegistry",
    "SettlementToken",
    "LoanServicing",
    "LoanLedger",
    "CoLendingFactory",
)
ACCOUNTS = ("PasskeyAccountFactory", "PasskeyAccount")
CO_LENDING = ("CoLending",)
"""What the factory makes; like `ACCOUNTS` beside the deployed contracts, but what they refuse is
told in words too."""
_ERROR_STRING = bytes.fromhex("08c379a0")
_PANIC = bytes.fromhex("4e487b71")
_PANICS = {
    0x01: "an assertion failed",
    0x11: "a sum left its range",
    0x12: "division by zero",
    0x21: "a value outside its enumeration",
    0x32: "an index out of range",
    0x41: "too much memory",
}


class BindingMissing(Corrupt):
    """The package was built without a contract's ABI and bytecode."""

    title = "Contract binding missing"


@cache
def binding(name: str) -> Mapping[str, Any]:
    """The whole generated record of contract `name`. Raises BindingMissing."""
    source = files("tallystick.chain") / "abi" / f"{name}.json"
    try:
        record: dict[str, Any] = json.loads(source.read_text())
    except FileNotFoundError:
        raise BindingMissing(
            f"The package holds no binding of {name}; build it with `make contracts`.",
            contract=name,
        ) from None
    return record


def abi(name: str) -> list[dict[str, Any]]:
    """The ABI of contract `name`."""
    entries: list[dict[str, Any]] = binding(name)["abi"]
    return entries


def bytecode(name: str) -> bytes:
    """Creation code of contract `name`, without constructor arguments."""
    return bytes.fromhex(binding(name)["bytecode"][2:])


def deployed_bytecode(name: str) -> bytes:
    """Runtime code of contract `name`, its immutables zero."""
    return bytes.fromhex(binding(name)["deployedBytecode"][2:])


def bytecode_digest(name: str) -> str:
    """keccak256 of the creation code: which version of the contract this package speaks to."""
    return "0x" + keccak(bytecode(name)).hex()


@cache
def event_topics(name: str) -> Mapping[bytes, str]:
    """First topic of each event of contract `name`, and the event's name."""
    return {
        keccak(_signature(entry).encode()): entry["name"]
        for entry in abi(name)
        if entry["type"] == "event"
    }


@cache
def selector(name: str, function: str) -> bytes:
    """The four bytes that call `function` of contract `name`."""
    (entry,) = (e for e in abi(name) if e["type"] == "function" and e["name"] == function)
    return keccak(_signature(entry).encode())[:4]


def decode_revert(data: bytes) -> LedgerRefused:
    """What revert `data` says, as an error to raise. Never fails: unknown data says so."""
    if not data:
        return LedgerRefused(
            "Reverted",
            {},
            "The chain refused the call without a reason; it may have run out of gas, or there is "
            "no contract at the address called.",
        )
    head, body = data[:4], data[4:]
    try:
        if head == _ERROR_STRING:
            (message,) = decode(["string"], body)
            return LedgerRefused("Reverted", {"message": message}, f"The chain refused: {message}")
        if head == _PANIC:
            (code,) = decode(["uint256"], body)
            what = _PANICS.get(code, f"code {code:#x}")
            return LedgerRefused("Panic", {"code": code}, f"The contract failed: {what}.")
        if entry := _errors().get(head):
            inputs = entry["inputs"]
            values = decode([_canonical(i) for i in inputs], body)
            return refusal_of(
                entry["name"], {i["name"]: v for i, v in zip(inputs, values, strict=True)}
            )
    except (DecodingError, UnicodeDecodeError):
        pass
    return LedgerRefused(
        "Reverted",
        {"data": "0x" + data.hex()},
        f"The chain refused with an error this version does not know (0x{head.hex()}).",
    )


@cache
def _errors() -> Mapping[bytes, dict[str, Any]]:
    return {
        keccak(_signature(entry).encode())[:4]: entry
        for name in CONTRACTS + ACCOUNTS + CO_LENDING
        for entry in abi(name)
        if entry["type"] == "error"
    }


def _signature(entry: Mapping[str, Any]) -> str:
    return f"{entry['name']}({','.join(_canonical(i) for i in entry['inputs'])})"


def _canonical(parameter: Mapping[str, Any]) -> str:
    if not (match := re.fullmatch(r"tuple(.*)", parameter["type"])):
        kind: str = parameter["type"]
        return kind
    return f"({','.join(_canonical(c) for c in parameter['components'])}){match[1]}"
