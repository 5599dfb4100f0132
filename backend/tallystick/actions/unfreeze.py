"""Lets a frozen party send and receive settlement tokens again."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.chain.staff_calls import schedule
from tallystick.store.commands import Command


def unfreeze(
    desk: Desk, order: Order, party: str, *, reason_hash: str, announce: bool = False
) -> Command:
    """Orders the end of the party's freezing, sent by the resumer; or, to `announce` it, that the
    registry's access manager lets the resumer do so after its delay, for the same reason.

    `reason_hash` is that of the decision's text. Raises LedgerRefused (frozen_unchanged,
    party_not_registered, access_manager_not_scheduled where it has to be announced first,
    access_manager_not_ready, access_manager_expired, access_manager_already_scheduled) and what
    `order_call` raises.
    """
    call = calls.unfreeze(desk.deployment, party, reason_hash)
    if announce:
        call = schedule(desk.deployment, call)
    return order_call(desk, order, call, lane=desk.lanes.address("resumer"), verb="unfreeze")
