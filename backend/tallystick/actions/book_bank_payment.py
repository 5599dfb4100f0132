"""Books a bank payment: money that came in becomes settlement tokens, money that went out ends."""

from __future__ import annotations

import hashlib
from enum import StrEnum

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.store.commands import Command


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


def bank_reference_of(reference: str) -> str:
    """A bank's own reference as the chain holds it: SHA-256 of its UTF-8 text, `0x` hex.

    Anyone who knows the reference can recompute it; the chain shows nothing of it.
    """
    return "0x" + hashlib.sha256(reference.encode()).hexdigest()


def book_bank_payment(
    desk: Desk,
    order: Order,
    *,
    direction: Direction,
    party: str,
    amount_minor: int,
    bank_reference: str,
) -> Command:
    """Orders the mint to, or burn from, `party`, sent by the settlement bank.

    `bank_reference` (`0x` hex of 32 bytes, see `bank_reference_of`) can be booked once. A burn
    spends the party's allowance to the settlement bank. Raises LedgerRefused (bank_reference_used,
    party_not_active, erc20_insufficient_allowance, erc20_insufficient_balance,
    supply_above_bound) and what `order_call` raises.
    """
    book = calls.mint if direction is Direction.IN else calls.burn
    call = book(desk.deployment, party, amount_minor, bank_reference)
    lane = desk.lanes.address("settlement_bank")
    return order_call(desk, order, call, lane=lane, verb="book_bank_payment")
