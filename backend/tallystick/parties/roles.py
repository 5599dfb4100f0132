"""On-chain roles of a party: the bits of the contract's `PartyRoles`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntFlag

from tallystick.kernel.errors import Invalid


class PartyRole(IntFlag):
    LENDER = 1 << 0
    BORROWER = 1 << 1
    PAYEE = 1 << 2
    GUARANTOR = 1 << 3
    SERVICER = 1 << 4
    SETTLEMENT_BANK = 1 << 5
    LEDGER = 1 << 6


class RoleUnknown(Invalid):
    title = "No such party role"


def roles_from_names(names: Iterable[str]) -> PartyRole:
    """Bitmap of lower-case role names. Raises RoleUnknown."""
    roles = PartyRole(0)
    for name in names:
        try:
            roles |= PartyRole[name.upper()]
        except KeyError:
            known = ", ".join(role_names(~PartyRole(0)))
            raise RoleUnknown(
                f"{name!r} is not a party role; use {known}.", field="roles"
            ) from None
    return roles


def role_names(roles: int) -> list[str]:
    """Lower-case names of the bits set, in bit order."""
    return [role.name.lower() for role in PartyRole if role & roles and role.name is not None]
