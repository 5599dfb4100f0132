"""Lets a lane go on after its key was used elsewhere."""

from __future__ import annotations

from datetime import datetime

from tallystick.actions.desk import Desk
from tallystick.store.audit import record
from tallystick.store.outbox import adopt_nonces


def adopt_lane(desk: Desk, lane: str, *, caller: str, now: datetime) -> int:
    """Goes on with the nonce the chain has for `lane`, an account the house signs for; that nonce.

    To be called once a person has seen that none of the lane's pending commands is among the txs
    that were sent elsewhere. Raises LaneUnknown.
    """
    desk.lanes.require(lane)
    (on_chain,) = desk.node.nonces([lane], "pending")
    with desk.store.begin(is_durable=True) as session:
        adopt_nonces(session, lane, on_chain, caller=caller, now=now)
        record(session, at=now, caller=caller, verb="adopt_lane", subject=lane)
    return on_chain
