"""Repays principal ahead of schedule; the schedule changes by the rule in the terms."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def prepay(
    desk: Desk, order: Order, terms: LoanTerms, *, principal_minor: int, amount_minor_max: int
) -> Command:
    """Orders the prepayment of `principal_minor`, sent by the borrower, whose key the house must
    hold; at most `amount_minor_max` is taken with interest and fee (see `quote_prepayment`).

    Spends the borrower's allowance to the ledger. Raises LedgerRefused (not_agreed,
    due_amounts_first, prepayment_too_large, amount_above_max, loan_unknown, loan_status_invalid,
    erc20_insufficient_allowance, erc20_insufficient_balance, party_not_active) and what
    `order_call` raises.
    """
    call = calls.prepay(desk.deployment, terms, principal_minor, amount_minor_max)
    return order_call(desk, order, call, lane=terms.borrower)
