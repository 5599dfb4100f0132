"""What can happen on the ledger, as it tells. Names and members are the contract's."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tallystick.loans.terms import LoanTerms


class RepaymentKind(StrEnum):
    """Why a repayment was received, in the order of the contract's codes.

    `collect`: taken under the borrower's mandate; `guarantee`: taken from the guarantor;
    `controlled`: unused proceeds that repay a debt made due, paid by the ledger itself.
    """

    REPAY = "repay"
    COLLECT = "collect"
    PREPAY = "prepay"
    PAYOFF = "payoff"
    GUARANTEE = "guarantee"
    CONTROLLED = "controlled"


@dataclass(frozen=True, slots=True)
class LoanEvent:
    """`loan_id` is lower-case `0x` hex of 32 bytes, as are all hashes; addresses have 20."""

    loan_id: str


@dataclass(frozen=True, slots=True)
class LoanOriginated(LoanEvent):
    terms: LoanTerms


@dataclass(frozen=True, slots=True)
class SignatureRevoked(LoanEvent):
    """There is no such loan, and never will be."""

    party: str


@dataclass(frozen=True, slots=True)
class LoanCancelled(LoanEvent):
    by: str


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
    """`payer` paid the four parts together; for `controlled` it is the ledger's address."""

    payer: str
    kind: RepaymentKind
    penalty_minor: int
    interest_minor: int
    principal_minor: int
    fee_minor: int

    @property
    def amount_minor(self) -> int:
        return self.penalty_minor + self.interest_minor + self.principal_minor + self.fee_minor


@dataclass(frozen=True, slots=True)
class MandateRevoked(LoanEvent):
    borrower: str


@dataclass(frozen=True, slots=True)
class GuarantorReimbursed(LoanEvent):
    guarantor: str
    payer: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class LoanAccelerated(LoanEvent):
    """These amounts, all due, replace the instalments."""

    interest_minor: int
    principal_minor: int
    reason_hash: str


@dataclass(frozen=True, slots=True)
class LoanRestructured(LoanEvent):
    """`prior_loan_id` ended; what was owed under it is owed under `loan_id`, the new loan."""

    prior_loan_id: str
    penalty_minor: int
    interest_minor: int
    principal_minor: int
    controlled_minor: int


@dataclass(frozen=True, slots=True)
class ClaimAssigned(LoanEvent):
    """`assignment_count` counts this one."""

    lender: str
    assignee: str
    price_minor: int
    assignment_count: int


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
class CollateralReleased(LoanEvent):
    pass


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


@dataclass(frozen=True, slots=True)
class PauseChanged:
    """Origination, restructuring and disbursement stop or go on."""

    by: str
    is_paused: bool


@dataclass(frozen=True, slots=True)
class BatchItemFailed:
    """`selector` is `0x` hex of 4 bytes, `reason` the encoded error of the failed item."""

    index: int
    selector: str
    reason: bytes
