"""An assertion counts as proved when the compiler says so of it, and not otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.prove_contracts import PROOFS, ProvingFailed, assertions

SOURCE = """contract Proof { // \N{LESS-THAN OR EQUAL TO}
    function f(uint8 a) external pure {
        assert(a <= 255);
        assert(
            a < 255
        );
    }
}
"""


def remark(code: str, severity: str, start: int) -> dict[str, Any]:
    return {
        "errorCode": code,
        "severity": severity,
        "message": "so it is",
        "formattedMessage": "so it is",
        "sourceLocation": {"start": start},
    }


def test_each_assertion_has_its_own_verdict() -> None:
    # The compiler counts bytes.
    first = SOURCE.encode().index(b"assert(")
    said = [remark("2961", "info", first), remark("4661", "warning", first + 30)]

    verdicts = assertions("Proof.sol", SOURCE, {"errors": said})

    assert [(each.line, each.is_proved) for each in verdicts] == [(3, True), (4, False)]
    assert verdicts[1].text == "assert( a < 255 );"


def test_silence_proves_nothing() -> None:
    assert [each.is_proved for each in assertions("Proof.sol", SOURCE, {})] == [False, False]


def test_a_source_that_does_not_compile_is_a_failure() -> None:
    with pytest.raises(ProvingFailed, match="so it is"):
        assertions("Proof.sol", SOURCE, {"errors": [remark("7576", "error", 0)]})


def test_there_is_something_to_prove() -> None:
    sources = [path.read_text() for path in PROOFS.glob("*.smt.sol")]

    assert len(sources) >= 2
    assert all("assert(" in source for source in sources)
    assert any("function check_" in path.read_text() for path in PROOFS.glob("*.t.sol"))
