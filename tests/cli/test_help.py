"""What the command line says about itself."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.core import TyperGroup

from tallystick.cli.main import COMMANDS
from tests.cli.running import environment, run

HEAVY = ("web3", "eth_tester", "sqlalchemy", "fastapi", "holidays")


def paths_of(command: object, *path: str) -> list[tuple[str, ...]]:
    """The command and every command in it."""
    found = [path]
    if isinstance(command, TyperGroup):
        for name, member in command.commands.items():
            found += paths_of(member, *path, name)
    return found


EVERY_COMMAND = [
    path
    for name, (module, _) in COMMANDS.items()
    for path in paths_of(typer.main.get_command(import_module(module).app), name)
]


def test_there_is_what_was_promised() -> None:
    promised = {"init", "serve", "demo", "schedule", "party", "loan", "mirror", "reconcile"}
    assert promised | {"funds", "day-close"} <= COMMANDS.keys()
    assert {("mirror", "follow"), ("mirror", "rebuild"), ("mirror", "status")} <= set(EVERY_COMMAND)
    verbs = "propose sign originate disburse pay withdraw repay payoff write-off list show"
    assert {("loan", verb) for verb in verbs.split()} <= set(EVERY_COMMAND)


@pytest.mark.parametrize("path", EVERY_COMMAND, ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    told = run(*path, "--help", env={"COLUMNS": "160"})
    assert told.code == 0
    text = " ".join(re.sub(r"[─│╭╮╰╯]", " ", told.out).split())
    assert f"Usage: tallystick {' '.join(path)}" in text
    is_group = any(other[:-1] == path for other in EVERY_COMMAND)
    assert is_group or "--json" in text
    assert is_group or "--home" in text or path == ("schedule",)


def test_help_lists_every_command_with_what_it_says_of_itself() -> None:
    told = run("--help", env={"COLUMNS": "160"})
    assert told.code == 0
    for name, (module, summary) in COMMANDS.items():
        assert re.search(rf"│ {name} +{re.escape(summary)}", told.out), name
        own = typer.main.get_command(import_module(module).app).help or ""
        words = set(re.findall(r"[a-z]+", summary.lower()))
        assert len(words & set(re.findall(r"[a-z]+", own.lower()))) >= 3, (name, own)
    assert run().code == 2


def test_exit_codes_are_listed() -> None:
    text = " ".join(run("--help").out.split())
    assert "2 wrong input, 3 halves differ, 4 not found, 5 refused or in conflict" in text


def test_version() -> None:
    told = run("--version")
    assert told.code == 0
    assert re.fullmatch(r"tallystick \d+\.\d+\.\d+\n", told.out)


def test_an_unknown_command_is_wrong_input() -> None:
    told = run("reconsile")
    assert told.code == 2
    assert "reconcile" in told.err
    assert run("loan", "sing").code == 2


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["schedule", "--help"]])
def test_help_does_not_wait_for_libraries(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom tallystick.cli.main import app\n"
        f"try: app({arguments})\n"
        "except SystemExit as ended: assert not ended.code\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    assert done.stderr.strip() == "[]"
