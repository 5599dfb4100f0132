"""Every way a plan can be wrong, each told by type and field; and no input gets past that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallystick.kernel.exact_json import json_of
from tallystick.loans.plan_json import answer_to
from tests.schedules.plans import PLAN, asked, drawn

MISSING = object()


def row(due_on: object, principal: object, **more: object) -> dict[str, object]:
    return {"due_on": due_on, "principal": principal, **more}


WHOLE = row("2026-02-01", "1500.00")
CUSTOM: dict[str, Any] = {"method": "custom", "instalments": None, "every": None, "unit": None}


@pytest.mark.parametrize("name", PLAN)
def test_a_member_left_out(name: str) -> None:
    error = answer_to(asked(**{name: None}))["error"]
    assert (error["type"], error["field"]) == ("missing_field", name)


@pytest.mark.parametrize(
    ("name", "value", "type_"),
    [
        ("principal", "0", "invalid_plan"),
        ("principal", "0.00", "invalid_plan"),
        ("principal", "-1500.00", "malformed_number"),
        ("principal", "NaN", "malformed_number"),
        ("principal", "1e3", "malformed_number"),
        ("principal", "1500.001", "amount_too_fine"),
        ("principal", "99999999999999999999", "amount_out_of_range"),
        ("principal", 1500.5, "malformed_number"),
        ("principal", True, "malformed_number"),
        ("principal", ["1500.00"], "malformed_number"),
        ("currency", "RMB", "unknown_currency"),
        ("currency", "cny", "unknown_currency"),
        ("currency", 156, "malformed_field"),
        ("annual_rate_pct", "-7", "malformed_number"),
        ("annual_rate_pct", "seven", "malformed_number"),
        ("annual_rate_pct", "1000.1", "rate_out_of_range"),
        ("annual_rate_pct", "7.12345678901", "rate_out_of_range"),
        ("method", "annuity", "malformed_field"),
        ("method", "EQUAL_INSTALMENT", "malformed_field"),
        ("instalments", 0, "invalid_plan"),
        ("instalments", -3, "invalid_plan"),
        ("instalments", 1201, "invalid_plan"),
        ("instalments", 10**30, "invalid_plan"),
        ("instalments", "three", "malformed_field"),
        ("instalments", 2.5, "malformed_field"),
        ("instalments", True, "malformed_field"),
        ("every", 0, "invalid_plan"),
        ("every", 1201, "invalid_plan"),
        ("unit", "fortnights", "malformed_field"),
        ("disbursed_on", "2026-02-30", "malformed_field"),
        ("disbursed_on", "2026-1-1", "malformed_field"),
        ("disbursed_on", "20260101", "malformed_field"),
        ("disbursed_on", "2026-W01-1", "malformed_field"),
        ("disbursed_on", "2026-01-01T00:00:00", "malformed_field"),
        ("disbursed_on", "0000-01-01", "malformed_field"),
        ("disbursed_on", 20260101, "malformed_field"),
        ("first_due_on", "2026-01-01", "invalid_plan"),
        ("first_due_on", "2025-12-31", "invalid_plan"),
        ("day_count", "act/365", "malformed_field"),
        ("rounding", "half_down", "malformed_field"),
        ("principal_grace", 3, "invalid_plan"),
        ("principal_grace", -1, "invalid_plan"),
        ("instalment_override", "0", "invalid_plan"),
        ("instalment_override", "5.001", "amount_too_fine"),
        ("instalment_override", "8.74", "negative_amortisation"),
        ("rows", {}, "malformed_field"),
        ("rows", [WHOLE], "field_not_for_method"),
        ("business_day", "following", "invalid_plan"),
        ("business_day", "next", "malformed_field"),
        ("calendar", "CN", "invalid_plan"),
        ("accrual_dates", "paid", "malformed_field"),
        ("fees", "10.00", "malformed_field"),
        ("installments", 3, "unknown_field"),
        ("", 3, "unknown_field"),
    ],
)
def test_a_member_that_is_wrong(name: str, value: object, type_: str) -> None:
    error = answer_to(asked(**{name: value}))["error"]
    named = {"business_day": "calendar", "calendar": "business_day"}
    field = named.get(name, name) if value in ("following", "CN") else name
    assert (error["type"], error["field"]) == (type_, field)
    assert error["detail"]


@pytest.mark.parametrize(
    ("changes", "type_", "field"),
    [
        ({"disbursed_on": "9999-12-01"}, "date_out_of_range", "instalments"),
        (
            {"method": "single_repayment", "principal_grace": 1},
            "field_not_for_method",
            "principal_grace",
        ),
        (
            {"method": "interest_only", "instalment_override": "5"},
            "field_not_for_method",
            "instalment_override",
        ),
        (CUSTOM, "invalid_plan", "rows"),
        (CUSTOM | {"rows": [WHOLE], "instalments": 2}, "invalid_plan", "instalments"),
        (
            CUSTOM | {"rows": [WHOLE], "first_due_on": "2026-02-01"},
            "field_not_for_method",
            "first_due_on",
        ),
        (CUSTOM | {"rows": [row("2026-02-01", "1499.99")]}, "rows_do_not_sum", "rows"),
        (
            CUSTOM | {"rows": [row("2026-01-01", "1500.00")]},
            "invalid_plan",
            "rows[0].due_on",
        ),
        (
            CUSTOM | {"rows": [WHOLE, row("2026-02-01", "0")]},
            "invalid_plan",
            "rows[1].due_on",
        ),
        (CUSTOM | {"rows": [row("2026-02-01", "-1")]}, "malformed_number", "rows[0].principal"),
        (CUSTOM | {"rows": [WHOLE | {"interest": "-1"}]}, "malformed_number", "rows[0].interest"),
        (CUSTOM | {"rows": [WHOLE | {"fee": "1"}]}, "unknown_field", "rows[0].fee"),
        (CUSTOM | {"rows": [{"principal": "1500.00"}]}, "missing_field", "rows[0].due_on"),
        (CUSTOM | {"rows": ["1500.00"]}, "malformed_field", "rows[0]"),
        (CUSTOM | {"rows": [None]}, "malformed_field", "rows[0]"),
        ({"fees": [{"amount": "1"}]}, "missing_field", "fees[0].on"),
        ({"fees": [{"amount": "0", "on": "2026-01-01"}]}, "invalid_plan", "fees[0].amount"),
        ({"fees": [{"amount": "1", "on": "2025-12-31"}]}, "invalid_plan", "fees[0].on"),
        ({"fees": [{"amount": "1500.00", "on": "2026-01-01"}]}, "invalid_plan", "fees"),
        (
            {"business_day": "following", "calendar": "Utopia"},
            "unknown_calendar",
            "calendar",
        ),
        (
            {"business_day": "following", "calendar": "weekdays", "unit": "days"},
            "due_dates_collide",
            "business_day",
        ),
        (
            {"business_day": "following", "calendar": "CN", "disbursed_on": "2200-01-01"},
            "calendar_out_of_range",
            "calendar",
        ),
        (
            {
                "principal": "92233720368547758.07",
                "method": "single_repayment",
                "annual_rate_pct": "1",
            },
            "amount_out_of_range",
            "principal",
        ),
        (
            {"annual_rate_pct": "36", "instalments": 360, "day_count": "act/365f"},
            "negative_amortisation",
            "instalments",
        ),
    ],
)
def test_members_that_do_not_go_together(changes: dict[str, Any], type_: str, field: str) -> None:
    error = answer_to(asked(**changes))["error"]
    assert (error["type"], error["field"]) == (type_, field)


def test_a_key_given_twice() -> None:
    text = json.dumps(PLAN).replace('"every": 1', '"every": 1, "principal": "9.00"')
    error = answer_to(json_of(text))["error"]
    assert (error["type"], error["field"]) == ("malformed_field", "principal")


@pytest.mark.parametrize("source", [None, 1, "plan", [], [PLAN], True])
def test_what_is_no_object(source: object) -> None:
    error = answer_to(source)["error"]
    assert (error["type"], error["field"]) == ("malformed_field", None)


def test_numbers_may_be_bare_or_quoted() -> None:
    text = json.dumps(PLAN)
    bare = text.replace('"1500.00"', "1500.00").replace('"7"', "7.0")
    quoted = text.replace(": 3,", ': "3",').replace('"every": 1', '"every": "1"')
    assert bare != text != quoted
    assert answer_to(json_of(bare)) == answer_to(json_of(quoted)) == drawn()
    assert answer_to(json_of(text.replace('"1500.00"', "15e2")))["error"]["field"] == "principal"


def test_null_leaves_an_optional_member_out() -> None:
    names = ["first_due_on", "principal_grace", "instalment_override", "rows", "fees"]
    names += ["business_day", "calendar", "accrual_dates"]
    optional = dict.fromkeys(names)
    assert answer_to(PLAN | optional) == drawn() == answer_to(PLAN | {"rows": [], "fees": []})


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["2026-02-01", "9999-12-31", "custom", "CN", "1", "0", "following", "JPY"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from([*PLAN, "first_due_on", "principal_grace", "instalment_override", "rows"])
        | st.sampled_from(["business_day", "calendar", "accrual_dates", "fees"]),
        JSON,
        min_size=1,
        max_size=4,
    )
)
@example({"instalments": 1200, "every": 1200, "unit": "years"})
@example({"principal": "0.01", "instalments": 1200})
@example({"principal": "0.01", "rounding": "up", "annual_rate_pct": "1000", "instalments": 1200})
def test_anything_is_answered_by_a_schedule_or_an_error(changes: dict[str, Any]) -> None:
    answer = answer_to(PLAN | changes)
    assert json.loads(json.dumps(answer)) == answer
    if "error" in answer:
        assert answer["error"].keys() == {"type", "detail", "field"}
    else:
        assert answer.keys() == {"instalments", "total_interest", "apr_pct", "ear_pct"}
        assert float(answer["instalments"][-1]["balance"]) == 0
