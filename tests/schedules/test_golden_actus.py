"""Reference cases of the ACTUS standard (annuities, principal at maturity), unrounded.

Each case's terms become a plan; its flows are computed on amounts 10^12 times finer than a cent
and must agree to the digits ACTUS prints. golden/README.md lists the cases left out and why.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import date
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from tallystick.kernel.calendar import Unit, date_after
from tallystick.kernel.rounding import Rounding
from tallystick.loans.amortisation import agreed_principals, equal_instalment
from tallystick.loans.periods import periods_of
from tallystick.loans.plan import Method
from tallystick.loans.plan_json import plan_from_json
from tallystick.loans.schedule import schedule_of
from tests.schedules.plans import asked

FOLDER = Path(__file__).parent / "golden/actus"
CASES = {
    name: case
    for kind in ("pam", "ann")
    for name, case in json.loads((FOLDER / f"{kind}.json").read_text()).items()
}
OUT_OF_SCOPE = {
    "ann03": "first repayment on the disbursement date",
    "ann09": "first repayment on the disbursement date",
    "ann15": "rate reset",
    "ann17": "interest capitalised",
    "ann19": "terminated early at a price",
    "ann21": "interest capitalised",
    "ann25": "rate reset",
    "pam19": "interest capitalised",
    "pam21": "rate reset",
    "pam23": "rate reset",
}
IN_SCOPE = sorted(CASES.keys() - OUT_OF_SCOPE.keys())
DAY_COUNTS = {"A365": "act/365f", "AA": "act/act", "30E360": "30/360"}
BUSINESS_DAYS = {
    "SCF": "following",
    "SCMF": "modified_following",
    "SCP": "preceding",
    "SCMP": "modified_preceding",
}
FINER = 10**12
DIGITS = Decimal("1e-8")


def _day(stamp: str) -> date:
    day = date.fromisoformat(stamp[:10])
    return date_after(day, 1, Unit.DAYS, 1) if stamp.endswith("23:59:59") else day


def _cycle(terms: dict[str, Any], name: str) -> tuple[int, Unit, bool]:
    """(every, unit, whether a stub at the end is a period of its own)."""
    parsed = re.fullmatch(r"P([0-9]+)([DWMY])L([01])", terms[name])
    assert parsed
    every, unit, is_short = parsed.groups()
    units = {"D": Unit.DAYS, "W": Unit.WEEKS, "M": Unit.MONTHS, "Y": Unit.YEARS}
    return int(every), units[unit], is_short == "1"


def _plan(terms: dict[str, Any]) -> dict[str, Any]:
    """The plan a case's terms state; accrual starts at the later of status date and exchange."""
    disbursed_on = max(_day(terms["initialExchangeDate"]), _day(terms["statusDate"]))
    business_day = BUSINESS_DAYS.get(terms.get("businessDayConvention", ""))
    stated = {
        "principal": str(terms["notionalPrincipal"]).strip(),
        "currency": terms["currency"],
        "annual_rate_pct": str(Decimal(str(terms["nominalInterestRate"])) * 100),
        "disbursed_on": disbursed_on.isoformat(),
        "day_count": DAY_COUNTS[terms["dayCountConvention"]],
        "business_day": business_day,
        "calendar": "weekdays" if business_day else None,
        "accrual_dates": "moved" if business_day else None,
    }
    anchor = _day(terms["cycleAnchorDateOfInterestPayment"])
    every, unit, is_short = _cycle(terms, "cycleOfInterestPayment")
    ends_on = terms.get("maturityDate") or terms.get("amortizationDate")
    matures_on = _day(ends_on) if ends_on else None
    regular = []
    for k in range(600):
        due_on = date_after(anchor, every, unit, k)
        if matures_on and due_on >= matures_on:
            break
        if due_on > disbursed_on:
            regular.append(due_on)
    if terms["contractType"] == "ANN":
        first_principal_on = _day(terms["cycleAnchorDateOfPrincipalRedemption"])
        payment = terms.get("nextPrincipalRedemptionPayment")
        return stated | {
            "method": "equal_instalment",
            "instalments": len(regular) + (matures_on is not None),
            "every": every,
            "unit": unit.value,
            "first_due_on": regular[0].isoformat(),
            "principal_grace": sum(day < first_principal_on for day in regular),
            # Payments finer than a cent are the computed level amount; round ones are agreed.
            "instalment_override": payment if payment and "." not in payment else None,
        }
    assert matures_on
    assert ends_on
    next_on = date_after(anchor, every, unit, len(regular) + (anchor <= disbursed_on))
    # A maturity in the last second of a day is off the cycle, though that is the next midnight.
    is_regular = next_on == matures_on and not ends_on.endswith("23:59:59")
    if is_regular and anchor == disbursed_on:
        return stated | {
            "method": "interest_only",
            "instalments": len(regular) + 1,
            "every": every,
            "unit": unit.value,
        }
    if not is_regular and not is_short:
        regular.pop()
    days = [*regular, matures_on]
    return stated | {
        "method": "custom",
        "instalments": len(days),
        "unit": unit.value,
        "rows": [
            {
                "due_on": day.isoformat(),
                "principal": stated["principal"] if day == matures_on else 0,
            }
            for day in days
        ],
    }


def _flows(case: dict[str, Any]) -> list[tuple[date, Decimal, Decimal]]:
    """(date, principal, interest) of every date on which something is due, seen by the lender."""
    sign = {"RPA": 1, "RPL": -1}[case["terms"]["contractRole"]]
    flows: dict[date, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for event in case["results"]:
        column = {"PR": 0, "MD": 0, "IP": 1}.get(event["eventType"])
        if column is not None:
            flows[_day(event["eventDate"])][column] += sign * Decimal(str(event["payoff"]))
    return [
        (day, principal, interest)
        for day, (principal, interest) in sorted(flows.items())
        if principal or interest
    ]


@pytest.mark.parametrize("name", IN_SCOPE)
def test_agrees_with_actus_to_its_printed_digits(name: str) -> None:
    plan = plan_from_json(asked(**_plan(CASES[name]["terms"])))
    periods = periods_of(plan)
    rates = periods.rate_numerators, periods.rate_denominator
    principal = plan.principal_minor * FINER
    if plan.method is Method.EQUAL_INSTALMENT:
        override = plan.instalment_override_minor
        parts = list(
            equal_instalment(
                principal,
                *rates,
                Rounding.HALF_EVEN,
                principal_grace=plan.principal_grace,
                amount_minor=None if override is None else override * FINER,
            )
        )
    else:
        principals = [0] * (len(periods.due_on) - 1) + [principal]
        parts = list(agreed_principals(principals, *rates, Rounding.HALF_EVEN))
    unit = 100 * FINER
    ours = [
        (due_on, Decimal(part.principal_minor) / unit, Decimal(part.interest_minor) / unit)
        for due_on, part in zip(periods.due_on, parts, strict=False)
    ]
    actus = _flows(CASES[name])
    assert [day for day, *_ in ours] == [day for day, *_ in actus]
    for our_flow, actus_flow in zip(ours, actus, strict=True):
        assert our_flow[1] == pytest.approx(actus_flow[1], abs=DIGITS)
        assert our_flow[2] == pytest.approx(actus_flow[2], abs=DIGITS)


@pytest.mark.parametrize("name", IN_SCOPE)
def test_rounded_instalments_stay_within_cents_of_actus(name: str) -> None:
    """Half a cent a figure, and what the level amount's own half cent adds up to."""
    schedule = schedule_of(plan_from_json(asked(**_plan(CASES[name]["terms"]))))
    actus = _flows(CASES[name])
    assert len(schedule.instalments) == len(actus)
    is_level = schedule.plan.method is Method.EQUAL_INSTALMENT
    drifts = accumulate(
        instalment.principal_minor - 100 * principal
        for instalment, (_, principal, _) in zip(schedule.instalments, actus, strict=True)
    )
    for k, (instalment, drift) in enumerate(zip(schedule.instalments, drifts, strict=True)):
        assert instalment.due_on == actus[k][0]
        assert abs(drift) <= (k + 1 if is_level else 0)
        assert abs(instalment.interest_minor - 100 * actus[k][2]) <= (1 if is_level else 0.5)


@pytest.mark.parametrize("name", sorted(OUT_OF_SCOPE))
def test_what_is_left_out_is_named(name: str) -> None:
    assert f"| {name} | {OUT_OF_SCOPE[name]}" in (FOLDER.parent / "README.md").read_text()
