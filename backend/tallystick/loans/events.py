"""What can happen to a loan, as the ledger tells it. Names and members are the contract's."""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.loans.terms import LoanTerms


@dataclass(frozen=True, slots=True)
class LoanEvent:
    """`loan_id` is lower-case `0x` hex of 32 bytes, as are all hashes; addresses have 20."""

    loan_id: str


@dataclass(frozen=True, slots=True)
class LoanOriginated(LoanEvent):
    terms: LoanTerms


@dataclass(frozen=True, slots=True)
class SignatureRevoked(LoanEvent):
    """The loan is not known yet, and may never be."""

    party: str


@dataclass(frozen=True, slots=True)
class FundsDisbursed(LoanEvent):
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ProceedsPaid(LoanEvent):
    payee: str
    purpose: str
    amount_minor: int
    evidence_hash: str


@dataclass(frozen=True, slots=True)
class ProceedsWithdrawn(LoanEvent):
    amount_minor: int


@dataclass(frozen=True, slots=True)
class RepaymentReceived(LoanEvent):
    payer: str
    amount_minor: int
    penalty_minor: int
    interest_minor: int
    principal_minor: int
    is_payoff: bool


@dataclass(frozen=True, slots=True)
class LoanWrittenOff(LoanEvent):
    principal_minor: int
    interest_minor: int
    penalty_minor: int
    reason_hash: str


@dataclass(frozen=True, slots=True)
class LoanClosed(LoanEvent):
    pass


@dataclass(frozen=True, slots=True)
class ControlledReleased(LoanEvent):
    borrower: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PayoutHeld(LoanEvent):
    party: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PayoutClaimed:
    """Concerns a party, not one loan."""

    party: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class NoticeServed(LoanEvent):
    content_hash: str
    step: str
