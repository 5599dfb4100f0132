"""Reads parties and what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from tallystick.kernel.errors import NotFound
from tallystick.store.mirror_tables import balances, claims, parties
from tallystick.store.session import Session


class PartyNotFound(NotFound):
    title = "No such party"


@dataclass(frozen=True, slots=True)
class Party:
    """`roles` is the bitmap of `tallystick.parties.roles`, `payee_category` 0 for parties that are
    no payees, `signature_nonce` what agreements it signs now must carry, `block_number` that of the
    latest change."""

    address: str
    roles: int
    payee_category: int
    identity_commitment: str
    is_frozen: bool
    signature_nonce: int
    registered_at: datetime
    block_number: int


_PARTY: Select[Any] = select(
    parties.c.address,
    parties.c.roles,
    parties.c.payee_category,
    parties.c.identity_commitment,
    parties.c.is_frozen,
    parties.c.signature_nonce,
    parties.c.registered_at,
    parties.c.block_number,
)


def find_party(session: Session, address: str) -> Party:
    """Raises PartyNotFound."""
    row = session.execute(_PARTY.where(parties.c.address == address.lower())).one_or_none()
    if row is None:
        raise PartyNotFound(
            f"{address} is not a registered party; register it or let the mirror catch up.",
            address=address,
        )
    return Party(*row)


def list_parties(
    session: Session,
    *,
    roles: int = 0,
    payee_category: int | None = None,
    after: str | None = None,
    limit: int = 100,
) -> list[Party]:
    """In order of registration: those with every role in `roles`; `after` is the last one seen."""
    query = _PARTY.order_by(parties.c.id).limit(limit)
    if roles:
        query = query.where(parties.c.roles.bitwise_and(roles) == roles)
    if payee_category is not None:
        query = query.where(parties.c.payee_category == payee_category)
    if after is not None:
        last = select(parties.c.id).where(parties.c.address == after.lower()).scalar_subquery()
        query = query.where(parties.c.id > last)
    return [Party(*row) for row in session.execute(query)]


def balance_of(session: Session, address: str) -> int:
    """Settlement tokens `address` holds, in minor units."""
    return balances_of(session, [address])[address]


def balances_of(session: Session, addresses: Iterable[str]) -> dict[str, int]:
    """Settlement tokens each address holds, in minor units; 0 for unknown ones."""
    held = dict.fromkeys(addresses, 0)
    rows = session.execute(
        select(balances.c.address, balances.c.balance_minor).where(balances.c.address.in_(held))
    )
    held.update((address, balance_minor) for address, balance_minor in rows)
    return held


def claimable_of(session: Session, address: str) -> int:
    """What the ledger holds for a party that could not receive it, in minor units."""
    return claimables_of(session, [address])[address]


def claimables_of(session: Session, addresses: Iterable[str]) -> dict[str, int]:
    """Likewise of each address; 0 for those it holds nothing for."""
    held = dict.fromkeys(addresses, 0)
    rows = session.execute(
        select(claims.c.address, claims.c.claimable_minor).where(claims.c.address.in_(held))
    )
    held.update((address, claimable_minor) for address, claimable_minor in rows)
    return held


def token_supply(session: Session) -> int:
    """All settlement tokens there are, in minor units."""
    return int(session.execute(select(func.sum(balances.c.balance_minor))).scalar_one() or 0)
