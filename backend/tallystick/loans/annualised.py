"""Annualised all-in cost: what a loan costs a year, everything counted.

The dated cash flows have one internal rate of return, the effective annual rate X that solves

    principal = sum of (instalment or fee) / (1 + X) ** t

with t in years from the disbursement (Directive 2008/48/EC, annex I): a calendar month is 1/12 of a
year whatever its length (remark (c)), and the days left over after whole months are 1/365 each. A
plan stated in weeks or days counts days over 365 throughout.

`ear_pct` is X, compound. `apr_pct` is the same return stated simply: the rate of one period times
the periods in a year, p * ((1 + X) ** (1 / p) - 1). The period is the plan's interval, and for a
single repayment the whole term, so that there simple interest reads as it was agreed. The People's
Bank of China, notice 〔2021〕3, lets a lender state either, counting every charge made to the
borrower against the principal really had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

from tallystick.kernel.calendar import Unit, months_and_days
from tallystick.kernel.errors import Invalid
from tallystick.loans.plan import Method, Plan
from tallystick.loans.schedule import Schedule

PCT_DECIMALS = Decimal("0.0001")
# Above this a figure is no information: a yen of interest on a yen for a day.
MAX_COST_PCT = Decimal(10) ** 15
_CONTEXT = Context(prec=50, rounding=ROUND_HALF_EVEN)
# A rate that is exact in decimals must not be tipped off a tie by the last digit of the solver.
_SOLVED_DECIMALS = Decimal("1e-15")
_CLOSE_ENOUGH = Decimal("1e-20")
_MOST_STEPS = 500


class CostOutOfRange(Invalid):
    title = "Annualised cost out of range"


@dataclass(frozen=True, slots=True)
class AnnualisedCost:
    """Per cent a year with four decimals: `apr_pct` simple, `ear_pct` compound."""

    apr_pct: Decimal
    ear_pct: Decimal


@dataclass(frozen=True, slots=True)
class _Flow:
    """An amount paid `months` / 12 + `days` / 365 years after the disbursement."""

    amount: Decimal
    months: int
    days: int
    years: Decimal


def annualised_cost(schedule: Schedule) -> AnnualisedCost:
    """What the instalments and fees cost a year. Raises CostOutOfRange beyond 10^15 per cent."""
    plan = schedule.plan
    with localcontext(_CONTEXT):
        flows = [
            _flow(plan, instalment.total_minor, instalment.due_on)
            for instalment in schedule.instalments
            if instalment.total_minor
        ] + [_flow(plan, fee.amount_minor, fee.on) for fee in plan.fees]
        if sum(flow.amount for flow in flows) == plan.principal_minor:
            return AnnualisedCost(PCT_DECIMALS * 0, PCT_DECIMALS * 0)
        years_per_period = _years_per_period(schedule)
        per_period = plan.annual_rate_pct / 100 * years_per_period
        log_rate = _solve(
            flows, Decimal(plan.principal_minor), guess=(1 + per_period).ln() / years_per_period
        )
        return AnnualisedCost(
            apr_pct=_as_pct(((log_rate * years_per_period).exp() - 1) / years_per_period),
            ear_pct=_as_pct(log_rate.exp() - 1),
        )


def _solve(flows: Sequence[_Flow], principal: Decimal, guess: Decimal) -> Decimal:
    """The log-rate x at which the flows, discounted by exp(-x t), are worth the principal.

    Their worth falls with x and is convex, so after Newton's first step every point lies at or
    below the root and climbs towards it: no bracket is needed, none is left. The root is not
    negative, for the flows sum to more than the principal; holding x there keeps a far guess sane.
    """
    log_rate = guess
    for _ in range(_MOST_STEPS):
        worth, slope = _worth_and_slope(flows, log_rate)
        nearer = max(log_rate + (worth - principal) / slope, Decimal(0))
        if abs(nearer - log_rate) < _CLOSE_ENOUGH:
            return nearer
        log_rate = nearer
    raise CostOutOfRange("the annualised cost of this plan cannot be stated", field="principal")


def _worth_and_slope(flows: Sequence[_Flow], log_rate: Decimal) -> tuple[Decimal, Decimal]:
    by_month, by_day = (-log_rate / 12).exp(), (-log_rate / 365).exp()
    months, months_discount = 0, Decimal(1)
    days_discounts: dict[int, Decimal] = {0: Decimal(1)}
    month_steps: dict[int, Decimal] = {}
    worth = slope = Decimal(0)
    for flow in flows:
        if ahead := flow.months - months:
            if ahead not in month_steps:
                month_steps[ahead] = by_month**ahead
            months_discount *= month_steps[ahead]
            months = flow.months
        if flow.days not in days_discounts:
            days_discounts[flow.days] = by_day**flow.days
        discounted = flow.amount * months_discount * days_discounts[flow.days]
        worth += discounted
        slope += discounted * flow.years
    return worth, slope


def _flow(plan: Plan, amount_minor: int, on: date) -> _Flow:
    if plan.unit in (Unit.MONTHS, Unit.YEARS):
        months, days = months_and_days(plan.disbursed_on, on)
    else:
        months, days = 0, (on - plan.disbursed_on).days
    years = Decimal(months) / 12 + Decimal(days) / 365
    return _Flow(Decimal(amount_minor), months, days, years)


def _years_per_period(schedule: Schedule) -> Decimal:
    plan = schedule.plan
    if plan.method is Method.SINGLE_REPAYMENT:
        return _flow(plan, 0, schedule.instalments[-1].due_on).years
    match plan.unit:
        case Unit.YEARS:
            return Decimal(plan.every)
        case Unit.MONTHS:
            return Decimal(plan.every) / 12
        case Unit.WEEKS:
            return Decimal(plan.every * 7) / 365
        case Unit.DAYS:
            return Decimal(plan.every) / 365


def _as_pct(rate: Decimal) -> Decimal:
    pct = rate * 100
    if pct > MAX_COST_PCT:
        raise CostOutOfRange(
            f"this plan costs over {MAX_COST_PCT:.0E} per cent a year; check its amounts and dates",
            field="principal",
        )
    return pct.quantize(_SOLVED_DECIMALS).quantize(PCT_DECIMALS)
