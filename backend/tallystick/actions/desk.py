"""What an action works with: the parts of the house, and the order it was given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tallystick.actions.lanes import Lanes
from tallystick.chain.client import Node
from tallystick.chain.deployment import Deployment
from tallystick.chain.ledger import LedgerReader
from tallystick.store.session import Store


class Desk(Protocol):
    """The parts of the house an action works with; the office is one."""

    @property
    def store(self) -> Store: ...

    @property
    def node(self) -> Node: ...

    @property
    def deployment(self) -> Deployment: ...

    @property
    def ledger(self) -> LedgerReader: ...

    @property
    def lanes(self) -> Lanes: ...


@dataclass(frozen=True, slots=True)
class Order:
    """Who orders a command, under which key, and when.

    `idempotency_key` (up to 200 characters) names the command in the whole house: the same key
    with the same request is the same command, however often it is ordered.
    """

    caller: str
    idempotency_key: str
    now: datetime
