"""Adding up a portfolio: against sums done by hand."""

from __future__ import annotations

import json
from datetime import timedelta
from fractions import Fraction

from tallystick.servicing.classification import Category, Performance
from tallystick.servicing.portfolio import portfolio_of, ppm, standing_on
from tests.servicing.lending import active_loan, due_on, repaid, terms, written_off

DAY = due_on(1) + timedelta(days=31)


def test_a_small_portfolio() -> None:
    paying = repaid(repaid(active_loan(), 101_000, due_on(1)), 101_000, due_on(2))
    late = repaid(active_loan(), 101_000, due_on(1))
    later = active_loan()
    lost = written_off(active_loan(), due_on(1) + timedelta(days=10))
    told = portfolio_of(
        [standing_on(loan, DAY) for loan in (paying, late, later, lost)], DAY, "CNY"
    )

    assert (told.loans, told.outstanding_minor) == (3, 100_000 + 200_000 + 300_000)
    assert (told.written_off_loans, told.written_off_outstanding_minor) == (1, 300_000)
    # `late` owes instalment 2 since yesterday, `later` instalments 1 and 2.
    assert told.arrears_minor == 101_000 + 202_000
    assert told.interest_due_minor == 1_000 + 2_000
    # 18 % / 360 = 0.05 % a day, each loan's rounded: 101,000 x 1; 101,000 x 31 + 101,000 x 1.
    assert told.penalty_minor == 50 + 1616
    assert told.par30 == Fraction(300_000, 600_000)
    assert told.par90 == 0
    assert {b.name: (b.loans, b.outstanding_minor) for b in told.buckets if b.loans} == {
        "current": (1, 100_000),
        "1-30": (1, 200_000),
        "31-60": (1, 300_000),
    }
    assert {t.category: (t.loans, t.outstanding_minor) for t in told.categories} == {
        Category.NORMAL: (1, 100_000),
        Category.SPECIAL_MENTION: (2, 500_000),
        Category.SUBSTANDARD: (0, 0),
        Category.DOUBTFUL: (0, 0),
        Category.LOSS: (0, 0),
    }
    assert {t.performance: t.loans for t in told.performances} == {
        Performance.PERFORMING: 1,
        Performance.DELAYED: 0,
        Performance.DELINQUENT: 2,
        Performance.DEFAULT: 0,
    }
    assert told.non_performing_minor == 0
    assert json.loads(json.dumps(told.as_json()))["par30"] == "1/2"


def test_more_than_ninety_days_is_non_performing_and_in_default() -> None:
    day = due_on(1) + timedelta(days=91)
    told = portfolio_of([standing_on(active_loan(), day)], day, "CNY")
    assert told.non_performing_minor == 300_000
    assert told.par90 == 1
    assert [t.performance for t in told.performances if t.loans] == [Performance.DEFAULT]


def test_an_empty_portfolio() -> None:
    told = portfolio_of([], DAY, None)
    assert (told.loans, told.outstanding_minor, told.par30) == (0, 0, Fraction(0))
    assert json.loads(json.dumps(told.as_json()))["par90_ppm"] == 0


def test_grace_days_keep_arrears_and_penalty_away_but_not_the_days() -> None:
    loan = active_loan(terms(grace_days=40))
    told = portfolio_of([standing_on(loan, DAY)], DAY, "CNY")
    assert (told.arrears_minor, told.penalty_minor) == (0, 0)
    assert told.par30 == 1


def test_shares_in_parts_per_million_are_rounded_once() -> None:
    assert [ppm(Fraction(1, 3)), ppm(Fraction(2, 3)), ppm(Fraction(1))] == [
        333_333,
        666_667,
        1_000_000,
    ]
