"""Folds registry events into party records."""

from __future__ import annotations

from collections.abc import Mapping

from tallystick.mirror.layouts import PartyEvent
from tallystick.mirror.places import Place, out_of_place
from tallystick.parties.events import (
    PartyFrozen,
    PartyRegistered,
    PartyUpdated,
    SignaturesCancelled,
)
from tallystick.store.projection import PartyRecord


class PartyFold:
    """Parties after a run of events. `records` are those known before, by address."""

    def __init__(self, records: Mapping[str, PartyRecord], next_id: int) -> None:
        self.records = dict(records)
        self.new: set[str] = set()
        self.changed: set[str] = set()
        self.next_id = next_id

    def take(self, event: PartyEvent, place: Place) -> int:
        """Applies `event`; the party's surrogate id. Raises EventOutOfPlace."""
        record = self.records.get(event.party)
        if isinstance(event, PartyRegistered):
            if record is not None:
                raise out_of_place(event, place, f"{event.party} was registered before")
            return self._register(event, place)
        if record is None:
            raise out_of_place(event, place, f"{event.party} was never registered")
        if isinstance(event, PartyUpdated):
            record.roles = event.roles
            record.payee_category = event.payee_category
            record.identity_commitment = event.identity_commitment
        elif isinstance(event, SignaturesCancelled):
            if event.signature_nonce != record.signature_nonce + 1:
                raise out_of_place(
                    event, place, f"{event.party} signs under nonce {record.signature_nonce}"
                )
            record.signature_nonce = event.signature_nonce
        else:
            is_frozen = isinstance(event, PartyFrozen)
            if record.is_frozen == is_frozen:
                raise out_of_place(event, place, f"{event.party} already was so")
            record.is_frozen = is_frozen
        record.block_number = place.block_number
        self.changed.add(event.party)
        return record.id

    def _register(self, event: PartyRegistered, place: Place) -> int:
        self.records[event.party] = PartyRecord(
            id=self.next_id,
            address=event.party,
            roles=event.roles,
            payee_category=event.payee_category,
            identity_commitment=event.identity_commitment,
            is_frozen=False,
            signature_nonce=0,
            registered_at=place.at,
            block_number=place.block_number,
        )
        self.new.add(event.party)
        self.next_id += 1
        return self.next_id - 1
