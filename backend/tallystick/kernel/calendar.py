"""Dates at regular intervals, counted from their start: a short month shortens only itself."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from enum import StrEnum

from tallystick.kernel.errors import Invalid


class Unit(StrEnum):
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


class DateOutOfRange(Invalid):
    title = "Date out of range"


def date_after(start: date, every: int, unit: Unit, times: int) -> date:
    """The date `times` intervals of `every` units after `start`.

    Months and years keep the day of `start` or, in a shorter month, end with it: one month after
    31 January is the last of February, two months after is 31 March. Raises DateOutOfRange.
    """
    count = every * times
    try:
        if unit is Unit.DAYS:
            return start + timedelta(days=count)
        if unit is Unit.WEEKS:
            return start + timedelta(weeks=count)
        months = count if unit is Unit.MONTHS else 12 * count
        year, month0 = divmod(12 * start.year + start.month - 1 + months, 12)
        if start.day <= 28:
            return date(year, month0 + 1, start.day)
        return date(year, month0 + 1, min(start.day, monthrange(year, month0 + 1)[1]))
    except (ValueError, OverflowError):
        raise DateOutOfRange(
            f"{count} {unit} after {start} is beyond the year 9999; use fewer or shorter periods"
        ) from None


def months_and_days(start: date, end: date) -> tuple[int, int]:
    """Whole months from `start` to a later `end`, and the days left over."""
    months = 12 * (end.year - start.year) + end.month - start.month
    reached = date_after(start, 1, Unit.MONTHS, months)
    if reached > end:
        months -= 1
        reached = date_after(start, 1, Unit.MONTHS, months)
    return months, (end - reached).days
