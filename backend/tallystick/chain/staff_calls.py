"""Calls of the access manager: what a member with a delay announces, and who is staff."""

from __future__ import annotations

from tallystick.chain.calldata import Call
from tallystick.chain.deployment import Deployment
from tallystick.chain.staff_roles import ROLES, manager_call
from tallystick.chain.staff_roles import grant_role as grant_calldata
from tallystick.chain.staff_roles import revoke_role as revoke_calldata

_GAS = 150_000
_GAS_PER_BYTE = 60


def schedule(deployment: Deployment, call: Call) -> Call:
    """Announces `call`; its sender can make it when its delay is over, and within a week."""
    return _call(deployment, "schedule", call.subject, _scheduling(call))


def cancel_scheduled(deployment: Deployment, caller: str, call: Call) -> Call:
    """Withdraws what `caller` announced; sent by itself, by the guardian of its role or by an
    administrator."""
    data = manager_call(
        "cancel", ["address", "address", "bytes"], caller, call.target, call.calldata
    )
    return _call(deployment, "cancel_scheduled", call.subject, data)


def grant_role(deployment: Deployment, role: str, account: str, delay_seconds: int = 0) -> Call:
    """Makes `account` a member of `role`, one of `ROLES`, or changes the delay it has in it."""
    data = grant_calldata(ROLES[role], account, delay_seconds)
    return _call(deployment, "grant_role", account, data)


def revoke_role(deployment: Deployment, role: str, account: str) -> Call:
    return _call(deployment, "revoke_role", account, revoke_calldata(ROLES[role], account))


def _scheduling(call: Call) -> bytes:
    as_soon_as_allowed = 0
    return manager_call(
        "schedule",
        ["address", "bytes", "uint48"],
        call.target,
        call.calldata,
        as_soon_as_allowed,
    )


def _call(deployment: Deployment, kind: str, subject: str, data: bytes) -> Call:
    gas_limit = _GAS + _GAS_PER_BYTE * len(data)
    return Call(kind, subject, deployment.access_manager, data, gas_limit)
