"""Folds ledger events into loans and the rows that tell their life.

The state of a loan is the pure `Loan`; this adds what the mirror keeps besides it. Which rows a
loan has depends on its own events only, so one loan can be replayed alone.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from tallystick.funds.movements import MovementKind
from tallystick.kernel.errors import Corrupt
from tallystick.loans.events import (
    ControlledReleased,
    FundsDisbursed,
    LoanClosed,
    LoanEvent,
    LoanOriginated,
    LoanWrittenOff,
    NoticeServed,
    PayoutHeld,
    ProceedsPaid,
    ProceedsWithdrawn,
    RepaymentReceived,
    SignatureRevoked,
)
from tallystick.loans.loan import apply, originated
from tallystick.loans.waterfall import Allocation
from tallystick.store.loan_projection import LoanRows
from tallystick.store.loan_records import LoanRecord


class EventOutOfPlace(Corrupt):
    """An event that cannot have followed what the mirror holds: a log before it is missing."""

    title = "Event out of place"


class Place(NamedTuple):
    """Where an event stands on the chain, and its block's time (UTC)."""

    block_number: int
    log_index: int
    tx_hash: str
    at: datetime


class LoanFold:
    """Loans after a run of events.

    `records` are those known before, by loan id; `parties` holds the addresses of registered
    parties; loans originated in the run get surrogates from `next_id` on.
    """

    def __init__(
        self, records: Mapping[str, LoanRecord], parties: Container[str], next_id: int
    ) -> None:
        self.records = dict(records)
        self.rows = LoanRows()
        self._parties = parties
        self.next_id = next_id
        self._released: dict[str, int] = {}

    def take(self, event: LoanEvent, place: Place) -> int | None:
        """Applies `event`; the surrogate id of its loan, None if there is no such loan yet.

        Raises EventOutOfPlace or EventContradictsLoan.
        """
        if isinstance(event, SignatureRevoked):
            return None
        if isinstance(event, LoanOriginated):
            return self._originate(event, place)
        record = self.records.get(event.loan_id)
        if record is None:
            raise out_of_place(event, place, f"loan {event.loan_id} was never originated")
        record.loan, allocations = apply(record.loan, event, place.at)
        record.block_number = place.block_number
        self.rows.changed.add(event.loan_id)
        self._tell(record, event, allocations, place)
        return record.id

    def _originate(self, event: LoanOriginated, place: Place) -> int:
        if event.loan_id in self.records:
            raise out_of_place(event, place, f"loan {event.loan_id} was originated before")
        for party in (event.terms.lender, event.terms.borrower):
            if party not in self._parties:
                raise out_of_place(event, place, f"{party} was never registered")
        record = LoanRecord(
            id=self.next_id,
            loan=originated(event),
            originated_at=place.at,
            written_off_at=None,
            closed_at=None,
            written_off_minor=0,
            block_number=place.block_number,
        )
        self.next_id += 1
        self.records[event.loan_id] = record
        self.rows.new.add(event.loan_id)
        return record.id

    def _tell(
        self,
        record: LoanRecord,
        event: LoanEvent,
        allocations: Iterable[Allocation],
        place: Place,
    ) -> None:
        match event:
            case FundsDisbursed(amount_minor=amount):
                self.rows.disbursements.append(
                    (
                        record.id,
                        amount,
                        place.at,
                        place.block_number,
                        place.log_index,
                        place.tx_hash,
                    )
                )
            case ProceedsPaid():
                self.rows.spent.add((event.loan_id, event.purpose))
                self._use(
                    record,
                    place,
                    MovementKind.PAID,
                    event.payee,
                    event.amount_minor,
                    event.purpose,
                    event.evidence_hash,
                )
            case ProceedsWithdrawn(amount_minor=amount):
                borrower = record.loan.terms.borrower
                self._use(record, place, MovementKind.WITHDRAWN, borrower, amount)
            case RepaymentReceived():
                self._repay(record, event, allocations, place)
            case LoanWrittenOff():
                record.written_off_at = place.at
                record.written_off_minor = event.principal_minor
            case LoanClosed():
                record.closed_at = place.at
            case ControlledReleased(borrower=borrower, amount_minor=amount):
                if borrower != record.loan.terms.borrower:
                    raise out_of_place(event, place, f"{borrower} is not the loan's borrower")
                self._released[event.loan_id] = len(self.rows.uses)
                self._use(record, place, MovementKind.RELEASED, borrower, amount)
            case PayoutHeld(party=party):
                self._hold(event.loan_id, record, party)
            case NoticeServed():
                self.rows.notices.append(
                    (
                        record.id,
                        event.content_hash,
                        event.step,
                        place.at,
                        place.block_number,
                        place.tx_hash,
                    )
                )

    def _use(
        self,
        record: LoanRecord,
        place: Place,
        kind: MovementKind,
        payee: str,
        amount_minor: int,
        purpose: str | None = None,
        evidence_hash: str | None = None,
    ) -> None:
        self.rows.uses.append(
            [
                place.block_number,
                place.log_index,
                record.id,
                payee,
                purpose,
                kind,
                amount_minor,
                evidence_hash,
                place.at,
                place.tx_hash,
            ]
        )

    def _hold(self, loan_id: str, record: LoanRecord, party: str) -> None:
        """A payout to the borrower is the release at closing; any other is a repayment's."""
        if party == record.loan.terms.borrower and loan_id in self._released:
            self.rows.uses[self._released.pop(loan_id)][5] = MovementKind.HELD

    def _repay(
        self,
        record: LoanRecord,
        event: RepaymentReceived,
        allocations: Iterable[Allocation],
        place: Place,
    ) -> None:
        key = (place.block_number, place.log_index)
        self.rows.repayments.append(
            (
                *key,
                record.id,
                event.payer,
                event.amount_minor,
                event.penalty_minor,
                event.interest_minor,
                event.principal_minor,
                event.is_payoff,
                place.at,
                place.tx_hash,
            )
        )
        settled = record.loan.repaid.next_instalment
        for number, interest, principal in (
            (part.number, part.interest_minor, part.principal_minor) for part in allocations
        ):
            self.rows.allocations.append((*key, number, interest, principal))
            repaid = self.rows.repaid_on.setdefault((record.id, number), [0, 0, False])
            repaid[0] += interest
            repaid[1] += principal
            repaid[2] = number <= settled


def out_of_place(event: object, place: Place, why: str) -> EventOutOfPlace:
    return EventOutOfPlace(
        f"{type(event).__name__} in log {place.log_index} of block {place.block_number} is out of "
        f"place: {why}. A log before it is missing; ask another node, then run "
        "`tallystick mirror rebuild`.",
        block_number=place.block_number,
        log_index=place.log_index,
        tx_hash=place.tx_hash,
    )
