"""Taking a loan back to an earlier day gives what it was on that day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.loans.events import FundsDisbursed, LoanEvent, RepaymentKind, RepaymentReceived
from tallystick.loans.life import EventContradictsLoan, apply
from tallystick.loans.loan import Loan, Status
from tallystick.loans.waterfall import owed_on
from tallystick.servicing.backdating import carried_at_end_of
from tests.servicing.lending import (
    DISBURSED_ON,
    acceleration,
    active_loan,
    at,
    due_on,
    repayment,
    terms,
    written_off,
)

Events = list[tuple[datetime, LoanEvent]]


def beginning(loan: Loan) -> Events:
    return [(at(DISBURSED_ON), FundsDisbursed(loan.loan_id, loan.terms.principal_minor))]


@given(
    st.lists(
        st.tuples(st.integers(0, 150), st.integers(1, 90_000)), max_size=8, unique_by=lambda r: r[0]
    ),
    st.integers(0, 150),
)
def test_owed_at_the_end_of_an_earlier_day(repaid: list[tuple[int, int]], offset: int) -> None:
    loan = then = active_loan(terms(instalments=4, grace_days=3))
    events = beginning(loan)
    for days, amount_minor in sorted(repaid):
        day = DISBURSED_ON + timedelta(days=days)
        most = owed_on(loan.terms, loan.repaid, day)[0].repayable_minor
        if most == 0:
            continue
        event = repayment(loan, min(amount_minor, most), day)
        events.append((at(day), event))
        loan, _ = apply(loan, event, at(day))
        if days <= offset:
            then = loan
    day = DISBURSED_ON + timedelta(days=offset)
    earlier = carried_at_end_of(loan, day, events=events, written_off_at=None, ended_at=None)
    assert earlier is not None
    assert earlier.repaid == then.repaid
    assert owed_on(loan.terms, earlier.repaid, day) == owed_on(loan.terms, then.repaid, day)


def back(loan: Loan, day: date, **times: datetime | None) -> Loan | None:
    return carried_at_end_of(
        loan,
        day,
        events=beginning(loan),
        written_off_at=times.get("written_off_at"),
        ended_at=times.get("ended_at"),
    )


def test_not_carried_before_disbursement_nor_after_closing() -> None:
    loan = active_loan()
    assert back(loan, DISBURSED_ON - timedelta(days=1)) is None
    assert back(loan, DISBURSED_ON) is not None
    assert back(loan, due_on(1), ended_at=at(due_on(1))) is None
    assert back(loan, due_on(1) - timedelta(days=1), ended_at=at(due_on(1))) is not None


def test_a_day_ends_where_the_loan_counts_its_days() -> None:
    loan = active_loan()
    assert back(loan, due_on(1), ended_at=at(due_on(1), hour=23)) is None
    assert back(loan, due_on(1), ended_at=at(due_on(1) + timedelta(days=1), hour=0)) is not None


def test_a_write_off_counts_from_its_day_on() -> None:
    day = due_on(1) + timedelta(days=20)
    loan = written_off(active_loan(), day)
    earlier = back(loan, day - timedelta(days=1), written_off_at=at(day))
    later = back(loan, day, written_off_at=at(day))
    assert earlier is not None
    assert later is not None
    assert (earlier.status, later.status) == (Status.ACTIVE, Status.WRITTEN_OFF)
    before = active_loan()
    assert owed_on(loan.terms, earlier.repaid, due_on(2)) == owed_on(
        loan.terms, before.repaid, due_on(2)
    )


def test_an_acceleration_counts_from_its_day_on() -> None:
    loan = active_loan(terms(accelerate_after_days=5))
    day = due_on(1) + timedelta(days=20)
    events = [*beginning(loan), (at(day), acceleration(loan, day))]
    later, _ = apply(loan, acceleration(loan, day), at(day))
    for on, expected in ((day - timedelta(days=1), loan), (day, later)):
        then = carried_at_end_of(later, on, events=events, written_off_at=None, ended_at=None)
        assert then is not None
        assert then.repaid == expected.repaid


def test_repayments_of_another_loan_are_refused() -> None:
    loan = active_loan()
    strange = RepaymentReceived("0x00", "0x01", RepaymentKind.REPAY, 5, 5, 0, 0)
    with pytest.raises(EventContradictsLoan):
        carried_at_end_of(
            loan,
            due_on(1),
            events=[*beginning(loan), (at(due_on(1)), strange)],
            written_off_at=None,
            ended_at=None,
        )
