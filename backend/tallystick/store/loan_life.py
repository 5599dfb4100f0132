"""Reads what happened to one loan: disbursement, use of proceeds, repayments, notices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select

from tallystick.loans.waterfall import Allocation
from tallystick.store.loans import loan_surrogate
from tallystick.store.session import Session
from tallystick.store.tables import (
    allocations,
    disbursements,
    instalments,
    notices_served,
    repayments,
    uses_of_proceeds,
)


@dataclass(frozen=True, slots=True)
class InstalmentState:
    """An instalment and what was repaid on it. Settled with less interest repaid than agreed after
    a payoff."""

    number: int
    due_on: date
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
    """`kind`: paid, withdrawn, released, or held (released, but the borrower could not receive)."""

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
    amount_minor: int
    penalty_minor: int
    interest_minor: int
    principal_minor: int
    is_payoff: bool
    received_at: datetime
    tx_hash: str
    allocations: tuple[Allocation, ...]


@dataclass(frozen=True, slots=True)
class NoticeOnChain:
    """A notice whose hash the ledger anchored."""

    content_hash: str
    step: str
    served_at: datetime
    block_number: int
    tx_hash: str


def instalments_of(session: Session, loan_id: str) -> list[InstalmentState]:
    """Raises LoanNotFound."""
    query: Select[Any] = (
        select(
            instalments.c.number,
            instalments.c.due_on,
            instalments.c.principal_minor,
            instalments.c.interest_minor,
            instalments.c.principal_repaid_minor,
            instalments.c.interest_repaid_minor,
            instalments.c.is_settled,
        )
        .where(instalments.c.loan_id == loan_surrogate(session, loan_id))
        .order_by(instalments.c.number)
    )
    return [InstalmentState(*row) for row in session.execute(query)]


def disbursement_of(session: Session, loan_id: str) -> Disbursement | None:
    """None before disbursement. Raises LoanNotFound."""
    row = session.execute(
        select(
            disbursements.c.amount_minor,
            disbursements.c.disbursed_at,
            disbursements.c.block_number,
            disbursements.c.log_index,
            disbursements.c.tx_hash,
        ).where(disbursements.c.loan_id == loan_surrogate(session, loan_id))
    ).one_or_none()
    return Disbursement(*row) if row is not None else None


def uses_of(session: Session, loan_id: str) -> list[UseOfProceeds]:
    """In the ledger's order. Raises LoanNotFound."""
    query: Select[Any] = (
        select(
            uses_of_proceeds.c.block_number,
            uses_of_proceeds.c.log_index,
            uses_of_proceeds.c.payee,
            uses_of_proceeds.c.purpose,
            uses_of_proceeds.c.kind,
            uses_of_proceeds.c.amount_minor,
            uses_of_proceeds.c.evidence_hash,
            uses_of_proceeds.c.used_at,
            uses_of_proceeds.c.tx_hash,
        )
        .where(uses_of_proceeds.c.loan_id == loan_surrogate(session, loan_id))
        .order_by(uses_of_proceeds.c.block_number, uses_of_proceeds.c.log_index)
    )
    return [UseOfProceeds(*row) for row in session.execute(query)]


def repayments_of(session: Session, loan_id: str) -> list[Repayment]:
    """In the ledger's order, each with what it did to the instalments. Raises LoanNotFound."""
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
        select(
            repayments.c.block_number,
            repayments.c.log_index,
            repayments.c.payer,
            repayments.c.amount_minor,
            repayments.c.penalty_minor,
            repayments.c.interest_minor,
            repayments.c.principal_minor,
            repayments.c.is_payoff,
            repayments.c.received_at,
            repayments.c.tx_hash,
        )
        .where(repayments.c.loan_id == surrogate)
        .order_by(repayments.c.block_number, repayments.c.log_index)
    )
    return [
        Repayment(
            **{**row, "allocations": tuple(parts.get((row["block_number"], row["log_index"]), ()))}
        )
        for row in session.execute(query).mappings()
    ]


def notices_served_of(session: Session, loan_id: str) -> list[NoticeOnChain]:
    """In the order they were anchored. Raises LoanNotFound."""
    query: Select[Any] = (
        select(
            notices_served.c.content_hash,
            notices_served.c.step,
            notices_served.c.served_at,
            notices_served.c.block_number,
            notices_served.c.tx_hash,
        )
        .where(notices_served.c.loan_id == loan_surrogate(session, loan_id))
        .order_by(notices_served.c.block_number, notices_served.c.content_hash)
    )
    return [NoticeOnChain(*row) for row in session.execute(query)]
