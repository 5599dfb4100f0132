"""Commands: what became of what was ordered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from tallystick.access.permissions import Verb
from tallystick.access.sight import command_seen_by
from tallystick.api.answers import CommandView, command_view
from tallystick.api.visit import Visit, visiting

router = APIRouter(tags=["commands"])


@router.get("/commands/{command_id}")
def show_command(
    command_id: Annotated[int, Path(ge=1, lt=2**63)],
    visit: Annotated[Visit, visiting(Verb.SHOW_COMMANDS)],
) -> CommandView:
    """Status, tx hash and, if the chain refused it, the decoded refusal."""
    with visit.office.store.read() as session:
        return command_view(command_seen_by(session, visit.principal, command_id))
