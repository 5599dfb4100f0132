"""Trace where a loan's disbursement went."""

from __future__ import annotations

from functools import partial

from tallystick.funds.findings import findings_of
from tallystick.funds.flow import follow
from tallystick.funds.trace import FundTrace
from tallystick.kernel.errors import Conflict, Invalid
from tallystick.store.cursor import read_cursor
from tallystick.store.loans import find_loan
from tallystick.store.movements import disbursement_movement, movements_from
from tallystick.store.session import Session

DEPTH_MAX = 64
"""Most movements followed after the disbursement: a trace nests as deep in JSON."""


class DepthOutOfRange(Invalid):
    title = "Depth out of range"


class LoanNotDisbursed(Conflict):
    title = "Loan not disbursed"


def trace_funds(session: Session, loan_id: str, *, depth_max: int = DEPTH_MAX) -> FundTrace:
    """The fund trace of one loan as the mirror stands; ask in a reading session.

    A trace that met `depth_max` says so (`is_truncated`). Raises DepthOutOfRange,
    LoanNotFound and LoanNotDisbursed.
    """
    if not 1 <= depth_max <= DEPTH_MAX:
        raise DepthOutOfRange(
            f"a trace goes 1 to {DEPTH_MAX} movements deep, not {depth_max}",
            field="depth_max",
        )
    loan = find_loan(session, loan_id)
    disbursement = disbursement_movement(session, loan.loan_id)
    cursor = read_cursor(session)
    if disbursement is None or cursor is None:
        prior = loan.terms.prior_loan_id
        why = (
            f"came of restructuring loan {prior}; trace that one"
            if prior
            else f"is {loan.status}; there is nothing to trace before it is disbursed"
        )
        raise LoanNotDisbursed(
            f"Loan {loan.loan_id} {why}.", loan_id=loan.loan_id, status=loan.status
        )
    root = follow(disbursement, partial(movements_from, session), depth_max=depth_max)
    return FundTrace(
        loan_id=loan.loan_id,
        lender=loan.terms.lender,
        borrower=loan.terms.borrower,
        currency=loan.terms.currency,
        block_number=cursor.block_number,
        traced_at=cursor.block_at,
        root=root,
        findings=findings_of(root, loan.terms.borrower),
    )
