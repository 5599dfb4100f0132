"""Ends the mandate under which a borrower is collected from, for good."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def revoke_mandate(desk: Desk, order: Order, terms: LoanTerms) -> Command:
    """Orders the revocation, sent by the borrower, whose key the house must hold.

    Raises LedgerRefused (not_agreed, mandate_is_revoked, loan_unknown) and what `order_call`
    raises.
    """
    return order_call(
        desk, order, calls.revoke_mandate(desk.deployment, terms), lane=terms.borrower
    )
