"""`tallystick collect`: what is due under all mandates, in one go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape

from tallystick.actions.batch_outcome import ItemOutcome, batch_outcome
from tallystick.actions.collect_due import CollectionReport, collect_due
from tallystick.cli.console import HomeOption, JsonOption, answer
from tallystick.cli.opening import office_at
from tallystick.cli.sending import KeyOption, order_under, settle
from tallystick.office.office import Office
from tallystick.office.workers import follower_of
from tallystick.store.commands import CommandStatus, find_command

app = typer.Typer()


@app.command()
def collect(key: KeyOption = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Collect what is due under all mandates, each loan by itself, and tell what failed."""
    with office_at(home) as office:
        follower_of(office).catch_up()
        report = collect_due(office, order_under(office, key))
        settle(office)
        outcome = outcome_of(office, report)
    answer(outcome, lambda console: render_collection(console, outcome), as_json=as_json)


def outcome_of(office: Office, report: CollectionReport) -> dict[str, Any]:
    """How many loans were collected on, and which were not, and why."""
    with office.store.read() as session:
        commands = [find_command(session, command.id) for command in report.commands]
        items = [
            item
            for command in commands
            if command is not None
            for item in batch_outcome(session, command)
        ]
    failed = [(item.subject, item.error or {}) for item in _in(items, CommandStatus.REFUSED)]
    failed += [(loan_id, refusal.as_dict()) for loan_id, refusal in report.refused]
    collected = len(_in(items, CommandStatus.MINED))
    return {
        "collected": collected,
        "unsettled": len(items) - collected - len(_in(items, CommandStatus.REFUSED)),
        "failed": [{"loan_id": loan_id, "error": error} for loan_id, error in failed],
    }


def render_collection(console: Console, outcome: dict[str, Any]) -> None:
    failed = outcome["failed"]
    console.print(f"Collected on {outcome['collected']} loans, failed on {len(failed)}.")
    for row in failed:
        console.print(
            f"  {row['loan_id']}: {escape(str(row['error'].get('detail', 'refused')))}",
            soft_wrap=True,
        )
    if outcome["unsettled"]:
        console.print(f"[yellow]{outcome['unsettled']} wait for their turn.[/]")


def _in(items: Iterable[ItemOutcome], status: CommandStatus) -> Sequence[ItemOutcome]:
    return [item for item in items if item.status is status]
