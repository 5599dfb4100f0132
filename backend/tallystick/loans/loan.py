"""The state of one loan: what it is, what was repaid, and the money beside its schedule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from tallystick.loans.repaid import Repaid
from tallystick.loans.terms import LoanTerms
from tallystick.loans.waterfall import NOTHING_OWED, Owed, outstanding_minor, owed_on


class Status(StrEnum):
    """Lifecycle, only forward; the contract's `Status` under the same words.

    `revoked` are terms that one side withdrew its signature from before they became a loan.
    """

    REVOKED = "revoked"
    APPROVED = "approved"
    CANCELLED = "cancelled"
    ACTIVE = "active"
    WRITTEN_OFF = "written_off"
    RESTRUCTURED = "restructured"
    CLOSED = "closed"


CARRIED = (Status.ACTIVE, Status.WRITTEN_OFF)
"""Statuses in which something can be owed."""

NOTHING_REPAID = Repaid(accrued_on=date.min)


@dataclass(frozen=True, slots=True)
class Account:
    """Money besides the schedule, members as in the contract's.

    `controlled_minor` is disbursed money not yet used; `reimbursed_minor` is what the guarantor
    got back of `guaranteed_minor`, which it paid.
    """

    controlled_minor: int = 0
    withdrawn_minor: int = 0
    collected_minor: int = 0
    guaranteed_minor: int = 0
    reimbursed_minor: int = 0
    assignment_count: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """What repayments of all kinds brought, by what they repaid."""

    penalty_minor: int = 0
    interest_minor: int = 0
    principal_minor: int = 0
    fee_minor: int = 0


@dataclass(frozen=True, slots=True)
class Loan:
    """State of one loan; amounts are minor units.

    `disbursed_at` (UTC) is the time of the restructuring for a loan that came of one. `assignee` is
    the present lender when the claim was assigned.
    """

    loan_id: str
    terms: LoanTerms
    status: Status = Status.APPROVED
    disbursed_at: datetime | None = None
    repaid: Repaid = NOTHING_REPAID
    account: Account = Account()
    received: Received = Received()
    spent_minor: Mapping[str, int] = field(default_factory=dict)
    assignee: str | None = None
    is_mandate_revoked: bool = False

    @property
    def lender(self) -> str:
        """The present lender: whom the claim was assigned to, or who signed."""
        return self.assignee or self.terms.lender

    @property
    def controlled_minor(self) -> int:
        return self.account.controlled_minor

    @property
    def to_reimburse_minor(self) -> int:
        """What the guarantor paid and has not got back."""
        return self.account.guaranteed_minor - self.account.reimbursed_minor

    @property
    def outstanding_minor(self) -> int:
        """Principal not repaid, due or not."""
        if self.status not in CARRIED:
            return 0
        return outstanding_minor(self.terms, self.repaid)

    def owed_at(self, at: datetime) -> Owed:
        """What is owed at `at`, which is not before the last event.

        Nothing is before disbursement and after the loan's end.
        """
        if self.status not in CARRIED:
            return NOTHING_OWED
        return owed_on(self.terms, self.repaid, local_day(at, self.terms.utc_offset_minutes))[0]


def local_day(at: datetime, utc_offset_minutes: int) -> date:
    """The day `at` (aware) falls on at a UTC offset."""
    return (at.astimezone(UTC) + timedelta(minutes=utc_offset_minutes)).date()
