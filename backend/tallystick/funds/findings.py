"""What in a fund trace a person should look at.

A finding is a fact to explain, not a verdict: a payee may refund a cancelled order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tallystick.funds.flow import FundNode
from tallystick.funds.movements import REPAYING, Movement, MovementKind, loan_of_controlled
from tallystick.kernel.money import amount_text


class FindingCode(StrEnum):
    RETURNED_TO_LENDER = "returned_to_lender"
    RETURNED_TO_BORROWER = "returned_to_borrower"
    REPAID_FROM_PROCEEDS = "repaid_from_proceeds"
    SELF_PAID_WITHOUT_EVIDENCE = "self_paid_without_evidence"
    SELF_PAID_LEFT_AT_BANK = "self_paid_left_at_bank"


_SENTENCES = {
    FindingCode.RETURNED_TO_LENDER: (
        "{amount} of the proceeds came back to the lender other than as a repayment.",
        "贷款资金中有 {amount} 以还款以外的方式转回贷款人。",
    ),
    FindingCode.RETURNED_TO_BORROWER: (
        "{amount} of the proceeds came back to the borrower from a third party.",
        "贷款资金中有 {amount} 由第三方转回借款人。",
    ),
    FindingCode.REPAID_FROM_PROCEEDS: (
        "{amount} of the proceeds was used to repay a loan.",
        "贷款资金中有 {amount} 被用于偿还贷款。",
    ),
    FindingCode.SELF_PAID_WITHOUT_EVIDENCE: (
        "The borrower passed on {amount} of self-paid proceeds without evidence.",
        "借款人自主支付的 {amount} 未附用途凭证。",
    ),
    FindingCode.SELF_PAID_LEFT_AT_BANK: (
        "{amount} of self-paid proceeds left through the bank; its use is not known here.",
        "借款人自主支付的 {amount} 已通过银行转出，用途待核实。",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """`amount_minor` of the disbursement, in the movement of `tx_hash` from `account`."""

    code: FindingCode
    account: str
    amount_minor: int
    tx_hash: str

    def sentence(self, currency: str, language: str) -> str:
        """In English, or in Chinese for `zh`."""
        english, chinese = _SENTENCES[self.code]
        amount = f"{currency} {amount_text(self.amount_minor, currency)}"
        return (chinese if language == "zh" else english).format(amount=amount)


def findings_of(root: FundNode, borrower: str) -> tuple[Finding, ...]:
    """One finding per movement and code, in the ledger's order."""
    lender = root.movement.sender
    found: dict[tuple[Movement, FindingCode], int] = {}
    for depth, node in root.walk():
        for code in _codes(node.movement, lender, borrower) if depth else ():
            key = (node.movement, code)
            found[key] = found.get(key, 0) + node.amount_minor
    ordered = sorted(found.items(), key=lambda item: (item[0][0].position, item[0][1]))
    return tuple(
        Finding(code, movement.sender, amount_minor, movement.tx_hash)
        for (movement, code), amount_minor in ordered
    )


def _codes(movement: Movement, lender: str, borrower: str) -> Iterator[FindingCode]:
    if loan_of_controlled(movement.sender) or movement.kind is MovementKind.CLAIMED:
        return
    if movement.kind in REPAYING or movement.kind is MovementKind.HELD:
        yield FindingCode.REPAID_FROM_PROCEEDS
    elif movement.receiver == lender:
        yield FindingCode.RETURNED_TO_LENDER
    elif movement.receiver == borrower:
        yield FindingCode.RETURNED_TO_BORROWER
    elif movement.sender == borrower and movement.kind is MovementKind.BURNED:
        yield FindingCode.SELF_PAID_LEFT_AT_BANK
    elif movement.sender == borrower and movement.evidence_hash is None:
        yield FindingCode.SELF_PAID_WITHOUT_EVIDENCE
