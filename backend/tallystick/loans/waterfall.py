"""What is owed on a day and how a repayment is allocated, to the unit as the contract does it.

Penalty is counted in unit-days: one overdue minor unit for one day past due beyond the grace days.
They add up exactly however often the loan is touched and become money by one rounding:

    penalty accrued = unit-days x penalty_rate_ppm / (1,000,000 x penalty_year_days)

so what is owed on a day does not depend on when, how often or by whom the loan was touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tallystick.loans.instalment import Instalment
from tallystick.loans.terms import LoanTerms

_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Repaid:
    """How far a loan has been repaid.

    `next_instalment` is the index of the oldest instalment not fully repaid, `paid_on_next_minor`
    what was repaid on it (interest first), `penalty_unit_days` counted up to `accrued_on`.
    """

    accrued_on: date
    next_instalment: int = 0
    paid_on_next_minor: int = 0
    principal_repaid_minor: int = 0
    penalty_unit_days: int = 0
    penalty_repaid_minor: int = 0


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed on a day, in minor units; members as in the contract's `Owed`."""

    penalty_minor: int
    interest_minor: int
    principal_minor: int
    current_minor: int
    payoff_interest_minor: int
    outstanding_principal_minor: int
    arrears_minor: int
    days_past_due: int

    @property
    def repayable_minor(self) -> int:
        """Most a repayment may take: everything due and the current instalment."""
        return self.penalty_minor + self.interest_minor + self.principal_minor + self.current_minor

    @property
    def payoff_minor(self) -> int:
        """What closes the loan: interest for elapsed days only, and all principal."""
        return (
            self.penalty_minor
            + self.interest_minor
            + self.payoff_interest_minor
            + self.outstanding_principal_minor
        )


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one repayment did to one instalment."""

    number: int
    interest_minor: int
    principal_minor: int


NOTHING_OWED = Owed(0, 0, 0, 0, 0, 0, 0, 0)


def owed_on(terms: LoanTerms, repaid: Repaid, today: date) -> tuple[Owed, int]:
    """What is owed on `today` (not before `repaid.accrued_on`), and the unit-days up to it."""
    unit_days = repaid.penalty_unit_days
    paid = repaid.paid_on_next_minor
    interest_due = principal_due = current = payoff_interest = arrears = days_past_due = 0

    for index in range(repaid.next_instalment, len(terms.instalments)):
        row = terms.instalments[index]
        interest, principal = _unpaid(row, paid)
        paid = 0
        if row.due_on > today:
            current = interest + principal
            elapsed = _elapsed_interest(terms, index, today)
            payoff_interest = max(0, elapsed - (row.interest_minor - interest))
            break
        past_due = (today - row.due_on).days
        days_past_due = days_past_due or past_due
        if past_due > terms.grace_days:
            arrears += interest + principal
            already = max(0, (repaid.accrued_on - row.due_on).days - terms.grace_days)
            unit_days += (interest + principal) * (past_due - terms.grace_days - already)
        interest_due += interest
        principal_due += principal

    accrued = divide(
        unit_days * terms.penalty_rate_ppm, _PPM * terms.penalty_year_days, terms.rounding
    )
    owed = Owed(
        penalty_minor=accrued - repaid.penalty_repaid_minor,
        interest_minor=interest_due,
        principal_minor=principal_due,
        current_minor=current,
        payoff_interest_minor=payoff_interest,
        outstanding_principal_minor=terms.principal_minor - repaid.principal_repaid_minor,
        arrears_minor=arrears,
        days_past_due=days_past_due,
    )
    return owed, unit_days


def allocate(terms: LoanTerms, repaid: Repaid, amount_minor: int) -> list[Allocation]:
    """Allocates to unpaid instalments from the oldest on, interest before principal in each."""
    allocations = []
    paid = repaid.paid_on_next_minor
    for row in terms.instalments[repaid.next_instalment :]:
        if amount_minor == 0:
            break
        interest, principal = _unpaid(row, paid)
        paid = 0
        interest = min(interest, amount_minor)
        principal = min(principal, amount_minor - interest)
        amount_minor -= interest + principal
        allocations.append(Allocation(row.number, interest, principal))
    return allocations


def divide(numerator: int, denominator: int, rounding: str) -> int:
    """Nearest whole number of a non-negative fraction, ties by `rounding` (half_even, half_up)."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    is_tie_up = twice == denominator and (rounding == "half_up" or quotient % 2 == 1)
    return quotient + 1 if twice > denominator or is_tie_up else quotient


def _unpaid(row: Instalment, paid_minor: int) -> tuple[int, int]:
    """Interest and principal left of an instalment of which `paid_minor` was repaid."""
    interest = max(0, row.interest_minor - paid_minor)
    principal = row.principal_minor - max(0, paid_minor - row.interest_minor)
    return interest, principal


def _elapsed_interest(terms: LoanTerms, index: int, today: date) -> int:
    """Interest of the period of instalment `index` for the days up to `today`."""
    row = terms.instalments[index]
    starts_on = terms.instalments[index - 1].due_on if index else terms.disburse_on
    elapsed_days = max(0, (today - starts_on).days)
    return divide(row.interest_minor * elapsed_days, (row.due_on - starts_on).days, terms.rounding)
