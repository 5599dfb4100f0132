"""Applies a run of logs to the projection: decode, fold, write in bulk.

The same code serves following, rebuilding from kept logs and replaying what a reorg left, so the
projection is one function of the logs whatever way they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tallystick.kernel.errors import Corrupt
from tallystick.loans.colending_events import CoLendingEvent
from tallystick.loans.events import (
    BatchItemFailed,
    ClaimAssigned,
    LoanEvent,
    LoanOriginated,
    LoanRestructured,
    PauseChanged,
    PayoutClaimed,
    SignatureRevoked,
)
from tallystick.mirror.colending_fold import CoLendingFold
from tallystick.mirror.decode import Decoder
from tallystick.mirror.layouts import Event, Log, PartyEvent, TokenEvent
from tallystick.mirror.loan_fold import LoanFold
from tallystick.mirror.money_fold import MoneyFold, changed_amounts
from tallystick.mirror.party_fold import PartyFold
from tallystick.mirror.places import Place
from tallystick.mirror.staff_fold import StaffFold
from tallystick.parties.staff_events import StaffEvent
from tallystick.store.chain_logs import insert_logs
from tallystick.store.colendings import co_lending_addresses, insert_co_lending_rows
from tallystick.store.ledger_life import LedgerRows, insert_ledger_rows
from tallystick.store.loan_projection import write_loans
from tallystick.store.loan_records import records_of
from tallystick.store.loan_tables import loans
from tallystick.store.mirror_tables import parties
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
from tallystick.store.staff import (
    end_operations,
    insert_operations,
    read_staff_of_chain,
    replace_staff_of_chain,
    waiting_operations,
)


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
    folds = _Folds(session, ledger, [event for _, event in events])
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
        surrogates = folds.take(event, place) if event is not None else _OF_NOBODY
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
                *surrogates,
                isinstance(event, StaffEvent),
            )
        )
    folds.write(session)
    if keeps_logs:
        insert_logs(session, kept)


_Surrogates = tuple[int | None, int | None, int | None]
"""Of the loan, the loan it ended and the party that an event is about."""

_OF_NOBODY: _Surrogates = (None, None, None)


class _Folds:
    """All folds of one run; they know every loan and party its events touch, each loaded once."""

    def __init__(self, session: Session, ledger: str, events: Sequence[Event | None]) -> None:
        loan_ids: set[str] = set()
        addresses: set[str] = set()
        has_staff = has_co_lendings = False
        for event in events:
            if isinstance(event, LoanEvent):
                loan_ids.add(event.loan_id)
                if isinstance(event, LoanOriginated):
                    addresses.update(event.terms.signers)
                elif isinstance(event, ClaimAssigned):
                    addresses.add(event.assignee)
                elif isinstance(event, LoanRestructured):
                    loan_ids.add(event.prior_loan_id)
            elif isinstance(event, PartyEvent):
                addresses.add(event.party)
            has_staff = has_staff or isinstance(event, StaffEvent)
            has_co_lendings = has_co_lendings or isinstance(event, CoLendingEvent)
        self._party = PartyFold(party_records(session, addresses), next_id(session, parties.c.id))
        self._loan = LoanFold(
            records_of(session, loan_ids), self._party.records, next_id(session, loans.c.id)
        )
        self._money = MoneyFold(ledger)
        self._staff = (
            StaffFold(read_staff_of_chain(session), waiting_operations(session))
            if has_staff
            else None
        )
        self._co_lending = CoLendingFold(co_lending_addresses(session) if has_co_lendings else ())
        self._ledger = LedgerRows()

    def take(self, event: Event, place: Place) -> _Surrogates:
        self._money.start(place)
        match event:
            case SignatureRevoked():
                self._ledger.revoked_signatures.append(
                    (event.loan_id, event.party, place.at, *place[:3])
                )
            case LoanEvent():
                surrogate = self._loan.take(event, place)
                self._money.take_ledger(event, self._loan.records[event.loan_id], place)
                if isinstance(event, LoanRestructured):
                    return surrogate, self._loan.records[event.prior_loan_id].id, None
                return surrogate, None, None
            case PayoutClaimed():
                self._money.take_claim(event, place)
            case PauseChanged():
                told = (event.by, event.is_paused, place.at, place.tx_hash)
                self._ledger.pauses.append((*place[:2], *told))
            case BatchItemFailed():
                failed = (event.index, event.selector, event.reason, place.at, place.tx_hash)
                self._ledger.batch_failures.append((*place[:2], *failed))
            case CoLendingEvent():
                self._co_lending.take(event, place)
            case _ if isinstance(event, TokenEvent):
                self._money.take_token(event, place)
            case _ if isinstance(event, PartyEvent):
                return None, None, self._party.take(event, place)
            case _ if self._staff is not None:
                self._staff.take(event, place)
        return _OF_NOBODY

    def write(self, session: Session) -> None:
        self._money.finish()
        records = self._party.records
        insert_parties(session, (records[address] for address in self._party.new))
        changed = self._party.changed - self._party.new
        update_parties(session, (records[address] for address in changed))
        party_ids = {address: record.id for address, record in records.items()}
        write_loans(session, self._loan.records, self._loan.rows, party_ids)
        insert_transfers(session, self._money.transfers)
        add_to_balances(session, self._money.balance_changes)
        add_to_claims(session, self._money.claim_changes)
        insert_ledger_rows(session, self._ledger)
        insert_co_lending_rows(session, self._co_lending.rows)
        if self._staff is not None:
            write_staff(session, self._staff)


def write_staff(session: Session, fold: StaffFold) -> None:
    replace_staff_of_chain(session, fold.staff)
    insert_operations(session, fold.scheduled.values())
    end_operations(session, fold.ended)


def add_to_balances(session: Session, changes: Mapping[str, int]) -> None:
    """Raises BalanceContradicts."""
    replace_balances(session, changed_amounts(held_balances(session, changes), changes))


def add_to_claims(session: Session, changes: Mapping[str, int]) -> None:
    """Raises BalanceContradicts."""
    replace_claims(session, changed_amounts(held_claims(session, changes), changes))
