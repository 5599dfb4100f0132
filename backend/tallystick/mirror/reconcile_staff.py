"""Compares who may do what: role grants with their delays, roles, guarded contracts and functions,
and what was announced. Labels are not compared: the access manager only ever logs them."""

from __future__ import annotations

from datetime import timedelta

from tallystick.chain.authority import AuthorityReader
from tallystick.mirror.comparison import Comparison
from tallystick.mirror.decode import Decoder
from tallystick.parties.staff import GuardedContract, OperationStatus, RoleGrant, StaffRole
from tallystick.parties.staff_events import (
    OperationScheduled,
    RoleGranted,
    TargetFunctionRoleUpdated,
)
from tallystick.store.chain_logs import logs_of_staff
from tallystick.store.staff import operations, read_staff_of_chain

OPERATION_EXPIRES = timedelta(weeks=1)
"""How long the access manager lets an announced call be made."""


def compare_staff(comparison: Comparison) -> int:
    """How many role grants were compared."""
    ledger = comparison.ledger
    reader = AuthorityReader(ledger.node, ledger.deployment, comparison.block)
    logged = _Logged(comparison)
    staff = read_staff_of_chain(comparison.session)

    keys = sorted(staff.grants.keys() | logged.grants)
    for key, told in zip(keys, reader.grants(keys), strict=True):
        ours = staff.grants.get(key)
        now = None if ours is None else _as_of(ours, comparison)
        comparison.compare("role", str(key[0]), f"grant to {key[1]}", now, told)

    numbers = sorted(staff.roles.keys() | {role for role, _ in keys})
    for number, role in zip(numbers, reader.roles(numbers), strict=True):
        known = staff.roles.get(number, StaffRole(number))
        delay = known.grant_delay.at(comparison.at).seconds
        comparison.compare_all(
            "role",
            str(number),
            (
                ("admin", known.admin, role.admin),
                ("guardian", known.guardian, role.guardian),
                ("grant delay", delay, role.grant_delay_seconds),
            ),
        )

    addresses = sorted(staff.contracts.keys() | set(ledger.deployment.guarded))
    for address, contract in zip(addresses, reader.contracts(addresses), strict=True):
        guarded = staff.contracts.get(address, GuardedContract(address))
        delay = guarded.admin_delay.at(comparison.at).seconds
        comparison.compare_all(
            "contract",
            address,
            (
                ("authority", guarded.authority, contract.authority),
                ("is_closed", guarded.is_closed, contract.is_closed),
                ("admin delay", delay, contract.admin_delay_seconds),
            ),
        )

    functions = sorted(staff.functions.keys() | logged.functions)
    for function, number in zip(functions, reader.function_roles(functions), strict=True):
        address, selector = function
        comparison.compare(
            "contract", address, f"role of {selector}", staff.functions.get(function), number
        )
    _compare_operations(comparison, reader, logged)
    return len(keys)


def _compare_operations(comparison: Comparison, reader: AuthorityReader, logged: _Logged) -> None:
    latest = {one.operation_id: one for one in operations(comparison.session)}
    ids = sorted(latest.keys() | logged.operations)
    for operation_id, told in zip(ids, reader.operations(ids), strict=True):
        ours = latest.get(operation_id)
        ready_at = None
        if ours is not None and ours.status is OperationStatus.SCHEDULED:
            is_expired = ours.ready_at + OPERATION_EXPIRES <= comparison.at
            ready_at = None if is_expired else ours.ready_at
        comparison.compare_all(
            "operation",
            operation_id,
            (
                ("nonce", ours and ours.nonce, told.nonce),
                ("ready_at", ready_at, told.ready_at),
            ),
        )


class _Logged:
    """What the kept logs ever named, so that a row that is lost is missed."""

    def __init__(self, comparison: Comparison) -> None:
        self.grants: set[tuple[int, str]] = set()
        self.functions: set[tuple[str, str]] = set()
        self.operations: set[str] = set()
        decoder = Decoder(comparison.ledger.deployment)
        for log in logs_of_staff(comparison.session):
            match decoder.event(log):
                case RoleGranted(role=role, account=account):
                    self.grants.add((role, account))
                case TargetFunctionRoleUpdated(target=target, selector=selector):
                    self.functions.add((target, selector))
                case OperationScheduled(operation_id=operation_id):
                    self.operations.add(operation_id)


def _as_of(grant: RoleGrant, comparison: Comparison) -> RoleGrant:
    return RoleGrant(grant.role, grant.account, grant.since, grant.delay.at(comparison.at))
