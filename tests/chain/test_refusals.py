"""Every error the contracts can raise says what was wrong and what to do."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak

from tallystick.chain.bindings import ACCOUNTS, CO_LENDING, CONTRACTS, abi, decode_revert
from tallystick.chain.refusals import SENTENCES
from tallystick.chain.words import text_word

SAMPLES: dict[str, Any] = {
    "address": "0x" + "ab" * 20,
    "bytes32": b"\xcd" * 32,
    "bytes4": b"\xef" * 4,
    "bool": True,
    "string": "text",
}
ERRORS = sorted(
    {
        (entry["name"], tuple((i["type"], i["name"]) for i in entry["inputs"]))
        for contract in CONTRACTS + ACCOUNTS + CO_LENDING
        for entry in abi(contract)
        if entry["type"] == "error"
    }
)


def encoded(name: str, types: list[str], values: list[Any]) -> bytes:
    return keccak(f"{name}({','.join(types)})".encode())[:4] + encode(types, values)


def test_there_is_a_sentence_for_each_error_and_no_other() -> None:
    assert sorted(SENTENCES) == [name for name, _ in ERRORS]


@pytest.mark.parametrize(("name", "inputs"), ERRORS, ids=[name for name, _ in ERRORS])
def test_each_error_is_decoded(name: str, inputs: tuple[tuple[str, str], ...]) -> None:
    types = [kind for kind, _ in inputs]
    refused = decode_revert(encoded(name, types, [SAMPLES.get(kind, 3) for kind in types]))
    assert refused.error == name
    assert refused.type == refused.type.lower()
    assert list(refused.arguments) == [argument for _, argument in inputs]
    assert refused.detail.endswith(".")
    assert "{" not in refused.detail
    shown = refused.as_dict()
    assert shown["error"] == name
    assert shown["args"] == refused.arguments


def test_arguments_are_told_in_words() -> None:
    refused = decode_revert(
        encoded(
            "PurposeCapExceeded",
            ["bytes32", "uint64", "uint64", "uint64"],
            [text_word("tuition"), 5, 6, 7],
        )
    )
    assert refused.type == "purpose_cap_exceeded"
    assert refused.arguments == {
        "purpose": "tuition", "spentMinor": 5, "amountMinor": 6, "capMinor": 7
    }  # fmt: skip
    expired = decode_revert(encoded("SignatureExpired", ["uint32"], [20260201]))
    assert expired.arguments == {"signBy": "2026-02-01"}
    inactive = decode_revert(
        encoded("PartyNotActiveAs", ["address", "uint32"], ["0x" + "ab" * 20, 3])
    )
    assert "lender and borrower" in inactive.detail
    closed = decode_revert(encoded("LoanStatusInvalid", ["bytes32", "uint8"], [b"\1" * 32, 7]))
    assert "closed" in closed.detail
    wrong = decode_revert(
        encoded("InstalmentInvalid", ["uint256", "bytes32"], [2, text_word("dueOn")])
    )
    assert wrong.field == "dueOn"


def test_other_reverts() -> None:
    assert decode_revert(b"").type == "reverted"
    told = decode_revert(encoded("Error", ["string"], ["not today"]))
    assert told.detail == "The chain refused: not today"
    panic = decode_revert(encoded("Panic", ["uint256"], [0x11]))
    assert (panic.type, panic.arguments) == ("panic", {"code": 0x11})
    for strange in (
        b"\1\2\3",
        b"\xde\xad\xbe\xef",
        encoded("Error", [], []),
        b"\x08\xc3\x79\xa0\xff",
    ):
        assert decode_revert(strange).type == "reverted"
        assert decode_revert(strange).data["args"]
