"""Folds what co-lendings tell into rows."""

from __future__ import annotations

from collections.abc import Iterable

from tallystick.loans.colending_events import (
    ActTaken,
    CoLendingCreated,
    CoLendingEvent,
    CommitmentsFunded,
    ConsentGiven,
    ConsentWithdrawn,
    ShareHeld,
    SharePaid,
)
from tallystick.mirror.places import Place, out_of_place
from tallystick.store.colendings import CoLendingRows


class CoLendingFold:
    """Rows of a run of events; `known` are the addresses of co-lendings made before."""

    def __init__(self, known: Iterable[str]) -> None:
        self.rows = CoLendingRows()
        self._known = set(known)

    def take(self, event: CoLendingEvent, place: Place) -> None:
        """Raises EventOutOfPlace."""
        address, rows = event.co_lending, self.rows
        key = (place.block_number, place.log_index)
        ends_with = (place.at, place.tx_hash)
        stands_at = (place.at, *key, place.tx_hash)
        if isinstance(event, CoLendingCreated) == (address in self._known):
            raise out_of_place(event, place, f"{address} was or was not made before")
        match event:
            case CoLendingCreated():
                self._known.add(address)
                rows.co_lendings.append((address, event.salt, *stands_at))
                rows.co_lending_members += [
                    (
                        address,
                        position,
                        member.party,
                        member.rank,
                        member.commitment_minor,
                        member.priority_minor,
                        member.share,
                    )
                    for position, member in enumerate(event.members)
                ]
            case CommitmentsFunded(loan_id=loan_id, amount_minor=amount):
                rows.commitments_funded.append((address, loan_id, amount, *stands_at))
            case ConsentGiven(member=member, digest=digest):
                rows.consents.append((*key, address, member, digest, True, *ends_with))
            case ConsentWithdrawn(member=member, digest=digest):
                rows.consents.append((*key, address, member, digest, False, *ends_with))
            case ActTaken():
                act = (event.digest, event.call, event.agreed_minor)
                rows.acts_taken.append((*key, address, *act, *ends_with))
            case SharePaid(member=member, amount_minor=amount):
                rows.shares.append((*key, address, member, False, amount, *ends_with))
            case ShareHeld(member=member, amount_minor=amount):
                rows.shares.append((*key, address, member, True, amount, *ends_with))
