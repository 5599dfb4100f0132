"""Reads and writes co-lendings as the mirror keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, select

from tallystick.kernel.errors import NotFound
from tallystick.loans.colending import Member, entitlements
from tallystick.store.bulk import chunks, insert_rows
from tallystick.store.colending_tables import (
    CO_LENDING_TABLES,
    acts_taken,
    co_lending_members,
    co_lendings,
    commitments_funded,
    consents,
    shares,
)
from tallystick.store.mirror_tables import raw_logs
from tallystick.store.session import Session


class CoLendingNotFound(NotFound):
    title = "No such co-lending"


@dataclass(frozen=True, slots=True)
class CoLending:
    """`loan_id` is the loan it funded, none before; `paid_minor` what each member was paid so far,
    in the members' order."""

    address: str
    members: tuple[Member, ...]
    salt: str
    created_at: datetime
    loan_id: str | None
    funded_minor: int
    paid_minor: tuple[int, ...]

    def owed_minor(self, balance_minor: int) -> tuple[int, ...]:
        """What each member is owed while the co-lending holds `balance_minor`."""
        entitled = entitlements(self.members, balance_minor + sum(self.paid_minor))
        return tuple(due - paid for due, paid in zip(entitled, self.paid_minor, strict=True))


@dataclass(frozen=True, slots=True)
class Share:
    """What a member was paid, or could not be."""

    block_number: int
    log_index: int
    member: str
    is_held: bool
    amount_minor: int
    shared_at: datetime
    tx_hash: str


@dataclass(frozen=True, slots=True)
class Act:
    """`call` is what the ledger was called with."""

    block_number: int
    log_index: int
    digest: str
    call: bytes
    agreed_minor: int
    taken_at: datetime
    tx_hash: str


@dataclass(slots=True)
class CoLendingRows:
    """What a run of events adds to the tables of their names, in the order of the columns."""

    co_lendings: list[Sequence[Any]] = field(default_factory=list)
    co_lending_members: list[Sequence[Any]] = field(default_factory=list)
    commitments_funded: list[Sequence[Any]] = field(default_factory=list)
    consents: list[Sequence[Any]] = field(default_factory=list)
    acts_taken: list[Sequence[Any]] = field(default_factory=list)
    shares: list[Sequence[Any]] = field(default_factory=list)


def insert_co_lending_rows(session: Session, rows: CoLendingRows) -> None:
    for table in CO_LENDING_TABLES:
        if added := getattr(rows, table.name):
            insert_rows(session, table, table.columns.keys(), added)


def delete_co_lendings_after(session: Session, block_number: int) -> None:
    """Deletes what is of later events; members go with their co-lending."""
    for table in reversed(CO_LENDING_TABLES):
        if table is not co_lending_members:
            session.execute(delete(table).where(table.c.block_number > block_number))


def co_lending_addresses(session: Session) -> list[str]:
    """Of all co-lendings, in the chain's order."""
    query = select(co_lendings.c.address).order_by(
        co_lendings.c.block_number, co_lendings.c.log_index
    )
    return list(session.execute(query).scalars())


def find_co_lending(session: Session, address: str) -> CoLending:
    """Raises CoLendingNotFound."""
    for found in _co_lendings(session, [address.lower()]):
        return found
    raise CoLendingNotFound(
        f"{address} is no co-lending. Check the address, or wait for the mirror to catch up.",
        address=address,
    )


def list_co_lendings(session: Session, *, member: str | None = None) -> list[CoLending]:
    """In the chain's order: all, or those `member` (an address) takes part in."""
    addresses = co_lending_addresses(session)
    if member is not None:
        of_member = select(co_lending_members.c.co_lending).where(
            co_lending_members.c.party == member.lower()
        )
        theirs = set(session.execute(of_member).scalars())
        addresses = [one for one in addresses if one in theirs]
    return _co_lendings(session, addresses)


def shares_of(session: Session, address: str) -> list[Share]:
    """What was paid on to members, and what could not be, in the chain's order."""
    return [Share(*row) for row in session.execute(_told(shares, Share, address))]


def acts_of(session: Session, address: str) -> list[Act]:
    return [Act(*row) for row in session.execute(_told(acts_taken, Act, address))]


def consents_of(session: Session, addresses: Iterable[str]) -> dict[tuple[str, str, str], bool]:
    """Whether the consent said last was given, by co-lending, digest and member."""
    query: Select[Any] = (
        select(consents.c.co_lending, consents.c.digest, consents.c.member, consents.c.is_given)
        .where(consents.c.co_lending.in_(list(addresses)))
        .order_by(consents.c.block_number, consents.c.log_index)
    )
    return {(one, digest, member): given for one, digest, member, given in session.execute(query)}


def counted_rows(session: Session) -> dict[str, int]:
    """How many rows each table of single events has."""
    return {
        table.name: int(session.execute(select(func.count()).select_from(table)).scalar_one())
        for table in CO_LENDING_TABLES
    }


def counted_logs(session: Session, addresses: Iterable[str]) -> dict[bytes, int]:
    """How many raw logs these contracts made, by first topic."""
    first = func.substr(raw_logs.c.topics, 1, 32)
    found: dict[bytes, int] = {}
    for chunk in chunks(addresses):
        query = select(first, func.count()).where(raw_logs.c.address.in_(chunk)).group_by(first)
        for topic, count in session.execute(query):
            found[bytes(topic)] = found.get(bytes(topic), 0) + int(count)
    return found


def _told(table: Any, told: Any, address: str) -> Select[Any]:
    query: Select[Any] = (
        select(*(table.c[name] for name in told.__slots__))
        .where(table.c.co_lending == address.lower())
        .order_by(table.c.block_number, table.c.log_index)
    )
    return query


def _co_lendings(session: Session, addresses: list[str]) -> list[CoLending]:
    members: dict[str, list[Member]] = {}
    for one, party, commitment, share, rank, priority in session.execute(
        select(
            co_lending_members.c.co_lending,
            co_lending_members.c.party,
            co_lending_members.c.commitment_minor,
            co_lending_members.c.share,
            co_lending_members.c.rank,
            co_lending_members.c.priority_minor,
        )
        .where(co_lending_members.c.co_lending.in_(addresses))
        .order_by(co_lending_members.c.co_lending, co_lending_members.c.position)
    ):
        members.setdefault(one, []).append(Member(party, commitment, share, rank, priority))
    paid: dict[tuple[str, str], int] = {
        (one, member): int(amount)
        for one, member, amount in session.execute(
            select(shares.c.co_lending, shares.c.member, func.sum(shares.c.amount_minor))
            .where(shares.c.co_lending.in_(addresses), shares.c.is_held.is_(False))
            .group_by(shares.c.co_lending, shares.c.member)
        )
    }
    query: Select[Any] = (
        select(
            co_lendings.c.address,
            co_lendings.c.salt,
            co_lendings.c.created_at,
            commitments_funded.c.loan_id,
            commitments_funded.c.amount_minor,
        )
        .outerjoin(commitments_funded, commitments_funded.c.co_lending == co_lendings.c.address)
        .where(co_lendings.c.address.in_(addresses))
        .order_by(co_lendings.c.block_number, co_lendings.c.log_index)
    )
    found = []
    for address, salt, created_at, loan_id, funded in session.execute(query):
        listed = tuple(members.get(address, ()))
        paid_minor = tuple(paid.get((address, one.party), 0) for one in listed)
        found.append(CoLending(address, listed, salt, created_at, loan_id, funded or 0, paid_minor))
    return found
