"""Business days, and the rules that move a date off a closed day.

The rules are those of the 2006 ISDA Definitions, section 4.12. A calendar is `weekdays` (Monday
to Friday) or a country code known to the `holidays` library, which for China knows the make-up
working weekends (调休) of every year the State Council has published; later years have the fixed
holidays only, so dates far ahead may still move when their year is published.
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from tallystick.kernel.errors import Invalid

if TYPE_CHECKING:
    from holidays import HolidayBase

WEEKDAYS = "weekdays"
# Longer than any run of closed days a calendar holds.
_LONGEST_CLOSURE = 31


class BusinessDayRule(StrEnum):
    NONE = "none"
    FOLLOWING = "following"
    MODIFIED_FOLLOWING = "modified_following"
    PRECEDING = "preceding"
    MODIFIED_PRECEDING = "modified_preceding"


class UnknownCalendar(Invalid):
    title = "Unknown calendar"


class CalendarOutOfRange(Invalid):
    title = "Date outside the calendar"


def check_calendar(calendar: str, *, field: str) -> None:
    """Raise UnknownCalendar unless the calendar is `weekdays` or a known country code."""
    if calendar != WEEKDAYS and not _is_known(calendar):
        raise UnknownCalendar(
            f"no calendar {calendar[:20]!r}; use {WEEKDAYS!r} or a country code like 'CN'",
            field=field,
        )


def is_business_day(day: date, calendar: str) -> bool:
    """Whether banks are open. Raises CalendarOutOfRange for a year the calendar does not hold."""
    if calendar == WEEKDAYS:
        return day.weekday() < 5
    holidays = _country(calendar)
    if not holidays.start_year <= day.year <= holidays.end_year:
        raise CalendarOutOfRange(
            f"calendar {calendar} holds {holidays.start_year} to {holidays.end_year}, not {day}",
            field="calendar",
        )
    return holidays.is_working_day(day)


def moved_to_business_day(day: date, rule: BusinessDayRule, calendar: str) -> date:
    """`day`, or the business day the rule moves it to; a modified rule stays in the month."""
    match rule:
        case BusinessDayRule.NONE:
            return day
        case BusinessDayRule.FOLLOWING | BusinessDayRule.MODIFIED_FOLLOWING:
            step = 1
        case BusinessDayRule.PRECEDING | BusinessDayRule.MODIFIED_PRECEDING:
            step = -1
    moved = _next_open(day, step, calendar)
    if moved.month != day.month and rule in (
        BusinessDayRule.MODIFIED_FOLLOWING,
        BusinessDayRule.MODIFIED_PRECEDING,
    ):
        return _next_open(day, -step, calendar)
    return moved


def _next_open(day: date, step: int, calendar: str) -> date:
    for offset in range(_LONGEST_CLOSURE):
        try:
            candidate = day + timedelta(days=step * offset)
        except OverflowError:
            break
        if is_business_day(candidate, calendar):
            return candidate
    raise CalendarOutOfRange(
        f"calendar {calendar} has no business day within a month of {day}", field="calendar"
    )


def _is_known(calendar: str) -> bool:
    if len(calendar) != 2 or not calendar.isupper():
        return False
    # Imported when first asked for: it takes half a second, and few plans move their dates.
    from holidays.utils import list_supported_countries

    return calendar in list_supported_countries()


@lru_cache(maxsize=16)
def _country(calendar: str) -> HolidayBase:
    # Imported when first asked for: it takes half a second, and few plans move their dates.
    from holidays import country_holidays

    return country_holidays(calendar)
