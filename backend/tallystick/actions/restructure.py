"""Replaces an active loan by the one its sides signed to replace it."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.actions.originate import all_signatures
from tallystick.chain import calls
from tallystick.kernel.errors import Conflict
from tallystick.store.agreements import find_agreement
from tallystick.store.commands import Command
from tallystick.store.loans import find_loan


class AgreementReplacesNothing(Conflict):
    """The terms are those of a new loan."""

    title = "Agreement replaces no loan"


def restructure(desk: Desk, order: Order, loan_id: str) -> Command:
    """Orders the restructuring to the loan `loan_id`, sent by the servicer; its terms name the
    loan that ends.

    Raises AgreementNotFound, AgreementNotSigned, AgreementReplacesNothing, LoanNotFound,
    LedgerRefused (loan_status_invalid, restructuring_mismatch, disbursement_outside_window,
    loan_already_originated, signature_invalid, signature_expired, signature_nonce_invalid,
    signature_is_revoked, party_not_active_as, is_paused) and what `order_call` raises.
    """
    with desk.store.read() as session:
        agreement = find_agreement(session, loan_id)
        if agreement.terms.prior_loan_id is None:
            raise AgreementReplacesNothing(
                "these terms replace no loan; bring them to the ledger by originating them"
            )
        prior = find_loan(session, agreement.terms.prior_loan_id)
    call = calls.restructure(
        desk.deployment, prior.terms, agreement.terms, all_signatures(agreement)
    )
    return order_call(desk, order, call, lane=desk.lanes.address("servicer"))
