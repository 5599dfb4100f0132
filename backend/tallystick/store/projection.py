"""Reads and writes the mirror's projection in bulk, inside the one commit of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, delete, func, select

from tallystick.store.bulk import chunks, insert_rows, update_rows
from tallystick.store.mirror_tables import (
    LEDGER_WIDE_TABLES,
    MIRROR_TABLES,
    PROJECTION_TABLES,
    balances,
    claims,
    parties,
    transfers,
)
from tallystick.store.session import Session


@dataclass(slots=True)
class PartyRecord:
    """A party as the mirror keeps it; `id` is its surrogate, dealt in chain order."""

    id: int
    address: str
    roles: int
    payee_category: int
    identity_commitment: str
    is_frozen: bool
    signature_nonce: int
    registered_at: datetime
    block_number: int


@dataclass(slots=True)
class TransferRow:
    """One transfer of the token; see the table `transfers`."""

    block_number: int
    log_index: int
    sender: str
    receiver: str
    amount_minor: int
    kind: str
    loan_id: int | None
    held_for: str | None
    purpose: str | None
    evidence_hash: str | None
    bank_reference: str | None
    transferred_at: datetime
    tx_hash: str


_PARTY = (
    "id",
    "address",
    "roles",
    "payee_category",
    "identity_commitment",
    "is_frozen",
    "signature_nonce",
    "registered_at",
    "block_number",
)
_PARTY_CHANGING = (
    "roles",
    "payee_category",
    "identity_commitment",
    "is_frozen",
    "signature_nonce",
    "block_number",
)


def next_id(session: Session, column: Column[int]) -> int:
    """The next surrogate id; ids are dealt in chain order and gone ones are dealt again."""
    return int(session.execute(select(func.max(column))).scalar_one() or 0) + 1


def party_records(session: Session, addresses: Iterable[str]) -> dict[str, PartyRecord]:
    """The registered ones of `addresses`."""
    columns = [parties.c[name] for name in _PARTY]
    return {
        row.address: PartyRecord(*row)
        for chunk in chunks(addresses)
        for row in session.execute(select(*columns).where(parties.c.address.in_(chunk)))
    }


def insert_parties(session: Session, records: Iterable[PartyRecord]) -> None:
    insert_rows(session, parties, _PARTY, (_members(record, _PARTY) for record in records))


def update_parties(session: Session, records: Iterable[PartyRecord]) -> None:
    rows = (_members(record, (*_PARTY_CHANGING, "id")) for record in records)
    update_rows(session, parties, ["id"], _PARTY_CHANGING, rows)


def delete_parties(session: Session, surrogates: Iterable[int]) -> None:
    """Deletes parties no loan names."""
    for chunk in chunks(surrogates):
        session.execute(delete(parties).where(parties.c.id.in_(chunk)))


def delete_after(session: Session, block_number: int) -> None:
    """Deletes what is of single events and of no loan or party."""
    for table in (transfers, *LEDGER_WIDE_TABLES):
        session.execute(delete(table).where(table.c.block_number > block_number))


def empty_projection(session: Session) -> None:
    """Deletes all that is derived from the raw logs."""
    for table in reversed(PROJECTION_TABLES):
        session.execute(delete(table))


def empty_mirror(session: Session) -> None:
    """Deletes all that comes from the chain."""
    for table in reversed(MIRROR_TABLES):
        session.execute(delete(table))


_TRANSFER = (
    "block_number",
    "log_index",
    "sender",
    "receiver",
    "amount_minor",
    "kind",
    "loan_id",
    "held_for",
    "purpose",
    "evidence_hash",
    "bank_reference",
    "transferred_at",
    "tx_hash",
)


def insert_transfers(session: Session, rows: Iterable[TransferRow]) -> None:
    insert_rows(session, transfers, _TRANSFER, (_members(row, _TRANSFER) for row in rows))


def held_balances(session: Session, addresses: Iterable[str]) -> dict[str, int]:
    """Balances of those of `addresses` that have one."""
    return _held(session, balances.c.address, balances.c.balance_minor, addresses)


def held_claims(session: Session, addresses: Iterable[str]) -> dict[str, int]:
    """What the ledger holds for those of `addresses` it holds anything for."""
    return _held(session, claims.c.address, claims.c.claimable_minor, addresses)


def replace_balances(session: Session, held: Mapping[str, int]) -> None:
    """Sets balances; only those above zero have a row."""
    _replace(session, balances.c.address, balances.c.balance_minor, held)


def replace_claims(session: Session, held: Mapping[str, int]) -> None:
    """Sets claims; only those above zero have a row."""
    _replace(session, claims.c.address, claims.c.claimable_minor, held)


def _held(
    session: Session, address: Column[str], amount: Column[int], addresses: Iterable[str]
) -> dict[str, int]:
    return {
        found: amount_minor
        for chunk in chunks(addresses)
        for found, amount_minor in session.execute(
            select(address, amount).where(address.in_(chunk))
        )
    }


def _replace(
    session: Session, address: Column[str], amount: Column[int], held: Mapping[str, int]
) -> None:
    table = address.table
    for chunk in chunks(held):
        session.execute(delete(table).where(address.in_(chunk)))
    rows = ((one, minor) for one, minor in held.items() if minor)
    insert_rows(session, table, [address.name, amount.name], rows)


def _members(record: object, names: Iterable[str]) -> tuple[Any, ...]:
    return tuple([getattr(record, name) for name in names])
