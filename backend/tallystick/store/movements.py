"""Reads token transfers as movements between accounts.

On the token, every loan's unused proceeds and every held payout lie at the ledger's one address.
The kind of a transfer tells which of those accounts it touched. Money that goes from one of the
ledger's accounts to another is no transfer: unused proceeds that are held for who could not receive
them, or that another loan takes over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select, tuple_

from tallystick.funds.movements import (
    BANK,
    Movement,
    MovementKind,
    Position,
    Statement,
    controlled_account,
    held_account,
    loan_of_controlled,
    party_of_held,
)
from tallystick.store.loan_tables import loans, payouts_held, restructurings
from tallystick.store.mirror_tables import transfers
from tallystick.store.session import Session

_INTO_LEDGER = (MovementKind.DISBURSED, MovementKind.HELD)
_OUT_OF_CONTROLLED = (
    MovementKind.PAID,
    MovementKind.WITHDRAWN,
    MovementKind.RELEASED,
    MovementKind.APPLIED,
)
_OUT_OF_LEDGER = (*_OUT_OF_CONTROLLED, MovementKind.CLAIMED)

_place = tuple_(transfers.c.block_number, transfers.c.log_index)
_TRANSFERS: Select[Any] = (
    select(
        transfers.c.block_number,
        transfers.c.log_index,
        transfers.c.kind,
        transfers.c.sender,
        transfers.c.receiver,
        transfers.c.amount_minor,
        transfers.c.transferred_at,
        transfers.c.tx_hash,
        transfers.c.purpose,
        transfers.c.evidence_hash,
        transfers.c.bank_reference,
        transfers.c.held_for,
        loans.c.loan_id,
    )
    .outerjoin(loans, loans.c.id == transfers.c.loan_id)
    .order_by(transfers.c.block_number, transfers.c.log_index)
)
_HELD_BACK: Select[Any] = (
    select(
        payouts_held.c.block_number,
        payouts_held.c.log_index,
        payouts_held.c.party,
        payouts_held.c.amount_minor,
        payouts_held.c.held_at,
        payouts_held.c.tx_hash,
        loans.c.loan_id,
    )
    .join(loans, loans.c.id == payouts_held.c.loan_id)
    .where(payouts_held.c.kind.in_(_OUT_OF_CONTROLLED))
)
_CARRIED_OVER: Select[Any] = (
    select(
        restructurings.c.block_number,
        restructurings.c.log_index,
        restructurings.c.prior_loan_id,
        restructurings.c.controlled_minor,
        restructurings.c.restructured_at,
        restructurings.c.tx_hash,
        loans.c.loan_id,
    )
    .join(loans, loans.c.id == restructurings.c.loan_id)
    .where(restructurings.c.controlled_minor != 0)
)


def disbursement_movement(session: Session, loan_id: str) -> Movement | None:
    """From the lender to the loan's controlled account; None while not disbursed."""
    row = session.execute(
        _TRANSFERS.where(loans.c.loan_id == loan_id, transfers.c.kind == MovementKind.DISBURSED)
    ).one_or_none()
    return _movement(row) if row is not None else None


def movements_from(session: Session, account: str, since: Position) -> Statement:
    """What `account` held just before `since` and its movements after it, in the ledger's order.

    `account` is a party's address, a controlled account or a held account.
    """
    loan_id = loan_of_controlled(account)
    if loan_id is not None:
        return _statement(account, since, _controlled_movements(session, loan_id))
    party = party_of_held(account)
    if party is not None:
        return _statement(account, since, _held_movements(session, party))
    received, sent = _sides(account)
    after = _TRANSFERS.where(or_(received, sent), _place > since)
    return Statement(
        opening_minor=_net_before(session, received, sent, since),
        movements=[_movement(row) for row in session.execute(after)],
    )


def _sides(address: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """What `address` itself received and sent; for the ledger's own, what is in no loan's name."""
    return (
        and_(transfers.c.receiver == address, transfers.c.kind.not_in(_INTO_LEDGER)),
        and_(transfers.c.sender == address, transfers.c.kind.not_in(_OUT_OF_LEDGER)),
    )


def _net_before(
    session: Session, received: ColumnElement[bool], sent: ColumnElement[bool], since: Position
) -> int:
    net = func.sum(
        case((received, transfers.c.amount_minor), else_=0)
        - case((sent, transfers.c.amount_minor), else_=0)
    )
    query = select(net).where(or_(received, sent), _place < since)
    return int(session.execute(query).scalar_one() or 0)


def _controlled_movements(session: Session, loan_id: str) -> list[Movement]:
    kinds = (MovementKind.DISBURSED, *_OUT_OF_CONTROLLED)
    moved = _TRANSFERS.where(loans.c.loan_id == loan_id, transfers.c.kind.in_(kinds))
    held = _HELD_BACK.where(loans.c.loan_id == loan_id)
    carried = _CARRIED_OVER.where(
        or_(loans.c.loan_id == loan_id, restructurings.c.prior_loan_id == loan_id)
    )
    return [
        *map(_movement, session.execute(moved)),
        *map(_held_back, session.execute(held)),
        *map(_carried_over, session.execute(carried)),
    ]


def _held_movements(session: Session, party: str) -> list[Movement]:
    moved = _TRANSFERS.where(
        or_(
            transfers.c.held_for == party,
            and_(transfers.c.kind == MovementKind.CLAIMED, transfers.c.receiver == party),
        )
    )
    held = _HELD_BACK.where(payouts_held.c.party == party)
    return [*map(_movement, session.execute(moved)), *map(_held_back, session.execute(held))]


def _statement(account: str, since: Position, movements: Sequence[Movement]) -> Statement:
    ordered = sorted(movements, key=lambda movement: movement.position)
    opening_minor = sum(
        movement.amount_minor if movement.receiver == account else -movement.amount_minor
        for movement in ordered
        if movement.position < since
    )
    return Statement(opening_minor, [m for m in ordered if m.position > since])


def _movement(row: Row[Any]) -> Movement:
    kind = MovementKind(row.kind)
    sender, receiver = row.sender, row.receiver
    if kind is MovementKind.DISBURSED:
        receiver = controlled_account(row.loan_id)
    elif kind in _OUT_OF_CONTROLLED:
        sender = controlled_account(row.loan_id)
    elif kind is MovementKind.HELD:
        receiver = held_account(row.held_for)
    elif kind is MovementKind.CLAIMED:
        sender = held_account(receiver)
    elif kind is MovementKind.MINTED:
        sender = BANK
    elif kind is MovementKind.BURNED:
        receiver = BANK
    return Movement(
        position=Position(row.block_number, row.log_index),
        kind=kind,
        sender=sender,
        receiver=receiver,
        amount_minor=row.amount_minor,
        moved_at=row.transferred_at,
        tx_hash=row.tx_hash,
        purpose=row.purpose,
        evidence_hash=row.evidence_hash,
        bank_reference=row.bank_reference,
    )


def _held_back(row: Row[Any]) -> Movement:
    """Unused proceeds that should have left the ledger and could not."""
    return Movement(
        position=Position(row.block_number, row.log_index),
        kind=MovementKind.HELD,
        sender=controlled_account(row.loan_id),
        receiver=held_account(row.party),
        amount_minor=row.amount_minor,
        moved_at=row.held_at,
        tx_hash=row.tx_hash,
    )


def _carried_over(row: Row[Any]) -> Movement:
    """Unused proceeds of a loan that another replaced."""
    return Movement(
        position=Position(row.block_number, row.log_index),
        kind=MovementKind.CARRIED_OVER,
        sender=controlled_account(row.prior_loan_id),
        receiver=controlled_account(row.loan_id),
        amount_minor=row.controlled_minor,
        moved_at=row.restructured_at,
        tx_hash=row.tx_hash,
    )
