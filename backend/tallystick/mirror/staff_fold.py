"""Folds what the access manager tells into who may do what."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

from tallystick.mirror.places import Place, out_of_place
from tallystick.parties.staff import (
    GuardedContract,
    OperationStatus,
    RoleGrant,
    ScheduledOperation,
    StaffRole,
)
from tallystick.parties.staff_events import (
    AuthorityUpdated,
    OperationCanceled,
    OperationExecuted,
    OperationScheduled,
    RoleAdminChanged,
    RoleGrantDelayChanged,
    RoleGranted,
    RoleGuardianChanged,
    RoleLabel,
    RoleRevoked,
    StaffEvent,
    TargetAdminDelayUpdated,
    TargetClosed,
    TargetFunctionRoleUpdated,
)
from tallystick.store.staff import OperationKey, PlacedOperation, Staff


class StaffFold:
    """Staff after a run of events, from what it was before; `waiting` are the operations announced
    before and not ended."""

    def __init__(self, staff: Staff, waiting: Set[OperationKey] = frozenset()) -> None:
        self.staff = staff
        self.scheduled: dict[OperationKey, PlacedOperation] = {}
        self.ended: dict[OperationKey, OperationStatus] = {}
        self._waiting = set(waiting)

    def take(self, event: StaffEvent, place: Place) -> None:
        """Raises EventOutOfPlace."""
        staff = self.staff
        match event:
            case RoleGranted():
                self._grant(event, place)
            case RoleRevoked(role=role, account=account):
                if staff.grants.pop((role, account), None) is None:
                    raise out_of_place(event, place, f"{account} was not in role {role}")
            case RoleLabel(role=role, label=label):
                staff.roles[role] = replace(self._role(role), label=label)
            case RoleAdminChanged(role=role, admin=admin):
                staff.roles[role] = replace(self._role(role), admin=admin)
            case RoleGuardianChanged(role=role, guardian=guardian):
                staff.roles[role] = replace(self._role(role), guardian=guardian)
            case RoleGrantDelayChanged(role=role, delay_seconds=seconds, since=since):
                known = self._role(role)
                delay = known.grant_delay.changed(seconds, since, place.at)
                staff.roles[role] = replace(known, grant_delay=delay)
            case TargetClosed(target=target, is_closed=is_closed):
                staff.contracts[target] = replace(self._contract(target), is_closed=is_closed)
            case TargetAdminDelayUpdated(target=target, delay_seconds=seconds, since=since):
                guarded = self._contract(target)
                delay = guarded.admin_delay.changed(seconds, since, place.at)
                staff.contracts[target] = replace(guarded, admin_delay=delay)
            case AuthorityUpdated(contract=contract, authority=authority):
                staff.contracts[contract] = replace(self._contract(contract), authority=authority)
            case TargetFunctionRoleUpdated(target=target, selector=selector, role=role):
                staff.functions[(target, selector)] = role
            case OperationScheduled():
                self._schedule(event, place)
            case OperationExecuted():
                self._end(event, OperationStatus.EXECUTED, place)
            case OperationCanceled():
                self._end(event, OperationStatus.CANCELLED, place)

    def _role(self, role: int) -> StaffRole:
        return self.staff.roles.get(role) or StaffRole(role)

    def _contract(self, address: str) -> GuardedContract:
        return self.staff.contracts.get(address) or GuardedContract(address)

    def _grant(self, event: RoleGranted, place: Place) -> None:
        key = (event.role, event.account)
        known = self.staff.grants.get(key)
        if (known is None) != event.is_new_member:
            raise out_of_place(event, place, f"{event.account} was or was not in role {event.role}")
        if known is None:
            granted = RoleGrant(event.role, event.account, event.since)
            delay = granted.delay.changed(event.delay_seconds, place.at, place.at)
            self.staff.grants[key] = replace(granted, delay=delay)
        else:
            delay = known.delay.changed(event.delay_seconds, event.since, place.at)
            self.staff.grants[key] = replace(known, delay=delay)
        self.staff.roles.setdefault(event.role, StaffRole(event.role))

    def _schedule(self, event: OperationScheduled, place: Place) -> None:
        key = (event.operation_id, event.nonce)
        operation = ScheduledOperation(
            operation_id=event.operation_id,
            nonce=event.nonce,
            caller=event.caller,
            target=event.target,
            calldata=event.calldata,
            ready_at=event.ready_at,
            status=OperationStatus.SCHEDULED,
        )
        self.scheduled[key] = PlacedOperation(
            operation, place.block_number, place.log_index, place.tx_hash
        )
        self._waiting.add(key)

    def _end(
        self,
        event: OperationExecuted | OperationCanceled,
        status: OperationStatus,
        place: Place,
    ) -> None:
        key = (event.operation_id, event.nonce)
        if key not in self._waiting:
            raise out_of_place(event, place, f"operation {event.operation_id} was not announced")
        self._waiting.remove(key)
        if placed := self.scheduled.get(key):
            ended = replace(placed.operation, status=status)
            self.scheduled[key] = replace(placed, operation=ended)
        else:
            self.ended[key] = status
