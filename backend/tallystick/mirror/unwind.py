"""Undoes exactly the blocks a reorg took away.

Transfers are subtracted, loans and parties the lost blocks touched are replayed from the logs that
remain, and so is all of the staff if they touched it; everything else stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tallystick.funds.events import Transferred
from tallystick.loans.events import LoanEvent, LoanOriginated, PayoutClaimed, PayoutHeld
from tallystick.mirror.apply import add_to_balances, add_to_claims, write_staff
from tallystick.mirror.decode import Decoder
from tallystick.mirror.layouts import Event, PartyEvent
from tallystick.mirror.loan_fold import LoanFold
from tallystick.mirror.money_fold import ZERO_ADDRESS, add
from tallystick.mirror.party_fold import PartyFold
from tallystick.mirror.places import Place
from tallystick.mirror.staff_fold import StaffFold
from tallystick.parties.events import PartyRegistered
from tallystick.parties.staff_events import StaffEvent
from tallystick.store.chain_logs import (
    KeptBlock,
    KeptLog,
    delete_blocks_after,
    logs_after,
    logs_of_loans,
    logs_of_parties,
    logs_of_staff,
    write_cursor,
)
from tallystick.store.colendings import delete_co_lendings_after
from tallystick.store.cursor import Cursor
from tallystick.store.loan_projection import delete_loans, rewrite_loans
from tallystick.store.projection import (
    delete_after,
    delete_parties,
    party_records,
    update_parties,
)
from tallystick.store.session import Session
from tallystick.store.staff import Staff, empty_staff


def unwind(session: Session, decoder: Decoder, cursor: Cursor, fork: KeptBlock) -> Cursor:
    """Takes the mirror from `cursor` back to `fork`, the last block both histories share."""
    gone = [(log, decoder.event(log)) for log in logs_after(session, fork.block_number)]
    delete_blocks_after(session, fork.block_number)
    delete_after(session, fork.block_number)
    delete_co_lendings_after(session, fork.block_number)
    _give_back(session, (event for _, event in gone))

    touched_loans = {
        surrogate
        for log, _ in gone
        for surrogate in (log.loan_id, log.prior_loan_id)
        if surrogate is not None
    }
    new_loans = {log.loan_id for log, event in gone if isinstance(event, LoanOriginated)}
    delete_loans(session, {one for one in new_loans if one is not None})
    _replay_loans(session, decoder, touched_loans - new_loans)

    touched_parties = {log.party_id for log, _ in gone if log.party_id is not None}
    new_parties = {log.party_id for log, event in gone if isinstance(event, PartyRegistered)}
    delete_parties(session, {one for one in new_parties if one is not None})
    _replay_parties(session, decoder, touched_parties - new_parties)

    if any(log.is_of_staff for log, _ in gone):
        _replay_staff(session, decoder)

    back = replace(
        cursor,
        block_number=fork.block_number,
        block_hash=fork.block_hash,
        block_at=fork.block_at,
    )
    write_cursor(session, back)
    return back


def _give_back(session: Session, events: Iterable[Event | None]) -> None:
    balance_changes: dict[str, int] = {}
    claim_changes: dict[str, int] = {}
    for event in events:
        match event:
            case Transferred(sender=sender, receiver=receiver, amount_minor=amount):
                if sender != ZERO_ADDRESS:
                    add(balance_changes, sender, amount)
                if receiver != ZERO_ADDRESS:
                    add(balance_changes, receiver, -amount)
            case PayoutHeld(party=party, amount_minor=amount):
                add(claim_changes, party, -amount)
            case PayoutClaimed(party=party, amount_minor=amount):
                add(claim_changes, party, amount)
    add_to_balances(session, balance_changes)
    add_to_claims(session, claim_changes)


def _replay_loans(session: Session, decoder: Decoder, surrogates: set[int]) -> None:
    fold = LoanFold({}, _Everyone(), next_id=0, is_replay=True)
    for log in logs_of_loans(session, surrogates):
        event = decoder.event(log)
        if isinstance(event, LoanEvent):
            if isinstance(event, LoanOriginated) and log.loan_id is not None:
                fold.next_id = log.loan_id
            fold.take(event, _place(log))
    records = list(fold.records.values())
    lenders = party_records(session, {record.loan.lender for record in records})
    party_ids = {address: party.id for address, party in lenders.items()}
    rewrite_loans(session, records, fold.rows, party_ids)


def _replay_parties(session: Session, decoder: Decoder, surrogates: set[int]) -> None:
    fold = PartyFold({}, next_id=0)
    for log in logs_of_parties(session, surrogates):
        event = decoder.event(log)
        if isinstance(event, PartyEvent):
            if isinstance(event, PartyRegistered) and log.party_id is not None:
                fold.next_id = log.party_id
            fold.take(event, _place(log))
    update_parties(session, fold.records.values())


def _replay_staff(session: Session, decoder: Decoder) -> None:
    fold = StaffFold(Staff())
    for log in logs_of_staff(session):
        event = decoder.event(log)
        if isinstance(event, StaffEvent):
            fold.take(event, _place(log))
    empty_staff(session)
    write_staff(session, fold)


class _Everyone:
    """Loans are replayed without their parties, who were registered when they were originated."""

    def __contains__(self, address: object) -> bool:
        return True


def _place(log: KeptLog) -> Place:
    return Place(log.block_number, log.log_index, log.tx_hash, log.block_at)
