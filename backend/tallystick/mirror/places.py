"""Where an event stands on the chain, and what is said when it cannot stand there."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from tallystick.kernel.errors import Corrupt


class EventOutOfPlace(Corrupt):
    """An event that cannot have followed what the mirror holds: a log before it is missing."""

    title = "Event out of place"


class Place(NamedTuple):
    """Where an event stands on the chain, and its block's time (UTC)."""

    block_number: int
    log_index: int
    tx_hash: str
    at: datetime


def out_of_place(event: object, place: Place, why: str) -> EventOutOfPlace:
    return EventOutOfPlace(
        f"{type(event).__name__} in log {place.log_index} of block {place.block_number} is out of "
        f"place: {why}. A log before it is missing; ask another node, then run "
        "`tallystick mirror rebuild`.",
        block_number=place.block_number,
        log_index=place.log_index,
        tx_hash=place.tx_hash,
    )
