"""What will happen to each loan of the demo: drawn once from the seed, before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from random import Random

from tallystick.actions.propose_loan import Conditions, terms_of_plan
from tallystick.chain.terms import loan_id
from tallystick.demo.cases import Case
from tallystick.demo.cast import Cast, Player
from tallystick.demo.products import Product, product_for
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
ORIGINATION_MONTHS = 12
MONTHS = 36
"""How long the demo runs; at its end most loans are repaid and some are still carried."""

CALENDAR = "CN"
GRACE_DAYS = 3
LATE_DAYS = 7
"""A late borrower repays this many days after the due date, beyond the grace days."""


class Misuse(StrEnum):
    """What a borrower or a stranger tries that was not agreed."""

    PURPOSE_NOT_AGREED = "purpose not agreed"
    PAYEE_NOT_REGISTERED = "payee not registered"
    PAYEE_OF_OTHER_TRADE = "payee of another trade"
    OVER_CAP = "over the purpose's cap"
    OVER_SELF_PAID_SHARE = "over the self-paid share"
    CHANGED_TERMS = "terms changed after signing"
    FORGED_SIGNATURE = "forged borrower signature"
    REPLAYED_SIGNATURES = "signatures used twice"
    EXPIRED_SIGNATURES = "signatures past their last day"


@dataclass(frozen=True, slots=True)
class Story:
    """One loan's life. Numbers are those of instalments.

    `stops_after`: the last instalment repaid in full, for a borrower who stops paying;
    `pays_half_of`: an instalment repaid by half before stopping; `late`: instalments repaid late;
    `pays_off_at`: the instalment on whose due date everything is repaid.
    """

    number: int
    borrower: Player
    lender: Player
    payee: Player
    product: Product
    terms: LoanTerms
    loan_id: str
    stops_after: int | None
    pays_half_of: int | None
    late: frozenset[int]
    pays_off_at: int | None
    misuse: Misuse | None

    def is_repaid(self, number: int) -> bool:
        """Whether the borrower repays (or tries to repay half of) instalment `number`."""
        if self.pays_off_at is not None and number > self.pays_off_at:
            return False
        return self.stops_after is None or number <= self.stops_after or number == self.pays_half_of


def month_start(month: int) -> date:
    """The business day on which month `month` (from 0) of the demo disburses and falls due."""
    return moved_to_business_day(
        date_after(STARTS_ON, 1, Unit.MONTHS, month), BusinessDayRule.FOLLOWING, CALENDAR
    )


def draw_stories(cases: list[Case], cast: Cast, seed: int, currency: str) -> list[Story]:
    """One story a case, disbursed evenly over the origination months in the cases' order."""
    misuses = list(Misuse)
    stories = []
    for index, case in enumerate(cases):
        random = Random(f"{seed}/{case.row}")
        product = product_for(case)
        borrower, lender = cast.borrowers[index], cast.lenders[index % len(cast.lenders)]
        payee = random.choice(cast.sellers_of(product.payee_category))
        month = index * ORIGINATION_MONTHS // len(cases)
        terms = _terms(case, product, lender, borrower, month, currency)
        count = len(terms.instalments)
        stops_after = None if case.is_good else random.randrange(count)
        is_halved = stops_after is not None and count > 1 and random.random() < 0.3
        pays_off_at = None
        if case.is_good and count > 6 and random.random() < 0.05:
            pays_off_at = random.randrange(count // 2, count)
        stories.append(
            Story(
                number=index + 1,
                borrower=borrower,
                lender=lender,
                payee=payee,
                product=product,
                terms=terms,
                loan_id=loan_id(terms),
                stops_after=stops_after,
                pays_half_of=stops_after + 1 if stops_after is not None and is_halved else None,
                late=frozenset(n for n in range(1, count + 1) if random.random() < 0.04),
                pays_off_at=pays_off_at,
                # Each kind once by the first loans, then by every fifth.
                misuse=misuses[index % len(misuses)]
                if index < len(misuses) or index % 5 == 0
                else None,
            )
        )
    return stories


def _terms(
    case: Case, product: Product, lender: Player, borrower: Player, month: int, currency: str
) -> LoanTerms:
    principal_minor = case.amount * 10 ** minor_digits(currency)
    disburse_on = month_start(month)
    is_single = product.method is Method.SINGLE_REPAYMENT
    plan = Plan(
        principal_minor=principal_minor,
        currency=currency,
        annual_rate_pct=product.annual_rate_pct,
        method=product.method,
        instalments=1 if is_single else case.months,
        every=case.months if is_single else 1,
        unit=Unit.MONTHS,
        disbursed_on=disburse_on,
        first_due_on=date_after(
            STARTS_ON, 1, Unit.MONTHS, month + (case.months if is_single else 1)
        ),
        day_count=DayCount.ACT_360,
        rounding=Rounding.HALF_EVEN,
        principal_grace=min(product.principal_grace, case.months - 1),
        business_day=BusinessDayRule.FOLLOWING,
        calendar=CALENDAR,
    )
    agreement = f"DEMO-{disburse_on:%Y%m}-{case.row:04}"
    self_paid_minor = principal_minor * product.self_paid_pct // 100
    conditions = Conditions(
        agreement=agreement,
        lender=lender.address,
        borrower=borrower.address,
        # Half as much again as the agreed rate, the usual Chinese penalty rate.
        penalty_rate_ppm=int(product.annual_rate_pct * 15_000),
        penalty_year_days=360,
        grace_days=GRACE_DAYS,
        utc_offset_minutes=OFFICE_UTC_OFFSET_MINUTES,
        sign_by=disburse_on,
        disburse_by=disburse_on + timedelta(days=5),
        self_paid_minor_max=self_paid_minor,
        document_hash="0x" + sha256(agreement.encode()).hexdigest(),
        purposes=(
            PurposeCap(product.purpose, product.payee_category, principal_minor - self_paid_minor),
        ),
    )
    return terms_of_plan(plan, conditions)
