"""What reconciliation reads: the mirror page by page, and sums that must agree within it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import LargeBinary, Select, func, literal, select, union

from tallystick.funds.movements import MovementKind
from tallystick.store.bulk import chunks
from tallystick.store.loan_life import InstalmentState
from tallystick.store.loan_records import LOAN_FIXED, LoanRecord, records_where
from tallystick.store.loan_tables import (
    instalments,
    loans,
    notices_served,
    payouts_held,
    purposes,
    uses_of_proceeds,
)
from tallystick.store.mirror_tables import (
    balances,
    claims,
    parties,
    raw_logs,
    revoked_signatures,
    transfers,
)
from tallystick.store.session import Session

LOANS_PER_PAGE = 500


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


def signed_columns(session: Session, ids: list[int]) -> dict[int, dict[str, Any]]:
    """What the row of a loan repeats of its terms, by surrogate and column; the parties of columns
    that name one are addresses."""
    sides = {
        name: parties.alias(f"of_{name}")
        for name in ("first_lender_id", "borrower_id", "guarantor_id")
    }
    columns = [
        sides[name].c.address.label(name) if name in sides else loans.c[name]
        for name in LOAN_FIXED
        if name not in ("terms", "originated_at")
    ]
    query: Select[Any] = select(*columns).select_from(loans).where(loans.c.id.in_(ids))
    for name, side in sides.items():
        query = query.outerjoin(side, side.c.id == loans.c[name])
    return {row["id"]: dict(row) for row in session.execute(query).mappings()}


def instalments_of_loans(session: Session, ids: list[int]) -> dict[int, list[InstalmentState]]:
    """By surrogate of the loan, in the schedule's order."""
    members = [instalments.c[name] for name in InstalmentState.__slots__]
    query: Select[Any] = (
        select(instalments.c.loan_id, *members)
        .where(instalments.c.loan_id.in_(ids))
        .order_by(instalments.c.loan_id, instalments.c.number)
    )
    found: dict[int, list[InstalmentState]] = {}
    for loan_id, *row in session.execute(query):
        found.setdefault(loan_id, []).append(InstalmentState(*row))
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


def notices_of_loans(session: Session, ids: list[int]) -> list[tuple[int, str, Any]]:
    """Surrogate of the loan, content hash, served at."""
    rows = session.execute(
        select(
            notices_served.c.loan_id, notices_served.c.content_hash, notices_served.c.served_at
        ).where(notices_served.c.loan_id.in_(ids))
    )
    return [(loan_id, content_hash, served_at) for loan_id, content_hash, served_at in rows]


def anchored_notices(session: Session) -> set[tuple[str, ...]]:
    """Loan id and content hash of every notice."""
    rows = session.execute(
        select(loans.c.loan_id, notices_served.c.content_hash).join(
            loans, loans.c.id == notices_served.c.loan_id
        )
    )
    return {(loan_id, content_hash) for loan_id, content_hash in rows}


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


def held_and_claimed(session: Session, addresses: Iterable[str]) -> dict[str, int]:
    """Payouts held for each address less what it claimed; those without any are left out."""
    net: dict[str, int] = {}
    for chunk in chunks(addresses):
        held = select(payouts_held.c.party, func.sum(payouts_held.c.amount_minor))
        claimed = select(transfers.c.receiver, -func.sum(transfers.c.amount_minor))
        for query in (
            held.where(payouts_held.c.party.in_(chunk)).group_by(payouts_held.c.party),
            claimed.where(
                transfers.c.receiver.in_(chunk), transfers.c.kind == MovementKind.CLAIMED
            ).group_by(transfers.c.receiver),
        ):
            for address, amount_minor in session.execute(query):
                net[address] = net.get(address, 0) + int(amount_minor)
    return net


def revoked_terms(session: Session) -> set[str]:
    """Loan ids of terms that a side took back its signature from."""
    return set(session.execute(select(revoked_signatures.c.loan_id)).scalars())


def logged_topics(session: Session, first: bytes) -> list[tuple[str, ...]]:
    """The further topics, `0x` hex, of all raw logs whose first topic is this."""
    topic = func.substr(raw_logs.c.topics, 1, len(first))
    rows = session.execute(select(raw_logs.c.topics).where(topic == literal(first, LargeBinary)))
    return [
        tuple("0x" + bytes(topics[at : at + 32]).hex() for at in range(32, len(topics), 32))
        for topics in rows.scalars()
    ]
