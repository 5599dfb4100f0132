"""The lock files pin everything, agree with what they lock, and name no download address."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYTHON_LOCK = (ROOT / "requirements.lock").read_text()
PROOF_LOCK = (ROOT / "requirements-proof.lock").read_text()
NPM_LOCK: dict[str, Any] = json.loads((ROOT / "package-lock.json").read_text())
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# Name, version, and whatever follows up to the next pin.
PIN = re.compile(r"^([a-z0-9-]+)==([^\s;\\]+)(.*?)(?=^[a-z0-9-]+==|\Z)", re.MULTILINE | re.DOTALL)
PINS = PIN.findall(PYTHON_LOCK)


def asked_for() -> list[str]:
    """Every requirement that pyproject.toml states."""
    project = PYPROJECT["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    groups: dict[str, list[str]] = PYPROJECT["dependency-groups"]
    lists = [project["dependencies"], *extras.values(), *groups.values()]
    return [requirement for each in lists for requirement in each]


@pytest.mark.parametrize("lock", [PYTHON_LOCK, PROOF_LOCK], ids=["backend", "proof"])
def test_a_python_lock_names_no_address(lock: str) -> None:
    assert len(PIN.findall(lock)) > 50
    assert "://" not in lock
    assert " @ " not in lock
    assert "--index" not in lock
    assert "--find-links" not in lock


@pytest.mark.parametrize("lock", [PYTHON_LOCK, PROOF_LOCK], ids=["backend", "proof"])
def test_every_python_pin_carries_hashes(lock: str) -> None:
    without = [name for name, _, rest in PIN.findall(lock) if "--hash=sha256:" not in rest]
    assert without == []


def test_the_proof_lock_answers_its_list() -> None:
    locked = {name: version for name, version, _ in PIN.findall(PROOF_LOCK)}
    stated = (ROOT / "requirements-proof.in").read_text().splitlines()
    requirements = [Requirement(line) for line in stated if not line.startswith("#")]

    assert len(requirements) >= 2
    for each in requirements:
        assert each.specifier.contains(locked[canonicalize_name(each.name)]), "run `make lock`"


@pytest.mark.parametrize("stated", asked_for())
def test_the_python_lock_answers_pyproject(stated: str) -> None:
    requirement = Requirement(stated)
    versions = [version for name, version, _ in PINS if name == canonicalize_name(requirement.name)]

    assert versions, f"{requirement.name} is not locked: run `make lock`"
    for version in versions:
        assert requirement.specifier.contains(version, prereleases=True), "run `make lock`"


def test_the_npm_lock_names_no_address() -> None:
    packages = {path: each for path, each in NPM_LOCK["packages"].items() if path}
    assert len(packages) > 50
    assert [path for path, each in packages.items() if "resolved" in each] == []
    assert [path for path, each in packages.items() if "integrity" not in each] == []


def test_the_npm_lock_answers_package_json() -> None:
    asked = json.loads((ROOT / "package.json").read_text())
    locked = NPM_LOCK["packages"][""]
    for kind in ("devDependencies", "optionalDependencies"):
        assert locked[kind] == asked[kind], "run `make lock`"
        for name, version in asked[kind].items():
            assert NPM_LOCK["packages"][f"node_modules/{name}"]["version"] == version
