"""Folds token and ledger events into transfers, balances and claims.

The ledger tells what it does before the token logs the transfer, so each ledger event leaves an
expectation that the next transfer of the same tx must meet to the unit. That gives every transfer
its meaning, and shows at once when a node left out, repeated or reordered a log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tallystick.funds.events import Burned, Minted, PurposeStated, Transferred
from tallystick.funds.movements import MovementKind
from tallystick.kernel.errors import Corrupt
from tallystick.loans.events import (
    ClaimAssigned,
    ControlledReleased,
    FundsDisbursed,
    GuarantorReimbursed,
    LoanEvent,
    PayoutClaimed,
    PayoutHeld,
    ProceedsPaid,
    ProceedsWithdrawn,
    RepaymentReceived,
)
from tallystick.mirror.layouts import TokenEvent
from tallystick.mirror.loan_fold import MOVEMENT_OF
from tallystick.mirror.places import Place, out_of_place
from tallystick.store.loan_records import LoanRecord
from tallystick.store.projection import TransferRow

ZERO_ADDRESS = "0x" + "00" * 20
PAYOUTS = (
    MovementKind.REPAID,
    MovementKind.COLLECTED,
    MovementKind.GUARANTEED,
    MovementKind.APPLIED,
    MovementKind.REIMBURSED,
    MovementKind.RELEASED,
)
"""What the ledger holds for a party that cannot receive it."""


class BalanceContradicts(Corrupt):
    """More left an account than it held: transfers before are missing."""

    title = "Balance contradicts the transfers"


@dataclass(frozen=True, slots=True)
class _Expected:
    kind: MovementKind
    sender: str
    receiver: str
    amount_minor: int
    loan_id: int | None = None
    purpose: str | None = None
    evidence_hash: str | None = None
    held_for: str | None = None


class MoneyFold:
    """Transfers of a run of events, and what they add to balances and claims, by address."""

    def __init__(self, ledger: str) -> None:
        self.transfers: list[TransferRow] = []
        self.balance_changes: dict[str, int] = {}
        self.claim_changes: dict[str, int] = {}
        self._ledger = ledger
        self._tx: tuple[int, str] | None = None
        self._expected: deque[_Expected] = deque()
        self._last_transfer: TransferRow | None = None
        self._last_place: Place | None = None

    def start(self, place: Place) -> None:
        """To be called for every log before it is taken: ends the tx before."""
        if (place.block_number, place.tx_hash) != self._tx:
            self.finish()
            self._tx = (place.block_number, place.tx_hash)

    def finish(self) -> None:
        """Ends the last tx. Raises EventOutOfPlace if a transfer it announced never came."""
        self._forget_transfer()
        if self._expected and self._last_place:
            expected = self._expected[0]
            raise out_of_place(
                expected,
                self._last_place,
                f"no transfer of {expected.amount_minor} to {expected.receiver} followed it",
            )

    def take_ledger(self, event: LoanEvent, record: LoanRecord, place: Place) -> None:
        """What a loan's event announces."""
        self._forget_transfer()
        self._last_place = place
        terms = record.loan.terms
        match event:
            case FundsDisbursed(amount_minor=amount):
                self._expect(MovementKind.DISBURSED, terms.lender, self._ledger, amount, record.id)
            case ProceedsPaid():
                self._expected.append(
                    _Expected(
                        MovementKind.PAID,
                        self._ledger,
                        event.payee,
                        event.amount_minor,
                        record.id,
                        event.purpose,
                        event.evidence_hash,
                    )
                )
            case ProceedsWithdrawn(amount_minor=amount):
                self._expect(
                    MovementKind.WITHDRAWN, self._ledger, terms.borrower, amount, record.id
                )
            case RepaymentReceived(payer=payer, amount_minor=amount):
                if amount:
                    kind, lender = MOVEMENT_OF[event.kind], record.loan.lender
                    self._expect(kind, payer, lender, amount, record.id)
            case GuarantorReimbursed(guarantor=guarantor, payer=payer, amount_minor=amount):
                self._expect(MovementKind.REIMBURSED, payer, guarantor, amount, record.id)
            case ClaimAssigned(lender=lender, assignee=assignee, price_minor=price):
                if price:
                    self._expect(MovementKind.ASSIGNED, assignee, lender, price, record.id)
            case ControlledReleased(amount_minor=amount):
                self._expect(MovementKind.RELEASED, self._ledger, terms.borrower, amount, record.id)
            case PayoutHeld():
                self._hold(event, place)

    def take_claim(self, event: PayoutClaimed, place: Place) -> None:
        """Held money went to its party."""
        self._forget_transfer()
        self._last_place = place
        add(self.claim_changes, event.party, -event.amount_minor)
        self._expect(MovementKind.CLAIMED, self._ledger, event.party, event.amount_minor, None)

    def take_token(self, event: TokenEvent, place: Place) -> None:
        """A transfer, or what is said about the one just before. Raises EventOutOfPlace."""
        match event:
            case Transferred():
                self._transfer(event, place)
            case Minted(receiver=receiver, bank_reference=reference):
                transfer = self._explained(event, place, ZERO_ADDRESS, receiver)
                transfer.bank_reference = reference
            case Burned(sender=sender, bank_reference=reference):
                transfer = self._explained(event, place, sender, ZERO_ADDRESS)
                transfer.bank_reference = reference
            case PurposeStated():
                transfer = self._explained(event, place, event.sender, event.receiver)
                transfer.purpose = event.purpose
                transfer.evidence_hash = event.evidence_hash

    def _expect(
        self, kind: MovementKind, sender: str, receiver: str, amount_minor: int, loan_id: int | None
    ) -> None:
        self._expected.append(_Expected(kind, sender, receiver, amount_minor, loan_id))

    def _hold(self, event: PayoutHeld, place: Place) -> None:
        """The payout announced before could not reach `event.party`: the ledger keeps the money."""
        expected = self._expected.popleft() if self._expected else None
        if (
            expected is None
            or (expected.receiver, expected.amount_minor) != (event.party, event.amount_minor)
            or expected.kind not in PAYOUTS
        ):
            raise out_of_place(event, place, f"no payout to {event.party} was announced")
        add(self.claim_changes, event.party, event.amount_minor)
        if expected.sender != self._ledger:
            self._expected.appendleft(
                replace(
                    expected,
                    kind=MovementKind.HELD,
                    receiver=self._ledger,
                    held_for=event.party,
                )
            )

    def _transfer(self, event: Transferred, place: Place) -> None:
        self._forget_transfer()
        transfer = TransferRow(
            block_number=place.block_number,
            log_index=place.log_index,
            sender=event.sender,
            receiver=event.receiver,
            amount_minor=event.amount_minor,
            kind=MovementKind.TRANSFERRED,
            loan_id=None,
            held_for=None,
            purpose=None,
            evidence_hash=None,
            bank_reference=None,
            transferred_at=place.at,
            tx_hash=place.tx_hash,
        )
        if self._expected:
            self._meet(self._expected.popleft(), event, transfer, place)
        if event.sender == ZERO_ADDRESS:
            transfer.kind = MovementKind.MINTED
        else:
            add(self.balance_changes, event.sender, -event.amount_minor)
        if event.receiver == ZERO_ADDRESS:
            transfer.kind = MovementKind.BURNED
        else:
            add(self.balance_changes, event.receiver, event.amount_minor)
        self.transfers.append(transfer)
        self._last_transfer = transfer
        self._last_place = place

    def _meet(
        self, expected: _Expected, event: Transferred, transfer: TransferRow, place: Place
    ) -> None:
        if (event.sender, event.receiver, event.amount_minor) != (
            expected.sender,
            expected.receiver,
            expected.amount_minor,
        ):
            raise out_of_place(
                event,
                place,
                f"{expected.kind} {expected.amount_minor} from {expected.sender} to "
                f"{expected.receiver} was announced, not {event.amount_minor} from "
                f"{event.sender} to {event.receiver}",
            )
        transfer.kind = expected.kind
        transfer.loan_id = expected.loan_id
        transfer.held_for = expected.held_for
        transfer.purpose = expected.purpose
        transfer.evidence_hash = expected.evidence_hash

    def _explained(
        self, event: Minted | Burned | PurposeStated, place: Place, sender: str, receiver: str
    ) -> TransferRow:
        transfer, self._last_transfer = self._last_transfer, None
        if transfer is None or (transfer.sender, transfer.receiver, transfer.amount_minor) != (
            sender,
            receiver,
            event.amount_minor,
        ):
            raise out_of_place(event, place, "the transfer it explains is not just before it")
        return transfer

    def _forget_transfer(self) -> None:
        """Nothing more will be said about the last transfer."""
        transfer, self._last_transfer = self._last_transfer, None
        if (
            transfer is not None
            and transfer.kind in (MovementKind.MINTED, MovementKind.BURNED)
            and self._last_place is not None
        ):
            raise out_of_place(transfer, self._last_place, "no bank reference was told for it")


def changed_amounts(held: Mapping[str, int], changes: Mapping[str, int]) -> dict[str, int]:
    """What each address in `changes` holds after them. Raises BalanceContradicts."""
    after = {address: held.get(address, 0) + change for address, change in changes.items()}
    for address, amount_minor in after.items():
        if amount_minor < 0:
            raise BalanceContradicts(
                f"{address} would hold {amount_minor}. A transfer to it is missing; ask another "
                "node, then run `tallystick mirror rebuild`.",
                address=address,
            )
    return after


def add(changes: dict[str, int], address: str, amount_minor: int) -> None:
    changes[address] = changes.get(address, 0) + amount_minor
