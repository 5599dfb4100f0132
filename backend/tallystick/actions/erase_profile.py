"""Erases a party's personal data; what the chain holds then commits to nothing anybody can open."""

from __future__ import annotations

from datetime import datetime

from tallystick.actions.desk import Desk
from tallystick.kernel.errors import NotFound
from tallystick.store import profiles
from tallystick.store.audit import record


class ProfileNotFound(NotFound):
    title = "Profile not found"


def erase_profile(desk: Desk, address: str, *, caller: str, now: datetime) -> None:
    """Raises ProfileNotFound."""
    with desk.store.begin() as session:
        if not profiles.erase_profile(session, address):
            raise ProfileNotFound(f"no profile of {address} is kept here", address=address)
        record(session, at=now, caller=caller, verb="erase_profile", subject=address)
