"""Terms and plans as requests state them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tallystick.actions.propose_loan import Conditions
from tallystick.api.values import (
    Address,
    AmountMinor,
    Body,
    Day,
    Hash32,
    NoneOrMoreMinor,
    RatePct,
    ShortText,
    Whole,
)
from tallystick.kernel.business_days import BusinessDayRule
from tallystick.kernel.calendar import Unit
from tallystick.kernel.daycount import DayCount
from tallystick.kernel.rates import rate_pct_of
from tallystick.kernel.rounding import Rounding
from tallystick.loans.instalment import Instalment
from tallystick.loans.plan import AccrualDates, CustomRow, Method, Plan
from tallystick.loans.terms import (
    DAYS_MAX,
    GRACE_DAYS_MAX,
    INSTALMENTS_MAX,
    PPM_MAX,
    PURPOSES_MAX,
    UTC_OFFSET_MINUTES_MAX,
    UTC_OFFSET_MINUTES_MIN,
    LoanTerms,
    PurposeCap,
)

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")]
Ppm = Annotated[Whole, Field(ge=0, le=PPM_MAX)]
DaysPastDue = Annotated[Whole, Field(ge=0, le=DAYS_MAX)]
Nonce = Annotated[Whole, Field(ge=0, lt=2**32)]
GraceDays = Annotated[Whole, Field(ge=0, le=GRACE_DAYS_MAX)]
UtcOffsetMinutes = Annotated[Whole, Field(ge=UTC_OFFSET_MINUTES_MIN, le=UTC_OFFSET_MINUTES_MAX)]
YearDays = Literal[360, 365]


class PurposeBody(Body):
    purpose: ShortText
    payee_category: Annotated[Whole, Field(ge=0, le=65535)] = Field(
        description="category a payee must have; 0 admits any payee"
    )
    cap_minor: AmountMinor


Purposes = Annotated[list[PurposeBody], Field(max_length=PURPOSES_MAX)]


class InstalmentBody(Body):
    due_on: Day
    principal_minor: NoneOrMoreMinor
    interest_minor: NoneOrMoreMinor


class AgreedBody(Body):
    """What terms and conditions have in common: agreed beside the schedule."""

    agreement: ShortText
    lender: Address
    borrower: Address
    guarantor: Address | None = None
    allocation: Literal["penalty_first", "penalty_last"] = Field(
        "penalty_first", description="whether penalty is repaid before or after what is due"
    )
    penalty_rate_ppm: Ppm
    penalty_year_days: YearDays
    grace_days: GraceDays
    prepayment: Literal["not_allowed", "shorter_term", "smaller_instalments"] = Field(
        "not_allowed", description="what a partial prepayment does to the schedule"
    )
    prepayment_fee_ppm: Ppm = Field(0, description="of principal repaid early; a payoff's too")
    accelerate_after_days: DaysPastDue = Field(
        0, description="days past due beyond which all may be made due; 0 is never"
    )
    mandate_minor_max: NoneOrMoreMinor = Field(
        0, description="most that may be collected in all; 0 exactly when collectable by nobody"
    )
    collectable_by: Literal["nobody", "servicer", "lender", "anyone"] = Field(
        "nobody", description="who may collect what is due from the borrower"
    )
    guarantee_minor_max: NoneOrMoreMinor = Field(
        0, description="most the guarantor can be called on for; 0 exactly without guarantor"
    )
    guarantee_after_days: DaysPastDue = Field(
        0, description="days past due beyond which the guarantor can be called on"
    )
    utc_offset_minutes: UtcOffsetMinutes
    sign_by: Day
    disburse_by: Day
    self_paid_minor_max: NoneOrMoreMinor
    document_hash: Hash32
    collateral_hash: Hash32 | None = Field(None, description="names what is pledged")
    prior_loan_id: Hash32 | None = Field(None, description="the loan these terms replace")
    purposes: Purposes


class TermsBody(AgreedBody):
    """Explicit terms: what is stated here is what is signed."""

    currency: Currency
    principal_minor: AmountMinor
    method: Method
    day_count: DayCount
    annual_rate_ppm: Annotated[Whole, Field(ge=0, lt=2**32)]
    rounding: Literal["half_even", "half_up"]
    disburse_on: Day
    lender_nonce: Nonce = Field(0, description="the party's `signature_nonce`")
    borrower_nonce: Nonce = 0
    guarantor_nonce: Nonce = 0
    instalments: list[InstalmentBody] = Field(min_length=1, max_length=INSTALMENTS_MAX)

    def to_terms(self) -> LoanTerms:
        plain = {name: getattr(self, name) for name in TermsBody.model_fields}
        plain["purposes"] = _purposes(self.purposes)
        plain |= {"method": self.method.value, "day_count": self.day_count.value}
        plain["instalments"] = tuple(
            Instalment(number, row.due_on, row.principal_minor, row.interest_minor)
            for number, row in enumerate(self.instalments, start=1)
        )
        return LoanTerms(**plain)


class RowBody(Body):
    due_on: Day
    principal_minor: NoneOrMoreMinor
    interest_minor: NoneOrMoreMinor | None = Field(
        None, description="counted on the balance if left out"
    )


class PlanBody(Body):
    """A plan from which the schedule is computed."""

    principal_minor: AmountMinor
    currency: Currency
    annual_rate_pct: RatePct
    method: Method
    instalments: Annotated[Whole, Field(ge=1, le=INSTALMENTS_MAX)]
    every: Annotated[Whole, Field(ge=1, le=INSTALMENTS_MAX)] = 1
    unit: Unit = Unit.MONTHS
    disbursed_on: Day
    first_due_on: Day | None = None
    day_count: DayCount
    rounding: Literal["half_even", "half_up"]
    principal_grace: Annotated[Whole, Field(ge=0, lt=INSTALMENTS_MAX)] = 0
    instalment_override_minor: AmountMinor | None = None
    rows: list[RowBody] = Field([], max_length=INSTALMENTS_MAX)
    business_day: BusinessDayRule = BusinessDayRule.NONE
    calendar: Annotated[str, Field(max_length=20)] | None = None
    accrual_dates: AccrualDates = AccrualDates.SCHEDULED

    def to_plan(self) -> Plan:
        """Raises subclasses of Invalid."""
        plain = {name: getattr(self, name) for name in PlanBody.model_fields}
        plain["annual_rate_pct"] = rate_pct_of(self.annual_rate_pct, field="annual_rate_pct")
        plain["rounding"] = Rounding(self.rounding)
        plain["rows"] = tuple(
            CustomRow(row.due_on, row.principal_minor, row.interest_minor) for row in self.rows
        )
        return Plan(**plain)


class ConditionsBody(AgreedBody):
    """What is agreed beside the plan; signature nonces are filled in."""

    def to_conditions(self) -> Conditions:
        plain = {name: getattr(self, name) for name in ConditionsBody.model_fields}
        plain["purposes"] = _purposes(self.purposes)
        return Conditions(**plain)


def _purposes(rows: list[PurposeBody]) -> tuple[PurposeCap, ...]:
    return tuple(PurposeCap(row.purpose, row.payee_category, row.cap_minor) for row in rows)
