"""The five methods by example, each figure worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.schedules.plans import drawn

YEAR: dict[str, Any] = {"principal": "1200.00", "annual_rate_pct": "12", "instalments": 4}


def lines(**changes: Any) -> list[tuple[str, str, str]]:
    """(principal, interest, balance) of every instalment."""
    return [
        (instalment["principal"], instalment["interest"], instalment["balance"])
        for instalment in drawn(**YEAR | changes)["instalments"]
    ]


def test_equal_instalment() -> None:
    assert lines() == [
        ("295.54", "12.00", "904.46"),
        ("298.50", "9.04", "605.96"),
        ("301.48", "6.06", "304.48"),
        ("304.48", "3.04", "0.00"),
    ]


def test_equal_principal() -> None:
    assert lines(method="equal_principal") == [
        ("300.00", "12.00", "900.00"),
        ("300.00", "9.00", "600.00"),
        ("300.00", "6.00", "300.00"),
        ("300.00", "3.00", "0.00"),
    ]


def test_interest_only() -> None:
    assert lines(method="interest_only") == [
        ("0.00", "12.00", "1200.00"),
        ("0.00", "12.00", "1200.00"),
        ("0.00", "12.00", "1200.00"),
        ("1200.00", "12.00", "0.00"),
    ]


def test_single_repayment() -> None:
    answer = drawn(**YEAR | {"method": "single_repayment"})
    assert [line["due_on"] for line in answer["instalments"]] == ["2026-05-01"]
    assert lines(method="single_repayment") == [("1200.00", "48.00", "0.00")]


def test_custom() -> None:
    rows = [
        {"due_on": "2026-02-01", "principal": "200.00"},
        {"due_on": "2026-02-16", "principal": "0", "interest": "7.77"},
        {"due_on": "2026-05-01", "principal": "1000.00", "interest": None},
    ]
    assert lines(method="custom", instalments=None, every=None, unit=None, rows=rows) == [
        ("200.00", "12.00", "1000.00"),
        ("0.00", "7.77", "1000.00"),
        ("1000.00", "25.00", "0.00"),
    ]


@pytest.mark.parametrize(
    ("method", "repaid"), [("equal_instalment", "597.01"), ("equal_principal", "600.00")]
)
def test_grace_defers_principal_only(method: str, repaid: str) -> None:
    first, second, third, fourth = lines(method=method, principal_grace=2)
    assert first == second == ("0.00", "12.00", "1200.00")
    assert third[:2] == (repaid, "12.00")
    assert fourth[2] == "0.00"


def test_a_generous_amount_ends_the_schedule_early() -> None:
    assert lines(instalment_override="410.00") == [
        ("398.00", "12.00", "802.00"),
        ("401.98", "8.02", "400.02"),
        ("400.02", "4.00", "0.00"),
    ]
    assert lines(instalment_override="404.00") == [
        ("392.00", "12.00", "808.00"),
        ("395.92", "8.08", "412.08"),
        ("399.88", "4.12", "12.20"),
        ("12.20", "0.12", "0.00"),
    ]
    # What is owed before the third instalment is within the amount, but not with its interest.
    assert lines(instalment_override="407.00")[2:] == [
        ("402.94", "4.06", "3.11"),
        ("3.11", "0.03", "0.00"),
    ]


def test_a_scant_amount_leaves_the_rest_to_the_last() -> None:
    assert lines(instalment_override="12.00")[-1] == ("1200.00", "12.00", "0.00")
    assert lines(instalment_override="112.00")[-1] == ("896.99", "8.97", "0.00")


def test_parts_rounded_up_can_end_early() -> None:
    yen = {"principal": "10", "currency": "JPY", "rounding": "up", "annual_rate_pct": "0"}
    assert [
        principal for principal, *_ in lines(**yen, method="equal_principal", instalments=6)
    ] == [*("2", "2", "2", "2", "2")]


def test_an_instalment_may_be_of_nothing() -> None:
    assert lines(annual_rate_pct="0", method="interest_only")[0] == ("0.00", "0.00", "1200.00")
