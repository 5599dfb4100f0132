"""The terms the demo's lenders offer for a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from tallystick.actions.propose_loan import Conditions, terms_of_plan
from tallystick.demo.cases import Case
from tallystick.demo.cast import CoLender, Player
from tallystick.demo.products import Product
from tallystick.kernel.business_days import BusinessDayRule, moved_to_business_day
from tallystick.kernel.calendar import Unit, date_after
from tallystick.kernel.currencies import minor_digits
from tallystick.kernel.daycount import DayCount
from tallystick.kernel.rounding import Rounding
from tallystick.loans.plan import Method, Plan
from tallystick.loans.terms import LoanTerms, PurposeCap
from tallystick.servicing.portfolio import OFFICE_UTC_OFFSET_MINUTES

STARTS_ON = date(2023, 9, 5)
"""First disbursements; every instalment falls due on a 5th or the business day after."""

CALENDAR = "CN"
GRACE_DAYS = 3
ACCELERATE_AFTER_DAYS = 90
GUARANTEE_AFTER_DAYS = 30
PREPAYMENT_FEE_PPM = 5_000
"""Half a per cent of what is repaid early."""


@dataclass(frozen=True, slots=True)
class Offer:
    """`month` counts from 0; `guarantor` answers for half the principal, if there is one."""

    case: Case
    product: Product
    lender: Player | CoLender
    borrower: Player
    guarantor: Player | None
    month: int
    is_collected: bool


def month_start(month: int) -> date:
    """The business day on which month `month` (from 0) of the demo disburses and falls due."""
    return moved_to_business_day(
        date_after(STARTS_ON, 1, Unit.MONTHS, month), BusinessDayRule.FOLLOWING, CALENDAR
    )


def principal_minor_of(case: Case, currency: str) -> int:
    units: int = 10 ** minor_digits(currency)
    return case.amount * units


def offered_terms(offer: Offer, currency: str) -> LoanTerms:
    plan = _plan(offer, currency)
    return terms_of_plan(plan, _conditions(offer, plan))


def _plan(offer: Offer, currency: str) -> Plan:
    case, product, month = offer.case, offer.product, offer.month
    is_single = product.method is Method.SINGLE_REPAYMENT
    return Plan(
        principal_minor=principal_minor_of(case, currency),
        currency=currency,
        annual_rate_pct=product.annual_rate_pct,
        method=product.method,
        instalments=1 if is_single else case.months,
        every=case.months if is_single else 1,
        unit=Unit.MONTHS,
        disbursed_on=month_start(month),
        first_due_on=date_after(
            STARTS_ON, 1, Unit.MONTHS, month + (case.months if is_single else 1)
        ),
        day_count=DayCount.ACT_360,
        rounding=Rounding.HALF_EVEN,
        principal_grace=min(product.principal_grace, case.months - 1),
        business_day=BusinessDayRule.FOLLOWING,
        calendar=CALENDAR,
    )


def _conditions(offer: Offer, plan: Plan) -> Conditions:
    product, principal_minor = offer.product, plan.principal_minor
    agreement = f"DEMO-{plan.disbursed_on:%Y%m}-{offer.case.row:04}"
    self_paid_minor = principal_minor * product.self_paid_pct // 100
    guarantor = offer.guarantor
    return Conditions(
        agreement=agreement,
        lender=offer.lender.address,
        borrower=offer.borrower.address,
        guarantor=guarantor.address if guarantor else None,
        # Half as much again as the agreed rate, the usual Chinese penalty rate.
        penalty_rate_ppm=int(product.annual_rate_pct * 15_000),
        penalty_year_days=360,
        grace_days=GRACE_DAYS,
        prepayment=product.prepayment,
        prepayment_fee_ppm=PREPAYMENT_FEE_PPM,
        accelerate_after_days=ACCELERATE_AFTER_DAYS,
        mandate_minor_max=2 * principal_minor if offer.is_collected else 0,
        collectable_by="servicer" if offer.is_collected else "nobody",
        guarantee_minor_max=principal_minor // 2 if guarantor else 0,
        guarantee_after_days=GUARANTEE_AFTER_DAYS if guarantor else 0,
        utc_offset_minutes=OFFICE_UTC_OFFSET_MINUTES,
        sign_by=plan.disbursed_on,
        disburse_by=plan.disbursed_on + timedelta(days=5),
        self_paid_minor_max=self_paid_minor,
        document_hash=_digest(agreement),
        collateral_hash=_digest(f"{agreement} collateral") if product.is_pledged else None,
        purposes=(
            PurposeCap(product.purpose, product.payee_category, principal_minor - self_paid_minor),
        ),
    )


def _digest(text: str) -> str:
    return "0x" + sha256(text.encode()).hexdigest()
