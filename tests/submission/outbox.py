"""An outbox over `world`: orders in, submitters out, and what the chain says came of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from tallystick.actions.submission import Submitter
from tallystick.chain.calls import Call
from tallystick.chain.client import Node
from tallystick.chain.signers import Signer
from tallystick.kernel.errors import Conflict
from tallystick.store.commands import Command, NewCommand, enqueue, find_command
from tallystick.store.session import Store
from tallystick.store.tables import commands
from tests.fixtures.chain import World

NOW = datetime(2026, 1, 1, 2, tzinfo=UTC)
LANES = ("lender", "borrower", "servicer", "settlement_bank", "registrar")


class NoKey(Conflict):
    pass


class Outbox:
    """Commands of `LANES`, by name; every `submitter()` is a new one, as after a restart."""

    def __init__(self, world: World, store: Store) -> None:
        self.world = world
        self.store = store

    def order(self, key: str, call: Call, lane: str) -> Command:
        new = NewCommand(key, "tester", self.world.address(lane), call)
        with self.store.begin() as session:
            return enqueue(session, new, NOW)

    def submitter(
        self, *, node: Node | None = None, is_mining: bool = True, **settings: Any
    ) -> Submitter:
        return Submitter(
            self.store,
            node or self.world.node,
            self.signer,
            mine=self.world.chain.mine if is_mining else None,
            clock=lambda: NOW,
            **settings,
        )

    def signer(self, address: str) -> Signer:
        for name in LANES:
            if self.world.address(name) == address:
                return self.world.key(name)
        raise NoKey("no key is held")

    def command(self, key: str) -> Command:
        with self.store.read() as session:
            command = find_command(session, key)
        assert command is not None
        return command

    def commands(self) -> list[Command]:
        """All of them, in the order they were given."""
        with self.store.read() as session:
            keys = session.execute(
                select(commands.c.idempotency_key).order_by(commands.c.id)
            ).scalars()
            found = [find_command(session, key) for key in keys.all()]
        return [command for command in found if command is not None]

    def balance(self, address: str) -> int:
        data = bytes.fromhex("70a08231") + bytes(12) + bytes.fromhex(address[2:])
        return int.from_bytes(self.world.node.call(self.world.deployment.settlement_token, data))

    def check_lanes(self) -> None:
        """Nonces of each lane are used without a gap, none twice, and the chain agrees."""
        by_lane: dict[str, list[int]] = {}
        for command in self.commands():
            assert command.is_settled, command
            assert command.nonce is not None, command
            by_lane.setdefault(command.lane, []).append(command.nonce)
        for lane, nonces in by_lane.items():
            assert nonces == list(range(nonces[0], nonces[0] + len(nonces))), lane
            assert self.world.node.nonces([lane]) == [nonces[-1] + 1], lane
            assert self.world.node.nonces([lane], "pending") == [nonces[-1] + 1], lane
