"""The dunning ladder: which notices are due on a day.

A loan climbs the ladder by its days past due, which are those of its oldest unpaid instalment: that
one's notices speak for all that is due, so nobody is sent one letter per instalment. The next
instalment to come is reminded of besides. When day closes were skipped, only the rung the loan now
stands on is due. An accelerated loan stays on the rung of the instalment that was the oldest, for
all that was made due. A written-off loan is past the ladder and in the hands of collections.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from tallystick.loans.instalment import Instalment
from tallystick.loans.loan import Loan, Status
from tallystick.loans.reduction import lines_from


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
    """A rung reached by one instalment, as it stands after prepayments; `unpaid_minor` is what is
    left of it."""

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
    is_oldest = True
    for instalment, unpaid_minor in _unpaid(loan):
        days = (closed_on - instalment.due_on).days
        if is_oldest or days < 0:
            step = _rung(days)
            if step is not None and (instalment.number, step.name) not in written:
                yield DueStep(instalment, step, max(0, days), unpaid_minor)
        if days < 0:
            return
        is_oldest = False


def _unpaid(loan: Loan) -> Iterator[tuple[Instalment, int]]:
    """The instalments of which something is unpaid, oldest first, and how much."""
    if loan.repaid.is_accelerated:
        due = loan.repaid.due_at_once
        unpaid = due.accelerated_interest_minor + due.accelerated_principal_minor
        for row in loan.terms.instalments:
            if row.due_on == due.oldest_due_on and unpaid:
                yield row, unpaid
        return
    paid = loan.repaid.paid_on_next_minor
    for line in lines_from(loan.terms, loan.repaid.reduction, loan.repaid.next_instalment):
        if unpaid := line.total_minor - paid:
            number = line.index + 1
            row = Instalment(number, line.due_on, line.principal_minor, line.interest_minor)
            yield row, unpaid
        paid = 0


def _rung(days: int) -> DunningStep | None:
    """The last rung reached; a reminder before the due date is void from that date on."""
    reached = [step for step in LADDER if step.days <= days]
    if not reached or (days >= 0 and not reached[-1].is_overdue):
        return None
    return reached[-1]
