"""What the demo's lenders offer for each purpose of the data.

Rates stay under 12 % a year, four times the one-year loan prime rate of 3.0 %, the ceiling Chinese
small lenders are to reach by the end of 2027.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tallystick.demo.cases import Case
from tallystick.loans.plan import Method


@dataclass(frozen=True, slots=True)
class Product:
    """`payee_category` is what the payees of `purpose` sell; `self_paid_pct` what the borrower may
    withdraw and spend itself. `is_pledged`: what is bought is the collateral."""

    purpose: str
    payee_category: int
    method: Method
    annual_rate_pct: Decimal
    self_paid_pct: int = 0
    principal_grace: int = 0
    is_pledged: bool = False

    @property
    def prepayment(self) -> str:
        """What a partial prepayment does: both rules are offered."""
        match self.method:
            case Method.EQUAL_INSTALMENT:
                return "shorter_term"
            case Method.EQUAL_PRINCIPAL:
                return "smaller_instalments"
            case _:
                return "not_allowed"


_EQUAL_INSTALMENT = Method.EQUAL_INSTALMENT
_PRODUCTS = {
    "car (new)": Product("car", 1, _EQUAL_INSTALMENT, Decimal("7.2"), is_pledged=True),
    "car (used)": Product("used_car", 1, Method.EQUAL_PRINCIPAL, Decimal("8.4"), is_pledged=True),
    "furniture/equipment": Product(
        "furniture", 2, _EQUAL_INSTALMENT, Decimal("10.8"), 20, is_pledged=True
    ),
    "radio/television": Product("electronics", 3, _EQUAL_INSTALMENT, Decimal("11.88")),
    "domestic appliances": Product("appliances", 3, _EQUAL_INSTALMENT, Decimal("11.88")),
    "repairs": Product("repairs", 4, Method.EQUAL_PRINCIPAL, Decimal("9.6"), 30),
    "education": Product("tuition", 5, _EQUAL_INSTALMENT, Decimal("6"), 40, principal_grace=2),
    "retraining": Product("training", 5, _EQUAL_INSTALMENT, Decimal("6"), 40, principal_grace=2),
    "business": Product("working_capital", 6, Method.INTEREST_ONLY, Decimal("9"), 30),
    "others": Product("other_goods", 6, Method.SINGLE_REPAYMENT, Decimal("10.2"), 50),
}

PAYEE_CATEGORIES = sorted({product.payee_category for product in _PRODUCTS.values()})
WHOLESALE_CATEGORY = 9
"""Suppliers that the payees pay onward."""


def product_for(case: Case) -> Product:
    return _PRODUCTS[case.purpose]
