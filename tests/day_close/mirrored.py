"""A mirror with loans in it, written as the mirror itself writes them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from tallystick.loans.events import LoanClosed, LoanEvent, RepaymentKind, RepaymentReceived
from tallystick.loans.life import apply
from tallystick.loans.loan import Loan
from tallystick.parties.roles import PartyRole
from tallystick.store.chain_logs import write_cursor
from tallystick.store.cursor import Cursor
from tallystick.store.loan_projection import LoanRows, write_loans
from tallystick.store.loan_records import LoanRecord
from tallystick.store.profiles import Profile, write_profile
from tallystick.store.projection import PartyRecord, empty_mirror, insert_parties
from tallystick.store.session import Store
from tests.servicing.lending import (
    DISBURSED_ON,
    LENDER,
    active_loan,
    at,
    repayment,
    terms,
    written_off,
)

LEDGER = "0x" + "ed" * 20


@dataclass
class Told:
    """One loan and what the ledger told of it."""

    loan: Loan
    received: list[tuple[datetime, RepaymentReceived]] = field(default_factory=list)
    written_off_at: datetime | None = None
    closed_at: datetime | None = None

    def repay(self, day: date, amount_minor: int) -> None:
        event = repayment(self.loan, amount_minor, day)
        self.received.append((at(day), event))
        self._apply(event, day)

    def pay_off(self, day: date) -> None:
        event = repayment(self.loan, 0, day, RepaymentKind.PAYOFF)
        self.received.append((at(day), event))
        self._apply(event, day)
        self._apply(LoanClosed(self.loan.loan_id), day)
        self.closed_at = at(day)

    def write_off(self, day: date) -> None:
        self.loan = written_off(self.loan, day)
        self.written_off_at = at(day)

    def _apply(self, event: LoanEvent, day: date) -> None:
        self.loan, _ = apply(self.loan, event, at(day))


class Mirrored:
    """Loans of one lender, each with a borrower of its own; `write` puts them into the store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told: list[Told] = []

    def lend(self, *, instalments: int = 3, grace_days: int = 0) -> Told:
        number = len(self.told) + 1
        agreed = replace(
            terms(instalments=instalments, grace_days=grace_days),
            agreement=f"A-{number}",
            borrower=f"0x{number:040x}",
        )
        self.told.append(Told(active_loan(agreed, loan_id=f"0x{number:064x}")))
        return self.told[-1]

    def write_profiles(self, language: str = "en") -> None:
        with self.store.begin() as session:
            for number, told in enumerate(self.told, start=1):
                profile = Profile(
                    address=told.loan.terms.borrower,
                    name=f"Borrower {number}",
                    email=f"borrower-{number}@post.example",
                    language=language,
                    salt=f"0x{number:064x}",
                )
                write_profile(session, profile)

    def write(self, day: date, hour: int = 12) -> None:
        """The mirror as it stands at an hour of `day`, whatever stood there before."""
        block_number = (day - DISBURSED_ON).days * 24 + hour + 1
        addresses = [LENDER, *(told.loan.terms.borrower for told in self.told)]
        party_ids = {address: number for number, address in enumerate(addresses, start=1)}
        records = {
            told.loan.loan_id: LoanRecord(
                id=number,
                loan=told.loan,
                originated_at=at(DISBURSED_ON),
                written_off_at=told.written_off_at,
                closed_at=told.closed_at,
                written_off_minor=0,
                block_number=block_number,
            )
            for number, told in enumerate(self.told, start=1)
        }
        rows = LoanRows(new=set(records))
        for surrogate, told in enumerate(self.told, start=1):
            lent = told.loan.terms.principal_minor
            tx_hash = f"0x{surrogate:064x}"
            rows.disbursements.append((surrogate, lent, at(DISBURSED_ON), 1, surrogate, tx_hash))
            for index, (received_at, event) in enumerate(told.received):
                rows.repayments.append(
                    (
                        index + 2,
                        surrogate,
                        surrogate,
                        event.payer,
                        event.kind,
                        event.amount_minor,
                        event.penalty_minor,
                        event.interest_minor,
                        event.principal_minor,
                        event.fee_minor,
                        received_at,
                        f"0x{surrogate:032x}{index:032x}",
                    )
                )
        with self.store.begin() as session:
            empty_mirror(session)
            insert_parties(
                session,
                [
                    PartyRecord(
                        id=number,
                        address=address,
                        roles=PartyRole.LENDER if address == LENDER else PartyRole.BORROWER,
                        payee_category=0,
                        identity_commitment="0x" + "c0" * 32,
                        is_frozen=False,
                        signature_nonce=0,
                        registered_at=at(DISBURSED_ON),
                        block_number=1,
                    )
                    for address, number in party_ids.items()
                ],
            )
            write_loans(session, records, rows, party_ids)
            write_cursor(
                session,
                Cursor(31337, LEDGER, block_number, "0x" + "b0" * 32, at(day, hour), block_number),
            )
