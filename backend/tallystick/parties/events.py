"""What the party registry tells. Names and members are the contract's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartyRegistered:
    """`party` is a lower-case `0x` address, `roles` the bitmap of `tallystick.parties.roles`."""

    party: str
    roles: int
    payee_category: int
    identity_commitment: str


@dataclass(frozen=True, slots=True)
class PartyUpdated:
    party: str
    roles: int
    payee_category: int
    identity_commitment: str


@dataclass(frozen=True, slots=True)
class PartyFrozen:
    party: str
    reason_hash: str


@dataclass(frozen=True, slots=True)
class PartyUnfrozen:
    party: str
    reason_hash: str


@dataclass(frozen=True, slots=True)
class SignaturesCancelled:
    """What `party` signed under a nonce below `signature_nonce` can no longer be originated."""

    party: str
    signature_nonce: int
