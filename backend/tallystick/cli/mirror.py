"""`tallystick mirror`: the SQL half, followed, rebuilt, looked at."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console

from tallystick.cli.console import HomeOption, JsonOption, answer, print_error
from tallystick.cli.opening import office_at
from tallystick.cli.progress import progress
from tallystick.mirror.digest import state_digest
from tallystick.mirror.follow import FollowReport
from tallystick.mirror.rebuild import rebuild_from_chain, rebuild_from_kept_logs
from tallystick.office.workers import follower_of
from tallystick.store.cursor import read_cursor

app = typer.Typer(no_args_is_help=True, help="Follow, rebuild and look at the mirror.")


@app.command()
def follow(
    home: HomeOption = None,
    once: Annotated[bool, typer.Option("--once", help="Catch up with the chain and end.")] = False,
    poll_seconds: Annotated[float, typer.Option(min=0.05, help="How often to look.")] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Follow the chain into the database, until interrupted or, with --once, up to its head."""
    with office_at(home) as office, _progress("mirroring") as report_on:
        follower = follower_of(office)
        if not once:
            stop = threading.Event()
            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, lambda *_: stop.set())
            follower.follow(
                stop,
                poll_seconds=poll_seconds,
                on_report=report_on,
                on_trouble=lambda error: print_error(error, as_json=False),
            )
        report = follower.catch_up(report_on)
    _tell(report, as_json=as_json)


@app.command()
def rebuild(
    home: HomeOption = None,
    from_kept_logs: Annotated[
        bool,
        typer.Option("--from-kept-logs", help="Derive from the raw logs kept in the database."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Forget what is mirrored and make it anew, from the chain unless told otherwise."""
    with (
        office_at(home, may_mirror_other=not from_kept_logs) as office,
        _progress("rebuilding") as report_on,
    ):
        if from_kept_logs:
            logs = rebuild_from_kept_logs(office.store, office.deployment)
        else:
            report = rebuild_from_chain(office.store, follower_of(office), report_on)
    if from_kept_logs:
        answer(
            {"logs": logs},
            lambda console: console.print(f"Derived anew from {logs} kept logs."),
            as_json=as_json,
        )
    else:
        _tell(report, as_json=as_json)


@app.command()
def status(
    home: HomeOption = None,
    digest: Annotated[
        bool, typer.Option("--digest", help="Also compute the digest of the whole state.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Where the mirror stands, and how far the chain is ahead."""
    with office_at(home) as office:
        with office.store.read() as session:
            cursor = read_cursor(session)
            state = state_digest(session) if digest else None
        head = office.node.header("latest").number
    payload: dict[str, Any] = {
        "head_block_number": head,
        "lag_blocks": head - cursor.block_number if cursor else None,
        "cursor": None
        if cursor is None
        else {
            "block_number": cursor.block_number,
            "block_hash": cursor.block_hash,
            "block_at": cursor.block_at.isoformat(),
            "finalized_block_number": cursor.finalized_block_number,
        },
    }
    if state is not None:
        payload["digest"] = {"whole": state.whole, "tables": dict(state.tables)}

    def render(console: Console) -> None:
        if cursor is None:
            console.print("Nothing is mirrored yet.")
        else:
            console.print(
                f"Mirror at block {cursor.block_number} ({cursor.block_at:%Y-%m-%d %H:%M} UTC), "
                f"chain at {head}: {head - cursor.block_number} behind."
            )
        if state is not None:
            console.print(f"State digest {state.whole}", soft_wrap=True)

    answer(payload, render, as_json=as_json)


def _tell(report: FollowReport, *, as_json: bool) -> None:
    payload = {
        "cursor_block_number": report.cursor.block_number,
        "head_block_number": report.head_block_number,
        "blocks": report.blocks,
        "logs": report.logs,
        "unwound_blocks": report.unwound_blocks,
    }
    answer(
        payload,
        lambda console: console.print(
            f"Mirror at block {report.cursor.block_number}: {report.blocks} blocks and "
            f"{report.logs} logs new, {report.unwound_blocks} blocks undone."
        ),
        as_json=as_json,
    )


@contextmanager
def _progress(what: str) -> Iterator[Callable[[FollowReport], None]]:
    """A progress bar moved by a follower's reports."""
    with progress(what, "blocks") as advance:
        yield lambda report: advance(report.cursor.block_number, report.head_block_number)
