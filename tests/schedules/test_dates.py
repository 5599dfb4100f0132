"""Due dates, day counts and business days against the calendar and public rules."""

from __future__ import annotations

from datetime import date

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from tallystick.kernel.business_days import (
    BusinessDayRule,
    CalendarOutOfRange,
    UnknownCalendar,
    check_calendar,
    is_business_day,
    moved_to_business_day,
)
from tallystick.kernel.calendar import DateOutOfRange, Unit, date_after, months_and_days
from tallystick.kernel.daycount import DayCount, parts_between
from tests.schedules.plans import DATES, cells, drawn


def due_dates(**changes: object) -> list[str]:
    return [instalment["due_on"] for instalment in drawn(**changes)["instalments"]]


def test_a_short_month_shortens_only_itself() -> None:
    dates = due_dates(disbursed_on="2026-01-31", instalments=5)
    assert dates == ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]


def test_a_leap_day_comes_back_in_leap_years() -> None:
    dates = due_dates(disbursed_on="2024-02-29", instalments=4, unit="years")
    assert dates == ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


def test_dates_count_from_the_first_due_date_when_given() -> None:
    dates = due_dates(disbursed_on="2026-01-15", first_due_on="2026-03-31", every=2, instalments=3)
    assert dates == ["2026-03-31", "2026-05-31", "2026-07-31"]


def test_a_long_first_period_bears_its_own_interest() -> None:
    changes = {"principal": "36000.00", "annual_rate_pct": "10", "method": "interest_only"}
    long = drawn(disbursed_on="2026-01-10", first_due_on="2026-03-01", **changes)
    assert [str(amount) for amount in cells(long, "interest")] == ["510.00", "300.00", "300.00"]
    counted = drawn(
        disbursed_on="2026-01-10", first_due_on="2026-03-01", day_count="act/360", **changes
    )
    assert [str(amount) for amount in cells(counted, "interest")] == ["500.00", "310.00", "300.00"]


@given(DATES, st.integers(1, 30), st.integers(0, 60))
def test_months_and_years_as_another_library_counts_them(d: date, every: int, times: int) -> None:
    count = every * times
    assert date_after(d, every, Unit.MONTHS, times) == d + relativedelta(months=count)
    assert date_after(d, every, Unit.YEARS, times) == d + relativedelta(years=count)
    assert date_after(d, every, Unit.WEEKS, times) == d + relativedelta(weeks=count)
    assert date_after(d, every, Unit.DAYS, times) == d + relativedelta(days=count)


@pytest.mark.parametrize("unit", Unit)
def test_the_calendar_ends(unit: Unit) -> None:
    with pytest.raises(DateOutOfRange):
        date_after(date(9999, 6, 1), 1200, unit, 1200)


@given(DATES, st.integers(0, 20_000))
def test_months_and_days_lead_back(start: date, days: int) -> None:
    end = date_after(start, 1, Unit.DAYS, days)
    months, left = months_and_days(start, end)
    assert date_after(date_after(start, 1, Unit.MONTHS, months), 1, Unit.DAYS, left) == end
    assert 0 <= left <= 31


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        # 30E/360: ISDA, "30/360 day count conventions", the examples that tell the rules apart.
        (date(2007, 1, 15), date(2007, 1, 30), 15),
        (date(2007, 1, 15), date(2007, 2, 15), 30),
        (date(2007, 9, 30), date(2008, 3, 31), 180),
        (date(2007, 9, 30), date(2007, 10, 31), 30),
        (date(2007, 1, 15), date(2007, 1, 31), 15),
        (date(2007, 1, 31), date(2007, 2, 28), 28),
        (date(2007, 2, 28), date(2007, 3, 31), 32),
        (date(2006, 8, 31), date(2007, 2, 28), 178),
        (date(2007, 2, 28), date(2007, 8, 31), 182),
        (date(2007, 2, 26), date(2008, 2, 29), 363),
        (date(2008, 2, 29), date(2009, 2, 28), 359),
        (date(2008, 2, 28), date(2008, 3, 30), 32),
        (date(2008, 2, 28), date(2008, 3, 31), 32),
    ],
)
def test_30e_360(start: date, end: date, days: int) -> None:
    assert parts_between(start, end, DayCount.THIRTY_360) == days


def test_30_360_counts_the_days_of_weeks_as_they_are() -> None:
    assert parts_between(date(2024, 1, 29), date(2024, 2, 12), DayCount.THIRTY_360) == 13
    counted = parts_between(date(2024, 1, 29), date(2024, 2, 12), DayCount.THIRTY_360, Unit.WEEKS)
    assert counted == 14


def test_act_act_splits_by_calendar_year() -> None:
    """ISDA, EMU and market conventions (1998): 61 days of 2003 and 121 of the leap year 2004."""
    parts = parts_between(date(2003, 11, 1), date(2004, 5, 1), DayCount.ACT_ACT)
    assert parts == 61 * 366 + 121 * 365


@pytest.mark.parametrize(
    ("rule", "saturday_to", "month_end_to", "month_start_to"),
    [
        (BusinessDayRule.NONE, date(2026, 8, 15), date(2026, 5, 31), date(2026, 8, 1)),
        (BusinessDayRule.FOLLOWING, date(2026, 8, 17), date(2026, 6, 1), date(2026, 8, 3)),
        (BusinessDayRule.PRECEDING, date(2026, 8, 14), date(2026, 5, 29), date(2026, 7, 31)),
        (
            BusinessDayRule.MODIFIED_FOLLOWING,
            date(2026, 8, 17),
            date(2026, 5, 29),
            date(2026, 8, 3),
        ),
        (
            BusinessDayRule.MODIFIED_PRECEDING,
            date(2026, 8, 14),
            date(2026, 5, 29),
            date(2026, 8, 3),
        ),
    ],
)
def test_business_day_rules(
    rule: BusinessDayRule, saturday_to: date, month_end_to: date, month_start_to: date
) -> None:
    assert moved_to_business_day(date(2026, 8, 15), rule, "weekdays") == saturday_to
    assert moved_to_business_day(date(2026, 5, 31), rule, "weekdays") == month_end_to
    assert moved_to_business_day(date(2026, 8, 1), rule, "weekdays") == month_start_to
    assert moved_to_business_day(date(2026, 8, 12), rule, "weekdays") == date(2026, 8, 12)


def test_china_rests_and_makes_up() -> None:
    """State Council notice on the holidays of 2026: closed 15 to 23 February, working on the 14th
    and 28th; National Day closed 1 to 7 October, working on 20 September and 10 October."""
    assert is_business_day(date(2026, 2, 14), "CN")
    assert is_business_day(date(2026, 2, 28), "CN")
    assert not any(is_business_day(date(2026, 2, day), "CN") for day in range(15, 24))
    assert is_business_day(date(2026, 10, 10), "CN")
    following = moved_to_business_day(date(2026, 10, 1), BusinessDayRule.FOLLOWING, "CN")
    assert following == date(2026, 10, 8)


def test_moved_dates_bear_scheduled_or_moved_interest() -> None:
    changes = {
        "principal": "36500.00",
        "annual_rate_pct": "10",
        "method": "interest_only",
        "day_count": "act/365f",
        "disbursed_on": "2026-01-01",
        "instalments": 2,
        "business_day": "following",
        "calendar": "weekdays",
    }
    for accrual_dates, expected in (
        (None, ["310.00", "280.00"]),
        ("scheduled", ["310.00", "280.00"]),
        ("moved", ["320.00", "280.00"]),
    ):
        answer = drawn(accrual_dates=accrual_dates, **changes)
        assert [i["due_on"] for i in answer["instalments"]] == ["2026-02-02", "2026-03-02"]
        assert [str(amount) for amount in cells(answer, "interest")] == expected


@pytest.mark.parametrize("calendar", ["XX", "cn", "CHN", "", "Weekdays", "../CN"])
def test_unknown_calendars(calendar: str) -> None:
    with pytest.raises(UnknownCalendar):
        check_calendar(calendar, field="calendar")


def test_a_calendar_ends() -> None:
    with pytest.raises(CalendarOutOfRange):
        is_business_day(date(2150, 1, 1), "CN")
    with pytest.raises(CalendarOutOfRange):
        # A Friday evening of time: the Saturday has no Monday after it.
        moved_to_business_day(date(9999, 12, 26), BusinessDayRule.PRECEDING, "CN")
