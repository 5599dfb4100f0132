"""Gives up a loan before its disbursement."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def cancel(desk: Desk, order: Order, terms: LoanTerms, *, party: str) -> Command:
    """Orders the cancellation, sent by `party`: the lender or the borrower, whose key the house
    must hold.

    Raises LedgerRefused (caller_not_permitted, loan_unknown, loan_status_invalid) and what
    `order_call` raises.
    """
    return order_call(desk, order, calls.cancel(desk.deployment, terms), lane=party)
