"""The portfolio as the mirror stands: carried loans by bucket and category, totals of all."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from tallystick.kernel.errors import Conflict
from tallystick.loans.loan import local_day
from tallystick.servicing.portfolio import (
    OFFICE_UTC_OFFSET_MINUTES,
    Portfolio,
    Standing,
    portfolio_of,
)
from tallystick.store.cursor import read_cursor
from tallystick.store.loans import carried_loans
from tallystick.store.session import Session
from tallystick.store.totals import StatusTotal, ledger_currency, status_totals


class PortfolioInThePast(Conflict):
    title = "Portfolio of the past"


class NothingMirrored(Conflict):
    title = "Nothing mirrored yet"


@dataclass(frozen=True, slots=True)
class PortfolioReport:
    """`portfolio` is of the carried loans at `at`, `totals` are of all loans there ever were."""

    at: datetime
    block_number: int
    portfolio: Portfolio
    totals: tuple[StatusTotal, ...]

    @property
    def disbursed_minor(self) -> int:
        return sum(total.disbursed_minor for total in self.totals)

    @property
    def repaid_minor(self) -> int:
        """Principal, interest, penalty and fees received."""
        return sum(
            total.principal_repaid_minor
            + total.interest_repaid_minor
            + total.penalty_repaid_minor
            + total.fee_repaid_minor
            for total in self.totals
        )

    @property
    def written_off_minor(self) -> int:
        """Principal written off, whatever was recovered of it since."""
        return sum(total.written_off_minor for total in self.totals)

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at.isoformat(),
            "block_number": self.block_number,
            **self.portfolio.as_json(),
            "disbursed_minor": self.disbursed_minor,
            "repaid_minor": self.repaid_minor,
            "written_off_minor": self.written_off_minor,
            "by_status": [asdict(total) for total in self.totals],
        }


def portfolio(
    session: Session,
    at: datetime | None = None,
    *,
    utc_offset_minutes: int = OFFICE_UTC_OFFSET_MINUTES,
) -> PortfolioReport:
    """The portfolio at `at`, by default the time of the mirror's block; ask in a reading session.

    Raises PortfolioInThePast for an earlier time and NothingMirrored.
    """
    cursor = read_cursor(session)
    if cursor is None:
        raise NothingMirrored(
            "The mirror is empty, so there is no portfolio. Run `tallystick mirror follow` first."
        )
    if at is None:
        at = cursor.block_at
    if at < cursor.block_at:
        raise PortfolioInThePast(
            f"The mirror stands at {cursor.block_at.isoformat()}, later than {at.isoformat()}. "
            "Read the day close of that day instead.",
            at=at.isoformat(),
            block_at=cursor.block_at.isoformat(),
        )
    standings = [
        Standing(loan.status, loan.owed_at(at), loan.terms.grace_days)
        for loan in carried_loans(session)
    ]
    day = local_day(at, utc_offset_minutes)
    return PortfolioReport(
        at=at,
        block_number=cursor.block_number,
        portfolio=portfolio_of(standings, day, ledger_currency(session)),
        totals=tuple(status_totals(session)),
    )
