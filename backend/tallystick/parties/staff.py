"""Staff as the access manager knows it: who is in which role, and what each has to announce.

A delay that is changed may hold on for a while, so it has a value now and one to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Delay:
    """Seconds; from `next_at` on `next_seconds`, if a change is to come."""

    seconds: int = 0
    next_seconds: int | None = None
    next_at: datetime | None = None

    def at(self, moment: datetime) -> Delay:
        """The delay as it is at `moment`, not before its last change."""
        if self.next_seconds is None or self.next_at is None or self.next_at > moment:
            return self
        return Delay(self.next_seconds)

    def changed(self, seconds: int, since: datetime, moment: datetime) -> Delay:
        """The delay after it was changed at `moment`; the new one holds from `since` on."""
        return Delay(self.at(moment).seconds, seconds, since).at(moment)


NO_DELAY = Delay()


@dataclass(frozen=True, slots=True)
class StaffRole:
    """`role` is its number; members of `admin` deal it out, members of `guardian` withdraw what its
    members announced. The label is what an administrator called it. New members wait
    `grant_delay`."""

    role: int
    label: str | None = None
    admin: int = 0
    guardian: int = 0
    grant_delay: Delay = NO_DELAY


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """`account` is a member of `role` from `since` on, and announces its calls `delay` before."""

    role: int
    account: str
    since: datetime
    delay: Delay = NO_DELAY


@dataclass(frozen=True, slots=True)
class GuardedContract:
    """`authority` is the access manager it asks; none for contracts that are not this house's.
    Nobody can call its guarded functions while it is closed. What an administrator does to it is
    announced `admin_delay` before."""

    address: str
    authority: str | None = None
    is_closed: bool = False
    admin_delay: Delay = NO_DELAY


class OperationStatus(StrEnum):
    SCHEDULED = "scheduled"
    EXECUTED = "executed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class ScheduledOperation:
    """`caller` announced a call of `target`, to be made from `ready_at` on.

    `operation_id` is the hash of the call; `nonce` counts how often it was announced.
    """

    operation_id: str
    nonce: int
    caller: str
    target: str
    calldata: bytes
    ready_at: datetime
    status: OperationStatus
