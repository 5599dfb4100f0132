"""The periods of a plan: when each instalment falls due and the exact rate it bears."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from tallystick.kernel.business_days import BusinessDayRule, moved_to_business_day
from tallystick.kernel.calendar import DateOutOfRange, date_after
from tallystick.kernel.daycount import PARTS_OF_YEAR, parts_between
from tallystick.kernel.errors import Invalid
from tallystick.loans.plan import AccrualDates, Method, Plan


class DueDatesCollide(Invalid):
    title = "Due dates collide"


@dataclass(frozen=True, slots=True)
class Periods:
    """Period k ends on `due_on[k]` and bears `rate_numerators[k] / rate_denominator`, exactly."""

    due_on: tuple[date, ...]
    rate_numerators: tuple[int, ...]
    rate_denominator: int


def periods_of(plan: Plan) -> Periods:
    """Due dates counted from the start, never from one another, with day-counted period rates.

    Raises DateOutOfRange beyond the year 9999 and DueDatesCollide when the business-day rule
    moves two dates onto one or the first onto the disbursement.
    """
    scheduled = _scheduled_dates(plan)
    due_on = scheduled
    if plan.business_day is not BusinessDayRule.NONE and plan.calendar is not None:
        due_on = [moved_to_business_day(day, plan.business_day, plan.calendar) for day in scheduled]
        for before, day in pairwise([plan.disbursed_on, *due_on]):
            if day <= before:
                raise DueDatesCollide(
                    f"{plan.business_day} on calendar {plan.calendar} leaves no period between "
                    f"{before} and {day}; use longer periods or another rule",
                    field="business_day",
                )
    counted = due_on if plan.accrual_dates is AccrualDates.MOVED else scheduled
    rate_numerator, rate_scale = plan.annual_rate_pct.as_integer_ratio()
    return Periods(
        due_on=tuple(due_on),
        rate_numerators=tuple(
            rate_numerator * parts_between(start, end, plan.day_count, plan.unit)
            for start, end in pairwise([plan.disbursed_on, *counted])
        ),
        rate_denominator=100 * rate_scale * PARTS_OF_YEAR[plan.day_count],
    )


def _scheduled_dates(plan: Plan) -> list[date]:
    if plan.method is Method.CUSTOM:
        return [row.due_on for row in plan.rows]
    start, first = plan.disbursed_on, 1
    if plan.first_due_on is not None:
        start, first = plan.first_due_on, 0
    times = range(first, first + plan.instalments)
    try:
        if plan.method is Method.SINGLE_REPAYMENT:
            return [date_after(start, plan.every, plan.unit, times[-1])]
        return [date_after(start, plan.every, plan.unit, k) for k in times]
    except DateOutOfRange as error:
        error.field = "instalments"
        raise
