"""The invariants' handler lives through everything the ledger can be told to do.

The handler's sources are all of contracts/test/invariants. The ledger is `LEDGER` there, and a call
of a function is `LEDGER.repay(`, `abi.encodeCall(LEDGER.repay,` or, for a function that another
interface declares, `Multicall(address(LEDGER)).multicall(`.
"""

from __future__ import annotations

import json
import re
import tomllib

import pytest

from scripts.compile_contracts import BINDINGS, ROOT

INVARIANTS = ROOT / "contracts" / "test" / "invariants"

# What no handler need call, and why.
LEFT_OUT = {
    "setAuthority": "only the access manager may call it; it moves no money and changes no loan",
}


def without_comments(source: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", source, flags=re.DOTALL)


def called(source: str, function: str) -> bool:
    """Whether Solidity `source` calls `function` of the ledger, directly or encoded."""
    return re.search(rf"\bLEDGER\)*\s*\.\s*{function}\s*[({{,]", source) is not None


HANDLER = "\n".join(
    without_comments(path.read_text())
    for path in sorted(INVARIANTS.glob("*.sol"))
    if not path.name.endswith(".t.sol")
)
TESTS = "\n".join(without_comments(path.read_text()) for path in INVARIANTS.glob("*.t.sol"))
STATE_CHANGING = sorted(
    {
        entry["name"]
        for entry in json.loads((BINDINGS / "LoanLedger.json").read_text())["abi"]
        if entry["type"] == "function" and entry["stateMutability"] in ("nonpayable", "payable")
    }
)


def test_the_ledger_has_what_is_left_out() -> None:
    assert LEFT_OUT.keys() <= set(STATE_CHANGING)


@pytest.mark.parametrize("function", sorted(set(STATE_CHANGING) - LEFT_OUT.keys()))
def test_the_handler_calls(function: str) -> None:
    assert called(HANDLER, function), (
        f"{function} changes the ledger's state, and no invariant has seen it do so: add an action "
        f"that calls `LEDGER.{function}(` to {INVARIANTS.relative_to(ROOT)}"
    )


def test_the_fuzzer_takes_every_action() -> None:
    actions = re.findall(r"function (\w+)\([^)]*\)\s*external\b(?!\s+(?:view|pure))", HANDLER)

    assert len(actions) >= 10
    assert "targetSelector(" in TESTS
    assert [name for name in actions if not re.search(rf"\.{name}\.selector\b", TESTS)] == []


def test_no_revert_is_swallowed() -> None:
    profile = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]

    assert profile["default"]["invariant"]["fail_on_revert"] is True
    assert profile["nightly"]["invariant"].get("fail_on_revert", True) is True
    assert re.findall(r"\btry\b|\bcatch\b|\.(?:static|delegate)?call\s*[({]", HANDLER) == []


@pytest.mark.parametrize(
    ("source", "is_called"),
    [
        ("LEDGER.repay(terms, 5);", True),
        ("LEDGER.repay{gas: 9}(terms, 5);", True),
        ("calls[0] = abi.encodeCall(LEDGER.repay, (terms, 5));", True),
        ("Multicall(address(LEDGER)).repay(calls);", True),
        ("LEDGER.repayAll(terms);", False),
        ("OTHER_LEDGER.repay(terms, 5);", False),
        ("bytes4 wanted = LEDGER.repay.selector;", False),
        (without_comments("// LEDGER.repay(terms, 5);\n/* LEDGER.repay( */"), False),
    ],
)
def test_what_counts_as_a_call(source: str, is_called: bool) -> None:
    assert called(source, "repay") is is_called
