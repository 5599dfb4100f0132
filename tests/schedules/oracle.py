"""The rules of a schedule written a second time, slowly and in fractions, to compare with.

Day by day where the product counts positions, by the definition of present value where it
multiplies out, with another library's calendar arithmetic.
"""

from __future__ import annotations

from calendar import isleap
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor

from dateutil.relativedelta import relativedelta

from tallystick.loans.plan import Plan


class DebtWouldGrow(Exception):
    """The level amount does not cover an instalment's interest."""


def rounded(value: Fraction, rounding: str) -> int:
    assert value >= 0
    if rounding == "half_even":
        return round(value)
    return {"half_up": floor(value + Fraction(1, 2)), "up": ceil(value), "down": floor(value)}[
        rounding
    ]


def year_fraction(start: date, end: date, day_count: str, unit: str) -> Fraction:
    days = (end - start).days
    if day_count == "act/365f":
        return Fraction(days, 365)
    if day_count == "act/act":
        passed = [start + timedelta(days=k) for k in range(days)]
        leap = sum(isleap(day.year) for day in passed)
        return Fraction(leap, 366) + Fraction(days - leap, 365)
    if day_count == "30/360" and unit in ("months", "years"):
        day1, day2 = (30 if day == 31 else day for day in (start.day, end.day))
        months = (end.year - start.year) * 12 + end.month - start.month
        return Fraction(months * 30 + day2 - day1, 360)
    return Fraction(days, 360)


def due_dates(plan: Plan) -> list[date]:
    if plan.rows:
        return [row.due_on for row in plan.rows]
    steps = [_step(plan.unit, plan.every * k) for k in range(plan.instalments + 1)]
    if plan.first_due_on is None:
        dates = [plan.disbursed_on + step for step in steps[1:]]
    else:
        dates = [plan.first_due_on + step for step in steps[:-1]]
    return dates[-1:] if plan.method == "single_repayment" else dates


def _step(unit: str, count: int) -> relativedelta:
    return {
        "days": relativedelta(days=count),
        "weeks": relativedelta(weeks=count),
        "months": relativedelta(months=count),
        "years": relativedelta(years=count),
    }[unit]


def period_rates(plan: Plan) -> list[Fraction]:
    return [
        Fraction(plan.annual_rate_pct) / 100 * year_fraction(start, end, plan.day_count, plan.unit)
        for start, end in pairwise([plan.disbursed_on, *due_dates(plan)])
    ]


def level_amount(principal: int, rates: list[Fraction]) -> Fraction:
    discount, annuity = Fraction(1), Fraction(0)
    for rate in rates:
        discount /= 1 + rate
        annuity += discount
    return principal / annuity


def parts(plan: Plan) -> list[tuple[int, int]]:
    """(principal, interest) of every instalment, in minor units. Raises DebtWouldGrow."""
    rates = period_rates(plan)
    grace, balance = plan.principal_grace, plan.principal_minor
    level = plan.instalment_override_minor
    if plan.method == "equal_instalment" and level is None:
        level = rounded(level_amount(balance, rates[grace:]), plan.rounding)
    share = rounded(Fraction(balance, len(rates) - grace), plan.rounding)
    drawn: list[tuple[int, int]] = []
    for k, rate in enumerate(rates):
        interest = rounded(balance * rate, plan.rounding)
        if plan.rows:
            principal = plan.rows[k].principal_minor
            agreed = plan.rows[k].interest_minor
            interest = interest if agreed is None else agreed
        elif k == len(rates) - 1:
            principal = balance
        elif k < grace or plan.method == "interest_only":
            principal = 0
        elif plan.method == "equal_principal":
            principal = min(share, balance)
        else:
            assert level is not None
            principal = min(level - interest, balance)
            if principal < 0:
                raise DebtWouldGrow
        drawn.append((principal, interest))
        balance -= principal
        if balance == 0 and not plan.rows:
            break
    return drawn
