"""One dated line of a schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Instalment:
    """`number` counts from 1; amounts are minor units of the loan's currency."""

    number: int
    due_on: date
    principal_minor: int
    interest_minor: int

    @property
    def total_minor(self) -> int:
        return self.principal_minor + self.interest_minor
