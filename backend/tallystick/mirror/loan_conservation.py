"""What must hold between a loan and the rows that tell its life: no unit is lost or made.

    began with = repaid principal + outstanding, or handed on to the next loan
    controlled at first = controlled now + used + handed on
    paid by whom, for what = moved by the token, or held

A loan's own members are compared with the ledger's elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tallystick.funds.movements import MovementKind
from tallystick.loans.events import RepaymentKind
from tallystick.loans.loan import Loan, Status
from tallystick.store.loan_life import InstalmentState
from tallystick.store.loan_records import LoanRecord
from tallystick.store.loan_sums import LoanSums

Member = tuple[str, Any, Any]
"""What it is, what the rows say, and what it must be."""

_HELD_AT_LEDGER = (
    MovementKind.REPAID,
    MovementKind.COLLECTED,
    MovementKind.GUARANTEED,
    MovementKind.REIMBURSED,
)


def sums_that_agree(
    record: LoanRecord, sums: LoanSums, rows: Sequence[InstalmentState]
) -> Iterator[Member]:
    yield from _repayments(record.loan, sums, rows)
    yield from _debt(record.loan, sums)
    yield from _money(record.loan, sums)
    yield from _turns(record, sums)


def _repayments(loan: Loan, sums: LoanSums, rows: Sequence[InstalmentState]) -> Iterator[Member]:
    """Repayments, their allocations and what the instalments say was repaid on them."""
    for name in loan.received.__slots__:
        part = name.removesuffix("_minor")
        yield f"{part} of repayments", getattr(sums.received, name), getattr(loan.received, name)
    allocated = (sums.on_instalments, sums.outside, sums.prepaid)
    for name in ("interest_minor", "principal_minor"):
        part = name.removesuffix("_minor")
        total = sum(getattr(parts, name) for parts in allocated)
        yield f"allocated {part}", total, getattr(loan.received, name)
        on_rows = sum(getattr(row, f"{part}_repaid_minor") for row in rows)
        yield f"{part} repaid on instalments", on_rows, getattr(sums.on_instalments, name)
    for kind, parts in sums.repaid.items():
        amount = (
            parts.penalty_minor + parts.interest_minor + parts.principal_minor + parts.fee_minor
        )
        yield f"amount of {kind}", parts.amount_minor, amount


def _debt(loan: Loan, sums: LoanSums) -> Iterator[Member]:
    """What was owed, less what was repaid, is owed."""
    due = loan.repaid.due_at_once
    came, accelerated, next_one = sums.came_of, sums.acceleration, sums.replaced_by
    began = came.principal_minor if came else 0
    if sums.disbursement:
        began += sums.disbursement.amount_minor
    handed_on = next_one.principal_minor if next_one else 0
    left = began - loan.received.principal_minor - handed_on
    yield "principal left", left, loan.outstanding_minor
    carried_penalty = came.penalty_minor if came else 0
    penalty = loan.repaid.penalty_repaid_minor + carried_penalty - due.carried_penalty_minor
    yield "penalty repaid", loan.received.penalty_minor, penalty
    at_once = (came.interest_minor if came else 0) + (
        accelerated.interest_minor if accelerated else 0
    )
    interest_left = due.carried_interest_minor + due.accelerated_interest_minor
    yield "interest due at once", at_once - sums.outside.interest_minor, interest_left
    principal = accelerated.principal_minor if accelerated else 0
    principal_left = due.accelerated_principal_minor
    yield "principal due at once", principal - sums.outside.principal_minor, principal_left


def _money(loan: Loan, sums: LoanSums) -> Iterator[Member]:
    """Proceeds, repayments and reimbursements, by what the token moved."""
    account, used, moved, held = loan.account, sums.used, sums.moved, sums.held
    controlled = sums.came_of.controlled_minor if sums.came_of else 0
    controlled += sums.disbursement.amount_minor if sums.disbursement else 0
    controlled -= sums.replaced_by.controlled_minor if sums.replaced_by else 0
    yield "controlled money", controlled - used.total(), account.controlled_minor
    yield "withdrawals", used[MovementKind.WITHDRAWN], account.withdrawn_minor
    disbursed = sums.disbursement.amount_minor if sums.disbursement else 0
    yield "disbursed transfers", moved[MovementKind.DISBURSED], disbursed
    for kind in (MovementKind.PAID, MovementKind.WITHDRAWN, MovementKind.RELEASED):
        yield f"{kind} transfers", moved[kind], used[kind]
    yield "released and held", held[MovementKind.RELEASED], used[MovementKind.HELD]

    collected = sums.repaid_by(RepaymentKind.COLLECT)
    guaranteed = sums.repaid_by(RepaymentKind.GUARANTEE)
    applied = sums.repaid_by(RepaymentKind.CONTROLLED)
    repaid = sums.repaid_by(RepaymentKind.REPAY, RepaymentKind.PREPAY, RepaymentKind.PAYOFF)
    yield "collected", collected, account.collected_minor
    yield "guaranteed", guaranteed, account.guaranteed_minor
    yield "reimbursed", sums.reimbursed_minor, account.reimbursed_minor
    yield "applied", applied, used[MovementKind.APPLIED]
    for kind, amount in (
        (MovementKind.REPAID, repaid),
        (MovementKind.COLLECTED, collected),
        (MovementKind.GUARANTEED, guaranteed),
        (MovementKind.APPLIED, applied),
        (MovementKind.REIMBURSED, sums.reimbursed_minor),
        (MovementKind.ASSIGNED, sums.prices_minor),
    ):
        yield f"{kind} transfers and payouts", moved[kind] + held[kind], amount
    at_ledger = sum(held[kind] for kind in _HELD_AT_LEDGER)
    yield "transfers held", moved[MovementKind.HELD], at_ledger


def _turns(record: LoanRecord, sums: LoanSums) -> Iterator[Member]:
    """What happened once, by its row, its time and the loan's state."""
    loan, status = record.loan, record.loan.status
    terms = loan.terms
    is_begun = status not in (Status.APPROVED, Status.CANCELLED)
    yield "disbursed_at", loan.disbursed_at is not None, is_begun
    begun = sums.came_of.restructured_at if sums.came_of else None
    begun = sums.disbursement.disbursed_at if sums.disbursement else begun
    yield "disbursement", begun, loan.disbursed_at
    came_of = sums.came_of.prior_loan_id if sums.came_of else None
    yield "prior loan", came_of, terms.prior_loan_id
    yield "cancelled_at", record.cancelled_at is not None, status is Status.CANCELLED
    yield "cancelled_by", record.cancelled_by in _may_cancel(loan), True
    yield "accelerated_at", record.accelerated_at, _time(sums.acceleration, "accelerated_at")
    yield "acceleration", sums.acceleration is not None, loan.repaid.is_accelerated
    yield "written_off_at", record.written_off_at, _time(sums.write_off, "written_off_at")
    may_be = status in (Status.WRITTEN_OFF, Status.CLOSED)
    must_be = status is Status.WRITTEN_OFF
    yield "write-off", sums.write_off is not None, must_be or (may_be and bool(sums.write_off))
    principal = sums.write_off.principal_minor if sums.write_off else 0
    yield "written_off_minor", record.written_off_minor, principal
    yield "restructured_at", record.restructured_at, _time(sums.replaced_by, "restructured_at")
    yield "restructuring", sums.replaced_by is not None, status is Status.RESTRUCTURED
    next_one = sums.replaced_by.loan_id if sums.replaced_by else None
    yield "next_loan_id", record.next_loan_id, next_one
    yield "closed_at", record.closed_at is not None, status is Status.CLOSED
    is_free = status is Status.CLOSED and not loan.to_reimburse_minor
    is_released = is_free and terms.collateral_hash is not None
    yield "collateral_released_at", record.collateral_released_at is not None, is_released
    yield "assignments", len(sums.assignees), loan.account.assignment_count
    assignee = sums.assignees[-1] if sums.assignees else None
    yield "last assignee", assignee, loan.assignee


def _may_cancel(loan: Loan) -> tuple[str | None, ...]:
    if loan.status is Status.CANCELLED:
        return loan.terms.lender, loan.terms.borrower
    return (None,)


def _time(row: object, name: str) -> Any:
    return None if row is None else getattr(row, name)
