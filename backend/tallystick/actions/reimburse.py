"""Pays a guarantor back what it paid."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def reimburse(
    desk: Desk, order: Order, terms: LoanTerms, *, amount_minor_max: int, payer: str | None = None
) -> Command:
    """Orders that at most `amount_minor_max` goes to the guarantor, sent by `payer` (the borrower
    if not told), whose allowance to the ledger it spends.

    The lender ranks first: nothing may be due. Raises LedgerRefused (due_amounts_first,
    nothing_to_reimburse, loan_unknown, erc20_insufficient_allowance, erc20_insufficient_balance,
    party_not_active) and what `order_call` raises.
    """
    call = calls.reimburse(desk.deployment, terms, amount_minor_max)
    return order_call(desk, order, call, lane=payer or terms.borrower)
