"""Releases part of the self-paid share to the borrower."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def withdraw(desk: Desk, order: Order, terms: LoanTerms, *, amount_minor: int) -> Command:
    """Orders a withdrawal, sent by the borrower, whose key the house must hold.

    Raises LedgerRefused (self_paid_share_exceeded, controlled_balance_exceeded, loan_unknown,
    loan_status_invalid) and what `order_call` raises.
    """
    call = calls.withdraw(desk.deployment, terms, amount_minor)
    return order_call(desk, order, call, lane=terms.borrower)
