"""What is owed on a day, to the unit as the contract counts it.

Penalty is counted in unit-days: one overdue minor unit for one day past due beyond the grace days.
They add up exactly however often the loan is touched and become money by one rounding:

    penalty accrued = unit-days x penalty_rate_ppm / (1,000,000 x penalty_year_days)

so what is owed on a day does not depend on when, how often or by whom the loan was touched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from tallystick.loans.reduction import Line, divide, lines_from
from tallystick.loans.repaid import Repaid
from tallystick.loans.terms import PPM_MAX, LoanTerms


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed on a day, in minor units; members as in the contract's `Owed`.

    `current_minor` is the unpaid part of the instalment that falls due next, `arrears_minor` unpaid
    interest and principal past due beyond the grace days. `payoff_interest_minor` is the current
    period's interest for its elapsed days less interest paid, `payoff_fee_minor` the fee for
    repaying now what is not yet due. `days_past_due` count from the oldest instalment of which
    something is unpaid; zero on its due date.
    """

    penalty_minor: int
    interest_minor: int
    principal_minor: int
    current_minor: int
    payoff_interest_minor: int
    payoff_fee_minor: int
    outstanding_principal_minor: int
    arrears_minor: int
    days_past_due: int

    @property
    def due_minor(self) -> int:
        """All that has fallen due."""
        return self.penalty_minor + self.interest_minor + self.principal_minor

    @property
    def repayable_minor(self) -> int:
        """Most a repayment may take: everything due and the current instalment."""
        return self.due_minor + self.current_minor

    @property
    def payoff_minor(self) -> int:
        """What closes the loan: interest for elapsed days only, all principal, and the fee."""
        return (
            self.penalty_minor
            + self.interest_minor
            + self.payoff_interest_minor
            + self.outstanding_principal_minor
            + self.payoff_fee_minor
        )


NOTHING_OWED = Owed(0, 0, 0, 0, 0, 0, 0, 0, 0)


def owed_on(terms: LoanTerms, repaid: Repaid, today: date) -> tuple[Owed, int]:
    """What is owed on `today` (not before `repaid.accrued_on`), and the unit-days up to it."""
    owed, unit_days = (_all_at_once if repaid.is_accelerated else _instalments)(
        terms, repaid, today
    )
    unit_days += repaid.penalty_unit_days
    accrued = divide(
        unit_days * terms.penalty_rate_ppm, PPM_MAX * terms.penalty_year_days, terms.rounding
    )
    carried = repaid.due_at_once
    not_due = owed.outstanding_principal_minor - owed.principal_minor
    return (
        replace(
            owed,
            penalty_minor=accrued - repaid.penalty_repaid_minor + carried.carried_penalty_minor,
            interest_minor=owed.interest_minor + carried.carried_interest_minor,
            payoff_fee_minor=fee_minor(terms, not_due),
        ),
        unit_days,
    )


def outstanding_minor(terms: LoanTerms, repaid: Repaid) -> int:
    """All principal not repaid, due or not."""
    if repaid.is_accelerated:
        return repaid.due_at_once.accelerated_principal_minor
    for line in lines_from(terms, repaid.reduction, repaid.next_instalment):
        return line.balance_minor - paid_on(line, repaid.paid_on_next_minor)[1]
    return 0


def paid_on(line: Line, paid_minor: int) -> tuple[int, int]:
    """The interest and the principal that `paid_minor` repaid of `line`, interest first."""
    interest = min(paid_minor, line.interest_minor)
    return interest, paid_minor - interest


def elapsed_interest(terms: LoanTerms, line: Line, today: date) -> int:
    """Interest of the period of `line` for its days up to `today`."""
    elapsed_days = max(0, (today - line.starts_on).days)
    period_days = (line.due_on - line.starts_on).days
    return divide(line.interest_minor * elapsed_days, period_days, terms.rounding)


def fee_minor(terms: LoanTerms, prepaid_minor: int) -> int:
    """The agreed fee for repaying `prepaid_minor` of principal before it is due."""
    return divide(prepaid_minor * terms.prepayment_fee_ppm, PPM_MAX, terms.rounding)


def _instalments(terms: LoanTerms, repaid: Repaid, today: date) -> tuple[Owed, int]:
    """What the instalments owe, and the unit-days they bore since the last accrual."""
    interest_due = principal_due = current = payoff_interest = 0
    outstanding = arrears = days_past_due = unit_days = 0
    paid = repaid.paid_on_next_minor
    for line in lines_from(terms, repaid.reduction, repaid.next_instalment):
        interest_paid, principal_paid = paid_on(line, paid)
        if line.index == repaid.next_instalment:
            outstanding = line.balance_minor - principal_paid
        interest = line.interest_minor - interest_paid
        principal = line.principal_minor - principal_paid
        unpaid = interest + principal
        paid = 0
        if line.due_on > today:
            current = unpaid
            payoff_interest = max(0, elapsed_interest(terms, line, today) - interest_paid)
            break
        past_due = (today - line.due_on).days
        if unpaid:
            days_past_due = days_past_due or past_due
        if past_due > terms.grace_days:
            arrears += unpaid
            already = max(0, (repaid.accrued_on - line.due_on).days - terms.grace_days)
            unit_days += unpaid * (past_due - terms.grace_days - already)
        interest_due += interest
        principal_due += principal
    owed = Owed(
        penalty_minor=0,
        interest_minor=interest_due,
        principal_minor=principal_due,
        current_minor=current,
        payoff_interest_minor=payoff_interest,
        payoff_fee_minor=0,
        outstanding_principal_minor=outstanding,
        arrears_minor=arrears,
        days_past_due=days_past_due,
    )
    return owed, unit_days


def _all_at_once(terms: LoanTerms, repaid: Repaid, today: date) -> tuple[Owed, int]:
    """Likewise, once acceleration made everything due."""
    due = repaid.due_at_once
    unpaid = due.accelerated_interest_minor + due.accelerated_principal_minor
    days_past_due = (today - due.oldest_due_on).days if unpaid and due.oldest_due_on else 0
    owed = Owed(
        penalty_minor=0,
        interest_minor=due.accelerated_interest_minor,
        principal_minor=due.accelerated_principal_minor,
        current_minor=0,
        payoff_interest_minor=0,
        payoff_fee_minor=0,
        outstanding_principal_minor=due.accelerated_principal_minor,
        arrears_minor=unpaid,
        days_past_due=days_past_due,
    )
    return owed, unpaid * (today - repaid.accrued_on).days
