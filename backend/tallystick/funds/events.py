"""What the settlement token tells. Names and members are the contract's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Transferred:
    """The token's `Transfer`; mints come from and burns go to the zero address."""

    sender: str
    receiver: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Minted:
    """Says which bank payment the mint logged just before it was."""

    receiver: str
    amount_minor: int
    bank_reference: str


@dataclass(frozen=True, slots=True)
class Burned:
    sender: str
    amount_minor: int
    bank_reference: str


@dataclass(frozen=True, slots=True)
class PurposeStated:
    """Says what the transfer logged just before it was for."""

    sender: str
    receiver: str
    amount_minor: int
    purpose: str
    evidence_hash: str
