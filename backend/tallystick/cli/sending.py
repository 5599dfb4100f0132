"""Orders given on the command line: written, sent, waited for, told."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any

import typer

from tallystick.actions.desk import Order
from tallystick.actions.submission import SubmissionReport
from tallystick.cli.console import answer
from tallystick.cli.opening import office_at
from tallystick.kernel.errors import Invalid, Refused, Unavailable
from tallystick.office.office import Office
from tallystick.office.workers import follower_of, submitter_of
from tallystick.store.commands import Command, CommandStatus, find_command

CALLER = "cli"

KeyOption = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        help="The same key orders the same command once, however often it is run.",
    ),
]
AnnounceOption = Annotated[
    bool,
    typer.Option(
        "--announce",
        help="Announce it only, where the contracts ask for a delay; order it again when that is "
        "over.",
    ),
]

_KEY = re.compile(r"[!-~]{1,128}")


class IdempotencyKeyInvalid(Invalid):
    title = "Idempotency key not usable"


class CommandRefused(Refused):
    """A command that was in order when it was given took no effect; `refusal` says why."""

    title = "Refused by the chain"


class CommandNotSettled(Unavailable):
    """The command is written and will be sent, but its turn has not come."""

    title = "Not settled yet"


def settle(office: Office) -> SubmissionReport:
    """Sends what waits in the outbox and brings the mirror up to it."""
    report = submitter_of(office, clock=office.chain_now).drain()
    follower_of(office).catch_up()
    return report


def place_order(
    home: Path | None,
    key: str | None,
    make: Callable[[Office, Order], Command],
    *,
    as_json: bool,
) -> None:
    """Orders what `make` makes, over a mirror that has caught up, and tells how it ended.

    Raises IdempotencyKeyInvalid, CommandRefused, CommandNotSettled, and what `make` raises.
    """
    _check_key(key)
    with office_at(home) as office:
        follower_of(office).catch_up()
        ordered = make(office, order_under(office, key))
        report = settle(office)
        with office.store.read() as session:
            command = find_command(session, ordered.id)
    assert command is not None
    if command.status is CommandStatus.REFUSED:
        error = command.error or {}
        raise CommandRefused(error.get("detail", "The chain refused it."), refusal=error)
    if not command.is_settled:
        why = report.blocked.get(command.lane, "it waits for its turn")
        raise CommandNotSettled(
            f"The command {command.idempotency_key} is kept but not settled: {why}. Once that is "
            "mended, the next command or `tallystick serve` sends it.",
            idempotency_key=command.idempotency_key,
            status=command.status,
        )
    _tell(command, as_json=as_json)


def order_under(office: Office, key: str | None) -> Order:
    """An order of now, by the chain's clock; without a key under one of its own.

    Raises IdempotencyKeyInvalid.
    """
    _check_key(key)
    return Order(CALLER, key or f"{CALLER}/{token_hex(16)}", office.chain_now())


def _check_key(key: str | None) -> None:
    if key is not None and not _KEY.fullmatch(key):
        raise IdempotencyKeyInvalid(
            "an idempotency key is 1 to 128 ASCII characters without spaces",
            field="idempotency_key",
        )


def _tell(command: Command, *, as_json: bool) -> None:
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
            f"{command.block_number}, tx {command.tx_hash}",
            soft_wrap=True,
        ),
        as_json=as_json,
    )
