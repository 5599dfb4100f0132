"""Lets origination, restructuring and disbursement go on."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.chain.staff_calls import schedule
from tallystick.store.commands import Command


def unpause(desk: Desk, order: Order, *, announce: bool = False) -> Command:
    """Orders that origination, restructuring and disbursement go on, sent by the resumer; or, to
    `announce` it, that the ledger's access manager lets the resumer do so after its delay.

    Raises LedgerRefused (pause_unchanged, access_manager_not_scheduled where it has to be
    announced first, access_manager_not_ready, access_manager_expired,
    access_manager_already_scheduled) and what `order_call` raises.
    """
    call = calls.unpause(desk.deployment)
    if announce:
        call = schedule(desk.deployment, call)
    return order_call(desk, order, call, lane=desk.lanes.address("resumer"), verb="unpause")
