"""Folds ledger events into loans and the rows that tell their life.

The state of a loan is the pure `Loan`; this adds what the mirror keeps besides it. Which rows a
loan has depends on its own events only, so one loan can be replayed alone.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from tallystick.funds.movements import MovementKind
from tallystick.loans.events import (
    ClaimAssigned,
    CollateralReleased,
    ControlledReleased,
    FundsDisbursed,
    GuarantorReimbursed,
    LoanAccelerated,
    LoanCancelled,
    LoanClosed,
    LoanEvent,
    LoanOriginated,
    LoanRestructured,
    LoanWrittenOff,
    MandateRevoked,
    NoticeServed,
    PayoutHeld,
    ProceedsPaid,
    ProceedsWithdrawn,
    RepaymentKind,
    RepaymentReceived,
)
from tallystick.loans.life import apply, originated
from tallystick.loans.reduction import lines_from
from tallystick.loans.repayment import Allocation
from tallystick.mirror.places import Place, out_of_place
from tallystick.store.loan_projection import LoanRows
from tallystick.store.loan_records import LoanRecord

MOVEMENT_OF: Mapping[RepaymentKind, MovementKind] = {
    RepaymentKind.REPAY: MovementKind.REPAID,
    RepaymentKind.COLLECT: MovementKind.COLLECTED,
    RepaymentKind.PREPAY: MovementKind.REPAID,
    RepaymentKind.PAYOFF: MovementKind.REPAID,
    RepaymentKind.GUARANTEE: MovementKind.GUARANTEED,
    RepaymentKind.CONTROLLED: MovementKind.APPLIED,
}
_USE_KIND = 5


class LoanFold:
    """Loans after a run of events.

    `records` are those known before, by loan id; `parties` holds the addresses of registered
    parties; loans originated in the run get surrogates from `next_id` on. In a replay only some
    loans are known, and what a restructuring does to the others is left out.
    """

    def __init__(
        self,
        records: Mapping[str, LoanRecord],
        parties: Container[str],
        next_id: int,
        *,
        is_replay: bool = False,
    ) -> None:
        self.records = dict(records)
        self.rows = LoanRows()
        self.next_id = next_id
        self._parties = parties
        self._is_replay = is_replay
        self._released: dict[str, int] = {}
        self._received: dict[str, MovementKind] = {}

    def take(self, event: LoanEvent, place: Place) -> int | None:
        """Applies `event`; the surrogate id of its loan, in a replay none if that is another.

        Raises EventOutOfPlace or EventContradictsLoan.
        """
        if isinstance(event, LoanOriginated):
            return self._originate(event, place)
        if isinstance(event, LoanRestructured):
            self._move_on(event.prior_loan_id, event, place)
        return self._move_on(event.loan_id, event, place)

    def _move_on(self, loan_id: str, event: LoanEvent, place: Place) -> int | None:
        record = self.records.get(loan_id)
        if record is None:
            if self._is_replay:
                return None
            raise out_of_place(event, place, f"loan {loan_id} was never originated")
        before = record.loan.repaid
        record.loan, allocations = apply(record.loan, event, place.at)
        record.block_number = place.block_number
        self.rows.changed.add(loan_id)
        self._tell(record, event, place)
        if isinstance(event, RepaymentReceived):
            self._repay(record, event, allocations, place)
        after = record.loan.repaid
        for number in range(before.next_instalment + 1, after.next_instalment + 1):
            self._repaid_on(record, number)[2] = True
        if after.reduction != before.reduction:
            self._reduce(record)
        return record.id

    def _originate(self, event: LoanOriginated, place: Place) -> int:
        if event.loan_id in self.records:
            raise out_of_place(event, place, f"loan {event.loan_id} was originated before")
        for party in event.terms.signers:
            self._expect_registered(party, event, place)
        record = LoanRecord(self.next_id, originated(event), place.at, place.block_number)
        self.next_id += 1
        self.records[event.loan_id] = record
        self.rows.new.add(event.loan_id)
        return record.id

    def _expect_registered(self, party: str, event: LoanEvent, place: Place) -> None:
        if party not in self._parties:
            raise out_of_place(event, place, f"{party} was never registered")

    def _tell(self, record: LoanRecord, event: LoanEvent, place: Place) -> None:
        """What `event` changes besides the loan itself."""
        terms, rows = record.loan.terms, self.rows
        key = (place.block_number, place.log_index)
        stands_at = (place.at, *key, place.tx_hash)
        ends_with = (place.at, place.tx_hash)
        match event:
            case LoanCancelled(by=by):
                record.cancelled_at, record.cancelled_by = place.at, by
            case FundsDisbursed(amount_minor=amount):
                rows.disbursements.append((record.id, amount, *stands_at))
            case ProceedsPaid():
                rows.spent.add((event.loan_id, event.purpose))
                use = (event.payee, event.purpose, MovementKind.PAID, event.amount_minor)
                self._use(record, place, *use, event.evidence_hash)
            case ProceedsWithdrawn(amount_minor=amount):
                self._use(record, place, terms.borrower, None, MovementKind.WITHDRAWN, amount)
            case MandateRevoked():
                record.mandate_revoked_at = place.at
            case GuarantorReimbursed():
                rows.reimbursements.append(
                    (*key, record.id, event.guarantor, event.payer, event.amount_minor, *ends_with)
                )
            case LoanAccelerated():
                record.accelerated_at = place.at
                rows.accelerations.append(
                    (record.id, event.interest_minor, event.principal_minor, event.reason_hash,
                     *stands_at)
                )  # fmt: skip
            case LoanRestructured(prior_loan_id=record.loan.loan_id):
                record.restructured_at = place.at
                record.next_loan_id = event.loan_id
            case LoanRestructured():
                parts = (event.penalty_minor, event.interest_minor, event.principal_minor)
                rows.restructurings.append(
                    (record.id, event.prior_loan_id, *parts, event.controlled_minor, *stands_at)
                )
            case ClaimAssigned():
                self._expect_registered(event.assignee, event, place)
                rows.assigned.add(event.loan_id)
                parties = (event.lender, event.assignee)
                sale = (event.price_minor, event.assignment_count)
                rows.claims_assigned.append((*key, record.id, *parties, *sale, *ends_with))
            case LoanWrittenOff():
                record.written_off_at = place.at
                record.written_off_minor = event.principal_minor
                parts = (event.principal_minor, event.interest_minor, event.penalty_minor)
                rows.write_offs.append((record.id, *parts, event.reason_hash, *stands_at))
            case LoanClosed():
                record.closed_at = place.at
            case ControlledReleased(borrower=borrower, amount_minor=amount):
                if borrower != terms.borrower:
                    raise out_of_place(event, place, f"{borrower} is not the loan's borrower")
                self._released[event.loan_id] = len(rows.uses_of_proceeds)
                self._use(record, place, borrower, None, MovementKind.RELEASED, amount)
            case CollateralReleased():
                record.collateral_released_at = place.at
            case PayoutHeld():
                self._hold(record, event, place)
            case NoticeServed():
                rows.notices_served.append(
                    (record.id, event.content_hash, event.step, place.at, place.block_number,
                     place.tx_hash)
                )  # fmt: skip

    def _use(
        self,
        record: LoanRecord,
        place: Place,
        payee: str,
        purpose: str | None,
        kind: MovementKind,
        amount_minor: int,
        evidence_hash: str | None = None,
    ) -> None:
        self.rows.uses_of_proceeds.append(
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

    def _hold(self, record: LoanRecord, event: PayoutHeld, place: Place) -> None:
        """Who could not receive tells what it was: the borrower what closing released, the
        guarantor a reimbursement, the lender a repayment."""
        loan_id, terms = event.loan_id, record.loan.terms
        if event.party == terms.borrower:
            kind = MovementKind.RELEASED
            if loan_id in self._released:
                released = self._released.pop(loan_id)
                self.rows.uses_of_proceeds[released][_USE_KIND] = MovementKind.HELD
        elif event.party == terms.guarantor:
            kind = MovementKind.REIMBURSED
        else:
            kind = self._received.get(loan_id, MovementKind.REPAID)
        self.rows.payouts_held.append(
            (
                place.block_number,
                place.log_index,
                record.id,
                event.party,
                kind,
                event.amount_minor,
                place.at,
                place.tx_hash,
            )
        )

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
                event.kind,
                event.amount_minor,
                event.penalty_minor,
                event.interest_minor,
                event.principal_minor,
                event.fee_minor,
                place.at,
                place.tx_hash,
            )
        )
        self._received[event.loan_id] = MOVEMENT_OF[event.kind]
        if event.kind is RepaymentKind.CONTROLLED:
            lender, amount = record.loan.lender, event.amount_minor
            self._use(record, place, lender, None, MovementKind.APPLIED, amount)
        for part in allocations:
            self.rows.allocations.append(
                (*key, part.number, part.interest_minor, part.principal_minor)
            )
            if part.number:
                repaid = self._repaid_on(record, part.number)
                repaid[0] += part.interest_minor
                repaid[1] += part.principal_minor

    def _repaid_on(self, record: LoanRecord, number: int) -> list[int]:
        """Interest and principal repaid on an instalment in this run, and whether it is settled."""
        return self.rows.repaid_on.setdefault((record.id, number), [0, 0, False])

    def _reduce(self, record: LoanRecord) -> None:
        """What is left of the schedule stands at other amounts."""
        loan = record.loan
        first = loan.repaid.next_instalment
        lines = {line.index: line for line in lines_from(loan.terms, loan.repaid.reduction, first)}
        for index in range(first, len(loan.terms.instalments)):
            line = lines.get(index)
            stands = (line.interest_minor, line.principal_minor) if line else (0, 0)
            self.rows.amounts[(record.id, index + 1)] = stands
