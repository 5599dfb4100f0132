"""How far a loan has been repaid: all that, with its terms, decides what is owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tallystick.loans.reduction import NOT_REDUCED, Reduction


@dataclass(frozen=True, slots=True)
class DueAtOnce:
    """What is due outside the instalments, members as in the contract's.

    Carried amounts come from a restructured loan and bear no penalty; accelerated ones replace all
    instalments. `oldest_due_on` is when the oldest instalment unpaid at acceleration fell due.
    """

    carried_penalty_minor: int = 0
    carried_interest_minor: int = 0
    accelerated_interest_minor: int = 0
    accelerated_principal_minor: int = 0
    oldest_due_on: date | None = None


NOTHING_AT_ONCE = DueAtOnce()


@dataclass(frozen=True, slots=True)
class Repaid:
    """How far a loan has been repaid, as the ledger stores it.

    `next_instalment` is the index of the oldest instalment not fully repaid, their number when
    none is left; `paid_on_next_minor` is what was repaid on it, interest first.
    `penalty_unit_days` are counted up to `accrued_on`; of the penalty they make,
    `penalty_repaid_minor` is repaid.
    """

    accrued_on: date
    next_instalment: int = 0
    paid_on_next_minor: int = 0
    penalty_unit_days: int = 0
    penalty_repaid_minor: int = 0
    is_accelerated: bool = False
    reduction: Reduction = NOT_REDUCED
    due_at_once: DueAtOnce = NOTHING_AT_ONCE
