"""What every command shares: its options, its two ways of printing, its exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tallystick.kernel.errors import (
    Conflict,
    Corrupt,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    TallystickError,
    Unauthenticated,
    Unavailable,
)

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder of keys, database and chain. [default: $TALLYSTICK_HOME or ./tallystick-home]",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output.")
]

DIFFERENCE = 3
"""Exit code when the halves do not match."""

EXIT_CODES: tuple[tuple[type[TallystickError], int], ...] = (
    (Invalid, 2),
    (NotFound, 4),
    (Conflict, 5),
    (Refused, 5),
    (Unavailable, 6),
    (Unauthenticated, 7),
    (Forbidden, 7),
    (Corrupt, 8),
)
"""0 is done, 1 a fault of the program, 3 a difference found by `reconcile`."""

_WIDE = 160

Render = Callable[[Console], None]


def exit_code(error: TallystickError) -> int:
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)


def console_on(*, stderr: bool = False) -> Console:
    """Text is printed as it is but for markup; what comes from outside is to be escaped."""
    return Console(stderr=stderr, emoji=False, highlight=False)


def print_error(error: TallystickError, *, as_json: bool) -> None:
    """One line on standard error; with --json also an object on standard output."""
    if as_json:
        print_json({"error": error.as_dict()})
    detail = " ".join(error.detail.split())
    console_on(stderr=True).print(
        f"[bold red]{error.title}[/] ({error.type}): {escape(detail)}", soft_wrap=True
    )


def answer(payload: Any, render: Render, *, as_json: bool) -> None:
    """Prints `payload` as JSON, or has `render` draw it."""
    if as_json:
        print_json(payload)
    else:
        render(console_on())


def print_wide(console: Console, table: Table) -> None:
    """Prints a table with ids in it whole, however narrow the terminal."""
    console.width = max(console.width, _WIDE)
    console.print(table)


def print_json(payload: Any) -> None:
    """In ASCII, which no terminal and no locale can spoil, and at once, for who reads a pipe."""
    print(json.dumps(payload), flush=True)  # noqa: T201 - a command line prints
