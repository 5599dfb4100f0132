"""What README tells a person to type exists, and what can be set is told."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tallystick.cli.console import DIFFERENCE, EXIT_CODES
from tallystick.cli.main import app
from tallystick.office.settings import Settings
from tests.docs.pages import PAGES, README, ROOT, codes, table

# Read where the embedded chain is started, which knows no settings.
BESIDE_SETTINGS = {"TALLYSTICK_ANVIL"}


def typed_in(page: Path) -> list[str]:
    """What is typed after `tallystick` wherever the page shows it being typed."""
    calls = []
    for code in codes(page):
        for typed in re.findall(r"(?:^|[ (])tallystick (?!=)([^|)]+)", code.split("# ")[0]):
            calls.append(typed.strip())
    return calls


COMMANDS = sorted({(page.name, typed) for page in PAGES for typed in typed_in(page)})


def test_readme_shows_the_command_at_work() -> None:
    assert len([name for name, _ in COMMANDS if name == "README.md"]) >= 12


@pytest.mark.parametrize(("page", "typed"), COMMANDS)
def test_every_command_exists_with_its_options(page: str, typed: str) -> None:
    words = shlex.split(typed)
    path: list[str] = []
    for word in words:
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*", word):
            break
        path.append(word)
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})

    assert shown.exit_code == 0, f"{page}: tallystick {typed}: {shown.output}"
    for option in (word for word in words if word.startswith("-")):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", shown.output), f"{page}: {option}"


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for code in codes(page):
            named = re.match(r"(?:\$ )?make ([a-z-]+)", code)
            assert named is None or named[1] in targets, f"{page.name}: {code}"


def test_every_setting_is_documented_with_its_default() -> None:
    documented = {row[0].strip("`"): row[1].strip("`") for row in table(README, "variable")}
    fields = {f"TALLYSTICK_{name.upper()}": field for name, field in Settings.model_fields.items()}

    assert documented.keys() == fields.keys()
    for name, field in fields.items():
        if field.default != "":
            assert documented[name] == str(field.default).replace("False", "false"), name


def test_every_variable_named_anywhere_is_one() -> None:
    known = {f"TALLYSTICK_{name.upper()}" for name in Settings.model_fields} | BESIDE_SETTINGS
    for page in PAGES:
        named = set(re.findall(r"TALLYSTICK_[A-Z_]+", page.read_text(encoding="utf-8")))
        assert named <= known, page.name


def test_exit_codes_are_those_of_the_program() -> None:
    documented = {int(row[0]) for row in table(README, "exit code")}

    assert documented == {0, 1, DIFFERENCE, 130, *(code for _, code in EXIT_CODES)}
