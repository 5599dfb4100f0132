"""Commands: what became of what was ordered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from tallystick.access.permissions import Verb
from tallystick.access.sight import command_seen_by
from tallystick.actions.batch_outcome import batch_outcome
from tallystick.api.answers import CommandView, command_view
from tallystick.api.visit import Visit, visiting

router = APIRouter(tags=["commands"])


@router.get("/commands/{command_id}")
def show_command(
    command_id: Annotated[int, Path(ge=1, lt=2**63)],
    visit: Annotated[Visit, visiting(Verb.SHOW_COMMANDS)],
) -> CommandView:
    """Status, tx hash and, if the chain refused it or an item of it, the decoded refusal."""
    with visit.office.store.read() as session:
        command = command_seen_by(session, visit.caller, command_id)
        return command_view(command, batch_outcome(session, command))
