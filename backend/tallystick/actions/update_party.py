"""Changes a party's record: its roles and category, and who it says it is."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.actions.register_party import identity_commitment_of
from tallystick.chain import calls
from tallystick.parties.roles import PartyRole
from tallystick.store.commands import Command
from tallystick.store.parties import PartyNotFound
from tallystick.store.profiles import Profile, erase_profile, find_profile, write_profile
from tallystick.store.session import Session


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a party says it is; `language` (zh or en) is that of its notices."""

    name: str
    email: str | None = None
    language: str = "zh"


def update_party(
    desk: Desk,
    order: Order,
    *,
    address: str,
    roles: PartyRole,
    payee_category: int = 0,
    identity: Identity | None = None,
) -> Command:
    """Orders the new record, sent by the registrar; all of it is told anew. Without `identity` the
    profile and the commitment to it stay as they are.

    Raises PartyNotFound, LedgerRefused (payee_category_invalid, roles_invalid) and what
    `order_call` raises.
    """
    on_chain = desk.ledger.parties([address])[address]
    if on_chain is None:
        raise PartyNotFound(
            f"{address} is not registered; register it before it is updated", address=address
        )
    with desk.store.read() as session:
        kept = find_profile(session, address)
    profile = None if identity is None else _profile(kept, address, identity)

    def replace_profile(session: Session) -> None:
        if profile is not None and profile != kept:
            erase_profile(session, address)
            write_profile(session, profile)

    call = calls.update_party(
        desk.deployment,
        address,
        roles,
        payee_category,
        on_chain.identity_commitment if profile is None else identity_commitment_of(profile),
    )
    return order_call(desk, order, call, lane=desk.lanes.address("registrar"), also=replace_profile)


def _profile(kept: Profile | None, address: str, told: Identity) -> Profile:
    """A new salt for a new identity: who was shown the old one cannot recognise the new."""
    if kept is not None and (kept.name, kept.email) == (told.name, told.email):
        return Profile(address, told.name, told.email, told.language, kept.salt)
    return Profile(address, told.name, told.email, told.language, salt="0x" + secrets.token_hex(32))
