"""The ladder: each rung once, in any rhythm of day closes, and never a heap of them."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.loans.events import RepaymentKind
from tallystick.loans.loan import Loan
from tallystick.servicing.dunning import LADDER, due_steps
from tests.servicing.lending import accelerated, active_loan, due_on, repaid, terms, written_off


def names(loan: Loan, day: date, written: set[tuple[int, str]] | None = None) -> list[str]:
    return [
        f"{due.instalment.number} {due.step.name}" for due in due_steps(loan, day, written or set())
    ]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-4, []),
        (-3, ["1 before_due_3"]),
        (-1, ["1 before_due_3"]),
        (0, []),
        (1, ["1 overdue_1"]),
        (6, ["1 overdue_1"]),
        (7, ["1 overdue_7"]),
        (26, ["1 overdue_7"]),
        (27, ["1 overdue_7", "2 before_due_3"]),
        (30, ["1 overdue_30"]),
        (31, ["1 overdue_30"]),
        (60, ["1 overdue_60"]),
        (400, ["1 overdue_90"]),
    ],
)
def test_the_rung_an_unpaid_instalment_stands_on(days: int, expected: list[str]) -> None:
    assert names(active_loan(), due_on(1) + timedelta(days=days)) == expected


def test_what_is_paid_climbs_no_ladder() -> None:
    loan = repaid(active_loan(), 101_000, due_on(1))
    assert names(loan, due_on(1) + timedelta(days=7)) == []
    assert names(loan, due_on(2) + timedelta(days=1)) == ["2 overdue_1"]


def test_a_part_paid_instalment_is_asked_for_its_rest() -> None:
    loan = repaid(active_loan(), 60_000, due_on(1))
    first, second = due_steps(loan, due_on(2) - timedelta(days=2), set())
    assert (first.unpaid_minor, first.days_past_due) == (41_000, 28)
    assert (second.unpaid_minor, second.days_past_due) == (101_000, 0)


def test_a_prepaid_loan_is_asked_for_what_its_instalments_are_now() -> None:
    prepayable = terms(prepayment="smaller_instalments")
    loan = repaid(active_loan(prepayable), 100_000, due_on(0), RepaymentKind.PREPAY)
    loan = repaid(loan, 100_667, due_on(1))
    (second,) = due_steps(loan, due_on(2) + timedelta(days=1), set())
    assert second.unpaid_minor == 50_500


def test_an_accelerated_loan_stays_on_its_rung_for_all_of_it() -> None:
    late = due_on(1) + timedelta(days=10)
    loan = accelerated(active_loan(terms(accelerate_after_days=5)), late)
    (due,) = due_steps(loan, late, {(1, "overdue_1")})
    assert (due.instalment.number, due.step.name, due.days_past_due) == (1, "overdue_7", 10)
    assert due.unpaid_minor == 300_000 + 1_000 + 333


def test_a_written_off_loan_is_past_the_ladder() -> None:
    loan = written_off(active_loan(), due_on(1) + timedelta(days=5))
    assert names(loan, due_on(1) + timedelta(days=30)) == []


@given(st.sets(st.integers(0, 250), min_size=1))
def test_no_rung_twice_and_one_per_instalment_and_close(days: set[int]) -> None:
    loan = active_loan(terms(instalments=4))
    written: set[tuple[int, str]] = set()
    for offset in sorted(days):
        day = due_on(0) + timedelta(days=offset)
        steps = list(due_steps(loan, day, written))
        for due in steps:
            key = (due.instalment.number, due.step.name)
            assert key not in written
            assert due.step.days <= (day - due.instalment.due_on).days
            written.add(key)
        assert not steps or max(Counter(due.instalment.number for due in steps).values()) == 1
        assert names(loan, day, written) == []


def test_closing_every_day_climbs_the_whole_ladder() -> None:
    loan = active_loan(terms(instalments=1))
    written: list[tuple[int, str]] = []
    for offset in range(200):
        day = due_on(0) + timedelta(days=offset)
        written += [(d.instalment.number, d.step.name) for d in due_steps(loan, day, written)]
    assert written == [(1, step.name) for step in LADDER]


def test_the_ladder_is_in_order_and_fits_the_ledger() -> None:
    assert [step.days for step in LADDER] == sorted(step.days for step in LADDER)
    assert all(len(step.name) <= 31 and step.name.isascii() for step in LADDER)
