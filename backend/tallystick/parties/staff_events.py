"""What the access manager tells of the staff. Names and members are the contract's.

Roles are numbers of up to 64 bits, addresses lower-case `0x` hex, delays seconds. A new delay holds
from `since` on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class RoleLabel:
    role: int
    label: str


@dataclass(frozen=True, slots=True)
class RoleGranted:
    """`since` is when the account became a member or, if it was one, when its delay changes."""

    role: int
    account: str
    delay_seconds: int
    since: datetime
    is_new_member: bool


@dataclass(frozen=True, slots=True)
class RoleRevoked:
    role: int
    account: str


@dataclass(frozen=True, slots=True)
class RoleAdminChanged:
    """Members of `admin` deal out `role`."""

    role: int
    admin: int


@dataclass(frozen=True, slots=True)
class RoleGuardianChanged:
    """Members of `guardian` can withdraw what members of `role` announced."""

    role: int
    guardian: int


@dataclass(frozen=True, slots=True)
class RoleGrantDelayChanged:
    role: int
    delay_seconds: int
    since: datetime


@dataclass(frozen=True, slots=True)
class TargetClosed:
    """Nobody can call the guarded functions of `target`, or roles count again."""

    target: str
    is_closed: bool


@dataclass(frozen=True, slots=True)
class TargetFunctionRoleUpdated:
    """Members of `role` may call the function of four bytes `selector` (`0x` hex)."""

    target: str
    selector: str
    role: int


@dataclass(frozen=True, slots=True)
class TargetAdminDelayUpdated:
    target: str
    delay_seconds: int
    since: datetime


@dataclass(frozen=True, slots=True)
class OperationScheduled:
    """`caller` announced that it will call `target`, from `ready_at` on."""

    operation_id: str
    nonce: int
    ready_at: datetime
    caller: str
    target: str
    calldata: bytes


@dataclass(frozen=True, slots=True)
class OperationExecuted:
    operation_id: str
    nonce: int


@dataclass(frozen=True, slots=True)
class OperationCanceled:
    operation_id: str
    nonce: int


@dataclass(frozen=True, slots=True)
class AuthorityUpdated:
    """`contract` asks the access manager `authority` who may call what."""

    contract: str
    authority: str


StaffEvent = (
    RoleLabel
    | RoleGranted
    | RoleRevoked
    | RoleAdminChanged
    | RoleGuardianChanged
    | RoleGrantDelayChanged
    | TargetClosed
    | TargetFunctionRoleUpdated
    | TargetAdminDelayUpdated
    | OperationScheduled
    | OperationExecuted
    | OperationCanceled
    | AuthorityUpdated
)
