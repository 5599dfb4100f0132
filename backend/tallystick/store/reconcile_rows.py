"""What reconciliation reads: the mirror page by page, and sums that must agree within it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Table, case, func, literal, select, union

from tallystick.store.bulk import chunks
from tallystick.store.loan_life import InstalmentState
from tallystick.store.loan_records import LoanRecord, records_where
from tallystick.store.session import Session
from tallystick.store.tables import (
    allocations,
    balances,
    claims,
    instalments,
    loans,
    notices_served,
    parties,
    purposes,
    raw_logs,
    repayments,
    transfers,
    uses_of_proceeds,
)

LOANS_PER_PAGE = 500


@dataclass(slots=True)
class LoanSums:
    """Sums over one loan's rows, minor units; each must agree with the loan itself."""

    repaid_penalty_minor: int = 0
    repaid_interest_minor: int = 0
    repaid_principal_minor: int = 0
    allocated_interest_minor: int = 0
    allocated_principal_minor: int = 0
    withdrawn_minor: int = 0


def loan_pages(session: Session) -> Iterator[list[LoanRecord]]:
    """Every loan, in order of origination."""
    last = 0
    while True:
        ids = session.execute(
            select(loans.c.id).where(loans.c.id > last).order_by(loans.c.id).limit(LOANS_PER_PAGE)
        )
        wanted = list(ids.scalars())
        if not wanted:
            return
        yield list(records_where(session, loans.c.id.in_(wanted)))
        last = wanted[-1]


def lost_loans(session: Session) -> list[str]:
    """Loan ids that the raw logs name and no loan has."""
    known = select(loans.c.id)
    rows = session.execute(
        select(raw_logs.c.topics).where(
            raw_logs.c.loan_id.is_not(None), raw_logs.c.loan_id.not_in(known)
        )
    )
    return sorted({"0x" + bytes(topics[32:64]).hex() for topics in rows.scalars()})


def lost_parties(session: Session) -> list[str]:
    """Addresses that the registry's raw logs name and no party has."""
    known = select(parties.c.id)
    rows = session.execute(
        select(raw_logs.c.topics).where(
            raw_logs.c.party_id.is_not(None), raw_logs.c.party_id.not_in(known)
        )
    )
    return sorted({"0x" + bytes(topics[44:64]).hex() for topics in rows.scalars()})


def signed_columns(session: Session, ids: list[int]) -> dict[int, tuple[Any, ...]]:
    """What the row of a loan repeats of its terms, by surrogate: agreement, lender, borrower,
    currency, principal, interest, maturity."""
    lenders, borrowers = parties.alias("lenders"), parties.alias("borrowers")
    query: Select[Any] = (
        select(
            loans.c.id,
            loans.c.agreement,
            lenders.c.address,
            borrowers.c.address,
            loans.c.currency,
            loans.c.principal_minor,
            loans.c.interest_minor,
            loans.c.matures_on,
        )
        .join(lenders, lenders.c.id == loans.c.lender_id)
        .join(borrowers, borrowers.c.id == loans.c.borrower_id)
        .where(loans.c.id.in_(ids))
    )
    return {surrogate: tuple(members) for surrogate, *members in session.execute(query)}


def instalments_of_loans(session: Session, ids: list[int]) -> dict[int, list[InstalmentState]]:
    """By surrogate of the loan, in the schedule's order."""
    query: Select[Any] = (
        select(
            instalments.c.loan_id,
            instalments.c.number,
            instalments.c.due_on,
            instalments.c.principal_minor,
            instalments.c.interest_minor,
            instalments.c.principal_repaid_minor,
            instalments.c.interest_repaid_minor,
            instalments.c.is_settled,
        )
        .where(instalments.c.loan_id.in_(ids))
        .order_by(instalments.c.loan_id, instalments.c.number)
    )
    found: dict[int, list[InstalmentState]] = {}
    for loan_id, *members in session.execute(query):
        found.setdefault(loan_id, []).append(InstalmentState(*members))
    return found


def purposes_of_loans(session: Session, ids: list[int]) -> dict[int, dict[str, tuple[int, ...]]]:
    """By surrogate of the loan and purpose: payee category, cap, what is said to be spent, and what
    the uses of proceeds add up to."""
    paid: dict[tuple[int, str], int] = {
        (loan_id, purpose): int(paid_minor)
        for loan_id, purpose, paid_minor in session.execute(
            select(
                uses_of_proceeds.c.loan_id,
                uses_of_proceeds.c.purpose,
                func.sum(uses_of_proceeds.c.amount_minor),
            )
            .where(uses_of_proceeds.c.loan_id.in_(ids), uses_of_proceeds.c.kind == "paid")
            .group_by(uses_of_proceeds.c.loan_id, uses_of_proceeds.c.purpose)
        )
    }
    found: dict[int, dict[str, tuple[int, ...]]] = {}
    for loan_id, purpose, *members in session.execute(
        select(
            purposes.c.loan_id,
            purposes.c.purpose,
            purposes.c.payee_category,
            purposes.c.cap_minor,
            purposes.c.spent_minor,
        ).where(purposes.c.loan_id.in_(ids))
    ):
        found.setdefault(loan_id, {})[purpose] = (*members, paid.get((loan_id, purpose), 0))
    return found


def sums_of_loans(session: Session, ids: list[int]) -> dict[int, LoanSums]:
    """By surrogate of the loan."""
    sums = {surrogate: LoanSums() for surrogate in ids}
    for loan_id, penalty, interest, principal in _sums(
        session,
        repayments,
        ids,
        repayments.c.penalty_minor,
        repayments.c.interest_minor,
        repayments.c.principal_minor,
    ):
        row = sums[loan_id]
        row.repaid_penalty_minor = int(penalty)
        row.repaid_interest_minor = int(interest)
        row.repaid_principal_minor = int(principal)
    allocated = (
        select(
            repayments.c.loan_id,
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
        .group_by(repayments.c.loan_id)
    )
    for loan_id, interest, principal in session.execute(allocated):
        sums[loan_id].allocated_interest_minor = int(interest)
        sums[loan_id].allocated_principal_minor = int(principal)
    withdrawn = case(
        (uses_of_proceeds.c.kind == "withdrawn", uses_of_proceeds.c.amount_minor), else_=0
    )
    for loan_id, withdrawn_minor in _sums(session, uses_of_proceeds, ids, withdrawn):
        sums[loan_id].withdrawn_minor = int(withdrawn_minor)
    return sums


def notices_of_loans(session: Session, ids: list[int]) -> list[tuple[int, str, Any]]:
    """Surrogate of the loan, content hash, served at."""
    rows = session.execute(
        select(
            notices_served.c.loan_id, notices_served.c.content_hash, notices_served.c.served_at
        ).where(notices_served.c.loan_id.in_(ids))
    )
    return [(loan_id, content_hash, served_at) for loan_id, content_hash, served_at in rows]


def known_addresses(session: Session) -> list[str]:
    """Everyone who is registered or ever had settlement tokens or a claim."""
    query = union(
        select(parties.c.address),
        select(balances.c.address),
        select(claims.c.address),
        select(transfers.c.sender),
        select(transfers.c.receiver),
    )
    return sorted(session.execute(query).scalars())


def transferred_net(session: Session, addresses: Iterable[str]) -> dict[str, int]:
    """What the transfers of each address add up to; those without any are left out."""
    net: dict[str, int] = {}
    for chunk in chunks(addresses):
        for column, sign in ((transfers.c.receiver, 1), (transfers.c.sender, -1)):
            rows = session.execute(
                select(column, func.sum(transfers.c.amount_minor))
                .where(column.in_(chunk))
                .group_by(column)
            )
            for address, amount_minor in rows:
                net[address] = net.get(address, 0) + sign * int(amount_minor)
    return net


def _sums(session: Session, table: Table, ids: list[int], *columns: Any) -> Iterator[Any]:
    query: Select[Any] = (
        select(table.c.loan_id, *(func.coalesce(func.sum(c), literal(0)) for c in columns))
        .where(table.c.loan_id.in_(ids))
        .group_by(table.c.loan_id)
    )
    return iter(session.execute(query))
