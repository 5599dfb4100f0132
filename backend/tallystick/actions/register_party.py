"""Admits a party: its record goes on chain as a commitment, its personal data stays here."""

from __future__ import annotations

import hashlib
import json
import secrets

from tallystick.actions.desk import Desk, Order
from tallystick.actions.ordering import order_call
from tallystick.chain import calls
from tallystick.kernel.errors import Conflict
from tallystick.parties.roles import PartyRole
from tallystick.store.commands import Command, IdempotencyKeyReused
from tallystick.store.profiles import Profile, find_profile, write_profile
from tallystick.store.session import Session


class ProfileDiffers(Conflict):
    """The address has a profile already, which says something else."""

    title = "Another profile is kept for the address"


def identity_commitment_of(profile: Profile) -> str:
    """SHA-256 of the salt and the profile's JSON (sorted members, no spaces, UTF-8), `0x` hex.

    Who is shown the profile and its salt can check the chain's record; nobody can guess it.
    """
    record = json.dumps(
        {"address": profile.address, "email": profile.email, "name": profile.name},
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    )
    return "0x" + hashlib.sha256(bytes.fromhex(profile.salt[2:]) + record.encode()).hexdigest()


def register_party(
    desk: Desk,
    order: Order,
    *,
    address: str,
    roles: PartyRole,
    payee_category: int = 0,
    name: str,
    email: str | None = None,
    language: str = "zh",
) -> Command:
    """Orders the registration, sent by the registrar, and keeps the profile with it.

    `payee_category` is non-zero exactly for payees. Raises LedgerRefused
    (party_already_registered, payee_category_invalid, roles_invalid, party_address_zero),
    ProfileDiffers and what `order_call` raises.
    """
    told = Profile(address, name, email, language, salt="0x" + secrets.token_hex(32))
    try:
        return _order_registration(desk, order, told, roles, payee_category)
    except IdempotencyKeyReused:
        # Ordered twice at once: by now the other's profile is kept, and its salt makes the same
        # request. A key that was really used for another is refused again.
        return _order_registration(desk, order, told, roles, payee_category)


def _order_registration(
    desk: Desk, order: Order, told: Profile, roles: PartyRole, payee_category: int
) -> Command:
    with desk.store.read() as session:
        kept = find_profile(session, told.address)
    profile = _same(kept, told) if kept is not None else told

    def keep_profile(session: Session) -> None:
        written = find_profile(session, profile.address)
        if written is None:
            write_profile(session, profile)
        elif written != profile:
            raise _differs(profile.address)

    call = calls.register_party(
        desk.deployment, profile.address, roles, payee_category, identity_commitment_of(profile)
    )
    return order_call(desk, order, call, lane=desk.lanes.address("registrar"), also=keep_profile)


def _same(kept: Profile, told: Profile) -> Profile:
    if (kept.name, kept.email, kept.language) != (told.name, told.email, told.language):
        raise _differs(told.address)
    return kept


def _differs(address: str) -> ProfileDiffers:
    return ProfileDiffers(
        f"another profile is kept for {address}; erase it first if it was wrong", address=address
    )
