"""Plans for the tests: one to vary, strategies that draw any, and a way to ask for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from tallystick.kernel.calendar import Unit
from tallystick.kernel.daycount import DayCount
from tallystick.kernel.rounding import Rounding
from tallystick.loans.plan import CustomRow, Method, Plan
from tallystick.loans.plan_json import answer_to

PLAN: dict[str, Any] = {
    "principal": "1500.00",
    "currency": "CNY",
    "annual_rate_pct": "7",
    "method": "equal_instalment",
    "instalments": 3,
    "every": 1,
    "unit": "months",
    "disbursed_on": "2026-01-01",
    "day_count": "30/360",
    "rounding": "half_even",
}


def asked(**changes: Any) -> dict[str, Any]:
    """PLAN with changes; a change to None leaves the member out."""
    return {name: value for name, value in (PLAN | changes).items() if value is not None}


def drawn(**changes: Any) -> dict[str, Any]:
    """The answer to a plan that must lead to a schedule."""
    answer = answer_to(asked(**changes))
    assert "error" not in answer, answer
    return answer


def cells(answer: dict[str, Any], name: str) -> list[Decimal]:
    """One column of an answer's instalments."""
    return [Decimal(instalment[name]) for instalment in answer["instalments"]]


DATES = st.dates(min_value=date(1990, 1, 1), max_value=date(2060, 12, 31))


@st.composite
def plans(
    draw: st.DrawFn, *, methods: Sequence[Method] = tuple(Method), instalments_max: int = 40
) -> Plan:
    """Any plan a lender might state, tiny and odd ones included."""
    method = draw(st.sampled_from(methods))
    disbursed_on = draw(DATES)
    principal_minor = draw(st.one_of(st.integers(1, 2000), st.integers(1, 10**10)))
    instalments = draw(st.integers(1, instalments_max))
    rows: tuple[CustomRow, ...] = ()
    first_due_on = None
    has_grace = method in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL)
    if method is Method.CUSTOM:
        rows = draw(_rows(disbursed_on, principal_minor, min(instalments, 12)))
        instalments = len(rows)
    elif draw(st.booleans()):
        first_due_on = disbursed_on + timedelta(days=draw(st.integers(1, 120)))
    return Plan(
        principal_minor=principal_minor,
        currency=draw(st.sampled_from(["CNY", "JPY", "KWD"])),
        annual_rate_pct=Decimal(draw(st.integers(0, 360_000))).scaleb(-4),
        method=method,
        instalments=instalments,
        every=draw(st.integers(1, 4)),
        unit=draw(st.sampled_from(Unit)),
        disbursed_on=disbursed_on,
        day_count=draw(st.sampled_from(DayCount)),
        rounding=draw(st.sampled_from(Rounding)),
        first_due_on=first_due_on,
        principal_grace=draw(st.integers(0, instalments - 1)) if has_grace else 0,
        instalment_override_minor=draw(_overrides(principal_minor, instalments))
        if method is Method.EQUAL_INSTALMENT
        else None,
        rows=rows,
    )


def _overrides(principal_minor: int, instalments: int) -> st.SearchStrategy[int | None]:
    """None, or an agreed level amount: scant, about right, or generous enough to end early."""
    about_minor = principal_minor // instalments + 1
    return st.none() | st.integers(about_minor, 4 * about_minor) | st.integers(1, principal_minor)


@st.composite
def _rows(
    draw: st.DrawFn, disbursed_on: date, principal_minor: int, count: int
) -> tuple[CustomRow, ...]:
    cuts = sorted(draw(st.integers(0, principal_minor)) for _ in range(count - 1))
    edges = [0, *cuts, principal_minor]
    due_on = disbursed_on
    rows = []
    for before, after in pairwise(edges):
        due_on += timedelta(days=draw(st.integers(1, 400)))
        interest_minor = draw(st.one_of(st.none(), st.integers(0, principal_minor)))
        rows.append(CustomRow(due_on, after - before, interest_minor))
    return tuple(rows)
