"""Arrears buckets and portfolio at risk.

PARx counts the whole outstanding principal of loans more than x days past due over the gross
portfolio (outstanding principal of all carried loans, written-off ones excluded).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

BUCKETS: tuple[tuple[str, int, int | None], ...] = (
    ("current", 0, 0),
    ("1-30", 1, 30),
    ("31-60", 31, 60),
    ("61-90", 61, 90),
    ("91-180", 91, 180),
    ("181-360", 181, 360),
    ("over 360", 361, None),
)
"""Name, first and last days past due of each bucket."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """One carried loan on one day, amounts in minor units."""

    days_past_due: int
    outstanding_minor: int
    arrears_minor: int


@dataclass(frozen=True, slots=True)
class Bucket:
    name: str
    loans: int
    outstanding_minor: int
    arrears_minor: int


def bucket_of(days_past_due: int) -> str:
    """Name of the bucket `days_past_due` (0 or more) falls in."""
    for name, first, last in BUCKETS:
        if first <= days_past_due and (last is None or days_past_due <= last):
            return name
    raise ValueError(f"days past due cannot be negative: {days_past_due}")


def buckets_of(exposures: Iterable[Exposure]) -> list[Bucket]:
    """Every bucket in order, empty ones included."""
    sums = {name: [0, 0, 0] for name, _, _ in BUCKETS}
    for exposure in exposures:
        row = sums[bucket_of(exposure.days_past_due)]
        row[0] += 1
        row[1] += exposure.outstanding_minor
        row[2] += exposure.arrears_minor
    return [Bucket(name, *row) for name, row in sums.items()]


def par(exposures: Iterable[Exposure], days: int) -> Fraction:
    """Share of the gross portfolio in loans more than `days` past due; 0 of an empty portfolio."""
    gross = at_risk = 0
    for exposure in exposures:
        gross += exposure.outstanding_minor
        if exposure.days_past_due > days:
            at_risk += exposure.outstanding_minor
    return Fraction(at_risk, gross) if gross else Fraction(0)
