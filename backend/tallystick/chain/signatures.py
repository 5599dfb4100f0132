"""Whether a party signed: by recovering its key, or by asking its contract (ERC-1271).

The rules are those of the ledger, so that a signature taken here is taken there.
"""

from __future__ import annotations

import coincurve
from eth_hash.auto import keccak

from tallystick.chain.client import Node
from tallystick.chain.refusals import LedgerRefused

_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_IS_VALID_SIGNATURE = keccak(b"isValidSignature(bytes32,bytes)")[:4]
_MAGIC = _IS_VALID_SIGNATURE.ljust(32, b"\0")


def recovered_signer(digest: bytes, signature: bytes) -> str | None:
    """The address whose key made `signature` (65 bytes r ‖ s ‖ v) over `digest`.

    None for any other length, v other than 27 or 28, s in the upper half of the order, and for
    what is no point on the curve.
    """
    if len(signature) != 65 or signature[64] not in (27, 28):
        return None
    if int.from_bytes(signature[32:64]) > _HALF_ORDER:
        return None
    recoverable = signature[:64] + bytes((signature[64] - 27,))
    try:
        key = coincurve.PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except Exception:
        # coincurve raises no more than that for what recovers to no key.
        return None
    return "0x" + keccak(key.format(compressed=False)[1:])[12:].hex()


def is_signed_by(node: Node, signer: str, digest: bytes, signature: bytes) -> bool:
    """Whether the ledger would take `signature` over `digest` as that of `signer` now.

    Raises NodeUnavailable and the like when a contract would have to be asked and cannot be.
    """
    if recovered_signer(digest, signature) == signer:
        return True
    if not node.code(signer):
        return False
    question = b"".join(
        (
            _IS_VALID_SIGNATURE,
            digest,
            (64).to_bytes(32),
            len(signature).to_bytes(32),
            signature,
            bytes(-len(signature) % 32),
        )
    )
    try:
        return node.call(signer, question) == _MAGIC
    except LedgerRefused:
        return False
