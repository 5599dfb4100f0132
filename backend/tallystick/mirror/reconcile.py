"""Holds the mirror against the contracts: every loan, balance, claim, party and notice.

Both halves are read at the cursor's block, by its hash, so that a difference is a difference and
not a matter of time. What the contracts do not show (repayments, allocations, uses, instalments,
transfers) must add up to what they do show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from tallystick.chain.failures import NodeLagging
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.terms import loan_id as loan_id_of
from tallystick.kernel.errors import Conflict
from tallystick.loans.loan import CARRIED, Status
from tallystick.mirror.follow import Follower
from tallystick.mirror.money_fold import ZERO_ADDRESS
from tallystick.store.bulk import chunks
from tallystick.store.cursor import Cursor, read_cursor
from tallystick.store.loan_records import LoanRecord
from tallystick.store.parties import balances_of, token_supply
from tallystick.store.projection import held_claims, party_records
from tallystick.store.reconcile_rows import (
    instalments_of_loans,
    known_addresses,
    loan_pages,
    lost_loans,
    lost_parties,
    notices_of_loans,
    purposes_of_loans,
    signed_columns,
    sums_of_loans,
    transferred_net,
)
from tallystick.store.session import Session, Store

_CATCHING_UP_MAX = 3


class NothingMirrored(Conflict):
    title = "Nothing mirrored yet"


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the halves do not match. `subject` is a loan id or an address, `member` what differs,
    the values are shown as text."""

    kind: str
    subject: str
    member: str
    mirror: str
    chain: str

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.member} is {self.mirror}, not {self.chain}"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was compared at which block, and every difference found."""

    block_number: int
    block_hash: str
    block_at: datetime
    loans: int
    addresses: int
    parties: int
    notices: int
    differences: tuple[Difference, ...]

    @property
    def is_matching(self) -> bool:
        return not self.differences


def reconcile(
    store: Store, ledger: LedgerReader, follower: Follower | None = None
) -> Reconciliation:
    """Compares the whole mirror with the contracts at the cursor's block.

    A node that no longer has the state of that block (or does not have it yet) raises NodeLagging;
    with a `follower` the mirror then catches up and is compared at the head. Raises
    NothingMirrored, and what `LedgerReader` and the follower raise.
    """
    for _ in range(_CATCHING_UP_MAX if follower is not None else 0):
        try:
            return _reconcile(store, ledger)
        except (NodeLagging, NothingMirrored):
            if follower is not None:
                follower.catch_up()
    return _reconcile(store, ledger)


def _reconcile(store: Store, ledger: LedgerReader) -> Reconciliation:
    with store.read() as session:
        cursor = read_cursor(session)
        if cursor is None:
            raise NothingMirrored("Nothing is mirrored yet; run `tallystick mirror follow`.")
        comparison = _Comparison(session, ledger, cursor)
        return Reconciliation(
            block_number=cursor.block_number,
            block_hash=cursor.block_hash,
            block_at=cursor.block_at,
            loans=comparison.compare_loans(),
            addresses=comparison.compare_money(),
            parties=comparison.compare_parties(),
            notices=comparison.notices,
            differences=tuple(comparison.differences),
        )


class _Comparison:
    def __init__(self, session: Session, ledger: LedgerReader, cursor: Cursor) -> None:
        self._session = session
        self._ledger = ledger
        self._block = cursor.block_hash
        self._at = cursor.block_at
        self._ledger_address = cursor.ledger
        self.differences: list[Difference] = []
        self.notices = 0

    def _compare(self, kind: str, subject: str, member: str, mirror: Any, chain: Any) -> None:
        if mirror != chain:
            self.differences.append(
                Difference(kind, subject, member, _shown(mirror), _shown(chain))
            )

    # ------------------------------------------------------------ loans

    def compare_loans(self) -> int:
        count = 0
        for page in loan_pages(self._session):
            sound = [record for record in page if self._has_its_terms(record)]
            self._compare_states(sound)
            self._compare_owed(sound)
            self._compare_spent(sound)
            self._compare_schedules(sound)
            self._compare_sums(sound)
            self._compare_notices(page)
            count += len(page)
        for loan_id in lost_loans(self._session):
            self._compare("loan", loan_id, "row", "missing", "logged")
        return count

    def _has_its_terms(self, record: LoanRecord) -> bool:
        told = loan_id_of(record.loan.terms)
        self._compare("loan", record.loan.loan_id, "terms", told, record.loan.loan_id)
        return told == record.loan.loan_id

    def _compare_states(self, records: Sequence[LoanRecord]) -> None:
        loan_ids = [record.loan.loan_id for record in records]
        for record, told in zip(records, self._ledger.loans(loan_ids, self._block), strict=True):
            loan_id = record.loan.loan_id
            if told is None:
                self._compare("loan", loan_id, "status", record.loan.status, "unknown")
                continue
            for member, mirrored in _state(record):
                self._compare("loan", loan_id, member, mirrored, getattr(told, member))

    def _compare_owed(self, records: Sequence[LoanRecord]) -> None:
        carried = [record.loan for record in records if record.loan.status in CARRIED]
        answers = self._ledger.owed_many([(loan.terms, self._at) for loan in carried], self._block)
        for loan, told in zip(carried, answers, strict=True):
            ours = loan.owed_at(self._at)
            for member in fields(told):
                self._compare(
                    "loan",
                    loan.loan_id,
                    f"owed.{member.name}",
                    getattr(ours, member.name),
                    getattr(told, member.name),
                )

    def _compare_spent(self, records: Sequence[LoanRecord]) -> None:
        questions = [
            (record.loan.loan_id, agreed.purpose)
            for record in records
            for agreed in record.loan.terms.purposes
        ]
        told = self._ledger.spent(questions, self._block)
        mirrored = purposes_of_loans(self._session, [record.id for record in records])
        for record in records:
            loan_id = record.loan.loan_id
            for agreed in record.loan.terms.purposes:
                spent = told[(loan_id, agreed.purpose)]
                ours = mirrored.get(record.id, {}).get(agreed.purpose)
                chain = (agreed.payee_category, agreed.cap_minor, spent, spent)
                self._compare("loan", loan_id, f"purpose {agreed.purpose}", ours, chain)

    def _compare_schedules(self, records: Sequence[LoanRecord]) -> None:
        """What the rows repeat of the signed terms, and how far the instalments are repaid."""
        ids = [record.id for record in records]
        columns = signed_columns(self._session, ids)
        mirrored = instalments_of_loans(self._session, ids)
        for record in records:
            loan, rows = record.loan, mirrored.get(record.id, [])
            terms = loan.terms
            agreed = (
                terms.agreement,
                terms.lender,
                terms.borrower,
                terms.currency,
                terms.principal_minor,
                terms.interest_minor,
                terms.matures_on,
            )
            self._compare("loan", loan.loan_id, "columns", columns.get(record.id), agreed)
            settled = loan.repaid.next_instalment
            ours = [
                (row.number, row.due_on, row.principal_minor, row.interest_minor, row.is_settled)
                for row in rows
            ]
            signed = [
                (
                    row.number,
                    row.due_on,
                    row.principal_minor,
                    row.interest_minor,
                    row.number <= settled,
                )
                for row in loan.terms.instalments
            ]
            for number, (mine, theirs) in enumerate(zip(ours, signed, strict=False), start=1):
                self._compare("loan", loan.loan_id, f"instalment {number}", mine, theirs)
            self._compare("loan", loan.loan_id, "instalments", len(ours), len(signed))
            principal = sum(row.principal_repaid_minor for row in rows)
            interest = sum(row.interest_repaid_minor for row in rows)
            repaid = loan.repaid.principal_repaid_minor
            self._compare(
                "loan", loan.loan_id, "principal repaid on instalments", principal, repaid
            )
            self._compare(
                "loan",
                loan.loan_id,
                "interest repaid on instalments",
                interest,
                loan.interest_repaid_minor,
            )

    def _compare_sums(self, records: Sequence[LoanRecord]) -> None:
        """Repayments, allocations and withdrawals against what the loan says came of them."""
        sums = sums_of_loans(self._session, [record.id for record in records])
        for record in records:
            loan, rows = record.loan, sums[record.id]
            repaid = loan.repaid
            for member, ours, told in (
                ("penalty of repayments", rows.repaid_penalty_minor, repaid.penalty_repaid_minor),
                ("interest of repayments", rows.repaid_interest_minor, loan.interest_repaid_minor),
                (
                    "principal of repayments",
                    rows.repaid_principal_minor,
                    repaid.principal_repaid_minor,
                ),
                ("allocated interest", rows.allocated_interest_minor, loan.interest_repaid_minor),
                (
                    "allocated principal",
                    rows.allocated_principal_minor,
                    repaid.principal_repaid_minor,
                ),
                ("withdrawals", rows.withdrawn_minor, loan.withdrawn_minor),
            ):
                self._compare("loan", loan.loan_id, member, ours, told)

    def _compare_notices(self, records: Sequence[LoanRecord]) -> None:
        loan_ids = {record.id: record.loan.loan_id for record in records}
        rows = notices_of_loans(self._session, list(loan_ids))
        questions = [(loan_ids[surrogate], content) for surrogate, content, _ in rows]
        told = self._ledger.notices_served_at(questions, self._block)
        for (loan_id, content_hash), (_, _, served_at) in zip(questions, rows, strict=True):
            self._compare(
                "loan", loan_id, f"notice {content_hash}", served_at, told[(loan_id, content_hash)]
            )
        self.notices += len(rows)

    # ------------------------------------------------------------ money and parties

    def compare_money(self) -> int:
        count = 0
        for addresses in self._addresses():
            told = self._ledger.balances(addresses, self._block)
            ours = balances_of(self._session, addresses)
            net = transferred_net(self._session, addresses)
            claimable = self._ledger.claimable(addresses, self._block)
            claims = held_claims(self._session, addresses)
            for address in addresses:
                self._compare("balance", address, "balance", ours[address], told[address])
                self._compare("balance", address, "transfers", net.get(address, 0), told[address])
                self._compare(
                    "claim", address, "claimable", claims.get(address, 0), claimable[address]
                )
            count += len(addresses)
        supply = token_supply(self._session)
        told_supply = self._ledger.total_supply(self._block)
        self._compare("balance", "all", "total supply", supply, told_supply)
        return count

    def compare_parties(self) -> int:
        count = 0
        for addresses in self._addresses():
            records = party_records(self._session, addresses)
            told = self._ledger.parties(addresses, self._block)
            for address in addresses:
                ours, theirs = records.get(address), told[address]
                if ours is None or theirs is None:
                    self._compare(
                        "party", address, "registered", ours is not None, theirs is not None
                    )
                    continue
                for member in fields(theirs):
                    self._compare(
                        "party",
                        address,
                        member.name,
                        getattr(ours, member.name),
                        getattr(theirs, member.name),
                    )
            count += len(records)
        for address in lost_parties(self._session):
            self._compare("party", address, "row", "missing", "logged")
        return count

    def _addresses(self) -> Iterator[list[str]]:
        everyone = {self._ledger_address, *known_addresses(self._session)} - {ZERO_ADDRESS}
        return chunks(sorted(everyone))


def _state(record: LoanRecord) -> Iterator[tuple[str, Any]]:
    """The members of the contract's `Loan`, as the mirror has them."""
    loan = record.loan
    repaid = loan.repaid
    yield "status", loan.status
    yield "disbursed_at", loan.disbursed_at
    yield "accrued_on", None if loan.status is Status.APPROVED else repaid.accrued_on
    yield "next_instalment", repaid.next_instalment
    yield "paid_on_next_minor", repaid.paid_on_next_minor
    yield "principal_repaid_minor", repaid.principal_repaid_minor
    yield "penalty_unit_days", repaid.penalty_unit_days
    yield "penalty_repaid_minor", repaid.penalty_repaid_minor
    yield "controlled_minor", loan.controlled_minor
    yield "withdrawn_minor", loan.withdrawn_minor


def _shown(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
