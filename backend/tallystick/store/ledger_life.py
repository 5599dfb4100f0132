"""What the ledger told that is in no loan's name: revoked signatures, pauses, failed items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from tallystick.store.bulk import insert_rows
from tallystick.store.mirror_tables import (
    LEDGER_WIDE_TABLES,
    batch_failures,
    pauses,
    revoked_signatures,
)
from tallystick.store.session import Session


@dataclass(frozen=True, slots=True)
class RevokedSignature:
    """`party` took back its signature under terms that are no loan and cannot become one."""

    loan_id: str
    party: str
    revoked_at: datetime
    block_number: int
    log_index: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Origination, restructuring and disbursement stopped, or went on."""

    block_number: int
    log_index: int
    by: str
    is_paused: bool
    changed_at: datetime
    tx_hash: str


@dataclass(frozen=True, slots=True)
class BatchFailure:
    """Item `item` (from 0) of a batch failed with `reason`, the encoded error, while the others
    went on; `selector` is the function it called, `0x` hex of four bytes."""

    block_number: int
    log_index: int
    item: int
    selector: str
    reason: bytes
    failed_at: datetime
    tx_hash: str


@dataclass(slots=True)
class LedgerRows:
    """What a run of events adds to the tables of their names, in the order of the columns."""

    revoked_signatures: list[Sequence[Any]] = field(default_factory=list)
    pauses: list[Sequence[Any]] = field(default_factory=list)
    batch_failures: list[Sequence[Any]] = field(default_factory=list)


def insert_ledger_rows(session: Session, rows: LedgerRows) -> None:
    for table in LEDGER_WIDE_TABLES:
        if added := getattr(rows, table.name):
            insert_rows(session, table, table.columns.keys(), added)


def revoked_signature(session: Session, loan_id: str) -> RevokedSignature | None:
    """Of the terms with this id; None if no side took back its signature."""
    query = select(revoked_signatures).where(revoked_signatures.c.loan_id == loan_id.lower())
    row = session.execute(query).one_or_none()
    return RevokedSignature(*row) if row is not None else None


def is_paused(session: Session) -> bool:
    """Whether origination, restructuring and disbursement are stopped."""
    latest = select(pauses.c.is_paused).order_by(
        pauses.c.block_number.desc(), pauses.c.log_index.desc()
    )
    return bool(session.execute(latest.limit(1)).scalar_one_or_none())


def list_pauses(session: Session) -> list[Pause]:
    """In the ledger's order."""
    query: Select[Any] = select(pauses).order_by(pauses.c.block_number, pauses.c.log_index)
    return [Pause(*row) for row in session.execute(query)]


def batch_failures_of(session: Session, tx_hash: str) -> list[BatchFailure]:
    """The items of a batch that failed, in their order."""
    query: Select[Any] = (
        select(batch_failures)
        .where(batch_failures.c.tx_hash == tx_hash)
        .order_by(batch_failures.c.log_index)
    )
    return [BatchFailure(*row) for row in session.execute(query)]
