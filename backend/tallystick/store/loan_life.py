"""Reads what happened to one loan, each kind of event in the ledger's order.

All raise LoanNotFound.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import Select, Table, or_, select

from tallystick.loans.events import RepaymentKind
from tallystick.loans.repayment import Allocation
from tallystick.store.loan_tables import (
    accelerations,
    allocations,
    claims_assigned,
    disbursements,
    instalments,
    loans,
    notices_served,
    payouts_held,
    reimbursements,
    repayments,
    restructurings,
    uses_of_proceeds,
    write_offs,
)
from tallystick.store.loans import loan_surrogate
from tallystick.store.session import Session


@dataclass(frozen=True, slots=True)
class InstalmentState:
    """An instalment as signed, as it stands after prepayments, and what was repaid on it.

    Settled with less interest repaid than it bears after a payoff, with more when a prepayment
    reduced what was paid already, and with less of both when acceleration replaced it.
    """

    number: int
    due_on: date
    signed_principal_minor: int
    signed_interest_minor: int
    principal_minor: int
    interest_minor: int
    principal_repaid_minor: int
    interest_repaid_minor: int
    is_settled: bool


@dataclass(frozen=True, slots=True)
class Disbursement:
    amount_minor: int
    disbursed_at: datetime
    block_number: int
    log_index: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class UseOfProceeds:
    """`kind`: paid, withdrawn, released, held (released, but the borrower could not receive) or
    applied (to the debt; the payee is the lender)."""

    block_number: int
    log_index: int
    payee: str
    purpose: str | None
    kind: str
    amount_minor: int
    evidence_hash: str | None
    used_at: datetime
    tx_hash: str


@dataclass(frozen=True, slots=True)
class Repayment:
    block_number: int
    log_index: int
    payer: str
    kind: RepaymentKind
    amount_minor: int
    penalty_minor: int
    interest_minor: int
    principal_minor: int
    fee_minor: int
    received_at: datetime
    tx_hash: str
    allocations: tuple[Allocation, ...]


@dataclass(frozen=True, slots=True)
class Acceleration:
    """What replaced the instalments."""

    interest_minor: int
    principal_minor: int
    reason_hash: str
    accelerated_at: datetime
    block_number: int
    log_index: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class WriteOff:
    principal_minor: int
    interest_minor: int
    penalty_minor: int
    reason_hash: str
    written_off_at: datetime
    block_number: int
    log_index: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class Restructuring:
    """What `prior_loan_id`, which ended, handed on to `loan_id`, which began."""

    loan_id: str
    prior_loan_id: str
    penalty_minor: int
    interest_minor: int
    principal_minor: int
    controlled_minor: int
    restructured_at: datetime
    block_number: int
    log_index: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class ClaimAssignment:
    """`assignment_count` counts this one."""

    block_number: int
    log_index: int
    lender: str
    assignee: str
    price_minor: int
    assignment_count: int
    assigned_at: datetime
    tx_hash: str


@dataclass(frozen=True, slots=True)
class Reimbursement:
    block_number: int
    log_index: int
    guarantor: str
    payer: str
    amount_minor: int
    reimbursed_at: datetime
    tx_hash: str


@dataclass(frozen=True, slots=True)
class HeldPayout:
    """`kind` is the MovementKind it would have been, had `party` been able to receive it."""

    block_number: int
    log_index: int
    party: str
    kind: str
    amount_minor: int
    held_at: datetime
    tx_hash: str


@dataclass(frozen=True, slots=True)
class NoticeOnChain:
    """A notice whose hash the ledger anchored."""

    content_hash: str
    step: str
    served_at: datetime
    block_number: int
    tx_hash: str


def instalments_of(session: Session, loan_id: str) -> list[InstalmentState]:
    query = _of_loan(session, instalments, InstalmentState, loan_id)
    return [InstalmentState(*row) for row in session.execute(query.order_by(instalments.c.number))]


def disbursement_of(session: Session, loan_id: str) -> Disbursement | None:
    """None before disbursement, and for a loan that came of restructuring another."""
    return _one(session, disbursements, Disbursement, loan_id)


def uses_of(session: Session, loan_id: str) -> list[UseOfProceeds]:
    return _all(session, uses_of_proceeds, UseOfProceeds, loan_id)


def repayments_of(session: Session, loan_id: str) -> list[Repayment]:
    """Each with what it did to the instalments."""
    surrogate = loan_surrogate(session, loan_id)
    parts: dict[tuple[int, int], list[Allocation]] = {}
    for block_number, log_index, *part in session.execute(
        select(
            allocations.c.block_number,
            allocations.c.log_index,
            allocations.c.number,
            allocations.c.interest_minor,
            allocations.c.principal_minor,
        )
        .join_from(
            allocations,
            repayments,
            (repayments.c.block_number == allocations.c.block_number)
            & (repayments.c.log_index == allocations.c.log_index),
        )
        .where(repayments.c.loan_id == surrogate)
        .order_by(allocations.c.number)
    ):
        parts.setdefault((block_number, log_index), []).append(Allocation(*part))
    query: Select[Any] = (
        select(*(repayments.c[name] for name in Repayment.__slots__ if name != "allocations"))
        .where(repayments.c.loan_id == surrogate)
        .order_by(repayments.c.block_number, repayments.c.log_index)
    )
    found = []
    for row in session.execute(query).mappings():
        place = (row["block_number"], row["log_index"])
        kind = RepaymentKind(row["kind"])
        found.append(Repayment(**{**row, "kind": kind}, allocations=tuple(parts.get(place, ()))))
    return found


def acceleration_of(session: Session, loan_id: str) -> Acceleration | None:
    return _one(session, accelerations, Acceleration, loan_id)


def write_off_of(session: Session, loan_id: str) -> WriteOff | None:
    return _one(session, write_offs, WriteOff, loan_id)


def restructurings_of(session: Session, loan_id: str) -> list[Restructuring]:
    """The one the loan came of and the one that ended it, if there were any."""
    surrogate = loan_surrogate(session, loan_id)
    columns = [
        loans.c.loan_id if name == "loan_id" else restructurings.c[name]
        for name in Restructuring.__slots__
    ]
    query: Select[Any] = (
        select(*columns)
        .join(loans, loans.c.id == restructurings.c.loan_id)
        .where(
            or_(
                restructurings.c.loan_id == surrogate,
                restructurings.c.prior_loan_id == loan_id.lower(),
            )
        )
        .order_by(restructurings.c.block_number, restructurings.c.log_index)
    )
    return [Restructuring(*row) for row in session.execute(query)]


def claims_assigned_of(session: Session, loan_id: str) -> list[ClaimAssignment]:
    return _all(session, claims_assigned, ClaimAssignment, loan_id)


def reimbursements_of(session: Session, loan_id: str) -> list[Reimbursement]:
    return _all(session, reimbursements, Reimbursement, loan_id)


def payouts_held_of(session: Session, loan_id: str) -> list[HeldPayout]:
    """Whether or not they were claimed since."""
    return _all(session, payouts_held, HeldPayout, loan_id)


def notices_served_of(session: Session, loan_id: str) -> list[NoticeOnChain]:
    """In the order they were anchored."""
    query = _of_loan(session, notices_served, NoticeOnChain, loan_id)
    ordered = query.order_by(notices_served.c.block_number, notices_served.c.content_hash)
    return [NoticeOnChain(*row) for row in session.execute(ordered)]


_Told = TypeVar("_Told")


def _of_loan(session: Session, table: Table, told: type[_Told], loan_id: str) -> Select[Any]:
    """The columns of `table` that are members of `told`, of one loan."""
    members: tuple[str, ...] = getattr(told, "__slots__", ())
    return select(*(table.c[name] for name in members)).where(
        table.c.loan_id == loan_surrogate(session, loan_id)
    )


def _all(session: Session, table: Table, told: type[_Told], loan_id: str) -> list[_Told]:
    query = _of_loan(session, table, told, loan_id)
    ordered = query.order_by(table.c.block_number, table.c.log_index)
    return [told(*row) for row in session.execute(ordered)]


def _one(session: Session, table: Table, told: type[_Told], loan_id: str) -> _Told | None:
    row = session.execute(_of_loan(session, table, told, loan_id)).one_or_none()
    return told(*row) if row is not None else None
