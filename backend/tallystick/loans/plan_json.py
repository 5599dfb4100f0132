"""Plans and schedules as JSON: what is asked and what is answered.

One plan, in which the members with a value in brackets may be left out or null:

    {"principal": "1500.00", "currency": "CNY", "annual_rate_pct": "7",
     "method": "equal_instalment" | "equal_principal" | "interest_only" | "single_repayment"
               | "custom",
     "instalments": 3, "every": 1, "unit": "months" | "weeks" | "days" | "years",
     "disbursed_on": "2026-01-01", "first_due_on": "2026-02-01" (one period after disbursed_on),
     "day_count": "30/360" | "act/360" | "act/365f" | "act/act",
     "rounding": "half_even" | "half_up" | "up" | "down",
     "principal_grace": 0 (0), "instalment_override": "505.84" (the level amount is computed),
     "business_day": "none" | "following" | "modified_following" | "preceding"
                     | "modified_preceding" (none),
     "calendar": "weekdays" | "CN" | another country code (needed by a business_day rule),
     "accrual_dates": "scheduled" | "moved" (scheduled),
     "fees": [{"amount": "10.00", "on": "2026-01-01"}] ([])}

A custom plan adds "rows": [{"due_on", "principal", "interest" (counted on the balance)}] and may
leave out instalments, every (1) and unit (months). Amounts, rates and whole numbers may be quoted
or bare; either way their digits are taken as they are written.
"""

from __future__ import annotations

from typing import Any

from tallystick.kernel.business_days import BusinessDayRule
from tallystick.kernel.calendar import Unit
from tallystick.kernel.daycount import DayCount
from tallystick.kernel.errors import Invalid
from tallystick.kernel.money import amount_text
from tallystick.kernel.rounding import Rounding
from tallystick.loans.annualised import annualised_cost
from tallystick.loans.members import Members
from tallystick.loans.plan import AccrualDates, CustomRow, Fee, Method, Plan
from tallystick.loans.schedule import Schedule, schedule_of

_MEMBERS = (
    *("principal", "currency", "annual_rate_pct", "method", "instalments", "every", "unit"),
    *("disbursed_on", "first_due_on", "day_count", "rounding", "principal_grace"),
    *("instalment_override", "rows", "business_day", "calendar", "accrual_dates", "fees"),
)


def plan_from_json(source: object) -> Plan:
    """The plan in `source`, an object as `json_of` reads it. Raises subclasses of Invalid."""
    plan = Members(source, known=_MEMBERS)
    currency = plan.text("currency")
    principal_minor = plan.amount_minor("principal", currency)
    annual_rate_pct = plan.rate_pct("annual_rate_pct")
    method = plan.choice("method", Method)
    rows = tuple(
        CustomRow(
            due_on=row.day("due_on"),
            principal_minor=row.amount_minor("principal", currency),
            interest_minor=row.amount_minor("interest", currency) if "interest" in row else None,
        )
        for row in plan.rows("rows", known=("due_on", "principal", "interest"))
    )
    is_custom = method is Method.CUSTOM
    return Plan(
        principal_minor=principal_minor,
        currency=currency,
        annual_rate_pct=annual_rate_pct,
        method=method,
        instalments=plan.whole("instalments", default=len(rows) if is_custom else None),
        every=plan.whole("every", default=1 if is_custom else None),
        unit=plan.choice("unit", Unit, default=Unit.MONTHS if is_custom else None),
        disbursed_on=plan.day("disbursed_on"),
        first_due_on=plan.day("first_due_on") if "first_due_on" in plan else None,
        day_count=plan.choice("day_count", DayCount),
        rounding=plan.choice("rounding", Rounding),
        principal_grace=plan.whole("principal_grace", default=0),
        instalment_override_minor=plan.amount_minor("instalment_override", currency)
        if "instalment_override" in plan
        else None,
        rows=rows,
        business_day=plan.choice("business_day", BusinessDayRule, default=BusinessDayRule.NONE),
        calendar=plan.text("calendar") if "calendar" in plan else None,
        accrual_dates=plan.choice("accrual_dates", AccrualDates, default=AccrualDates.SCHEDULED),
        fees=tuple(
            Fee(amount_minor=fee.amount_minor("amount", currency), on=fee.day("on"))
            for fee in plan.rows("fees", known=("amount", "on"))
        ),
    )


def schedule_as_json(schedule: Schedule) -> dict[str, Any]:
    """`{"instalments": [{"number", "due_on", "principal", "interest", "total", "balance"}],
    "total_interest", "apr_pct", "ear_pct"}`, amounts and rates as decimal text.

    Raises CostOutOfRange.
    """
    currency = schedule.plan.currency
    cost = annualised_cost(schedule)
    lines = zip(schedule.instalments, schedule.balances_minor, strict=True)
    return {
        "instalments": [
            {
                "number": instalment.number,
                "due_on": instalment.due_on.isoformat(),
                "principal": amount_text(instalment.principal_minor, currency),
                "interest": amount_text(instalment.interest_minor, currency),
                "total": amount_text(instalment.total_minor, currency),
                "balance": amount_text(balance_minor, currency),
            }
            for instalment, balance_minor in lines
        ],
        "total_interest": amount_text(schedule.total_interest_minor, currency),
        "apr_pct": str(cost.apr_pct),
        "ear_pct": str(cost.ear_pct),
    }


def answer_to(source: object) -> dict[str, Any]:
    """The schedule of the plan in `source`, or `{"error": {"type", "detail", "field"}}`."""
    try:
        return schedule_as_json(schedule_of(plan_from_json(source)))
    except Invalid as error:
        return {"error": {"type": error.type, "detail": error.detail, "field": error.field}}
