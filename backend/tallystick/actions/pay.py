"""Pays a registered payee out of a loan's controlled account, for an agreed purpose."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def pay(
    desk: Desk,
    order: Order,
    terms: LoanTerms,
    *,
    payee: str,
    amount_minor: int,
    purpose: str,
    evidence_hash: str,
) -> Command:
    """Orders an entrusted payment, sent by the servicer.

    Raises LedgerRefused (purpose_not_agreed, payee_not_registered, payee_category_not_agreed,
    payee_is_party, purpose_cap_exceeded, controlled_balance_exceeded, evidence_missing,
    loan_unknown, loan_status_invalid) and what `order_call` raises.
    """
    call = calls.pay(desk.deployment, terms, payee, amount_minor, purpose, evidence_hash)
    return order_call(desk, order, call, lane=desk.lanes.address("servicer"))
