"""Transfers settlement tokens between parties, saying what for."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.store.commands import Command

NO_EVIDENCE = "0x" + "00" * 32


def transfer(
    desk: Desk,
    order: Order,
    *,
    sender: str,
    receiver: str,
    amount_minor: int,
    purpose: str,
    evidence_hash: str = NO_EVIDENCE,
) -> Command:
    """Orders a transfer, sent by `sender`, whose key the house must hold.

    Raises LedgerRefused (party_not_active, erc20_insufficient_balance) and what `order_call`
    raises.
    """
    call = calls.transfer_with_purpose(
        desk.deployment, receiver, amount_minor, purpose, evidence_hash
    )
    return order_call(desk, order, call, lane=sender, verb="transfer")
