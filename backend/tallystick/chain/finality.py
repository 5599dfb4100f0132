"""Which blocks no reorg can undo: a setting, because chains differ."""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.chain.answers import BlockHeader
from tallystick.chain.client import Node
from tallystick.kernel.errors import Invalid


class FinalityInvalid(Invalid):
    title = "Finality not understood"


@dataclass(frozen=True, slots=True)
class Finality:
    """`confirmations` blocks on top make a block final; none asks the node for `finalized`."""

    confirmations: int | None

    @property
    def is_immediate(self) -> bool:
        return self.confirmations == 0


IMMEDIATE = Finality(0)


def finality_of(text: str) -> Finality:
    """From `immediate` (QBFT and the like), `finalized`, or a number of confirmations.

    Raises FinalityInvalid.
    """
    if text == "immediate":
        return IMMEDIATE
    if text == "finalized":
        return Finality(None)
    if text.isdecimal() and text.isascii():
        return Finality(int(text))
    raise FinalityInvalid(
        f"Finality is 'immediate', 'finalized' or a number of confirmations, not {text!r}.",
        field="finality",
    )


def finalized_number(node: Node, finality: Finality, head: BlockHeader) -> int:
    """Number of the last final block as of `head`; -1 if there is none."""
    if finality.confirmations is None:
        return min(node.header("finalized").number, head.number)
    return max(head.number - finality.confirmations, -1)
