"""Makes everything due, beyond the agreed days past due."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def accelerate(desk: Desk, order: Order, terms: LoanTerms, *, reason_hash: str) -> Command:
    """Orders the acceleration, sent by the servicer; `reason_hash` is that of the decision's text.

    Unused proceeds repay what they can. Raises LedgerRefused (not_agreed, not_late_enough,
    loan_already_accelerated, loan_unknown, loan_status_invalid) and what `order_call` raises.
    """
    call = calls.accelerate(desk.deployment, terms, reason_hash)
    return order_call(desk, order, call, lane=desk.lanes.address("servicer"))
