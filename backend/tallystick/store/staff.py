"""Staff as the mirror keeps it: reads and writes roles, grants, guarded contracts and functions,
and what was announced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select

from tallystick.parties.staff import (
    Delay,
    GuardedContract,
    OperationStatus,
    RoleGrant,
    ScheduledOperation,
    StaffRole,
)
from tallystick.store.bulk import insert_rows, update_rows
from tallystick.store.mirror_tables import (
    STAFF_TABLES,
    guarded_contracts,
    guarded_functions,
    role_grants,
    scheduled_operations,
    staff_roles,
)
from tallystick.store.session import Session


@dataclass(slots=True)
class Staff:
    """Who may do what: roles by number, grants by role and account, contracts by address, the role
    of each function by contract and selector (`0x` hex of four bytes)."""

    roles: dict[int, StaffRole] = field(default_factory=dict)
    grants: dict[tuple[int, str], RoleGrant] = field(default_factory=dict)
    contracts: dict[str, GuardedContract] = field(default_factory=dict)
    functions: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlacedOperation:
    """An announcement and where its event stands."""

    operation: ScheduledOperation
    block_number: int
    log_index: int
    tx_hash: str


OperationKey = tuple[str, int]
"""Operation id and nonce."""


def read_staff_of_chain(session: Session) -> Staff:
    """All of it, as the mirror stands."""
    roles = session.execute(select(staff_roles)).all()
    held = session.execute(select(role_grants)).all()
    contracts = session.execute(select(guarded_contracts)).all()
    functions = session.execute(select(guarded_functions)).all()
    return Staff(
        roles={
            int(row.role): StaffRole(
                int(row.role),
                row.label,
                int(row.admin),
                int(row.guardian),
                Delay(
                    row.grant_delay_seconds, row.next_grant_delay_seconds, row.next_grant_delay_at
                ),
            )
            for row in roles
        },
        grants={
            (int(row.role), row.account): RoleGrant(
                int(row.role),
                row.account,
                row.since,
                Delay(row.delay_seconds, row.next_delay_seconds, row.next_delay_at),
            )
            for row in held
        },
        contracts={
            row.address: GuardedContract(
                row.address,
                row.authority,
                row.is_closed,
                Delay(
                    row.admin_delay_seconds, row.next_admin_delay_seconds, row.next_admin_delay_at
                ),
            )
            for row in contracts
        },
        functions={(row.address, row.selector): int(row.role) for row in functions},
    )


def replace_staff_of_chain(session: Session, staff: Staff) -> None:
    """Writes all of it; there is never much."""
    for table, rows in (
        (
            staff_roles,
            [
                (
                    str(one.role),
                    one.label,
                    str(one.admin),
                    str(one.guardian),
                    *_members(one.grant_delay),
                )
                for one in staff.roles.values()
            ],
        ),
        (
            role_grants,
            [
                (str(one.role), one.account, one.since, *_members(one.delay))
                for one in staff.grants.values()
            ],
        ),
        (
            guarded_contracts,
            [
                (one.address, one.authority, one.is_closed, *_members(one.admin_delay))
                for one in staff.contracts.values()
            ],
        ),
        (
            guarded_functions,
            [
                (address, selector, str(role))
                for (address, selector), role in staff.functions.items()
            ],
        ),
    ):
        session.execute(delete(table))
        insert_rows(session, table, table.columns.keys(), rows)


def insert_operations(session: Session, placed: Iterable[PlacedOperation]) -> None:
    rows = [
        (
            one.operation.operation_id,
            one.operation.nonce,
            one.operation.caller,
            one.operation.target,
            one.operation.calldata,
            one.operation.ready_at,
            one.operation.status,
            one.block_number,
            one.log_index,
            one.tx_hash,
        )
        for one in placed
    ]
    table = scheduled_operations
    insert_rows(session, table, table.columns.keys(), rows)


def end_operations(session: Session, ended: Mapping[OperationKey, OperationStatus]) -> None:
    rows = ((status, *key) for key, status in ended.items())
    update_rows(session, scheduled_operations, ["operation_id", "nonce"], ["status"], rows)


def waiting_operations(session: Session) -> set[OperationKey]:
    """Those that were announced and neither made nor withdrawn."""
    query = select(scheduled_operations.c.operation_id, scheduled_operations.c.nonce).where(
        scheduled_operations.c.status == OperationStatus.SCHEDULED
    )
    return {(operation_id, nonce) for operation_id, nonce in session.execute(query)}


def empty_staff(session: Session) -> None:
    for table in STAFF_TABLES:
        session.execute(delete(table))


def grants(session: Session, role: int | None = None) -> list[RoleGrant]:
    """Who is in which role, or in one of them; in order of number and address."""
    found = read_staff_of_chain(session).grants
    return [one for key, one in sorted(found.items()) if role in (None, key[0])]


def operations(session: Session, status: OperationStatus | None = None) -> list[ScheduledOperation]:
    """What was announced, in the chain's order. One that was not made within a week of `ready_at`
    can no longer be, but stays `scheduled`."""
    table = scheduled_operations
    query: Select[Any] = select(table).order_by(table.c.block_number, table.c.log_index)
    if status is not None:
        query = query.where(table.c.status == status)
    return [
        ScheduledOperation(
            operation_id=row.operation_id,
            nonce=row.nonce,
            caller=row.caller,
            target=row.target,
            calldata=bytes(row.calldata),
            ready_at=row.ready_at,
            status=OperationStatus(row.status),
        )
        for row in session.execute(query)
    ]


def _members(delay: Delay) -> tuple[int, int | None, datetime | None]:
    return delay.seconds, delay.next_seconds, delay.next_at
