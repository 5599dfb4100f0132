"""The command line: `tallystick COMMAND`."""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from importlib.metadata import version
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from tallystick.cli.console import exit_code, print_error
from tallystick.kernel.errors import TallystickError

COMMANDS = {
    "init": ("tallystick.cli.init", "Make keys, contracts and tables in the home."),
    "demo": ("tallystick.cli.demo", "Run a portfolio of real loans through the whole house."),
    "serve": ("tallystick.cli.serve", "Serve the API and its docs, and keep the mirror up."),
    "schedule": ("tallystick.cli.schedule", "Draw up the schedule of a plan."),
    "key": ("tallystick.cli.key", "Issue, list and revoke API keys."),
    "party": ("tallystick.cli.party", "Register and look up parties, book their bank payments."),
    "loan": ("tallystick.cli.loan", "Propose, sign, originate and follow loans."),
    "assignment": ("tallystick.cli.assignment", "Move claims of loans to other lenders."),
    "collect": ("tallystick.cli.collect", "Collect what is due under all mandates."),
    "funds": ("tallystick.cli.funds", "Trace one disbursement to where it is now."),
    "ledger": ("tallystick.cli.ledger", "Stop new loans of the ledger, and let them go on."),
    "lane": ("tallystick.cli.lane", "Look after the accounts the house signs by."),
    "mirror": ("tallystick.cli.mirror", "Follow, rebuild and look at the mirror."),
    "reconcile": ("tallystick.cli.reconcile", "Compare the mirror with the contracts."),
    "day-close": ("tallystick.cli.day_close", "Close a day and serve the notices that are due."),
}
"""By name the module whose `app` is the command or group of commands, and a line about it."""


class LaterCommand(TyperCommand):
    """A command that is loaded when it is run.

    So drawing up a schedule does not wait for the chain's libraries, and help for none of them.
    """

    def __init__(self, name: str, module: str, summary: str) -> None:
        super().__init__(name, help=summary)
        self._module = module

    def make_context(
        self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any
    ) -> Any:
        command = typer.main.get_command(import_module(self._module).app)
        command.name = self.name
        return command.make_context(info_name, args, parent, **extra)


class Commands(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, (module, summary) in COMMANDS.items():
            self.add_command(LaterCommand(name, module, summary))


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done, 1 fault, 2 wrong input, 3 halves differ, 4 not found, 5 refused or "
    "in conflict, 6 unavailable, 7 not permitted, 8 contradiction, 130 interrupted.",
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"tallystick {version('tallystick')}")
        raise typer.Exit


@app.callback()
def tallystick(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and end."
        ),
    ] = False,
) -> None:
    """A loan ledger whose two halves, chain and mirror, must match."""


def main() -> None:
    """Entry point. Being asked to end is the same as Ctrl-C: what was opened is closed."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if isinstance(sys.stdout, TextIOWrapper):
        # A name in Chinese must not end a command whose locale has no Chinese.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except TallystickError as error:
        print_error(error, as_json="--json" in sys.argv)
        raise SystemExit(exit_code(error)) from None
