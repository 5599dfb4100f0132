"""What the mirror took from the chain as it came: raw logs, unfinalized blocks, the cursor.

Every writer here works under `lock_mirror`, so that two followers of one database cannot both
apply the same blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, or_, select, text, tuple_

from tallystick.kernel.errors import Conflict
from tallystick.store.bulk import chunks, insert_rows
from tallystick.store.cursor import Cursor, read_cursor
from tallystick.store.mirror_tables import blocks, cursor, raw_logs
from tallystick.store.session import Session

_ADVISORY_LOCK = 0x7A11_571C
_PAGE_ROWS = 5_000


class CursorMoved(Conflict):
    """Another process applied blocks meanwhile; nothing of this batch was written."""

    title = "Another follower is at work"
    is_retryable = True


@dataclass(frozen=True, slots=True)
class KeptBlock:
    """A block a reorg may still undo, or the finalized one below those."""

    block_number: int
    block_hash: str
    parent_hash: str
    block_at: datetime


@dataclass(frozen=True, slots=True)
class KeptLog:
    """A log as it came. `topics` are 32 bytes each; `loan_id`, `prior_loan_id` (of the loan that a
    restructuring ended) and `party_id` are surrogates. `is_of_staff`: it tells who may do what."""

    block_number: int
    log_index: int
    block_hash: str
    block_at: datetime
    tx_hash: str
    address: str
    topics: bytes
    data: bytes
    loan_id: int | None
    prior_loan_id: int | None
    party_id: int | None
    is_of_staff: bool


_LOG = (
    "block_number",
    "log_index",
    "block_hash",
    "block_at",
    "tx_hash",
    "address",
    "topics",
    "data",
    "loan_id",
    "prior_loan_id",
    "party_id",
    "is_of_staff",
)
_LOGS: Select[Any] = select(*(raw_logs.c[name] for name in _LOG)).order_by(
    raw_logs.c.block_number, raw_logs.c.log_index
)


def lock_mirror(session: Session, expected: Cursor | None) -> None:
    """Holds other followers back until the commit. Raises CursorMoved if one was faster."""
    if session.dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    found = read_cursor(session)
    if found != expected:
        raise CursorMoved(
            "Another process moved the mirror on. Let one process follow the chain per database.",
            found=None if found is None else found.block_number,
        )


def write_cursor(session: Session, new: Cursor) -> None:
    session.execute(delete(cursor))
    session.execute(
        insert(cursor).values(
            id=1,
            chain_id=new.chain_id,
            ledger=new.ledger,
            block_number=new.block_number,
            block_hash=new.block_hash,
            block_at=new.block_at,
            finalized_block_number=new.finalized_block_number,
        )
    )


def insert_logs(session: Session, rows: Iterable[Sequence[Any]]) -> None:
    """`rows`: members in the order of KeptLog."""
    insert_rows(session, raw_logs, _LOG, rows)


def write_blocks(session: Session, kept: Iterable[KeptBlock], finalized_block_number: int) -> None:
    """Keeps headers, and forgets those below the finalized block, which no reorg can reach."""
    insert_rows(
        session,
        blocks,
        ("block_number", "block_hash", "parent_hash", "block_at"),
        (
            (block.block_number, block.block_hash, block.parent_hash, block.block_at)
            for block in kept
            if block.block_number >= finalized_block_number
        ),
    )
    session.execute(delete(blocks).where(blocks.c.block_number < finalized_block_number))


def kept_blocks(session: Session) -> list[KeptBlock]:
    """Oldest first."""
    query: Select[Any] = select(
        blocks.c.block_number, blocks.c.block_hash, blocks.c.parent_hash, blocks.c.block_at
    ).order_by(blocks.c.block_number)
    return [KeptBlock(*row) for row in session.execute(query)]


def delete_blocks_after(session: Session, block_number: int) -> None:
    """Forgets headers and raw logs above `block_number`."""
    session.execute(delete(blocks).where(blocks.c.block_number > block_number))
    session.execute(delete(raw_logs).where(raw_logs.c.block_number > block_number))


def logs_after(session: Session, block_number: int) -> list[KeptLog]:
    """In chain order."""
    query = _LOGS.where(raw_logs.c.block_number > block_number)
    return [KeptLog(*row) for row in session.execute(query)]


def logs_of_loans(session: Session, surrogates: Iterable[int]) -> list[KeptLog]:
    """Ledger logs of loans, by their surrogate ids, in chain order, each once."""
    found = {}
    for chunk in chunks(surrogates):
        of_loans = or_(raw_logs.c.loan_id.in_(chunk), raw_logs.c.prior_loan_id.in_(chunk))
        for row in session.execute(_LOGS.where(of_loans)):
            found[(row.block_number, row.log_index)] = KeptLog(*row)
    return [found[place] for place in sorted(found)]


def logs_of_parties(session: Session, surrogates: Iterable[int]) -> list[KeptLog]:
    """Registry logs of parties, by their surrogate ids, in chain order within each chunk."""
    return [
        KeptLog(*row)
        for chunk in chunks(surrogates)
        for row in session.execute(_LOGS.where(raw_logs.c.party_id.in_(chunk)))
    ]


def logs_of_staff(session: Session) -> list[KeptLog]:
    """All that ever told who may do what, in chain order."""
    return [KeptLog(*row) for row in session.execute(_LOGS.where(raw_logs.c.is_of_staff))]


def count_logs(session: Session) -> int:
    return int(session.execute(select(func.count()).select_from(raw_logs)).scalar_one())


def pages_of_logs(session: Session) -> Iterator[list[KeptLog]]:
    """All raw logs in chain order, whole blocks a page."""
    last = (-1, -1)
    held: list[KeptLog] = []
    while True:
        place = tuple_(raw_logs.c.block_number, raw_logs.c.log_index)
        page = [
            KeptLog(*row) for row in session.execute(_LOGS.where(place > last).limit(_PAGE_ROWS))
        ]
        if not page:
            break
        last = (page[-1].block_number, page[-1].log_index)
        held += page
        whole = [log for log in held if log.block_number < last[0]]
        if whole:
            yield whole
        held = held[len(whole) :]
    if held:
        yield held
