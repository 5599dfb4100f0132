"""Orders given on the command line: written, sent, waited for, told."""

from __future__ import annotations

from datetime import UTC, datetime
from secrets import token_hex
from typing import Annotated, Any

import typer

from tallystick.actions.desk import Order
from tallystick.cli.console import answer
from tallystick.kernel.errors import Refused
from tallystick.office.office import Office
from tallystick.office.workers import follower_of, submitter_of
from tallystick.store.commands import Command, CommandStatus, find_command

_CALLER = "cli"

KeyOption = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        help="The same key orders the same command once, however often it is run.",
    ),
]


class CommandRefused(Refused):
    """A command that was in order when it was given did not take effect; `data` says why."""

    title = "Refused by the chain"


def order(key: str | None) -> Order:
    return Order(_CALLER, key or f"cli/{token_hex(16)}", datetime.now(UTC))


def settle(office: Office) -> None:
    """Sends what waits in the outbox and brings the mirror up to it."""
    submitter_of(office).drain()
    follower_of(office).catch_up()


def place(office: Office, command: Command) -> Command:
    """The command once it is settled. Raises CommandRefused."""
    settle(office)
    with office.store.read() as session:
        settled = find_command(session, command.id)
    assert settled is not None
    if settled.status is CommandStatus.REFUSED:
        error = settled.error or {}
        raise CommandRefused(error.get("detail", "The chain refused it."), refusal=error)
    return settled


def tell_command(command: Command, *, as_json: bool) -> None:
    payload: dict[str, Any] = {
        "id": command.id,
        "idempotency_key": command.idempotency_key,
        "kind": command.kind,
        "subject": command.subject,
        "status": command.status,
        "tx_hash": command.tx_hash,
        "block_number": command.block_number,
    }
    answer(
        payload,
        lambda console: console.print(
            f"{command.kind} of {command.subject}: {command.status} in block "
            f"{command.block_number}, tx {command.tx_hash}"
        ),
        as_json=as_json,
    )
