"""What became of a signed tx that was sent, by whatever words the node says it in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from eth_hash.auto import keccak

from tallystick.chain.answers import digest
from tallystick.chain.failures import NodeAnswerInvalid
from tallystick.kernel.errors import TallystickError


class SendStatus(StrEnum):
    """What became of one signed tx that was sent."""

    ACCEPTED = "accepted"
    KNOWN = "known"
    NONCE_USED = "nonce_used"
    UNDERPRICED = "underpriced"
    UNFUNDED = "unfunded"
    BUSY = "busy"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """`message` is the node's own, empty when accepted."""

    tx_hash: str
    status: SendStatus
    message: str = ""


# Words nodes are known to use; compared in lower case, in this order.
_SENT: Mapping[SendStatus, tuple[str, ...]] = {
    SendStatus.KNOWN: (
        "already known",
        "already imported",
        "known transaction",
        "alreadyknown",
    ),
    SendStatus.NONCE_USED: ("nonce too low", "nonce is too low", "oldnonce", "nonce below"),
    SendStatus.UNDERPRICED: (
        "underpriced",
        "fee too low",
        "feetoolow",
        "gas price too low",
        "gas price below",
        "less than block base fee",
    ),
    SendStatus.UNFUNDED: (
        "insufficient funds",
        "insufficient balance",
        "insufficientfunds",
        "upfront cost exceeds",
    ),
    SendStatus.BUSY: (
        "pool is full",
        "limit reached",
        "account limit",
        "nonce too high",
        "nonce too distant",
        "nonce gap",
        "rate limit",
        "too many",
        "timeout",
        "internal error",
    ),
}


def outcome_of(raw: bytes, answer: object) -> SendOutcome:
    """The outcome a node's answer to `raw` stands for. Raises NodeAnswerInvalid."""
    tx_hash = "0x" + keccak(raw).hex()
    if isinstance(answer, TallystickError):
        message = answer.detail
        words = message.lower()
        for status, known in _SENT.items():
            if any(word in words for word in known):
                return SendOutcome(tx_hash, status, message)
        if getattr(answer, "is_retryable", False):
            return SendOutcome(tx_hash, SendStatus.BUSY, message)
        return SendOutcome(tx_hash, SendStatus.REJECTED, message)
    if (told := digest(answer, "tx hash")) != tx_hash:
        raise NodeAnswerInvalid(f"Sent tx {tx_hash}, the node answered {told}.")
    return SendOutcome(tx_hash, SendStatus.ACCEPTED)
