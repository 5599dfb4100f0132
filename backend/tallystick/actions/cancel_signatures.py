"""Makes everything void that a party has signed and that was not used yet."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.store.commands import Command


def cancel_signatures(desk: Desk, order: Order, party: str) -> Command:
    """Orders that signatures of terms given under the party's present nonce count no more, sent by
    the party, whose key the house must hold.

    Raises LedgerRefused (party_not_registered) and what `order_call` raises.
    """
    call = calls.cancel_signatures(desk.deployment, party)
    return order_call(desk, order, call, lane=party)
