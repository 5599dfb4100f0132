"""When a block counts as final: a setting of the house, for each kind of chain.

immediate    blocks are never undone (QBFT, IBFT and other BFT chains)
finalized    the chain says so itself, by the block tag `finalized`
a number N   a block with N blocks on top of it
"""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.chain.answers import BlockHeader
from tallystick.chain.client import Node
from tallystick.kernel.errors import Invalid


class FinalityInvalid(Invalid):
    title = "Finality setting invalid"


@dataclass(frozen=True, slots=True)
class Finality:
    """`confirmations` blocks on top make a block final; None asks the chain."""

    confirmations: int | None

    def finalized_number(self, node: Node, head: BlockHeader) -> int:
        """The last final block when `head` is the latest; 0 while there is none."""
        if self.confirmations is None:
            return min(node.header("finalized").number, head.number)
        return max(0, head.number - self.confirmations)


IMMEDIATE = Finality(0)


def finality_from(setting: str) -> Finality:
    """`immediate`, `finalized` or a number of confirmations. Raises FinalityInvalid."""
    if setting == "immediate":
        return IMMEDIATE
    if setting == "finalized":
        return Finality(None)
    if setting.isascii() and setting.isdigit() and int(setting) > 0:
        return Finality(int(setting))
    raise FinalityInvalid(
        f"{setting!r} is no finality; use immediate, finalized or a number of confirmations.",
        field="finality",
    )
