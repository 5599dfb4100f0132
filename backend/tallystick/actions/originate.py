"""Brings a loan both sides signed to the ledger."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.kernel.errors import Conflict
from tallystick.store.agreements import find_agreement
from tallystick.store.commands import Command


class AgreementNotSigned(Conflict):
    """A side has not signed yet; `data["awaited"]` says which."""

    title = "Agreement not signed by both sides"


def originate(desk: Desk, order: Order, loan_id: str) -> Command:
    """Orders the origination with both signatures, sent by the servicer.

    Raises AgreementNotFound, AgreementNotSigned, LedgerRefused (loan_already_originated,
    signature_invalid, signature_expired, signature_is_revoked, party_not_active_as) and what
    `order_call` raises.
    """
    with desk.store.read() as session:
        agreement = find_agreement(session, loan_id)
    if agreement.lender_signature is None or agreement.borrower_signature is None:
        raise AgreementNotSigned(
            f"loan {loan_id} still needs the signature of its {' and '.join(agreement.awaited)}",
            awaited=agreement.awaited,
        )
    call = calls.originate(
        desk.deployment,
        agreement.terms,
        bytes.fromhex(agreement.lender_signature[2:]),
        bytes.fromhex(agreement.borrower_signature[2:]),
    )
    return order_call(desk, order, call, lane=desk.lanes.address("servicer"))
