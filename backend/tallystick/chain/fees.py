"""What a tx offers for its gas, in wei."""

from __future__ import annotations

from dataclasses import dataclass

import rlp

from tallystick.chain.client import Node

# The least raise by which nodes let a tx replace another (geth: 10 per cent).
_RAISE_PERCENT = 25


@dataclass(frozen=True, slots=True)
class Fees:
    """`priority_fee` is none on chains without a base fee, where `max_fee` is the gas price."""

    max_fee: int
    priority_fee: int | None

    def raised(self) -> Fees:
        """Enough more for a node to let the new tx replace one that offered this."""
        return Fees(
            _raised(self.max_fee), None if self.priority_fee is None else _raised(self.priority_fee)
        )

    def at_least(self, other: Fees) -> Fees:
        if self.priority_fee is None or other.priority_fee is None:
            return Fees(max(self.max_fee, other.max_fee), self.priority_fee)
        return Fees(max(self.max_fee, other.max_fee), max(self.priority_fee, other.priority_fee))


def current_fees(node: Node) -> Fees:
    """What to offer now, with room for the base fee to double; nothing where gas is free."""
    base_fee = node.header("latest").base_fee
    price = node.gas_price
    if base_fee is None:
        return Fees(price, None)
    priority = max(0, price - base_fee)
    return Fees(2 * base_fee + priority, priority)


def offered_fees(raw_tx: bytes) -> Fees:
    """What a signed tx offers."""
    if raw_tx[:1] == b"\x02":
        body = rlp.decode(raw_tx[1:])
        return Fees(int.from_bytes(body[3]), int.from_bytes(body[2]))
    return Fees(int.from_bytes(rlp.decode(raw_tx)[1]), None)


def _raised(fee: int) -> int:
    return fee + max(1, -(-fee * _RAISE_PERCENT // 100))
