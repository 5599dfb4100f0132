"""Withdraws a side's signature from terms that are not a loan yet, for good."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.actions.sign_loan import side_of
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import Command


def revoke_signature(desk: Desk, order: Order, terms: LoanTerms, *, signer: str) -> Command:
    """Orders the revocation, sent by `signer`, whose key the house must hold.

    Nobody can originate these terms from then on, whoever kept the signature. Raises
    SignerNotParty, LedgerRefused (loan_already_originated, signature_is_revoked) and what
    `order_call` raises.
    """
    side_of(terms, signer)
    return order_call(desk, order, calls.revoke_signature(desk.deployment, terms), lane=signer)
