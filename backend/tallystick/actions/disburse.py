"""Moves a loan's principal from the lender into the controlled account."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def disburse(desk: Desk, order: Order, terms: LoanTerms) -> Command:
    """Orders the disbursement, sent by the servicer; spends the lender's allowance to the ledger.

    Raises LedgerRefused (loan_unknown, loan_status_invalid, disbursement_outside_window,
    party_not_active_as, erc20_insufficient_allowance, erc20_insufficient_balance) and what
    `order_call` raises.
    """
    call = calls.disburse(desk.deployment, terms)
    return order_call(desk, order, call, lane=desk.lanes.address("servicer"))
