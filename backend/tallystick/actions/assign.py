"""Moves the claim of a loan to another lender, as both have signed."""

from __future__ import annotations

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.actions.propose_assignment import message_of
from tallystick.chain import calls
from tallystick.kernel.errors import Conflict
from tallystick.store.assignments import find_assignment
from tallystick.store.commands import Command
from tallystick.store.loans import find_loan


class AssignmentNotSigned(Conflict):
    """A side has not signed yet; `data["awaited"]` says which."""

    title = "Assignment not signed by both sides"


def assign(desk: Desk, order: Order, assignment_id: str) -> Command:
    """Orders the assignment with both signatures, sent by the servicer; spends the assignee's
    allowance to the ledger for the price.

    Raises AssignmentNotFound, AssignmentNotSigned, LoanNotFound, LedgerRefused
    (signature_invalid or assignee_invalid, also once the claim was assigned otherwise,
    signature_expired, party_not_active_as, loan_status_invalid,
    erc20_insufficient_allowance, erc20_insufficient_balance, party_not_active) and what
    `order_call` raises.
    """
    with desk.store.read() as session:
        proposed = find_assignment(session, assignment_id)
        terms = find_loan(session, proposed.loan_id).terms
    if proposed.lender_signature is None or proposed.assignee_signature is None:
        raise AssignmentNotSigned(
            f"assignment {assignment_id} still needs the signature of its "
            f"{' and '.join(proposed.awaited)}",
            awaited=proposed.awaited,
        )
    call = calls.assign(
        desk.deployment,
        terms,
        message_of(proposed),
        bytes.fromhex(proposed.lender_signature[2:]),
        bytes.fromhex(proposed.assignee_signature[2:]),
    )
    return order_call(desk, order, call, lane=desk.lanes.address("servicer"))
