"""Profiles: the personal data of parties, here only, never on chain, erasable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select

from tallystick.store.session import Session
from tallystick.store.tables import profiles


@dataclass(frozen=True, slots=True)
class Profile:
    """`language` is zh or en; `salt` (`0x` hex of 32 bytes) opens the identity commitment."""

    address: str
    name: str
    email: str | None
    language: str
    salt: str


def write_profile(session: Session, profile: Profile) -> None:
    """Writes the profile of an address that has none."""
    session.execute(
        insert(profiles).values(
            address=profile.address,
            name=profile.name,
            email=profile.email,
            language=profile.language,
            salt=profile.salt,
        )
    )


def find_profile(session: Session, address: str) -> Profile | None:
    return find_profiles(session, [address]).get(address)


def find_profiles(session: Session, addresses: Iterable[str]) -> dict[str, Profile]:
    """By address; addresses without a profile are left out."""
    rows = session.execute(select(profiles).where(profiles.c.address.in_(list(addresses))))
    return {row.address: Profile(**row._mapping) for row in rows}


def erase_profile(session: Session, address: str) -> bool:
    """Whether there was one. What is left on chain then commits to nothing anybody can open."""
    return session.execute(delete(profiles).where(profiles.c.address == address)).rowcount > 0
