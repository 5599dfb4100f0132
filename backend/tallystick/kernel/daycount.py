"""Day counts: what part of a year lies between two dates, as a whole number of equal parts.

| name     | a year is        | source (2006 ISDA Definitions, section 4.16)                     |
|----------|------------------|------------------------------------------------------------------|
| 30/360   | 360 parts        | (g) 30E/360: every month 30 days, the 31st counts as the 30th    |
| act/360  | 360 parts        | (e) Actual/360                                                   |
| act/365f | 365 parts        | (d) Actual/365 (Fixed)                                           |
| act/act  | 365 * 366 parts  | (b) Actual/Actual (ISDA): leap-year days / 366 + other days / 365 |

30/360 levels the lengths of months, so it speaks of periods stated in months or years. A period
stated in weeks or days has no month to level: its days are counted as they are, over 360.

Every rule is a difference of positions on a line, so the parts of adjacent periods add up.
"""

from __future__ import annotations

from calendar import isleap
from datetime import date
from enum import StrEnum

from tallystick.kernel.calendar import Unit


class DayCount(StrEnum):
    THIRTY_360 = "30/360"
    ACT_360 = "act/360"
    ACT_365F = "act/365f"
    ACT_ACT = "act/act"


PARTS_OF_YEAR: dict[DayCount, int] = {
    DayCount.THIRTY_360: 360,
    DayCount.ACT_360: 360,
    DayCount.ACT_365F: 365,
    DayCount.ACT_ACT: 365 * 366,
}


def parts_between(start: date, end: date, day_count: DayCount, unit: Unit = Unit.MONTHS) -> int:
    """Parts of a year from `start` to `end`; over PARTS_OF_YEAR[day_count] it is the fraction.

    `unit` is what the period is stated in; only 30/360 asks.
    """
    if day_count is DayCount.THIRTY_360 and unit in (Unit.MONTHS, Unit.YEARS):
        return _position_30e(end) - _position_30e(start)
    if day_count is DayCount.ACT_ACT:
        return _position_act_act(end) - _position_act_act(start)
    return end.toordinal() - start.toordinal()


def _position_30e(day: date) -> int:
    return 360 * day.year + 30 * day.month + min(day.day, 30)


def _position_act_act(day: date) -> int:
    days_into_year = day.toordinal() - date(day.year, 1, 1).toordinal()
    parts_of_day = 365 if isleap(day.year) else 366
    return 365 * 366 * day.year + parts_of_day * days_into_year
