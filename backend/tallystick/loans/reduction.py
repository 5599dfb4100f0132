"""The schedule as it stands after principal was prepaid.

B is the principal outstanding before an instalment by the signed schedule, B' as it stands now:

    shorter term           B' = max(0, B - shift)
    smaller instalments    B' = B x numerator / denominator, rounded, from `from_instalment` on;
                           the instalment before it keeps `current_principal` of principal

In both, principal is B' less the next B', and interest is scaled by B' / B, rounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from tallystick.loans.terms import LoanTerms


@dataclass(frozen=True, slots=True)
class Reduction:
    """What prepayments made of the schedule, members as in the contract's; all zero: nothing."""

    from_instalment: int = 0
    shift_minor: int = 0
    numerator_minor: int = 0
    denominator_minor: int = 0
    current_principal_minor: int = 0

    @property
    def is_reduced(self) -> bool:
        return self.shift_minor != 0 or self.denominator_minor != 0


NOT_REDUCED = Reduction()


@dataclass(frozen=True, slots=True)
class Line:
    """An instalment as it stands: `index` counts from 0, interest is counted from `starts_on`.

    `signed_after_minor` is the principal outstanding after it by the signed schedule.
    """

    index: int
    starts_on: date
    due_on: date
    balance_minor: int
    interest_minor: int
    principal_minor: int
    signed_after_minor: int

    @property
    def total_minor(self) -> int:
        return self.principal_minor + self.interest_minor

    @property
    def is_last(self) -> bool:
        """Whether it repays all that is outstanding."""
        return self.principal_minor == self.balance_minor


def lines_from(terms: LoanTerms, reduction: Reduction, index: int = 0) -> Iterator[Line]:
    """The schedule as it stands from instalment `index` on; it ends where the balance is zero."""
    rows = terms.instalments
    starts_on = rows[index - 1].due_on if index else terms.disburse_on
    before = sum([row.principal_minor for row in rows[index:]])
    for at in range(index, len(rows)):
        row = rows[at]
        after = before - row.principal_minor
        balance, interest, principal = before, row.interest_minor, row.principal_minor
        if reduction.is_reduced:
            balance, balance_after = _balances(terms, reduction, at, before, after)
            if balance == 0:
                return
            interest = divide(interest * balance, before, terms.rounding)
            principal = balance - balance_after
        yield Line(at, starts_on, row.due_on, balance, interest, principal, after)
        starts_on, before = row.due_on, after


def reduced_by(terms: LoanTerms, reduction: Reduction, line: Line, prepaid_minor: int) -> Reduction:
    """The reduction after `prepaid_minor` of what `line`, the current one, leaves outstanding."""
    if terms.prepayment != "smaller_instalments":
        return Reduction(shift_minor=reduction.shift_minor + prepaid_minor)
    return Reduction(
        from_instalment=line.index + 1,
        numerator_minor=line.balance_minor - line.principal_minor - prepaid_minor,
        denominator_minor=line.signed_after_minor,
        current_principal_minor=line.principal_minor,
    )


def credited(terms: LoanTerms, balance_minor: int) -> Reduction:
    """The reduction of a schedule that begins with less outstanding than its principal."""
    if balance_minor == terms.principal_minor:
        return NOT_REDUCED
    if terms.prepayment != "smaller_instalments":
        return Reduction(shift_minor=terms.principal_minor - balance_minor)
    return Reduction(numerator_minor=balance_minor, denominator_minor=terms.principal_minor)


def divide(numerator: int, denominator: int, rounding: str) -> int:
    """Nearest whole number of a non-negative fraction, ties by `rounding` (half_even, half_up)."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    is_tie_up = twice == denominator and (rounding == "half_up" or quotient % 2 == 1)
    return quotient + 1 if twice > denominator or is_tie_up else quotient


def _balances(
    terms: LoanTerms, reduction: Reduction, index: int, before: int, after: int
) -> tuple[int, int]:
    """Balances as they stand before and after instalment `index`, from the signed ones."""
    if terms.prepayment != "smaller_instalments":
        return max(0, before - reduction.shift_minor), max(0, after - reduction.shift_minor)
    scale = reduction.numerator_minor, reduction.denominator_minor
    balance_after = divide(after * scale[0], scale[1], terms.rounding)
    if index < reduction.from_instalment:
        return balance_after + reduction.current_principal_minor, balance_after
    return divide(before * scale[0], scale[1], terms.rounding), balance_after
