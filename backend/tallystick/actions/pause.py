"""Stops origination, restructuring and disbursement; repayments go on."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.store.commands import Command


def pause(desk: Desk, order: Order) -> Command:
    """Orders that origination, restructuring and disbursement stop, sent by the guardian.

    Raises LedgerRefused (pause_unchanged) and what `order_call` raises.
    """
    call = calls.pause(desk.deployment)
    return order_call(desk, order, call, lane=desk.lanes.address("guardian"))
