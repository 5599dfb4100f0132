"""Takes what is due from the borrower under its mandate."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def collect(desk: Desk, order: Order, terms: LoanTerms) -> Command:
    """Orders the collection, sent by the servicer; takes at most what is due and what the mandate,
    the borrower's balance and its allowance to the ledger leave.

    Raises LedgerRefused (not_agreed, mandate_is_revoked, nothing_to_collect, loan_unknown,
    loan_status_invalid) and what `order_call` raises.
    """
    call = calls.collect(desk.deployment, terms)
    return order_call(desk, order, call, lane=desk.lanes.address("servicer"))
