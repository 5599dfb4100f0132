"""Sums over the rows of loans, for reconciliation: each must agree with the loan itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, Table, func, select

from tallystick.funds.movements import MovementKind
from tallystick.loans.events import RepaymentKind
from tallystick.loans.loan import Received
from tallystick.store.loan_life import (
    Acceleration,
    Disbursement,
    Restructuring,
    WriteOff,
)
from tallystick.store.loan_tables import (
    accelerations,
    allocations,
    claims_assigned,
    disbursements,
    loans,
    payouts_held,
    reimbursements,
    repayments,
    restructurings,
    uses_of_proceeds,
    write_offs,
)
from tallystick.store.mirror_tables import transfers
from tallystick.store.session import Session


@dataclass(slots=True)
class Parts:
    """Of repayments or allocations, minor units."""

    penalty_minor: int = 0
    interest_minor: int = 0
    principal_minor: int = 0
    fee_minor: int = 0
    amount_minor: int = 0


@dataclass(slots=True)
class LoanSums:
    """Amounts in minor units. `repaid` are repayments by kind, `on_instalments` and `outside` their
    allocations to instalments and to what is none, without prepayments; `prepaid` those of
    prepayments. `used` are uses of proceeds, `moved` transfers and `held` payouts, by movement."""

    repaid: dict[RepaymentKind, Parts] = field(default_factory=dict)
    on_instalments: Parts = field(default_factory=Parts)
    outside: Parts = field(default_factory=Parts)
    prepaid: Parts = field(default_factory=Parts)
    used: Counter[MovementKind] = field(default_factory=Counter)
    moved: Counter[MovementKind] = field(default_factory=Counter)
    held: Counter[MovementKind] = field(default_factory=Counter)
    reimbursed_minor: int = 0
    prices_minor: int = 0
    assignees: list[str] = field(default_factory=list)
    disbursement: Disbursement | None = None
    acceleration: Acceleration | None = None
    write_off: WriteOff | None = None
    came_of: Restructuring | None = None
    replaced_by: Restructuring | None = None

    @property
    def received(self) -> Received:
        """What repayments of all kinds brought."""
        parts = self.repaid.values()
        return Received(
            penalty_minor=sum(one.penalty_minor for one in parts),
            interest_minor=sum(one.interest_minor for one in parts),
            principal_minor=sum(one.principal_minor for one in parts),
            fee_minor=sum(one.fee_minor for one in parts),
        )

    def repaid_by(self, *kinds: RepaymentKind) -> int:
        return sum(self.repaid[kind].amount_minor for kind in kinds if kind in self.repaid)


def sums_of_loans(session: Session, loan_ids: dict[int, str]) -> dict[int, LoanSums]:
    """By surrogate, of loans whose ids are given by it."""
    sums = {surrogate: LoanSums() for surrogate in loan_ids}
    ids = list(loan_ids)
    _add_repayments(session, sums, ids)
    _add_allocations(session, sums, ids)
    for name, table in (("used", uses_of_proceeds), ("moved", transfers), ("held", payouts_held)):
        for loan_id, kind, amount in _by_kind(session, table, ids):
            getattr(sums[loan_id], name)[MovementKind(kind)] = int(amount)
    for loan_id, amount in session.execute(
        select(reimbursements.c.loan_id, func.sum(reimbursements.c.amount_minor))
        .where(reimbursements.c.loan_id.in_(ids))
        .group_by(reimbursements.c.loan_id)
    ):
        sums[loan_id].reimbursed_minor = int(amount)
    for loan_id, assignee, price in session.execute(
        select(claims_assigned.c.loan_id, claims_assigned.c.assignee, claims_assigned.c.price_minor)
        .where(claims_assigned.c.loan_id.in_(ids))
        .order_by(claims_assigned.c.block_number, claims_assigned.c.log_index)
    ):
        sums[loan_id].assignees.append(assignee)
        sums[loan_id].prices_minor += price
    for loan_id, row in _rows(session, disbursements, Disbursement.__slots__, ids):
        sums[loan_id].disbursement = Disbursement(*row)
    for loan_id, row in _rows(session, accelerations, Acceleration.__slots__, ids):
        sums[loan_id].acceleration = Acceleration(*row)
    for loan_id, row in _rows(session, write_offs, WriteOff.__slots__, ids):
        sums[loan_id].write_off = WriteOff(*row)
    _add_restructurings(session, sums, loan_ids)
    return sums


def _add_repayments(session: Session, sums: dict[int, LoanSums], ids: list[int]) -> None:
    columns = [
        repayments.c.penalty_minor,
        repayments.c.interest_minor,
        repayments.c.principal_minor,
        repayments.c.fee_minor,
        repayments.c.amount_minor,
    ]
    query: Select[Any] = (
        select(repayments.c.loan_id, repayments.c.kind, *map(func.sum, columns))
        .where(repayments.c.loan_id.in_(ids))
        .group_by(repayments.c.loan_id, repayments.c.kind)
    )
    for loan_id, kind, *amounts in session.execute(query):
        sums[loan_id].repaid[RepaymentKind(kind)] = Parts(*map(int, amounts))


def _add_allocations(session: Session, sums: dict[int, LoanSums], ids: list[int]) -> None:
    is_outside = allocations.c.number == 0
    is_prepaid = repayments.c.kind == RepaymentKind.PREPAY
    query: Select[Any] = (
        select(
            repayments.c.loan_id,
            is_outside,
            is_prepaid,
            func.sum(allocations.c.interest_minor),
            func.sum(allocations.c.principal_minor),
        )
        .join_from(
            repayments,
            allocations,
            (repayments.c.block_number == allocations.c.block_number)
            & (repayments.c.log_index == allocations.c.log_index),
        )
        .where(repayments.c.loan_id.in_(ids))
        .group_by(repayments.c.loan_id, is_outside, is_prepaid)
    )
    for loan_id, outside, prepaid, interest, principal in session.execute(query):
        name = "prepaid" if prepaid else "outside" if outside else "on_instalments"
        parts = getattr(sums[loan_id], name)
        parts.interest_minor += int(interest)
        parts.principal_minor += int(principal)


def _add_restructurings(
    session: Session, sums: dict[int, LoanSums], loan_ids: dict[int, str]
) -> None:
    surrogates = {loan_id: surrogate for surrogate, loan_id in loan_ids.items()}
    columns = [
        loans.c.loan_id if name == "loan_id" else restructurings.c[name]
        for name in Restructuring.__slots__
    ]
    query: Select[Any] = (
        select(*columns)
        .join(loans, loans.c.id == restructurings.c.loan_id)
        .where(
            restructurings.c.loan_id.in_(list(loan_ids))
            | restructurings.c.prior_loan_id.in_(list(surrogates))
        )
    )
    for row in session.execute(query):
        told = Restructuring(*row)
        if (new := surrogates.get(told.loan_id)) is not None:
            sums[new].came_of = told
        if (prior := surrogates.get(told.prior_loan_id)) is not None:
            sums[prior].replaced_by = told


def _by_kind(session: Session, table: Table, ids: list[int]) -> Iterable[Any]:
    query: Select[Any] = (
        select(table.c.loan_id, table.c.kind, func.sum(table.c.amount_minor))
        .where(table.c.loan_id.in_(ids))
        .group_by(table.c.loan_id, table.c.kind)
    )
    return session.execute(query)


def _rows(
    session: Session, table: Table, members: Iterable[str], ids: list[int]
) -> Iterable[tuple[int, Any]]:
    query: Select[Any] = select(table.c.loan_id, *(table.c[name] for name in members))
    for loan_id, *row in session.execute(query.where(table.c.loan_id.in_(ids))):
        yield loan_id, row
