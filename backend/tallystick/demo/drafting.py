"""What all drafts of the demo are made of: commands over the mirror of one office."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from tallystick.chain import calls
from tallystick.chain.calldata import Call
from tallystick.demo.cast import Cast, CoLender, Player
from tallystick.demo.story import Story
from tallystick.loans.loan import Loan
from tallystick.office.office import Office
from tallystick.store.commands import NewCommand
from tallystick.store.loan_records import records_of
from tallystick.store.parties import balances_of

CALLER = "demo"


class Drafting:
    """A draft depends on the stories, on the time it is drawn up for, and on the mirror as the
    stages before it left it; so a stage that was written need never be drawn up again.

    Idempotency keys are unique within a stage.
    """

    def __init__(self, office: Office, cast: Cast) -> None:
        self._office = office
        self._deployment = office.deployment
        self._cast = cast
        self._registrar = office.lanes.address("registrar")
        self._bank = office.lanes.address("settlement_bank")
        self._servicer = office.lanes.address("servicer")

    def _command(self, name: str, lane: str, call: Call) -> NewCommand:
        return NewCommand(idempotency_key=name, caller=CALLER, lane=lane, call=call)

    def _mint(self, player: Player, amount_minor: int, at: datetime, why: str) -> NewCommand:
        """A bank payment of the player's arrives."""
        reference = digest_of("bank in", player.name, at.isoformat(), why)
        call = calls.mint(self._deployment, player.address, amount_minor, reference)
        return self._command(f"fund/{player.name}", self._bank, call)

    def _balances(self, players: Iterable[Player | CoLender]) -> dict[str, int]:
        with self._office.store.read() as session:
            return balances_of(session, [player.address for player in players])

    def _loans(self, stories: Iterable[Story]) -> dict[str, Loan]:
        """By loan id, as mirrored."""
        with self._office.store.read() as session:
            records = records_of(session, [story.loan_id for story in stories])
        return {loan_id: record.loan for loan_id, record in records.items()}


def digest_of(*parts: str) -> str:
    """A hash to stand for a document or a bank's reference."""
    return "0x" + sha256("\n".join(parts).encode()).hexdigest()
