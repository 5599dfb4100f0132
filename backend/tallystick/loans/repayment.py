"""What a repayment brings and how far it moves the loan, by the rules of the contract.

A repayment goes to penalty first or, if agreed so, to what fell due first; then to what is due at
once, then to the instalments from the oldest on, interest before principal in each.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from tallystick.kernel.errors import Conflict
from tallystick.loans.reduction import Line, divide, lines_from, reduced_by
from tallystick.loans.repaid import DueAtOnce, Repaid
from tallystick.loans.terms import LoanTerms
from tallystick.loans.waterfall import Owed, fee_minor, owed_on, paid_on


class PrepaymentNotPossible(Conflict):
    """Principal cannot be prepaid now, or not so much of it."""

    title = "Prepayment not possible"


@dataclass(frozen=True, slots=True)
class Allocation:
    """What one repayment did to one instalment. `number` counts from 1; zero stands for what is no
    instalment: carried and accelerated amounts, and principal prepaid with its interest."""

    number: int
    interest_minor: int
    principal_minor: int


@dataclass(frozen=True, slots=True)
class Repayment:
    """The parts of what was paid, what they did, and how far the loan is repaid after them.

    The allocations sum to interest and principal. `is_clearing`: nothing is left.
    """

    penalty_minor: int
    interest_minor: int
    principal_minor: int
    fee_minor: int
    allocations: tuple[Allocation, ...]
    repaid: Repaid
    is_clearing: bool

    @property
    def amount_minor(self) -> int:
        return self.penalty_minor + self.interest_minor + self.principal_minor + self.fee_minor


def repay(terms: LoanTerms, repaid: Repaid, today: date, amount_minor: int) -> Repayment:
    """Repays `amount_minor`, or all that is repayable today if that is less."""
    owed, unit_days = owed_on(terms, repaid, today)
    amount_minor = min(amount_minor, owed.repayable_minor)
    penalty = _penalty_of(terms, owed, amount_minor)
    due = repaid.due_at_once
    left = amount_minor - penalty

    carried_penalty = min(penalty, due.carried_penalty_minor)
    carried_interest = min(left, due.carried_interest_minor)
    left -= carried_interest
    accelerated_interest = min(left, due.accelerated_interest_minor)
    left -= accelerated_interest
    accelerated_principal = min(left, due.accelerated_principal_minor)
    left -= accelerated_principal

    allocations = _outside(carried_interest + accelerated_interest, accelerated_principal)
    next_instalment, paid_on_next = repaid.next_instalment, repaid.paid_on_next_minor
    for line in lines_from(terms, repaid.reduction, next_instalment):
        if left == 0:
            break
        interest, principal = _unpaid(line, paid_on_next)
        if left < interest + principal:
            paid_on_next += left
            interest = min(interest, left)
            principal = left - interest
        else:
            paid_on_next = 0
            next_instalment = len(terms.instalments) if line.is_last else line.index + 1
        left -= interest + principal
        allocations += (Allocation(line.index + 1, interest, principal),)

    after = replace(
        repaid,
        accrued_on=today,
        penalty_unit_days=unit_days,
        penalty_repaid_minor=repaid.penalty_repaid_minor + penalty - carried_penalty,
        next_instalment=next_instalment,
        paid_on_next_minor=paid_on_next,
        due_at_once=replace(
            due,
            carried_penalty_minor=due.carried_penalty_minor - carried_penalty,
            carried_interest_minor=due.carried_interest_minor - carried_interest,
            accelerated_interest_minor=due.accelerated_interest_minor - accelerated_interest,
            accelerated_principal_minor=due.accelerated_principal_minor - accelerated_principal,
        ),
    )
    return Repayment(
        penalty_minor=penalty,
        interest_minor=sum(part.interest_minor for part in allocations),
        principal_minor=sum(part.principal_minor for part in allocations),
        fee_minor=0,
        allocations=allocations,
        repaid=after,
        is_clearing=_is_cleared(terms, after) and penalty == owed.penalty_minor,
    )


def payoff(terms: LoanTerms, repaid: Repaid, today: date) -> Repayment:
    """Repays everything; interest is charged for elapsed days only."""
    owed, unit_days = owed_on(terms, repaid, today)
    due = repaid.due_at_once
    outside = due.carried_interest_minor + due.accelerated_interest_minor
    interest_left = owed.interest_minor + owed.payoff_interest_minor - outside
    allocations = _outside(outside, due.accelerated_principal_minor)
    paid = repaid.paid_on_next_minor
    for line in lines_from(terms, repaid.reduction, repaid.next_instalment):
        interest, principal = _unpaid(line, paid)
        interest = min(interest, interest_left)
        interest_left -= interest
        paid = 0
        allocations += (Allocation(line.index + 1, interest, principal),)
    penalty = owed.penalty_minor
    return Repayment(
        penalty_minor=penalty,
        interest_minor=owed.interest_minor + owed.payoff_interest_minor,
        principal_minor=owed.outstanding_principal_minor,
        fee_minor=owed.payoff_fee_minor,
        allocations=allocations,
        repaid=replace(
            repaid,
            accrued_on=today,
            penalty_unit_days=unit_days,
            penalty_repaid_minor=repaid.penalty_repaid_minor + penalty - due.carried_penalty_minor,
            next_instalment=len(terms.instalments),
            paid_on_next_minor=0,
            due_at_once=DueAtOnce(oldest_due_on=due.oldest_due_on),
        ),
        is_clearing=True,
    )


def prepayable_minor(terms: LoanTerms, repaid: Repaid, today: date) -> int:
    """Most principal that can be prepaid today: what is outstanding beyond the current instalment,
    but not everything; nothing while anything is due or when the terms do not allow it."""
    if terms.prepayment == "not_allowed" or repaid.is_accelerated:
        return 0
    owed, _ = owed_on(terms, repaid, today)
    line = next(lines_from(terms, repaid.reduction, repaid.next_instalment), None)
    if line is None or owed.due_minor:
        return 0
    return line.balance_minor - max(1, line.principal_minor)


def prepay(terms: LoanTerms, repaid: Repaid, today: date, principal_minor: int) -> Repayment:
    """Repays `principal_minor` ahead of schedule, with its interest for the elapsed days of the
    current period and the agreed fee; the schedule beyond the current instalment is reduced.

    Interest of the current instalment that was paid already and is no longer owed counts towards
    the interest charged. Raises PrepaymentNotPossible.
    """
    most = prepayable_minor(terms, repaid, today)
    if not 0 < principal_minor <= most:
        raise PrepaymentNotPossible(
            f"{principal_minor} of principal cannot be prepaid: {most} can be now. Repay what is "
            "due first; to repay everything, pay off.",
            field="principal_minor",
            prepayable_minor=most,
        )
    _, unit_days = owed_on(terms, repaid, today)
    line = next(lines_from(terms, repaid.reduction, repaid.next_instalment))
    charged = _interest_of_prepaid(terms, line, today, principal_minor)
    reduction = reduced_by(terms, repaid.reduction, line, principal_minor)
    after = next(lines_from(terms, reduction, repaid.next_instalment))
    interest_paid, _ = paid_on(line, repaid.paid_on_next_minor)
    excess = max(0, interest_paid - after.interest_minor)
    interest = max(0, charged - excess)
    return Repayment(
        penalty_minor=0,
        interest_minor=interest,
        principal_minor=principal_minor,
        fee_minor=fee_minor(terms, principal_minor),
        allocations=_outside(interest, principal_minor),
        repaid=replace(
            repaid,
            accrued_on=today,
            penalty_unit_days=unit_days,
            paid_on_next_minor=repaid.paid_on_next_minor - excess,
            reduction=reduction,
        ),
        is_clearing=False,
    )


def _penalty_of(terms: LoanTerms, owed: Owed, amount_minor: int) -> int:
    if terms.allocation == "penalty_last":
        amount_minor -= min(amount_minor, owed.interest_minor + owed.principal_minor)
    return min(amount_minor, owed.penalty_minor)


def _unpaid(line: Line, paid_minor: int) -> tuple[int, int]:
    """Interest and principal left of an instalment of which `paid_minor` was repaid."""
    interest_paid, principal_paid = paid_on(line, paid_minor)
    return line.interest_minor - interest_paid, line.principal_minor - principal_paid


def _outside(interest_minor: int, principal_minor: int) -> tuple[Allocation, ...]:
    """The allocation of what is no instalment, if there is anything."""
    if interest_minor == principal_minor == 0:
        return ()
    return (Allocation(0, interest_minor, principal_minor),)


def _interest_of_prepaid(terms: LoanTerms, line: Line, today: date, principal_minor: int) -> int:
    """Its share of the current period's interest, for the elapsed days."""
    elapsed_days = max(0, (today - line.starts_on).days)
    period_days = (line.due_on - line.starts_on).days
    return divide(
        line.interest_minor * principal_minor * elapsed_days,
        line.balance_minor * period_days,
        terms.rounding,
    )


def _is_cleared(terms: LoanTerms, repaid: Repaid) -> bool:
    """Whether no interest and no principal is left."""
    due = repaid.due_at_once
    return repaid.next_instalment == len(terms.instalments) and not (
        due.carried_interest_minor
        + due.accelerated_interest_minor
        + due.accelerated_principal_minor
    )
