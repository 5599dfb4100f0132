"""The annualised all-in cost against published examples and closed forms."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tallystick.loans.plan_json import answer_to
from tests.schedules.plans import asked, drawn


def row(due_on: str, principal: str, interest: str) -> dict[str, str]:
    return {"due_on": due_on, "principal": principal, "interest": interest}


@pytest.mark.parametrize(
    ("rows", "fee", "ear_pct"),
    [
        ([row("1995-07-01", "1000", "200")], None, "12.92"),
        ([row("1995-07-01", "1000", "200")], "50", "16.85"),
        ([row("1995-01-01", "500", "100"), row("1996-01-01", "500", "100")], None, "13.07"),
        (
            [
                row("1994-04-01", "272", "0"),
                row("1994-07-01", "272", "0"),
                row("1995-01-01", "456", "88"),
            ],
            None,
            "13.19",
        ),
    ],
)
def test_consumer_credit_directive_examples(
    rows: list[dict[str, str]], fee: str | None, ear_pct: str
) -> None:
    """Directive 98/7/EC, annex III, part B (standard year of 12 equal months), examples 1 to 4."""
    answer = drawn(
        principal="1000.00",
        currency="EUR",
        annual_rate_pct="0",
        method="custom",
        instalments=None,
        disbursed_on="1994-01-01",
        rows=rows,
        fees=fee and [{"amount": fee, "on": "1994-01-01"}],
    )
    assert Decimal(answer["ear_pct"]).quantize(Decimal("0.01")) == Decimal(ear_pct)


def test_consumer_credit_directive_example_by_days() -> None:
    """The same, part A (calendar basis): 1,200 after 546 days is 12.96 %."""
    answer = drawn(
        principal="1000.00",
        annual_rate_pct="0",
        method="custom",
        instalments=None,
        unit="days",
        disbursed_on="1994-01-01",
        rows=[row("1995-07-01", "1000", "200")],
    )
    assert Decimal(answer["ear_pct"]).quantize(Decimal("0.01")) == Decimal("12.96")


@pytest.mark.parametrize(
    ("changes", "apr_pct", "ear_pct"),
    [
        # (1 + 12 % / p) ** p for p periods a year
        ({"method": "interest_only"}, "12.0000", "12.6825"),
        ({"method": "interest_only", "every": 3}, "12.0000", "12.5509"),
        ({"method": "interest_only", "unit": "years"}, "12.0000", "12.0000"),
        ({"method": "interest_only", "unit": "years", "every": 2}, "12.0000", "11.3553"),
        ({"method": "equal_principal"}, "12.0000", "12.6825"),
        # Simple interest over the whole term, stated simply.
        ({"method": "single_repayment", "instalments": 6}, "12.0000", "12.3600"),
        ({"method": "single_repayment", "instalments": 12}, "12.0000", "12.0000"),
        ({"method": "single_repayment", "instalments": 24}, "12.0000", "11.3553"),
        # A week is 7/365 of a year, and 30/360 counts its days over 360.
        ({"unit": "weeks", "method": "interest_only"}, "12.1667", None),
        (
            {"unit": "weeks", "method": "interest_only", "day_count": "act/365f"},
            "12.0000",
            "12.7341",
        ),
        ({"annual_rate_pct": "0"}, "0.0000", "0.0000"),
        ({"annual_rate_pct": "0", "method": "interest_only"}, "0.0000", "0.0000"),
    ],
)
def test_closed_forms(changes: dict[str, object], apr_pct: str, ear_pct: str | None) -> None:
    base = {"principal": "36500000.00", "annual_rate_pct": "12", "instalments": 12}
    answer = drawn(**base | changes)
    assert answer["apr_pct"] == apr_pct
    assert answer["ear_pct"] == (ear_pct or answer["ear_pct"])


def test_level_instalments_at_12_pct() -> None:
    answer = drawn(principal="1000000.00", annual_rate_pct="12", instalments=12)
    assert (answer["apr_pct"], answer["ear_pct"]) == ("12.0000", "12.6825")


def test_fees_count_and_change_no_instalment() -> None:
    free = drawn()
    charged = drawn(fees=[{"amount": "1.00", "on": "2026-01-01"}])
    assert charged["instalments"] == free["instalments"]
    assert Decimal(charged["apr_pct"]) > Decimal(free["apr_pct"])
    later = drawn(fees=[{"amount": "1.00", "on": "2026-03-01"}])
    assert Decimal(free["ear_pct"]) < Decimal(later["ear_pct"]) < Decimal(charged["ear_pct"])
    interest_free = drawn(annual_rate_pct="0", fees=[{"amount": "1.00", "on": "2026-01-01"}])
    assert Decimal(interest_free["ear_pct"]) > 0


def test_a_fee_as_good_as_the_principal_is_still_solved() -> None:
    answer = drawn(fees=[{"amount": "1000.00", "on": "2026-01-01"}])
    assert Decimal(answer["ear_pct"]) > 10**4


def test_a_rate_far_from_the_agreed_interest_is_still_solved() -> None:
    answer = drawn(
        method="custom",
        instalments=None,
        annual_rate_pct="1000",
        rows=[row("2126-01-01", "1500.00", "0.01")],
    )
    assert (answer["apr_pct"], answer["ear_pct"]) == ("0.0000", "0.0000")


def test_a_cost_beyond_reason_is_refused() -> None:
    rows = [row("2026-01-02", "1500.00", "1500.00")]
    answer = answer_to(asked(method="custom", instalments=None, rows=rows))
    assert answer["error"]["type"] == "cost_out_of_range"
