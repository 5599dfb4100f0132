"""Figures worked out by hand: what is owed, and what each kind of repayment does.

The loan is 3,000.00 in three instalments of 1,000.00 and 10.00 interest, due every 30 days;
penalty 18 per cent a year of 360 days.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tallystick.loans.instalment import Instalment
from tallystick.loans.reduction import Reduction, credited, lines_from
from tallystick.loans.repaid import DueAtOnce, Repaid
from tallystick.loans.repayment import (
    Allocation,
    PrepaymentNotPossible,
    payoff,
    prepay,
    prepayable_minor,
    repay,
)
from tallystick.loans.terms import LoanTerms
from tallystick.loans.waterfall import Owed, outstanding_minor, owed_on
from tests.servicing.lending import DISBURSED_ON, due_on, terms

BEGUN = Repaid(accrued_on=DISBURSED_ON)
MID = DISBURSED_ON + timedelta(days=15)
LATE = due_on(1) + timedelta(days=20)


def schedule(of: LoanTerms, repaid: Repaid) -> list[tuple[int, int]]:
    return [
        (line.principal_minor, line.interest_minor)
        for line in lines_from(of, repaid.reduction, repaid.next_instalment)
    ]


def test_before_anything_is_due() -> None:
    owed, unit_days = owed_on(terms(prepayment_fee_ppm=10_000), BEGUN, MID)
    assert owed == Owed(
        penalty_minor=0,
        interest_minor=0,
        principal_minor=0,
        current_minor=101_000,
        payoff_interest_minor=500,
        payoff_fee_minor=3_000,
        outstanding_principal_minor=300_000,
        arrears_minor=0,
        days_past_due=0,
    )
    assert (unit_days, owed.repayable_minor, owed.payoff_minor) == (0, 101_000, 303_500)


def test_twenty_days_late_beyond_five_of_grace() -> None:
    owed, unit_days = owed_on(terms(grace_days=5, prepayment_fee_ppm=10_000), BEGUN, LATE)
    assert unit_days == 101_000 * 15
    # 1,515,000 unit-days at 18 % of 360 days are 757.5, to even 758.
    assert owed == Owed(
        penalty_minor=758,
        interest_minor=1_000,
        principal_minor=100_000,
        current_minor=101_000,
        payoff_interest_minor=667,
        payoff_fee_minor=2_000,
        outstanding_principal_minor=300_000,
        arrears_minor=101_000,
        days_past_due=20,
    )


@pytest.mark.parametrize(
    ("allocation", "parts"),
    [("penalty_first", (1_010, 1_000, 3_000)), ("penalty_last", (0, 1_000, 4_010))],
)
def test_the_order_of_penalty(allocation: str, parts: tuple[int, int, int]) -> None:
    made = repay(terms(allocation=allocation), BEGUN, LATE, 5_010)
    assert (made.penalty_minor, made.interest_minor, made.principal_minor) == parts
    assert made.allocations == (Allocation(1, *parts[1:]),)


def test_penalty_last_comes_before_the_current_instalment() -> None:
    made = repay(terms(allocation="penalty_last"), BEGUN, LATE, 101_000 + 1_010 + 70)
    assert (made.penalty_minor, made.interest_minor, made.principal_minor) == (
        1_010,
        1_070,
        100_000,
    )
    assert made.repaid.next_instalment == 1
    assert made.repaid.paid_on_next_minor == 70


def test_a_repayment_through_two_instalments() -> None:
    made = repay(terms(), BEGUN, MID, 1)
    made = repay(terms(), made.repaid, LATE, 10**9)
    assert made.allocations == (Allocation(1, 999, 100_000), Allocation(2, 1_000, 100_000))
    assert made.repaid.next_instalment == 2
    assert not made.is_clearing


@pytest.mark.parametrize(
    ("rule", "rows", "reduction"),
    [
        ("shorter_term", [(100_000, 500), (50_000, 250)], Reduction(shift_minor=150_000)),
        (
            "smaller_instalments",
            [(100_000, 500), (25_000, 250), (25_000, 250)],
            Reduction(
                from_instalment=1,
                numerator_minor=50_000,
                denominator_minor=200_000,
                current_principal_minor=100_000,
            ),
        ),
    ],
)
def test_a_prepayment_in_the_middle_of_a_period(
    rule: str, rows: list[tuple[int, int]], reduction: Reduction
) -> None:
    of = terms(prepayment=rule, prepayment_fee_ppm=10_000)
    assert prepayable_minor(of, BEGUN, MID) == 200_000
    made = prepay(of, BEGUN, MID, 150_000)
    # Half of the period's interest on half of the principal, and one per cent.
    assert (made.interest_minor, made.principal_minor, made.fee_minor) == (250, 150_000, 1_500)
    assert made.amount_minor == 151_750
    assert made.repaid.reduction == reduction
    assert schedule(of, made.repaid) == rows
    assert outstanding_minor(of, made.repaid) == 150_000


def test_interest_paid_beforehand_counts_towards_the_prepayment_s() -> None:
    of = terms(prepayment="shorter_term")
    paid = repay(of, BEGUN, MID, 900).repaid
    made = prepay(of, paid, MID, 150_000)
    # Of the 900 paid, 400 are more than the 500 the instalment still bears; 250 were to charge.
    assert made.interest_minor == 0
    assert made.repaid.paid_on_next_minor == 500


def test_all_can_be_prepaid_but_not_everything() -> None:
    of = terms(prepayment="smaller_instalments")
    made = prepay(of, BEGUN, MID, 200_000)
    assert schedule(of, made.repaid) == [(100_000, 333)]
    last = repay(of, made.repaid, due_on(1), 10**9)
    assert last.is_clearing
    assert last.repaid.next_instalment == 3


@pytest.mark.parametrize(
    ("members", "on"), [({}, MID), ({"prepayment": "shorter_term"}, due_on(1))]
)
def test_what_cannot_be_prepaid(members: dict[str, Any], on: Any) -> None:
    of = terms(**members)
    assert prepayable_minor(of, BEGUN, on) == 0
    with pytest.raises(PrepaymentNotPossible):
        prepay(of, BEGUN, on, 1)


def test_a_payoff_charges_interest_for_elapsed_days() -> None:
    made = payoff(terms(prepayment_fee_ppm=10_000), BEGUN, LATE)
    assert (made.penalty_minor, made.interest_minor) == (1_010, 1_667)
    assert (made.principal_minor, made.fee_minor) == (300_000, 2_000)
    assert made.allocations == (
        Allocation(1, 1_000, 100_000),
        Allocation(2, 667, 100_000),
        Allocation(3, 0, 100_000),
    )


def test_what_was_carried_over_comes_first_and_bears_no_penalty() -> None:
    of = terms(prepayment="shorter_term")
    carried = Repaid(
        accrued_on=DISBURSED_ON,
        reduction=credited(of, 250_000),
        due_at_once=DueAtOnce(carried_penalty_minor=70, carried_interest_minor=300),
    )
    owed, _ = owed_on(of, carried, LATE)
    assert owed.penalty_minor == 70 + (100_000 + 833) * 20 * 18 // 36_000
    assert (owed.interest_minor, owed.principal_minor) == (833 + 300, 100_000)
    assert (owed.arrears_minor, owed.outstanding_principal_minor) == (100_833, 250_000)
    made = repay(of, carried, DISBURSED_ON, 200)
    assert (made.penalty_minor, made.interest_minor) == (70, 130)
    assert made.allocations == (Allocation(0, 130, 0),)
    assert made.repaid.due_at_once == DueAtOnce(carried_interest_minor=170)
    assert made.repaid.penalty_repaid_minor == 0


def test_a_credit_makes_all_instalments_smaller() -> None:
    of = terms(prepayment="smaller_instalments")
    carried = Repaid(accrued_on=DISBURSED_ON, reduction=credited(of, 150_000))
    assert schedule(of, carried) == [(50_000, 500), (50_000, 500), (50_000, 500)]
    assert credited(of, 300_000) == Reduction()


def test_an_instalment_of_nothing_is_not_past_due() -> None:
    """Interest of 1 on 300,000 is nothing once 299,000 of it are prepaid."""
    rows = ((due_on(1), 0), (due_on(2), 0), (due_on(3), 300_000))
    of = replace(
        terms(prepayment="shorter_term"),
        instalments=tuple(Instalment(n, on, part, 1) for n, (on, part) in enumerate(rows, 1)),
    )
    reduced = prepay(of, BEGUN, DISBURSED_ON, 299_000).repaid
    assert schedule(of, reduced) == [(0, 0), (0, 0), (1_000, 0)]
    owed, _ = owed_on(of, reduced, due_on(2) + timedelta(days=10))
    assert (owed.days_past_due, owed.due_minor) == (0, 0)
    owed, _ = owed_on(of, reduced, due_on(3) + timedelta(days=1))
    assert (owed.days_past_due, owed.due_minor) == (1, 1_000)
