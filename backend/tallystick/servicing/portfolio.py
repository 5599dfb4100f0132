"""The carried loans of one day, added up as a lender wants to see them.

Written-off loans are no longer part of the portfolio: they are counted beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from tallystick.kernel.rounding import Rounding, round_ratio
from tallystick.loans.arrears import Bucket, Exposure, buckets_of, par
from tallystick.loans.loan import Loan, Status
from tallystick.loans.waterfall import Owed, owed_on
from tallystick.servicing.classification import (
    Category,
    Performance,
    category_of,
    performance_of,
)

OFFICE_UTC_OFFSET_MINUTES = 480
"""Where the office counts its business days, unless told otherwise (China)."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One carried loan on a day."""

    status: Status
    owed: Owed
    grace_days: int

    @property
    def category(self) -> Category:
        return category_of(self.owed.days_past_due)

    @property
    def performance(self) -> Performance:
        return performance_of(self.owed.days_past_due, self.grace_days)


@dataclass(frozen=True, slots=True)
class CategoryTotal:
    category: Category
    loans: int
    outstanding_minor: int


@dataclass(frozen=True, slots=True)
class PerformanceTotal:
    performance: Performance
    loans: int
    outstanding_minor: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Amounts in minor units of `currency`, which is None while there are no loans.

    `outstanding_minor` is principal; `interest_due_minor` and `penalty_minor` are owed besides.
    """

    day: date
    currency: str | None
    loans: int
    outstanding_minor: int
    interest_due_minor: int
    penalty_minor: int
    arrears_minor: int
    par30: Fraction
    par90: Fraction
    buckets: tuple[Bucket, ...]
    categories: tuple[CategoryTotal, ...]
    performances: tuple[PerformanceTotal, ...]
    written_off_loans: int
    written_off_outstanding_minor: int

    @property
    def non_performing_minor(self) -> int:
        """Outstanding principal in the three worst categories (不良)."""
        return sum(t.outstanding_minor for t in self.categories if t.category.is_non_performing)

    def as_json(self) -> dict[str, Any]:
        """Shares as exact fractions ("3/40") and in whole parts per million."""
        return {
            "day": self.day.isoformat(),
            "currency": self.currency,
            "loans": self.loans,
            "outstanding_minor": self.outstanding_minor,
            "interest_due_minor": self.interest_due_minor,
            "penalty_minor": self.penalty_minor,
            "arrears_minor": self.arrears_minor,
            "par30": str(self.par30),
            "par30_ppm": ppm(self.par30),
            "par90": str(self.par90),
            "par90_ppm": ppm(self.par90),
            "buckets": [asdict(bucket) for bucket in self.buckets],
            "categories": [asdict(total) for total in self.categories],
            "performances": [asdict(total) for total in self.performances],
            "non_performing_minor": self.non_performing_minor,
            "written_off_loans": self.written_off_loans,
            "written_off_outstanding_minor": self.written_off_outstanding_minor,
        }


def standing_on(loan: Loan, day: date) -> Standing:
    """A carried loan's standing at the end of `day`, which is not before its last accrual."""
    owed, _ = owed_on(loan.terms, loan.repaid, day)
    return Standing(loan.status, owed, loan.terms.grace_days)


def portfolio_of(standings: Collection[Standing], day: date, currency: str | None) -> Portfolio:
    """Sums over carried loans; a ledger has one currency."""
    active = [standing for standing in standings if standing.status is Status.ACTIVE]
    written_off = [standing for standing in standings if standing.status is Status.WRITTEN_OFF]
    exposures = [
        Exposure(
            days_past_due=standing.owed.days_past_due,
            outstanding_minor=standing.owed.outstanding_principal_minor,
            arrears_minor=standing.owed.arrears_minor,
        )
        for standing in active
    ]
    return Portfolio(
        day=day,
        currency=currency,
        loans=len(active),
        outstanding_minor=sum(s.owed.outstanding_principal_minor for s in active),
        interest_due_minor=sum(s.owed.interest_minor for s in active),
        penalty_minor=sum(s.owed.penalty_minor for s in active),
        arrears_minor=sum(s.owed.arrears_minor for s in active),
        par30=par(exposures, 30),
        par90=par(exposures, 90),
        buckets=tuple(buckets_of(exposures)),
        categories=tuple(
            CategoryTotal(category, *_sums(s for s in active if s.category is category))
            for category in Category
        ),
        performances=tuple(
            PerformanceTotal(performance, *_sums(s for s in active if s.performance is performance))
            for performance in Performance
        ),
        written_off_loans=len(written_off),
        written_off_outstanding_minor=sum(s.owed.outstanding_principal_minor for s in written_off),
    )


def ppm(share: Fraction) -> int:
    """A share in parts per million, to the nearest whole one."""
    return round_ratio(share.numerator * 1_000_000, share.denominator, Rounding.HALF_EVEN)


def _sums(standings: Iterable[Standing]) -> tuple[int, int]:
    """Loans and their outstanding principal."""
    outstanding = [standing.owed.outstanding_principal_minor for standing in standings]
    return len(outstanding), sum(outstanding)
