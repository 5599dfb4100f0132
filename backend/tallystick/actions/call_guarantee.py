"""Takes what is due from the guarantor, who takes over the claim for what it paid."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def call_guarantee(
    desk: Desk, order: Order, terms: LoanTerms, *, amount_minor_max: int, sender: str | None = None
) -> Command:
    """Orders the call, sent by the servicer, or by the guarantor if that is `sender`: it may at
    any time, the servicer beyond the agreed days past due.

    Takes at most `amount_minor_max`, what is due, and what the guarantee, the guarantor's balance
    and its allowance to the ledger leave. Raises LedgerRefused (not_agreed, not_late_enough,
    nothing_to_call_for, caller_not_permitted, loan_unknown, loan_status_invalid) and what
    `order_call` raises.
    """
    call = calls.call_guarantee(desk.deployment, terms, amount_minor_max)
    return order_call(desk, order, call, lane=sender or desk.lanes.address("servicer"))
