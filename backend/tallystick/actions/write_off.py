"""Stops carrying a loan in arrears; the debt survives."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def write_off(desk: Desk, order: Order, terms: LoanTerms, *, reason_hash: str) -> Command:
    """Orders the write-off, sent by the servicer; `reason_hash` is that of the decision's text.

    Raises LedgerRefused (not_in_arrears, loan_unknown, loan_status_invalid) and what `order_call`
    raises.
    """
    call = calls.write_off(desk.deployment, terms, reason_hash)
    return order_call(desk, order, call, lane=desk.lanes.address("servicer"))
