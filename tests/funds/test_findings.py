"""What a fund trace asks a person to look at, and how a trace is told."""

from __future__ import annotations

import json

from tallystick.funds.findings import FindingCode, findings_of
from tallystick.funds.flow import End, follow
from tallystick.funds.movements import BANK, Movement, held_account
from tallystick.funds.trace import FundTrace
from tests.funds.histories import CONTROLLED, LENDER, STARTED_AT, disbursement, movement, statements

HISTORY = [
    disbursement(1, 1000),
    movement(2, CONTROLLED, "payee", 600, kind="paid", purpose="stock", evidence_hash="0xe1"),
    movement(3, CONTROLLED, "borrower", 300, kind="withdrawn"),
    movement(4, "payee", "borrower", 100),
    movement(5, "payee", LENDER, 50),
    movement(6, "borrower", "shop", 200, purpose="tools", evidence_hash="0xe2"),
    movement(7, "borrower", "friend", 90),
    movement(8, "borrower", BANK, 60, bank_reference="0xb1"),
    movement(9, "borrower", LENDER, 50, kind="repaid"),
]


def trace(history: list[Movement]) -> FundTrace:
    root = follow(history[0], statements(history))
    return FundTrace(
        loan_id="0x01",
        lender=LENDER,
        borrower="borrower",
        currency="CNY",
        block_number=9,
        traced_at=STARTED_AT,
        root=root,
        findings=findings_of(root, "borrower"),
    )


def test_each_movement_to_explain_is_found_with_its_share() -> None:
    found = [(f.code, f.account, f.amount_minor, f.tx_hash[-1]) for f in trace(HISTORY).findings]
    assert found == [
        (FindingCode.RETURNED_TO_BORROWER, "payee", 100, "4"),
        (FindingCode.RETURNED_TO_LENDER, "payee", 50, "5"),
        (FindingCode.SELF_PAID_WITHOUT_EVIDENCE, "borrower", 90, "7"),
        (FindingCode.SELF_PAID_LEFT_AT_BANK, "borrower", 60, "8"),
        (FindingCode.REPAID_FROM_PROCEEDS, "borrower", 50, "9"),
    ]


def test_an_ordinary_course_gives_no_findings() -> None:
    ordinary = [
        *HISTORY[:3],
        movement(4, "payee", "supplier", 500),
        movement(5, "supplier", BANK, 500, bank_reference="0xb2"),
        movement(6, "borrower", "shop", 200, purpose="tools", evidence_hash="0xe2"),
    ]
    assert trace(ordinary).findings == ()


def test_money_held_for_a_party_and_claimed_by_it_is_no_detour() -> None:
    held = [
        HISTORY[0],
        movement(2, CONTROLLED, "borrower", 300, kind="withdrawn"),
        movement(3, "borrower", held_account(LENDER), 300, kind="held"),
        movement(4, CONTROLLED, held_account("borrower"), 700, kind="held"),
        movement(5, held_account("borrower"), "borrower", 700, kind="claimed"),
        movement(6, held_account(LENDER), LENDER, 300, kind="claimed"),
    ]
    told = trace(held)
    assert [(f.code, f.amount_minor) for f in told.findings] == [
        (FindingCode.REPAID_FROM_PROCEEDS, 300)
    ]
    assert [(row.account, row.end) for row in told.resting()] == [
        ("borrower", End.RESTS),
        (LENDER, End.BACK_WITH_LENDER),
    ]


def test_a_finding_speaks_both_languages() -> None:
    finding = trace(HISTORY).findings[0]
    assert finding.sentence("CNY", "en").startswith("CNY 1.00 of the proceeds came back")
    assert finding.sentence("CNY", "zh") == "贷款资金中有 CNY 1.00 由第三方转回借款人。"


def test_a_trace_as_table_and_as_json_tells_the_same() -> None:
    told = trace(HISTORY)
    nested = json.loads(json.dumps(told.as_json()))
    rows = list(told.rows())

    flat = []
    stack = [(0, nested["root"])]
    while stack:
        depth, node = stack.pop()
        children = node.pop("children")
        flat.append({"depth": depth, **node})
        stack.extend((depth + 1, child) for child in reversed(children))
    assert flat == json.loads(json.dumps(rows))
    assert sum(row["amount_minor"] for row in nested["resting"]) == 1000
    assert {row["account"]: row["amount_minor"] for row in nested["resting"]} == {
        "payee": 450,
        "shop": 200,
        CONTROLLED: 100,
        LENDER: 100,
        "friend": 90,
        BANK: 60,
    }
    assert nested["is_truncated"] is False
    assert rows[0]["kind"] == "disbursed"
    assert rows[1]["purpose"] == "stock"
    assert {row["bank_reference"] for row in rows} == {None, "0xb1"}
