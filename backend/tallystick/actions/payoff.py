"""Repays everything and closes the loan; interest is charged for elapsed days only."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def payoff(
    desk: Desk, order: Order, terms: LoanTerms, *, amount_minor_max: int, payer: str | None = None
) -> Command:
    """Orders a payoff of at most `amount_minor_max`, sent by `payer` (the borrower if not told).

    Spends the payer's allowance to the ledger. Raises LedgerRefused (amount_above_max,
    loan_unknown, loan_status_invalid, erc20_insufficient_allowance, erc20_insufficient_balance,
    party_not_active) and what `order_call` raises.
    """
    call = calls.payoff(desk.deployment, terms, amount_minor_max)
    return order_call(desk, order, call, lane=payer or terms.borrower)
