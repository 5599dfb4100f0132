"""A plan: what has to be agreed before a schedule can be drawn up.

A Plan that exists is valid in itself: whoever builds one, from JSON or in Python, gets the same
refusals, each naming the field to mend.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from tallystick.kernel.business_days import BusinessDayRule, check_calendar
from tallystick.kernel.calendar import Unit
from tallystick.kernel.currencies import minor_digits
from tallystick.kernel.daycount import DayCount
from tallystick.kernel.errors import Invalid
from tallystick.kernel.money import MAX_AMOUNT_MINOR, amount_text
from tallystick.kernel.rates import check_rate_pct
from tallystick.kernel.rounding import Rounding

MAX_INSTALMENTS = 1200
MAX_EVERY = 1200


class InvalidPlan(Invalid):
    """A field that is well formed but cannot be agreed as it stands."""

    title = "Invalid plan"


class FieldNotForMethod(Invalid):
    title = "Field has no meaning for the method"


class RowsDoNotSum(Invalid):
    title = "Rows do not sum to the principal"


class Method(StrEnum):
    EQUAL_INSTALMENT = "equal_instalment"  # 等额本息
    EQUAL_PRINCIPAL = "equal_principal"  # 等额本金
    INTEREST_ONLY = "interest_only"  # 先息后本
    SINGLE_REPAYMENT = "single_repayment"  # 到期一次还本付息
    CUSTOM = "custom"


class AccrualDates(StrEnum):
    """The dates interest is counted between when a business-day rule moves the due dates."""

    SCHEDULED = "scheduled"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class CustomRow:
    """One agreed line; without `interest_minor` the interest is counted on the balance."""

    due_on: date
    principal_minor: int
    interest_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Fee:
    """A charge beside the schedule that counts in the annualised all-in cost."""

    amount_minor: int
    on: date


@dataclass(frozen=True, slots=True)
class Plan:
    """Amounts in minor units of `currency`; `annual_rate_pct` in per cent a year.

    `first_due_on`: None means one period after `disbursed_on`.
    `principal_grace`: how many first instalments bear interest only.
    `instalment_override_minor`: an agreed level amount instead of the computed one.
    `rows`: the agreed lines of a custom plan, whose dates and principals stand as they are; only
    for a custom plan is `instalments` redundant, and must equal their number.
    Raises a subclass of Invalid naming the field.
    """

    principal_minor: int
    currency: str
    annual_rate_pct: Decimal
    method: Method
    instalments: int
    every: int
    unit: Unit
    disbursed_on: date
    day_count: DayCount
    rounding: Rounding
    first_due_on: date | None = None
    principal_grace: int = 0
    instalment_override_minor: int | None = None
    rows: tuple[CustomRow, ...] = ()
    business_day: BusinessDayRule = BusinessDayRule.NONE
    calendar: str | None = None
    accrual_dates: AccrualDates = AccrualDates.SCHEDULED
    fees: tuple[Fee, ...] = ()

    def __post_init__(self) -> None:
        minor_digits(self.currency)
        check_rate_pct(self.annual_rate_pct, field="annual_rate_pct")
        self._check_amounts()
        self._check_counts()
        self._check_dates()
        self._check_method()
        self._check_business_days()

    def _check_amounts(self) -> None:
        amounts = {"principal": self.principal_minor}
        if self.instalment_override_minor is not None:
            amounts["instalment_override"] = self.instalment_override_minor
        amounts |= {f"fees[{i}].amount": fee.amount_minor for i, fee in enumerate(self.fees)}
        for field, amount_minor in amounts.items():
            if not 0 < amount_minor <= MAX_AMOUNT_MINOR:
                raise InvalidPlan(f"{field} must be more than zero and fit 63 bits", field=field)

    def _check_counts(self) -> None:
        if self.method is Method.CUSTOM and not self.rows:
            raise InvalidPlan("a custom plan needs rows", field="rows")
        if not 1 <= self.instalments <= MAX_INSTALMENTS:
            raise InvalidPlan(f"instalments must be 1 to {MAX_INSTALMENTS}", field="instalments")
        if not 1 <= self.every <= MAX_EVERY:
            raise InvalidPlan(f"every must be 1 to {MAX_EVERY} {self.unit}", field="every")
        if not 0 <= self.principal_grace < self.instalments:
            raise InvalidPlan(
                "principal_grace must leave at least one of the "
                f"{self.instalments} instalments to repay principal",
                field="principal_grace",
            )

    def _check_dates(self) -> None:
        if self.first_due_on is not None and self.first_due_on <= self.disbursed_on:
            raise InvalidPlan("first_due_on must be after disbursed_on", field="first_due_on")
        for i, fee in enumerate(self.fees):
            if fee.on < self.disbursed_on:
                raise InvalidPlan("a fee cannot precede disbursed_on", field=f"fees[{i}].on")
        upfront_minor = sum(fee.amount_minor for fee in self.fees if fee.on == self.disbursed_on)
        if upfront_minor >= self.principal_minor:
            raise InvalidPlan("fees on disbursed_on must leave some of the principal", field="fees")

    def _check_method(self) -> None:
        is_level = self.method is Method.EQUAL_INSTALMENT
        if self.instalment_override_minor is not None and not is_level:
            raise self._not_for_method("instalment_override")
        if self.principal_grace and not (is_level or self.method is Method.EQUAL_PRINCIPAL):
            raise self._not_for_method("principal_grace")
        if self.method is Method.CUSTOM:
            self._check_rows()
        elif self.rows:
            raise self._not_for_method("rows")

    def _check_rows(self) -> None:
        if self.first_due_on is not None:
            raise self._not_for_method("first_due_on")
        if self.instalments != len(self.rows):
            raise InvalidPlan(
                f"a custom plan of {self.instalments} instalments needs as many rows, not "
                f"{len(self.rows)}",
                field="instalments",
            )
        for i, row in enumerate(self.rows):
            for name, amount_minor in (
                ("principal", row.principal_minor),
                ("interest", row.interest_minor or 0),
            ):
                if not 0 <= amount_minor <= MAX_AMOUNT_MINOR:
                    raise InvalidPlan(
                        f"{name} must be zero or more and fit 63 bits", field=f"rows[{i}].{name}"
                    )
        days = [self.disbursed_on, *(row.due_on for row in self.rows)]
        for i, (before, due_on) in enumerate(pairwise(days)):
            if due_on <= before:
                raise InvalidPlan(
                    f"{due_on} must be after {before}: rows follow the disbursement and each other",
                    field=f"rows[{i}].due_on",
                )
        repaid_minor = sum(row.principal_minor for row in self.rows)
        if repaid_minor != self.principal_minor:
            raise RowsDoNotSum(
                f"the rows repay {amount_text(repaid_minor, self.currency)} of a principal of "
                f"{amount_text(self.principal_minor, self.currency)}",
                field="rows",
            )

    def _check_business_days(self) -> None:
        if self.business_day is BusinessDayRule.NONE:
            if self.calendar is not None:
                raise InvalidPlan("a calendar needs a business_day rule", field="business_day")
            return
        if self.calendar is None:
            raise InvalidPlan(
                "a business_day rule needs a calendar: 'weekdays' or a country code like 'CN'",
                field="calendar",
            )
        check_calendar(self.calendar, field="calendar")

    def _not_for_method(self, field: str) -> FieldNotForMethod:
        return FieldNotForMethod(
            f"{field} has no meaning for {self.method}; leave it out", field=field
        )
