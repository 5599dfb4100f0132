"""Published amortisation schedules and payments, from the mortgagemath collection.

golden/README.md says which are compared how, and which are out of scope and why.
"""

from __future__ import annotations

import csv
import tomllib
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tallystick.kernel.rounding import Rounding, round_ratio
from tallystick.loans.amortisation import equal_instalment, level_amount
from tallystick.loans.periods import periods_of
from tallystick.loans.plan_json import plan_from_json
from tests.schedules.plans import asked, cells, drawn

FOLDER = Path(__file__).parent / "golden/mortgagemath"
ROUNDINGS = {
    "ROUND_UP": "up",
    "ROUND_DOWN": "down",
    "ROUND_HALF_UP": "half_up",
    "ROUND_HALF_EVEN": "half_even",
}
EVERY = {"monthly": (1, "months", 12), "quarterly": (3, "months", 4), "annual": (1, "years", 1)}

# Balances carried at full precision, rounded only for print.
CARRIED = {
    "fanniemae_mf_1103_25m_550_360mo",
    "fhlbb_1935_plan_a_3k_6pct_30_per_mo",
    "geltner_ch20_cpm_1m_1200_360mo",
    "goldstein_ch10_3_ex1_563_1200_5mo",
}
# The payment is carried at full precision too.
CARRIED_PAYMENT = {"fanniemae_mf_1103_25m_550_360mo", "geltner_ch20_cpm_1m_1200_360mo"}
# The rate changes; the instalments before it does are compared.
FIXED_UNTIL = {
    "proeducate_arm_pmt_cap_65k_10pct_to_12pct_360mo": 12,
    "regz_apph_h14_arm_10k_1741_360mo": 12,
}
OUT_OF_SCOPE = {"rbc_accelerated_biweekly_350k_5pct_25yr"}


class Case(NamedTuple):
    name: str
    loan: dict[str, Any]
    expected: dict[str, Any]
    rows: list[dict[str, str]]

    @property
    def payment(self) -> str:
        payment = self.expected.get("periodic_payment") or self.expected["monthly_payment"]
        assert isinstance(payment, str)
        return payment


def _case(path: Path) -> Case:
    source = tomllib.loads(path.read_text())
    with path.with_suffix(".csv").open(newline="") as lines:
        return Case(path.stem, source["loan"], source["expected"], list(csv.DictReader(lines)))


CASES = [_case(path) for path in sorted(FOLDER.glob("*.toml"))]
ROUNDED_EACH = [case for case in CASES if case.name not in CARRIED | OUT_OF_SCOPE]
# Fannie Mae counts interest in days but computes its payment as if by 30/360.
PAYMENT_BY_RULE = [
    case for case in CASES if case.name not in OUT_OF_SCOPE | {"fanniemae_mf_1103_25m_550_360mo"}
]


def _plan(case: Case) -> dict[str, Any]:
    loan = case.loan
    every, unit, per_year = EVERY[loan.get("payment_frequency", "monthly")]
    term = loan.get("amortization_period_months", loan["term_months"])
    one_rounding = loan["payment_rounding"] == loan["interest_rounding"]
    return asked(
        principal=loan["principal"],
        currency={"0.01": "USD", "1": "JPY"}[loan.get("currency_unit", "0.01")],
        annual_rate_pct=_nominal_rate_pct(loan, per_year),
        instalments=term * per_year // 12,
        every=every,
        unit=unit,
        disbursed_on=loan.get("start_date", "2026-01-01"),
        day_count={"30/360": "30/360", "actual/360": "act/360"}[loan.get("day_count", "30/360")],
        rounding=ROUNDINGS[loan["interest_rounding"]],
        principal_grace=loan.get("interest_only_months", 0),
        # A plan has one rounding; where the payment has its own, it is stated.
        instalment_override=loan.get("payment_override", None if one_rounding else case.payment),
    )


def _nominal_rate_pct(loan: dict[str, Any], per_year: int) -> str:
    """The rate compounding as often as it is paid that is worth the quoted one."""
    compoundings = {"monthly": per_year, "semi_annual": 2, "annual": 1}
    times = compoundings[loan.get("compounding", "monthly")]
    if times == per_year:
        return str(loan["annual_rate"])
    with localcontext(prec=40):
        growth = (1 + Decimal(loan["annual_rate"]) / 100 / times) ** (Decimal(times) / per_year)
        return str(((growth - 1) * per_year * 100).quantize(Decimal("1e-10")))


@pytest.mark.parametrize("case", PAYMENT_BY_RULE, ids=lambda case: case.name)
def test_payment_as_published(case: Case) -> None:
    rounding = ROUNDINGS[case.loan["payment_rounding"]]
    override = case.loan.get("payment_override")
    answer = drawn(**_plan(case) | {"rounding": rounding, "instalment_override": override})
    assert answer["instalments"][0]["total"] == case.payment


@pytest.mark.parametrize("case", ROUNDED_EACH, ids=lambda case: case.name)
def test_rows_as_published(case: Case) -> None:
    instalments = drawn(**_plan(case))["instalments"]
    fee = Decimal(case.loan.get("fee_per_period", "0"))
    for row in case.rows:
        number = int(row["payment"])
        if number > FIXED_UNTIL.get(case.name, number):
            continue
        instalment = instalments[number - 1]
        assert instalment["principal"] == row["principal"]
        assert instalment["interest"] == row["interest"]
        assert instalment["balance"] == row["balance"]
        assert Decimal(instalment["total"]) + fee == Decimal(row["payment_amount"])


@pytest.mark.parametrize("case", ROUNDED_EACH, ids=lambda case: case.name)
def test_aggregates_as_published(case: Case) -> None:
    answer = drawn(**_plan(case))
    for span in case.expected.get("amortization_ranges", []):
        first, last = span["start_payment"] - 1, span["end_payment"]
        assert cells(answer, "balance")[last - 1] == Decimal(span["balance"])
        assert sum(cells(answer, "principal")[first:last]) == Decimal(span["principal"])
        assert sum(cells(answer, "interest")[first:last]) == Decimal(span["interest"])
    if balloon := case.expected.get("balloon_at_term"):
        _, _, per_year = EVERY[case.loan["payment_frequency"]]
        at_term = case.loan["term_months"] * per_year // 12
        assert cells(answer, "balance")[at_term - 1] == Decimal(balloon)


def test_year_four_as_published() -> None:
    """eCampus Ontario, Mathematics of Finance, 4.3 example 2; the figures stand in its notes."""
    case = next(case for case in CASES if case.name.startswith("ecampus_finmath_4_3_ex2"))
    answer = drawn(**_plan(case))
    assert sum(cells(answer, "interest")[36:48]) == Decimal("1048.37")
    assert sum(cells(answer, "principal")[36:48]) == Decimal("3425.23")


@pytest.mark.parametrize("name", sorted(CARRIED))
def test_carried_balances_as_published(name: str) -> None:
    """The same arithmetic on amounts 10^20 times finer, rounded for print as the source does."""
    case = next(case for case in CASES if case.name == name)
    finer = 10**20
    plan = plan_from_json(_plan(case))
    periods = periods_of(plan)
    level_plan = plan_from_json(_plan(case) | {"day_count": "30/360"})
    level = periods_of(level_plan)
    numerator, denominator = level_amount(
        plan.principal_minor, level.rate_numerators, level.rate_denominator
    )
    amount = round_ratio(numerator * finer, denominator, Rounding.HALF_UP)
    if name not in CARRIED_PAYMENT:
        amount = round_ratio(amount, finer, Rounding.HALF_UP) * finer
    if plan.instalment_override_minor is not None:
        amount = plan.instalment_override_minor * finer
    assert round_ratio(amount, finer, Rounding.HALF_UP) == Decimal(case.payment) * 100
    rates = periods.rate_numerators, periods.rate_denominator
    parts = list(
        equal_instalment(plan.principal_minor * finer, *rates, plan.rounding, amount_minor=amount)
    )
    balance = plan.principal_minor * finer
    balances, interests = [], []
    for part in parts:
        balance -= part.principal_minor
        balances.append(round_ratio(balance, finer, Rounding.HALF_UP))
        interests.append(round_ratio(part.interest_minor, finer, Rounding.HALF_UP))
    for row in case.rows:
        k = int(row["payment"]) - 1
        assert interests[k] == Decimal(row["interest"]) * 100
        assert balances[k] == Decimal(row["balance"]) * 100
    if balloon := case.expected.get("balloon_at_term"):
        assert balances[case.loan["term_months"] - 1] == Decimal(balloon) * 100
