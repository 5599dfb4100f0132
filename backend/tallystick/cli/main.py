"""The command line: `tallystick COMMAND`.

Commands are loaded when they are named, so that drawing up a schedule does not wait for the chain's
libraries.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from tallystick.cli.console import exit_code, print_error
from tallystick.kernel.errors import TallystickError

COMMANDS = {
    "init": "tallystick.cli.init",
    "demo": "tallystick.cli.demo",
    "serve": "tallystick.cli.serve",
    "schedule": "tallystick.cli.schedule",
    "key": "tallystick.cli.key",
    "party": "tallystick.cli.party",
    "loan": "tallystick.cli.loan",
    "funds": "tallystick.cli.funds",
    "mirror": "tallystick.cli.mirror",
    "reconcile": "tallystick.cli.reconcile",
    "day-close": "tallystick.cli.day_close",
}
"""Each module holds a typer `app` of one command or a group of them."""


class LazyGroup(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(import_module(COMMANDS[cmd_name]).app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    help="A loan ledger whose two halves, chain and mirror, must match.",
    epilog="Exit codes: 0 done, 1 fault, 2 wrong input, 3 halves differ, 4 not found, 5 refused or in "
    "conflict, 6 unavailable, 7 not permitted, 8 contradiction.",
)


@app.callback()
def tallystick() -> None:
    """A loan ledger whose two halves, chain and mirror, must match."""


def main() -> None:
    try:
        app()
    except TallystickError as error:
        print_error(error, as_json="--json" in sys.argv)
        raise SystemExit(exit_code(error)) from None
