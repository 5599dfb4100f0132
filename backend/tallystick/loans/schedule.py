"""The schedule of a plan: dated instalments of principal and interest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from tallystick.kernel.money import MAX_AMOUNT_MINOR, AmountOutOfRange
from tallystick.loans.amortisation import (
    Parts,
    agreed_principals,
    equal_instalment,
    equal_principal,
)
from tallystick.loans.instalment import Instalment
from tallystick.loans.periods import Periods, periods_of
from tallystick.loans.plan import Method, Plan


@dataclass(frozen=True, slots=True)
class Schedule:
    """Instalments in order of date; their principals sum to the plan's principal.

    An instalment may be of zero (interest-only at no interest, a principal too small to share
    out): nothing falls due that day. The ledger accepts no such line, so originating refuses it.
    """

    plan: Plan
    instalments: tuple[Instalment, ...]

    @property
    def total_interest_minor(self) -> int:
        return sum(instalment.interest_minor for instalment in self.instalments)

    @property
    def balances_minor(self) -> list[int]:
        """The principal outstanding after each instalment; the last is zero."""
        repaid = accumulate(instalment.principal_minor for instalment in self.instalments)
        return [self.plan.principal_minor - repaid_minor for repaid_minor in repaid]


def schedule_of(plan: Plan) -> Schedule:
    """The schedule a plan leads to. Raises a subclass of Invalid where it leads to none."""
    periods = periods_of(plan)
    instalments = tuple(
        Instalment(number, due_on, *parts)
        for number, (due_on, parts) in enumerate(
            # A method may end early, never late.
            zip(periods.due_on, _parts(plan, periods), strict=False),
            start=1,
        )
    )
    schedule = Schedule(plan, instalments)
    if plan.principal_minor + schedule.total_interest_minor > MAX_AMOUNT_MINOR:
        raise AmountOutOfRange(
            "principal and interest together do not fit 63 bits; lend less or for less long",
            field="principal",
        )
    return schedule


def _parts(plan: Plan, periods: Periods) -> Iterator[Parts]:
    rates = periods.rate_numerators, periods.rate_denominator
    match plan.method:
        case Method.EQUAL_INSTALMENT:
            return equal_instalment(
                plan.principal_minor,
                *rates,
                plan.rounding,
                principal_grace=plan.principal_grace,
                amount_minor=plan.instalment_override_minor,
            )
        case Method.EQUAL_PRINCIPAL:
            return equal_principal(
                plan.principal_minor,
                *rates,
                plan.rounding,
                principal_grace=plan.principal_grace,
            )
        case Method.INTEREST_ONLY | Method.SINGLE_REPAYMENT:
            principals = [0] * (len(periods.due_on) - 1) + [plan.principal_minor]
            return agreed_principals(principals, *rates, plan.rounding)
        case Method.CUSTOM:
            principals = [row.principal_minor for row in plan.rows]
            counted = agreed_principals(principals, *rates, plan.rounding)
            agreed = [row.interest_minor for row in plan.rows]
            return (
                parts if interest_minor is None else Parts(parts.principal_minor, interest_minor)
                for parts, interest_minor in zip(counted, agreed, strict=True)
            )
