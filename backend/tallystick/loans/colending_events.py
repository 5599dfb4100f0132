"""What co-lendings and their factory tell. Names and members are the contracts'."""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.loans.colending import Member


@dataclass(frozen=True, slots=True)
class CoLendingEvent:
    """`co_lending` is the address of the contract that is the lender, lower-case `0x` hex."""

    co_lending: str


@dataclass(frozen=True, slots=True)
class CoLendingCreated(CoLendingEvent):
    members: tuple[Member, ...]
    salt: str


@dataclass(frozen=True, slots=True)
class ConsentGiven(CoLendingEvent):
    """`member` agrees to `digest` in place of a signature."""

    member: str
    digest: str


@dataclass(frozen=True, slots=True)
class ConsentWithdrawn(CoLendingEvent):
    """`member` agrees to `digest` no more, whatever it signed."""

    member: str
    digest: str


@dataclass(frozen=True, slots=True)
class CommitmentsFunded(CoLendingEvent):
    """The members put in `amount_minor` together, and the loan was disbursed."""

    loan_id: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ActTaken(CoLendingEvent):
    """The ledger was called with `call`, as members with commitments of `agreed_minor` wanted."""

    digest: str
    call: bytes
    agreed_minor: int


@dataclass(frozen=True, slots=True)
class SharePaid(CoLendingEvent):
    member: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ShareHeld(CoLendingEvent):
    """`member` could not receive what it is owed; it stays owed."""

    member: str
    amount_minor: int
