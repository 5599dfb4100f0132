"""What the demo came to: read back from the mirror, the outbox and the contracts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tallystick.actions.portfolio import PortfolioReport, portfolio
from tallystick.actions.trace_funds import trace_funds
from tallystick.demo.cast import CoLender
from tallystick.demo.drafts import MISUSER
from tallystick.demo.story import Story
from tallystick.funds.trace import FundTrace
from tallystick.kernel.errors import Corrupt
from tallystick.loans.loan import Loan
from tallystick.mirror.history import HistoryEntry, loan_history
from tallystick.mirror.reconcile import Reconciliation, reconcile
from tallystick.office.office import Office
from tallystick.store.commands import CommandStatus, commands_of
from tallystick.store.loans import find_loan
from tallystick.store.profiles import find_profiles
from tallystick.store.totals import EventCounts, event_counts, life_counts


class MisuseAccepted(Corrupt):
    """The contracts let something happen that was not agreed."""

    title = "Misuse was not refused"


@dataclass(frozen=True, slots=True)
class Refusal:
    """How often one kind of misuse was tried, and the contracts' answer."""

    misuse: str
    error: str
    count: int


@dataclass(frozen=True, slots=True)
class DemoOutcome:
    """`happened` says how often what an ordinary loan does without.

    `loan`, `history` and `trace` are of one loan, picked for having much to show; `names` are
    those of the parties in them. `seconds` by part of the work: those of `chain`, spent waiting for
    the node's answers, are within the others, and all are within `total`.
    """

    loans: int
    report: PortfolioReport
    refusals: tuple[Refusal, ...]
    counts: EventCounts
    happened: Mapping[str, int]
    reconciliation: Reconciliation
    loan: Loan
    history: tuple[HistoryEntry, ...]
    trace: FundTrace
    names: Mapping[str, str]
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def misuse_reverted(self) -> int:
        return sum(refusal.count for refusal in self.refusals)

    def as_json(self) -> dict[str, Any]:
        """Amounts in minor units; `par30` and `par90` are shares of the gross portfolio."""
        book = self.report.portfolio
        return {
            "loans": self.loans,
            "currency": book.currency,
            "disbursed": self.report.disbursed_minor,
            "repaid": self.report.repaid_minor,
            "written_off": self.report.written_off_minor,
            "repayments": self.counts.repayments,
            "misuse_reverted": self.misuse_reverted,
            "notices_served": self.counts.notices_served,
            "par30": round(float(book.par30), 6),
            "par90": round(float(book.par90), 6),
            "events_mirrored": self.counts.logs,
            "happened": dict(self.happened),
            "reconciled": self.reconciliation.is_matching,
            "seconds": {part: round(seconds, 2) for part, seconds in self.seconds.items()},
        }


def outcome_of(office: Office, stories: list[Story]) -> DemoOutcome:
    """Raises MisuseAccepted if any attempt took effect."""
    reconciliation = reconcile(office.store, office.ledger)
    with office.store.read() as session:
        attempts = commands_of(session, MISUSER)
        accepted = [one for one in attempts if one.status is not CommandStatus.REFUSED]
        if accepted:
            first = accepted[0]
            raise MisuseAccepted(
                f"{first.idempotency_key} is {first.status}, but should have been refused.",
                tx_hash=first.tx_hash,
            )
        tried = Counter(
            (one.idempotency_key.split("/")[-2], str((one.error or {}).get("type")))
            for one in attempts
        )
        shown = find_loan(session, _most_to_show(stories))
        trace = trace_funds(session, shown.loan_id)
        accounts = {node.movement.receiver for _, node in trace.root.walk()}
        profiles = find_profiles(session, {shown.terms.lender, shown.terms.borrower, *accounts})
        return DemoOutcome(
            loans=len(stories),
            report=portfolio(session),
            refusals=tuple(
                Refusal(misuse, error, count) for (misuse, error), count in sorted(tried.items())
            ),
            counts=event_counts(session),
            happened={**life_counts(session), "co_lendings": _co_lendings(stories)},
            reconciliation=reconciliation,
            loan=shown,
            history=tuple(loan_history(session, shown.loan_id)),
            trace=trace,
            names={address: profile.name for address, profile in profiles.items()},
        )


def _co_lendings(stories: list[Story]) -> int:
    return sum(isinstance(story.lender, CoLender) for story in stories)


def _most_to_show(stories: list[Story]) -> str:
    """A short loan with a self-paid share, repaid late and then no more, if there is one."""

    def interest(story: Story) -> tuple[int, ...]:
        repaid = story.stops_after or 0
        return (
            story.pays_half_of is not None,
            2 <= repaid <= 8,
            any(number <= repaid for number in story.late),
            story.terms.self_paid_minor_max > 0,
        )

    return max(stories, key=interest).loan_id
