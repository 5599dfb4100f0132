"""Stops a party from sending and receiving settlement tokens."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.store.commands import Command


def freeze(desk: Desk, order: Order, party: str, *, reason_hash: str) -> Command:
    """Orders the party's freezing, sent by the guardian; `reason_hash` is that of the decision's
    text.

    Raises LedgerRefused (frozen_unchanged, party_not_registered) and what `order_call` raises.
    """
    call = calls.freeze(desk.deployment, party, reason_hash)
    return order_call(desk, order, call, lane=desk.lanes.address("guardian"))
