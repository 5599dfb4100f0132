"""`tallystick mirror`: the SQL half, followed, rebuilt, looked at."""

from __future__ import annotations

import signal
import threading
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tallystick.cli.console import HomeOption, JsonOption, answer, print_error
from tallystick.cli.opening import office_at
from tallystick.mirror.digest import state_digest
from tallystick.mirror.follow import FollowReport
from tallystick.mirror.rebuild import rebuild_from_chain, rebuild_from_kept_logs
from tallystick.office.workers import follower_of
from tallystick.store.cursor import read_cursor

app = typer.Typer(no_args_is_help=True, help="Follow, rebuild and look at the mirror.")


@app.command()
def follow(
    home: HomeOption = None,
    once: Annotated[
        bool, typer.Option("--once", help="Catch up with the chain and end.")
    ] = False,
    poll_seconds: Annotated[float, typer.Option(min=0.05, help="How often to look.")] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Follow the chain into the database, until interrupted or, with --once, up to its head."""
    with office_at(home) as office, _bar("mirroring") as bar:
        follower = follower_of(office)
        if not once:
            stop = threading.Event()
            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, lambda *_: stop.set())
            follower.follow(
                stop,
                poll_seconds=poll_seconds,
                on_report=bar,
                on_trouble=lambda error: print_error(error, as_json=False),
            )
        report = follower.catch_up(bar)
    _tell(report, as_json=as_json)


@app.command()
def rebuild(
    home: HomeOption = None,
    from_kept_logs: Annotated[
        bool,
        typer.Option("--from-kept-logs", help="Derive from the raw logs in the database; needs no node."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Forget what is mirrored and make it anew, from the chain unless told otherwise."""
    with office_at(home) as office, _bar("rebuilding") as bar:
        if from_kept_logs:
            logs = rebuild_from_kept_logs(office.store, office.deployment)
        else:
            report = rebuild_from_chain(office.store, follower_of(office), bar)
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
        head = office.node.header("latest")
        with office.store.read() as session:
            cursor = read_cursor(session)
            state = state_digest(session) if digest else None
    payload: dict[str, Any] = {
        "head_block_number": head.number,
        "cursor_block_number": cursor.block_number if cursor else None,
        "cursor_block_hash": cursor.block_hash if cursor else None,
        "cursor_block_at": cursor.block_at.isoformat() if cursor else None,
        "finalized_block_number": cursor.finalized_block_number if cursor else None,
        "lag_blocks": head.number - cursor.block_number if cursor else None,
    }
    if state is not None:
        payload["digest"] = {"whole": state.whole, "tables": dict(state.tables)}

    def render(console: Console) -> None:
        if cursor is None:
            console.print("Nothing is mirrored yet.")
            return
        console.print(
            f"Mirror at block {cursor.block_number} ({cursor.block_at:%Y-%m-%d %H:%M} UTC), "
            f"chain at {head.number}: {head.number - cursor.block_number} behind."
        )
        if state is not None:
            console.print(f"State digest {state.whole}")

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


class _bar:  # noqa: N801 - used like the function `open`
    """A progress bar on standard error that takes a follower's reports."""

    def __init__(self, what: str) -> None:
        self._progress = Progress(
            TextColumn(what),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("blocks"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._progress.add_task(what, total=None)

    def __enter__(self) -> _bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def __call__(self, report: FollowReport) -> None:
        self._progress.update(
            self._task, completed=report.cursor.block_number, total=report.head_block_number
        )
