"""The rhythm of every command: replayed, tried on the chain, written with its audit trail.

The office's submitter signs and sends what is written here. An order that the chain would refuse
now is refused now, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable

from tallystick.actions.desk import Desk, Order
from tallystick.chain.calls import Call
from tallystick.store.audit import record
from tallystick.store.commands import Command, NewCommand, enqueue_many, find_command
from tallystick.store.session import Session


def order_call(
    desk: Desk,
    order: Order,
    call: Call,
    *,
    lane: str,
    verb: str | None = None,
    also: Callable[[Session], None] | None = None,
) -> Command:
    """The command that makes `call` from the account `lane`.

    A key that was used for the same request answers the command it was used for. The audit trail
    says `verb`, or the call's kind; `also` is written in the same commit as the command. Raises
    IdempotencyKeyReused, LaneUnknown, LedgerRefused.
    """
    new = NewCommand(order.idempotency_key, order.caller, lane, call)
    with desk.store.read() as session:
        is_replay = find_command(session, order.idempotency_key) is not None
    if not is_replay:
        desk.lanes.require(lane)
        desk.node.call(call.target, call.calldata, sender=lane)
    with desk.store.begin() as session:
        if enqueue_many(session, [new], order.now):
            if also is not None:
                also(session)
            record(
                session,
                at=order.now,
                caller=order.caller,
                verb=verb or call.kind,
                subject=call.subject,
            )
        command = find_command(session, order.idempotency_key)
    assert command is not None
    return command
