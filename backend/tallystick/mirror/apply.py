"""Applies a run of logs to the projection: decode, fold, write in bulk.

The same code serves following, rebuilding from kept logs and replaying what a reorg left, so the
projection is one function of the logs whatever way they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tallystick.kernel.errors import Corrupt
from tallystick.loans.events import LoanEvent, LoanOriginated, PayoutClaimed
from tallystick.mirror.decode import Decoder, Event, Log, PartyEvent, TokenEvent
from tallystick.mirror.loan_fold import LoanFold, Place
from tallystick.mirror.money_fold import MoneyFold, changed_amounts
from tallystick.mirror.party_fold import PartyFold
from tallystick.store.chain_logs import insert_logs
from tallystick.store.loan_projection import write_loans
from tallystick.store.loan_records import records_of
from tallystick.store.projection import (
    held_balances,
    held_claims,
    insert_parties,
    insert_transfers,
    next_id,
    party_records,
    replace_balances,
    replace_claims,
    update_parties,
)
from tallystick.store.session import Session
from tallystick.store.tables import loans, parties


class LogsOutOfOrder(Corrupt):
    """Logs came twice or not in the chain's order."""

    title = "Logs out of order"


def apply_logs(
    session: Session,
    decoder: Decoder,
    ledger: str,
    logs: Sequence[Log],
    times: Mapping[int, datetime],
    *,
    keeps_logs: bool = True,
) -> None:
    """Applies `logs` of whole blocks, whose `times` are given, to the state in the database.

    `keeps_logs` is false when they are the kept ones already. Raises EventMalformed,
    EventOutOfPlace, EventContradictsLoan, BalanceContradicts or LogsOutOfOrder; the caller's
    session then commits nothing.
    """
    events = [(log, decoder.event(log)) for log in logs]
    loan_fold, party_fold = _folds(session, (event for _, event in events))
    money_fold = MoneyFold(ledger)
    kept: list[tuple[Any, ...]] = []
    last = (-1, -1)
    for log, event in events:
        place = Place(log.block_number, log.log_index, log.tx_hash, times[log.block_number])
        if place[:2] <= last:
            raise LogsOutOfOrder(
                f"Log {log.log_index} of block {log.block_number} comes twice or out of order. Ask "
                "another node.",
                block_number=log.block_number,
            )
        last = place[:2]
        loan_id = party_id = None
        if event is not None:
            money_fold.start(place)
        if isinstance(event, LoanEvent):
            loan_id = loan_fold.take(event, place)
            if loan_id is not None:
                money_fold.take_ledger(event, loan_fold.records[event.loan_id], place)
        elif isinstance(event, TokenEvent):
            money_fold.take_token(event, place)
        elif isinstance(event, PartyEvent):
            party_id = party_fold.take(event, place)
        elif isinstance(event, PayoutClaimed):
            money_fold.take_claim(event, place)
        kept.append(
            (
                log.block_number,
                log.log_index,
                log.block_hash,
                place.at,
                log.tx_hash,
                log.address,
                log.topics,
                log.data,
                loan_id,
                party_id,
            )
        )
    money_fold.finish()
    _write(session, loan_fold, party_fold, money_fold)
    if keeps_logs:
        insert_logs(session, kept)


def _folds(session: Session, events: Iterable[Event | None]) -> tuple[LoanFold, PartyFold]:
    """Folds that know every loan and party the events touch, each loaded once."""
    loan_ids: set[str] = set()
    addresses: set[str] = set()
    for event in events:
        if isinstance(event, LoanEvent):
            loan_ids.add(event.loan_id)
            if isinstance(event, LoanOriginated):
                addresses.update((event.terms.lender, event.terms.borrower))
        elif isinstance(event, PartyEvent):
            addresses.add(event.party)
    party_fold = PartyFold(party_records(session, addresses), next_id(session, parties.c.id))
    loan_fold = LoanFold(
        records_of(session, loan_ids), party_fold.records, next_id(session, loans.c.id)
    )
    return loan_fold, party_fold


def _write(
    session: Session, loan_fold: LoanFold, party_fold: PartyFold, money_fold: MoneyFold
) -> None:
    records = party_fold.records
    insert_parties(session, (records[address] for address in party_fold.new))
    update_parties(session, (records[one] for one in party_fold.changed - party_fold.new))
    party_ids = {address: record.id for address, record in records.items()}
    write_loans(session, loan_fold.records, loan_fold.rows, party_ids)
    insert_transfers(session, money_fold.transfers)
    add_to_balances(session, money_fold.balance_changes)
    add_to_claims(session, money_fold.claim_changes)


def add_to_balances(session: Session, changes: Mapping[str, int]) -> None:
    """Raises BalanceContradicts."""
    replace_balances(session, changed_amounts(held_balances(session, changes), changes))


def add_to_claims(session: Session, changes: Mapping[str, int]) -> None:
    """Raises BalanceContradicts."""
    replace_claims(session, changed_amounts(held_claims(session, changes), changes))
