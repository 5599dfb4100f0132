"""All 40 equal-instalment schedules of Apache Fineract's acceptance tests, to the cent."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.schedules.plans import drawn

CASES = json.loads((Path(__file__).parent / "golden/fineract/equal_instalment_40.json").read_text())


def _day(text: str) -> str:
    return datetime.strptime(f"{text} +0000", "%d %B %Y %z").date().isoformat()


def test_there_are_40() -> None:
    assert len(CASES) == 40


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_equals_fineract(case: dict[str, Any]) -> None:
    disbursement, *lines = case["schedule"]
    answer = drawn(
        principal=case["principal"],
        currency="EUR",
        annual_rate_pct=case["annual_rate_pct"],
        instalments=int(case["instalments"]),
        every=int(case["every"]),
        unit=case["unit"].lower(),
        disbursed_on=_day(disbursement["date"]),
        day_count={"act/365": "act/365f"}.get(case["day_count"], case["day_count"]),
        rounding="half_even",
    )
    # Two cases show a second advance in their balance column; it bears nothing and repays nothing.
    advanced = Decimal(0)
    expected = []
    for line in lines:
        if not line["principal"]:
            advanced += Decimal(line["balance"])
            continue
        amounts = [Decimal(line[name]) for name in ("principal", "interest", "due", "balance")]
        amounts[3] -= advanced
        expected.append((_day(line["date"]), *amounts))
    assert [
        (i["due_on"], *(Decimal(i[name]) for name in ("principal", "interest", "total", "balance")))
        for i in answer["instalments"]
    ] == expected
