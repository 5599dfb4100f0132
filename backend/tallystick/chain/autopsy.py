"""Why a mined tx failed: receipts say that it did, not why."""

from __future__ import annotations

from tallystick.chain.answers import Receipt
from tallystick.chain.bindings import decode_revert
from tallystick.chain.client import Node
from tallystick.chain.failures import NodeLagging, NodeRefused
from tallystick.chain.refusals import LedgerRefused


def refusal_in(
    node: Node, receipt: Receipt, *, sender: str, target: str, data: bytes, gas_limit: int
) -> LedgerRefused:
    """The decoded refusal of a failed tx, found by asking the same call around its block.

    Nodes that have dropped the block's state cannot tell any more; the refusal then says so.
    """
    # The block's own state and time first: a failed tx has changed nothing, so that it fails there
    # again unless a later tx of the block mended the cause.
    for block in (receipt.block_number, receipt.block_number - 1):
        try:
            node.call(target, data, sender, block)
        except LedgerRefused as refused:
            return refused
        except (NodeLagging, NodeRefused):
            continue
    if receipt.gas_used == gas_limit:
        return LedgerRefused(
            "OutOfGas",
            {"gasLimit": gas_limit},
            f"The tx used all its gas ({gas_limit}); this is a fault of the gas limit.",
        )
    return decode_revert(b"")
