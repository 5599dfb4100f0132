"""Slither's findings need reasons, and reasons need findings. Slither itself: `make slither`."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.check_slither import ACCEPTED, AnalysisFailed, Finding, compare, findings, reasons


def element(kind: str, name: str, parent: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": kind, "name": name, "type_specific_fields": {"parent": parent}}


CONTRACT = element("contract", "Tally")
FUNCTION = element("function", "pay", CONTRACT)


def found(check: str, impact: str, first: dict[str, Any]) -> dict[str, Any]:
    return {"check": check, "impact": impact, "description": "so\n\tit is\n", "elements": [first]}


def test_findings_of_weight_are_read_with_their_place() -> None:
    report = {
        "results": {
            "detectors": [
                found("reentrancy-eth", "High", FUNCTION),
                found("divide-before-multiply", "Medium", element("node", "x = 1", FUNCTION)),
                found("uninitialized-local", "Medium", element("variable", "sum", FUNCTION)),
                found("timestamp", "Low", FUNCTION),
            ]
        }
    }

    assert findings(report) == [
        Finding("divide-before-multiply", "Tally.pay", "so it is"),
        Finding("reentrancy-eth", "Tally.pay", "so it is"),
        Finding("uninitialized-local", "Tally.pay.sum", "so it is"),
    ]
    assert findings({"results": {}}) == []


def test_each_finding_needs_a_reason_and_each_reason_a_finding() -> None:
    pay = Finding("unused-return", "Tally.pay", "")
    repay = Finding("unused-return", "Tally.repay", "")
    loop = Finding("msg-value-loop", "Tally.pay", "")

    assert compare([pay, repay], {("unused-return", "Tally.pay"): "meant"}) == ([repay], [])
    assert compare([pay, repay, loop], {("unused-return", "*"): "meant"}) == ([loop], [])
    assert compare(
        [pay], {("unused-return", "Tally.pay"): "meant", ("tx-origin", "*"): "gone"}
    ) == (
        [],
        [("tx-origin", "*")],
    )


ENTRY = '[[finding]]\ndetector = "tx-origin"\nwhere = "Tally.pay"\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (ENTRY, "has detector, where and reason"),
        (ENTRY + 'reason = " "\n', "has detector, where and reason"),
        (ENTRY + 'reason = "meant"\nline = 7\n', "has detector, where and reason"),
        ((ENTRY + 'reason = "meant"\n') * 2, "accepted twice"),
    ],
)
def test_a_reason_is_complete_and_given_once(text: str, complaint: str) -> None:
    with pytest.raises(AnalysisFailed, match=complaint):
        reasons(text)


def test_the_committed_reasons_can_be_read() -> None:
    assert reasons(ACCEPTED.read_text())
