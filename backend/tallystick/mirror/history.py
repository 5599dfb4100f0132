"""One loan's life as the ledger told it, event by event."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from tallystick.loans.events import LoanOriginated
from tallystick.mirror.decode import ledger_event
from tallystick.store.chain_logs import logs_of_loans
from tallystick.store.loans import loan_surrogate
from tallystick.store.session import Session


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """`event` is the contract's name of it, `details` its members, JSON-able, without the terms."""

    at: datetime
    block_number: int
    log_index: int
    tx_hash: str
    event: str
    details: dict[str, Any]


def loan_history(session: Session, loan_id: str) -> list[HistoryEntry]:
    """Everything the ledger logged of a loan, in order. Raises LoanNotFound."""
    entries = []
    for log in logs_of_loans(session, [loan_surrogate(session, loan_id)]):
        event = ledger_event(log)
        members = (
            {"lender": event.terms.lender, "borrower": event.terms.borrower}
            if isinstance(event, LoanOriginated)
            else {f.name: getattr(event, f.name) for f in fields(event) if f.name != "loan_id"}
        )
        entries.append(
            HistoryEntry(
                at=log.block_at,
                block_number=log.block_number,
                log_index=log.log_index,
                tx_hash=log.tx_hash,
                event=type(event).__name__,
                details=members,
            )
        )
    return entries
