"""Movements of settlement money between accounts, and an account's statement of them.

An account is named by a party's address, or by one of three names the token does not know: the
ledger holds every loan's unused proceeds and every held payout at one address, and its events tell
them apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

BANK = "bank"
"""Where mints come from and burns go to."""

_CONTROLLED = "controlled:"
_HELD = "held:"


def controlled_account(loan_id: str) -> str:
    """Proceeds of one loan that are not used yet."""
    return _CONTROLLED + loan_id


def held_account(party: str) -> str:
    """Money the ledger holds for a party that could not receive it."""
    return _HELD + party


def loan_of_controlled(account: str) -> str | None:
    return account.removeprefix(_CONTROLLED) if account.startswith(_CONTROLLED) else None


def party_of_held(account: str) -> str | None:
    return account.removeprefix(_HELD) if account.startswith(_HELD) else None


class MovementKind(StrEnum):
    """What moved money. Repayments differ by where they came from: `repaid` by anyone, `collected`
    under the mandate, `guaranteed` by the guarantor, `applied` from the loan's unused proceeds.

    `reimbursed` went to the guarantor, `assigned` is the price of a claim, `carried_over` are
    unused proceeds of a loan that another replaced. What a party could not receive is `held`.
    """

    DISBURSED = "disbursed"
    PAID = "paid"
    WITHDRAWN = "withdrawn"
    RELEASED = "released"
    CARRIED_OVER = "carried_over"
    REPAID = "repaid"
    COLLECTED = "collected"
    GUARANTEED = "guaranteed"
    APPLIED = "applied"
    REIMBURSED = "reimbursed"
    ASSIGNED = "assigned"
    HELD = "held"
    CLAIMED = "claimed"
    TRANSFERRED = "transferred"
    MINTED = "minted"
    BURNED = "burned"


REPAYING = frozenset(
    {
        MovementKind.REPAID,
        MovementKind.COLLECTED,
        MovementKind.GUARANTEED,
        MovementKind.REIMBURSED,
    }
)
"""Kinds by which a party pays a debt under a loan."""


class Position(NamedTuple):
    """Where a log stands; no two movements share one, and they are ordered by it."""

    block_number: int
    log_index: int


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that went from one account to another, in minor units, at a UTC time."""

    position: Position
    kind: MovementKind
    sender: str
    receiver: str
    amount_minor: int
    moved_at: datetime
    tx_hash: str
    purpose: str | None = None
    evidence_hash: str | None = None
    bank_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What an account held just before a position, and its movements after that position."""

    opening_minor: int
    movements: Sequence[Movement]
