"""Takes a side's signature of an assignment that was proposed."""

from __future__ import annotations

from datetime import datetime

from tallystick.actions.desk import Desk
from tallystick.actions.propose_assignment import message_of
from tallystick.actions.sign_loan import (
    SignatureExpired,
    SignaturesCancelled,
    SignerNotParty,
    checked_signature,
)
from tallystick.chain.messages import assignment_digest
from tallystick.kernel.errors import Conflict
from tallystick.loans.loan import local_day
from tallystick.store.assignments import (
    AssignmentSide,
    ProposedAssignment,
    find_assignment,
    write_assignment_signature,
)
from tallystick.store.audit import record
from tallystick.store.loans import find_loan


class AssignmentOutdated(Conflict):
    """The claim was assigned since, so the message names a lender who is none any more."""

    title = "Claim was assigned since"


def sign_assignment(
    desk: Desk, assignment_id: str, *, signer: str, signature: str, caller: str, now: datetime
) -> ProposedAssignment:
    """Keeps `signature` (`0x` hex) of `signer`, an address; a later valid one takes its place.

    Raises AssignmentNotFound, SignerNotParty, SignatureExpired, AssignmentOutdated,
    SignaturesCancelled, SignatureInvalid.
    """
    with desk.store.read() as session:
        proposed = find_assignment(session, assignment_id)
        loan = find_loan(session, proposed.loan_id)
    side = _side_of(proposed, signer)
    if local_day(now, loan.terms.utc_offset_minutes) > proposed.sign_by:
        raise SignatureExpired(
            f"this assignment could be signed until {proposed.sign_by}; propose it anew with a "
            "later sign_by",
            field="signature",
        )
    _require_open(desk, proposed)
    deployment = desk.deployment
    digest = assignment_digest(message_of(proposed), deployment.chain_id, deployment.loan_ledger)
    checked = checked_signature(desk, signer, digest, signature)
    with desk.store.begin() as session:
        write_assignment_signature(session, assignment_id, side, checked)
        record(session, at=now, caller=caller, verb="sign_assignment", subject=assignment_id)
        return find_assignment(session, assignment_id)


def _require_open(desk: Desk, proposed: ProposedAssignment) -> None:
    on_chain = desk.ledger.loan(proposed.loan_id)
    if on_chain is None or on_chain.account.assignment_count != proposed.assignment_count:
        raise AssignmentOutdated(
            f"the claim of loan {proposed.loan_id} was assigned since this was proposed; propose "
            "it anew",
            loan_id=proposed.loan_id,
        )
    records = desk.ledger.parties([proposed.lender, proposed.assignee])
    for party, nonce in (
        (records[proposed.lender], proposed.lender_nonce),
        (records[proposed.assignee], proposed.assignee_nonce),
    ):
        if party is not None and party.signature_nonce != nonce:
            raise SignaturesCancelled(
                "a side has cancelled its signatures since this was proposed; propose it anew",
                field="signer",
            )


def _side_of(proposed: ProposedAssignment, signer: str) -> AssignmentSide:
    if signer == proposed.lender:
        return "lender"
    if signer == proposed.assignee:
        return "assignee"
    raise SignerNotParty(
        f"{signer} is neither lender nor assignee of this assignment", field="signer"
    )
