"""What holds of every loan, whatever was agreed and whatever happens to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tallystick.loans.reduction import lines_from
from tallystick.loans.repaid import Repaid
from tallystick.loans.repayment import (
    PrepaymentNotPossible,
    payoff,
    prepay,
    prepayable_minor,
    repay,
)
from tallystick.loans.terms import LoanTerms
from tallystick.loans.waterfall import elapsed_interest, outstanding_minor, owed_on
from tests.loans.drawn import DISBURSED_ON, beginnings, lives, moved, moves, terms


@st.composite
def loans_in_life(draw: st.DrawFn) -> tuple[LoanTerms, Repaid, date]:
    """A loan somewhere in its life, not repaid yet, and the day."""
    of = draw(terms())
    repaid, today = draw(beginnings(of)), DISBURSED_ON
    for move in draw(lives):
        today += timedelta(days=move.days)
        repaid, made = moved(of, repaid, today, move)
        assume(made is None or not made.is_clearing)
    return of, repaid, today


@st.composite
def prepayable_loans(draw: st.DrawFn) -> tuple[LoanTerms, Repaid, date]:
    """A loan of which nothing is due, something is outstanding beyond the current instalment."""
    of = draw(terms(("shorter_term", "smaller_instalments")))
    repaid, today = draw(beginnings(of)), DISBURSED_ON
    for move in draw(lives):
        then = today + timedelta(days=move.days)
        if move.verb in ("repay", "prepay"):
            due = owed_on(of, repaid, then)[0].due_minor
            after, _ = moved(of, repay(of, repaid, then, due).repaid, then, move)
            if prepayable_minor(of, after, then):
                repaid, today = after, then
    repaid = repay(of, repaid, today, owed_on(of, repaid, today)[0].due_minor).repaid
    assume(prepayable_minor(of, repaid, today))
    return of, repaid, today


@given(data=st.data())
def test_principal_is_conserved_through_any_life(data: st.DataObject) -> None:
    of = data.draw(terms())
    repaid, today = data.draw(beginnings(of)), DISBURSED_ON
    began = outstanding_minor(of, repaid)
    received = 0
    for move in data.draw(lives):
        today += timedelta(days=move.days)
        repaid, made = moved(of, repaid, today, move)
        if made:
            received += made.principal_minor
            assert received + outstanding_minor(of, repaid) == began
            assert min(
                made.penalty_minor, made.interest_minor, made.principal_minor, made.fee_minor
            ) >= 0  # fmt: skip
            if made.is_clearing:
                assert received == began
                assert owed_on(of, repaid, today)[0].payoff_minor == 0
                assert owed_on(of, repaid, today + timedelta(days=900))[0].payoff_minor == 0
                return
            assert owed_on(of, repaid, today)[0].payoff_minor > 0


@given(loans_in_life(), st.data())
def test_allocations_sum_to_what_was_paid(
    life: tuple[LoanTerms, Repaid, date], data: st.DataObject
) -> None:
    of, repaid, today = life
    _, made = moved(of, repaid, today, data.draw(moves))
    assume(made is not None)
    assert made is not None
    assert sum(part.interest_minor for part in made.allocations) == made.interest_minor
    assert sum(part.principal_minor for part in made.allocations) == made.principal_minor
    assert all(part.interest_minor >= 0 and part.principal_minor >= 0 for part in made.allocations)
    numbers = [part.number for part in made.allocations]
    assert numbers == sorted(set(numbers))


@given(loans_in_life(), st.lists(st.integers(1, 400), max_size=6))
def test_what_is_owed_does_not_depend_on_who_touched_it_when(
    life: tuple[LoanTerms, Repaid, date], touches: list[int]
) -> None:
    """Accruing on the way, which every call does, changes nothing that is owed later."""
    of, repaid, today = life
    at_last = today + timedelta(days=400)
    expected = owed_on(of, repaid, at_last)
    touched = repaid
    for day in sorted(today + timedelta(days=days) for days in touches):
        touched = repay(of, touched, day, 0).repaid
        assert touched.accrued_on == day
    assert owed_on(of, touched, at_last) == expected


@given(loans_in_life(), st.integers(0, 70), st.lists(st.integers(1, 1000), min_size=1, max_size=5))
def test_in_pieces_is_as_at_once(
    life: tuple[LoanTerms, Repaid, date], wait: int, shares: list[int]
) -> None:
    of, repaid, today = life
    today += timedelta(days=wait)
    repayable = owed_on(of, repaid, today)[0].repayable_minor
    assume(repayable)
    pieces = [repayable * share // (1000 * len(shares)) for share in shares]
    once = repay(of, repaid, today, sum(pieces))
    in_pieces, parts = repaid, [0, 0, 0]
    for piece in pieces:
        made = repay(of, in_pieces, today, piece)
        assert made.amount_minor == piece
        in_pieces = made.repaid
        for index, part in enumerate(
            (made.penalty_minor, made.interest_minor, made.principal_minor)
        ):
            parts[index] += part
    assert parts == [once.penalty_minor, once.interest_minor, once.principal_minor]
    assert in_pieces == once.repaid


@given(loans_in_life(), st.integers(0, 400))
def test_what_is_owed_grows_until_it_is_paid(
    life: tuple[LoanTerms, Repaid, date], wait: int
) -> None:
    of, repaid, today = life
    before, unit_days = owed_on(of, repaid, today)
    after, later_unit_days = owed_on(of, repaid, today + timedelta(days=wait))
    assert min(before.penalty_minor, before.interest_minor, before.principal_minor) >= 0
    assert after.outstanding_principal_minor == before.outstanding_principal_minor
    assert after.due_minor >= before.due_minor
    assert after.arrears_minor >= before.arrears_minor
    assert later_unit_days >= unit_days
    assert (after.days_past_due > 0) <= (after.interest_minor + after.principal_minor > 0)
    assert after.arrears_minor <= after.interest_minor + after.principal_minor
    assert after.payoff_interest_minor <= after.current_minor


@given(loans_in_life(), st.integers(0, 70))
def test_a_repayment_takes_what_can_be_repaid_and_no_more(
    life: tuple[LoanTerms, Repaid, date], wait: int
) -> None:
    of, repaid, today = life
    today += timedelta(days=wait)
    owed, _ = owed_on(of, repaid, today)
    made = repay(of, repaid, today, 10**30)
    assert made.amount_minor == owed.repayable_minor
    after, _ = owed_on(of, made.repaid, today)
    assert after.due_minor == 0
    assert after.outstanding_principal_minor == (
        owed.outstanding_principal_minor - made.principal_minor
    )


@given(loans_in_life(), st.integers(0, 70))
def test_anyone_can_clear_a_live_loan(life: tuple[LoanTerms, Repaid, date], wait: int) -> None:
    of, repaid, today = life
    today += timedelta(days=wait)
    owed, _ = owed_on(of, repaid, today)
    made = payoff(of, repaid, today)
    assert made.amount_minor == owed.payoff_minor > 0
    assert made.is_clearing
    assert owed_on(of, made.repaid, today + timedelta(days=50))[0].payoff_minor == 0


@given(prepayable_loans(), st.integers(1, 1000))
def test_a_prepayment_reduces_what_is_outstanding_by_itself(
    life: tuple[LoanTerms, Repaid, date], share: int
) -> None:
    of, repaid, today = life
    most = prepayable_minor(of, repaid, today)
    principal = max(1, most * share // 1000)
    owed, _ = owed_on(of, repaid, today)
    before = list(lines_from(of, repaid.reduction, repaid.next_instalment))
    made = prepay(of, repaid, today, principal)
    after, _ = owed_on(of, made.repaid, today)
    lines = list(lines_from(of, made.repaid.reduction, made.repaid.next_instalment))
    assert after.outstanding_principal_minor == owed.outstanding_principal_minor - principal
    assert after.due_minor == 0
    assert made.interest_minor <= elapsed_interest(of, before[0], today)
    assert all(min(line.principal_minor, line.interest_minor) >= 0 for line in lines)
    assert sum(line.principal_minor for line in lines) == (
        sum(line.principal_minor for line in before) - principal
    )
    for line in lines:
        was = before[line.index - before[0].index]
        assert line.due_on == was.due_on
        assert line.balance_minor <= was.balance_minor
        assert line.interest_minor <= was.interest_minor
        is_current = line.index == repaid.next_instalment
        assert not is_current or line.principal_minor == was.principal_minor


@given(st.one_of(loans_in_life(), prepayable_loans()))
def test_more_than_can_be_prepaid_is_refused(life: tuple[LoanTerms, Repaid, date]) -> None:
    of, repaid, today = life
    most = prepayable_minor(of, repaid, today)
    for principal in (0, most + 1):
        with pytest.raises(PrepaymentNotPossible) as refused:
            prepay(of, repaid, today, principal)
        assert refused.value.data["prepayable_minor"] == most


@given(prepayable_loans(), st.integers(1, 999))
def test_prepaying_in_two_steps_costs_what_one_does(
    life: tuple[LoanTerms, Repaid, date], share: int
) -> None:
    """But for the rounding of each step: the interest to the day, the fee, the instalment. Interest
    paid beforehand counts in each step for what the step no longer owes, so none is paid here."""
    of, repaid, today = life
    repaid = replace(repaid, paid_on_next_minor=0)
    most = prepayable_minor(of, repaid, today)
    first = most * share // 1000
    assume(0 < first < most)
    once = prepay(of, repaid, today, most)
    one = prepay(of, repaid, today, first)
    two = prepay(of, one.repaid, today, most - first)
    assert two.repaid.reduction == once.repaid.reduction
    assert outstanding_minor(of, two.repaid) == outstanding_minor(of, once.repaid)
    assert abs(one.amount_minor + two.amount_minor - once.amount_minor) <= 4
