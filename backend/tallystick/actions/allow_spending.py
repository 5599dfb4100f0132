"""Lets the ledger or the settlement bank spend a party's settlement tokens.

The ledger spends what a lender disburses and what a payer repays; the settlement bank spends what
it pays out at the bank.
"""

from __future__ import annotations

from enum import StrEnum

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.store.commands import Command


class Spender(StrEnum):
    LOAN_LEDGER = "loan_ledger"
    SETTLEMENT_BANK = "settlement_bank"


def allow_spending(
    desk: Desk, order: Order, *, owner: str, spender: Spender, amount_minor: int
) -> Command:
    """Orders the allowance to be `amount_minor` from now on, sent by `owner`, whose key the house
    must hold. Zero takes the allowance back. Raises what `order_call` raises.
    """
    address = (
        desk.deployment.loan_ledger
        if spender is Spender.LOAN_LEDGER
        else desk.lanes.address("settlement_bank")
    )
    call = calls.approve(desk.deployment, address, amount_minor)
    return order_call(desk, order, call, lane=owner, verb="allow_spending")
