"""`tallystick day-close`: closes a day and serves the notices it wrote."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from tallystick.actions.collect_due import collect_due
from tallystick.actions.day_close import close_day
from tallystick.actions.deliver_notices import deliver_notices
from tallystick.cli.collect import outcome_of, render_collection
from tallystick.cli.console import HomeOption, JsonOption, answer
from tallystick.cli.opening import day_of, office_at
from tallystick.cli.sending import order_under, settle
from tallystick.loans.loan import local_day
from tallystick.office.office import Office
from tallystick.servicing.portfolio import OFFICE_UTC_OFFSET_MINUTES

app = typer.Typer()


@app.command("day-close")
def day_close(
    day: Annotated[
        str | None,
        typer.Argument(
            help="YYYY-MM-DD; the day of the chain's clock if not given.", show_default=False
        ),
    ] = None,
    is_collecting: Annotated[
        bool,
        typer.Option(
            "--collect/--no-collect",
            help="First collect what is due under mandates, when the day is today.",
        ),
    ] = True,
    deliver: Annotated[
        bool, typer.Option("--deliver/--no-deliver", help="Also deliver notices and anchor them.")
    ] = True,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a day: days past due, arrears, buckets, and the notices that are due, once.

    What is due under mandates is collected before, once a day.
    """
    told_day = day_of(day, field="day") if day is not None else None
    with office_at(home) as office:
        settle(office)
        now = office.chain_now()
        today = local_day(now, OFFICE_UTC_OFFSET_MINUTES)
        closed_on = told_day or today
        collection = _collection(office, today) if is_collecting and closed_on == today else None
        close = close_day(office.store, closed_on, now=now)
        report = None
        if deliver:
            report = deliver_notices(
                office.store,
                office.mailer,
                office.deployment,
                servicer=office.lanes.address("servicer"),
                mail_from=office.settings.mail_from,
                clock=office.chain_now,
            )
            settle(office)
    payload = {
        "closed_on": close.closed_on.isoformat(),
        "block_number": close.block_number,
        "summary": close.summary,
        "collection": collection,
        "delivery": asdict(report) if report else None,
    }

    def render(console: Console) -> None:
        console.print(
            f"Closed {close.closed_on} at block {close.block_number}: {close.summary['loans']} "
            f"loans carried, {close.summary['notices_written']} notices written."
        )
        if collection is not None:
            render_collection(console, collection)
        if report is not None:
            console.print(
                f"Delivered {report.served}, deferred {report.deferred}, failed {report.failed}, "
                f"waiting for the morning {report.in_quiet_hours}."
            )
            if report.mail_error:
                console.print(f"[yellow]{escape(report.mail_error)}[/]")

    answer(payload, render, as_json=as_json)


def _collection(office: Office, today: date) -> dict[str, Any] | None:
    """What collecting came to, unless there was nothing to collect on."""
    report = collect_due(office, order_under(office, f"collect/{today}"))
    if not report.commands and not report.refused:
        return None
    settle(office)
    return outcome_of(office, report)
