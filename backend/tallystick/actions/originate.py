"""Brings a loan all sides signed to the ledger."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.kernel.errors import Conflict
from tallystick.store.agreements import Agreement, find_agreement
from tallystick.store.commands import Command


class AgreementNotSigned(Conflict):
    """A side has not signed yet; `data["awaited"]` says which."""

    title = "Agreement not signed by all sides"


class AgreementReplacesLoan(Conflict):
    """The terms are those of a restructuring."""

    title = "Agreement replaces another loan"


def originate(desk: Desk, order: Order, loan_id: str) -> Command:
    """Orders the origination with all signatures, sent by the servicer.

    Raises AgreementNotFound, AgreementNotSigned, AgreementReplacesLoan, LedgerRefused
    (loan_already_originated, signature_invalid, signature_expired, signature_nonce_invalid,
    signature_is_revoked, party_not_active_as, is_paused) and what `order_call` raises.
    """
    with desk.store.read() as session:
        agreement = find_agreement(session, loan_id)
    if agreement.terms.prior_loan_id is not None:
        raise AgreementReplacesLoan(
            f"these terms replace loan {agreement.terms.prior_loan_id}; bring them to the ledger "
            "by restructuring it",
            prior_loan_id=agreement.terms.prior_loan_id,
        )
    call = calls.originate(desk.deployment, agreement.terms, all_signatures(agreement))
    return order_call(desk, order, call, lane=desk.lanes.address("servicer"))


def all_signatures(agreement: Agreement) -> list[bytes]:
    """Those of all who are to sign, in the order of `LoanTerms.signers`.

    Raises AgreementNotSigned.
    """
    if agreement.awaited:
        raise AgreementNotSigned(
            f"loan {agreement.loan_id} still needs the signature of its "
            f"{' and '.join(agreement.awaited)}",
            awaited=agreement.awaited,
        )
    return [bytes.fromhex((given or "")[2:]) for given in agreement.signatures.values()]
