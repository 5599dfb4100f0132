"""The demo's real input: one case per row of the German credit data."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

from tallystick.kernel.errors import Invalid

CASES_MAX = 1000


class TooManyLoans(Invalid):
    title = "More loans than cases"


@dataclass(frozen=True, slots=True)
class Case:
    """One real loan. `amount` is in whole currency units."""

    row: int
    months: int
    amount: int
    purpose: str
    is_good: bool


def read_cases(count: int) -> list[Case]:
    """The first `count` cases. Raises TooManyLoans outside 1 to CASES_MAX."""
    if not 1 <= count <= CASES_MAX:
        raise TooManyLoans(
            f"The data has {CASES_MAX} loans; ask for 1 to {CASES_MAX}.", field="loans"
        )
    source = files("tallystick.demo").joinpath("german_credit.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(source.splitlines())
    return [
        Case(
            row=int(row["row"]),
            months=int(row["months"]),
            amount=int(row["amount"]),
            purpose=row["purpose"],
            is_good=row["outcome"] == "good",
        )
        for row, _ in zip(rows, range(count), strict=False)
    ]
