"""Fetches what the ledger held for a party that could not receive it."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.store.commands import Command


def claim(desk: Desk, order: Order, party: str) -> Command:
    """Orders that everything held for `party` goes to it, sent by the party, whose key the house
    must hold.

    Raises LedgerRefused (nothing_to_claim, party_not_active) and what `order_call` raises.
    """
    return order_call(desk, order, calls.claim(desk.deployment, party), lane=party)
