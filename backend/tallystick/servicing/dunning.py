"""The dunning ladder: which notices are due on a day.

A loan climbs the ladder by its days past due, which are those of its oldest unpaid instalment: that
one's notices speak for all that is due, so nobody is sent one letter per instalment. The next
instalment to come is reminded of besides. When day closes were skipped, only the rung the loan now
stands on is due. A written-off loan is past the ladder and in the hands of collections.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from tallystick.loans.instalment import Instalment
from tallystick.loans.loan import Loan, Status


@dataclass(frozen=True, slots=True)
class DunningStep:
    """One rung: due from `days` past due on (negative: before) until the next rung."""

    name: str
    days: int

    @property
    def is_overdue(self) -> bool:
        return self.days > 0


LADDER = (
    DunningStep("before_due_3", -3),
    DunningStep("overdue_1", 1),
    DunningStep("overdue_7", 7),
    DunningStep("overdue_30", 30),
    DunningStep("overdue_60", 60),
    DunningStep("overdue_90", 90),
)
"""In order of days."""


@dataclass(frozen=True, slots=True)
class DueStep:
    """A rung reached by one instalment; `unpaid_minor` is what is left of the instalment."""

    instalment: Instalment
    step: DunningStep
    days_past_due: int
    unpaid_minor: int


def due_steps(
    loan: Loan, closed_on: date, written: Collection[tuple[int, str]]
) -> Iterator[DueStep]:
    """The rung that `loan` stands on at the end of `closed_on` and the reminder of its next
    instalment, without those already `written` (instalment number, step name)."""
    if loan.status is not Status.ACTIVE:
        return
    first = loan.repaid.next_instalment
    for index, instalment in enumerate(loan.terms.instalments[first:]):
        days = (closed_on - instalment.due_on).days
        if index == 0 or days < 0:
            step = _rung(days)
            if step is not None and (instalment.number, step.name) not in written:
                paid_minor = loan.repaid.paid_on_next_minor if index == 0 else 0
                unpaid_minor = instalment.total_minor - paid_minor
                yield DueStep(instalment, step, max(0, days), unpaid_minor)
        if days < 0:
            return


def _rung(days: int) -> DunningStep | None:
    """The last rung reached; a reminder before the due date is void from that date on."""
    reached = [step for step in LADDER if step.days <= days]
    if not reached or (days >= 0 and not reached[-1].is_overdue):
        return None
    return reached[-1]
