"""What holds of every schedule, whatever the plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import assume, given
from hypothesis import strategies as st

from tallystick.kernel.calendar import Unit
from tallystick.kernel.daycount import DayCount, parts_between
from tallystick.loans.amortisation import NegativeAmortisation, level_amount
from tallystick.loans.annualised import CostOutOfRange, annualised_cost
from tallystick.loans.periods import periods_of
from tallystick.loans.plan import Method, Plan
from tallystick.loans.schedule import Schedule, schedule_of
from tests.schedules import oracle
from tests.schedules.plans import DATES, drawn, plans

_NO_LEVEL_AMOUNT = [Method.INTEREST_ONLY, Method.SINGLE_REPAYMENT, Method.EQUAL_PRINCIPAL]


def _schedule_or_skip(plan: Plan) -> Schedule:
    try:
        return schedule_of(plan)
    except NegativeAmortisation:
        assume(False)
        raise


@given(plans())
def test_equals_the_rules_written_in_fractions(plan: Plan) -> None:
    try:
        expected = oracle.parts(plan)
    except oracle.DebtWouldGrow:
        with pytest.raises(NegativeAmortisation):
            schedule_of(plan)
        return
    schedule = schedule_of(plan)
    assert [(i.principal_minor, i.interest_minor) for i in schedule.instalments] == expected
    due_on = [instalment.due_on for instalment in schedule.instalments]
    assert due_on == oracle.due_dates(plan)[: len(due_on)]


@given(plans())
def test_repays_the_principal_in_order_and_to_nothing(plan: Plan) -> None:
    schedule = _schedule_or_skip(plan)
    lines = schedule.instalments
    assert sum(line.principal_minor for line in lines) == plan.principal_minor
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    days = [plan.disbursed_on, *(line.due_on for line in lines)]
    assert all(before < after for before, after in pairwise(days))
    assert all(line.principal_minor >= 0 and line.interest_minor >= 0 for line in lines)
    balances = [plan.principal_minor, *schedule.balances_minor]
    assert all(before >= after for before, after in pairwise(balances))
    assert balances[-1] == 0
    if plan.method is not Method.CUSTOM:
        assert balances[-2] > 0, "nothing is scheduled after the loan is repaid"


@given(plans(instalments_max=120))
def test_the_exact_level_amount_brings_the_balance_to_exactly_zero(plan: Plan) -> None:
    periods = periods_of(plan)
    amount = Fraction(
        *level_amount(plan.principal_minor, periods.rate_numerators, periods.rate_denominator)
    )
    balance = Fraction(plan.principal_minor)
    for numerator in periods.rate_numerators:
        balance += balance * Fraction(numerator, periods.rate_denominator) - amount
    assert balance == 0


@given(plans(methods=[Method.EQUAL_INSTALMENT]))
def test_all_instalments_are_level_but_the_last_whose_residue_is_bounded(plan: Plan) -> None:
    plan = replace(plan, instalment_override_minor=None)
    lines = _schedule_or_skip(plan).instalments
    assume(len(lines) == plan.instalments)
    rates = oracle.period_rates(plan)
    level = oracle.level_amount(plan.principal_minor, rates[plan.principal_grace :])
    amortising = lines[plan.principal_grace :]
    assert {line.total_minor for line in amortising[:-1]} <= {oracle.rounded(level, plan.rounding)}
    # Each line errs by under one unit in its amount and one in its interest, and both errors
    # then grow with the balance.
    growth, bound = Fraction(1), Fraction(0)
    for rate in reversed(rates[plan.principal_grace :]):
        bound += 2 * growth
        growth *= 1 + rate
    assert abs(amortising[-1].total_minor - level) <= bound


@given(DATES, DATES, DATES, st.sampled_from(DayCount), st.sampled_from(Unit))
def test_a_period_cut_in_two_counts_the_same(
    a: date, b: date, c: date, day_count: DayCount, unit: Unit
) -> None:
    start, middle, end = sorted([a, b, c])
    whole = parts_between(start, end, day_count, unit)
    first = parts_between(start, middle, day_count, unit)
    assert whole == first + parts_between(middle, end, day_count, unit)


@given(plans())
def test_discounting_at_the_annualised_cost_gives_the_principal(plan: Plan) -> None:
    schedule = _schedule_or_skip(plan)
    try:
        cost = annualised_cost(schedule)
    except CostOutOfRange:
        assume(False)
        raise
    assume(schedule.total_interest_minor > 0)
    half_step = Decimal("0.00005001")
    with localcontext(prec=60):
        years = {line.due_on: _years(plan, line.due_on) for line in schedule.instalments}
        worth = {
            pct: sum(
                line.total_minor / (1 + pct / 100) ** years[line.due_on]
                for line in schedule.instalments
            )
            for pct in (cost.ear_pct - half_step, cost.ear_pct + half_step)
        }
    below, above = worth.values()
    assert above <= plan.principal_minor <= below
    assert cost.apr_pct > 0 or cost.ear_pct < Decimal("0.001")


def _years(plan: Plan, on: date) -> Decimal:
    if plan.unit in ("weeks", "days"):
        return Decimal((on - plan.disbursed_on).days) / 365
    months = 0
    while plan.disbursed_on + relativedelta(months=months + 1) <= on:
        months += 1
    left_over = on - (plan.disbursed_on + relativedelta(months=months))
    return Decimal(months) / 12 + Decimal(left_over.days) / 365


@given(plans(methods=_NO_LEVEL_AMOUNT), st.data())
def test_a_higher_rate_costs_no_less(plan: Plan, data: st.DataObject) -> None:
    more = data.draw(st.integers(0, 10_000), label="more")
    dearer = replace(plan, annual_rate_pct=plan.annual_rate_pct + Decimal(more).scaleb(-4))
    cheap, dear = schedule_of(plan), schedule_of(dearer)
    pairs = zip(cheap.instalments, dear.instalments, strict=True)
    assert all(a.interest_minor <= b.interest_minor for a, b in pairs)


@pytest.mark.parametrize("day_count", DayCount)
@pytest.mark.parametrize("instalments", [360, 1200])
def test_long_plans_are_still_exact(day_count: DayCount, instalments: int) -> None:
    answer = drawn(
        principal="100000.00",
        annual_rate_pct="2.9876543211",
        instalments=instalments,
        unit="weeks",
        day_count=day_count.value,
        disbursed_on="2024-02-29",
    )
    assert len(answer["instalments"]) == instalments
    assert answer["instalments"][-1]["balance"] == "0.00"
