"""forge tests the shipped bytecode, by its native binary, and says so when a test fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from scripts.compile_contracts import BINDINGS, ROOT

FORGE = next(ROOT.glob("node_modules/@foundry-rs/forge-*/bin/forge"))
COMPILER: dict[str, Any] = json.loads((ROOT / "contracts" / "compiler.json").read_text())
PROFILE: dict[str, Any] = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]


def forge(*arguments: str, project: Path = ROOT) -> subprocess.CompletedProcess[str]:
    beside_python = str(Path(sys.executable).parent)
    env = os.environ | {"PATH": os.pathsep.join([beside_python, os.environ["PATH"]])}
    command = [str(FORGE), *arguments, "--root", str(project)]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def artifacts() -> Path:
    """Where forge wrote what it compiled of this project."""
    built = forge("build")
    assert built.returncode == 0, built.stdout + built.stderr
    return ROOT / str(PROFILE["out"])


def test_its_settings_are_those_of_the_shipped_bytecode() -> None:
    theirs = {
        "evmVersion": PROFILE["evm_version"],
        "metadata": {
            "appendCBOR": PROFILE["cbor_metadata"],
            "bytecodeHash": PROFILE["bytecode_hash"],
        },
        "optimizer": {"enabled": PROFILE["optimizer"], "runs": PROFILE["optimizer_runs"]},
        "viaIR": PROFILE["via_ir"],
    }

    assert theirs == COMPILER["settings"]


@pytest.mark.parametrize("binding", sorted(BINDINGS.glob("*.json")), ids=lambda path: path.stem)
def test_it_builds_the_committed_bytecode(artifacts: Path, binding: Path) -> None:
    ours = json.loads(binding.read_text())
    source = Path(COMPILER["bindings"][binding.stem]).name
    theirs = json.loads((artifacts / source / binding.name).read_text())

    assert theirs["bytecode"]["object"] == ours["bytecode"]
    assert theirs["deployedBytecode"]["object"] == ours["deployedBytecode"]


def test_the_tests_are_compiled_for_speed_and_what_they_test_as_shipped(artifacts: Path) -> None:
    def settings(artifact: Path) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(artifact.read_text())["metadata"]["settings"]
        return found

    def has_tests_base(artifact: Path) -> bool:
        return "contracts/test/Test.sol" in json.loads(artifact.read_text())["metadata"]["sources"]

    tests = [path for path in artifacts.glob("*.t.sol/*Test.json") if has_tests_base(path)]
    assert len(tests) > 20
    assert [path for path in tests if settings(path)["optimizer"]["enabled"]] == []

    for source in (ROOT / "contracts" / "test" / "harness").glob("*Harness.sol"):
        if source.stem.startswith("I"):
            continue
        harnesses = list((artifacts / source.name).glob("*.json"))
        assert [path.name for path in harnesses] == [f"{source.stem}.json"], (
            "a test imports it: let tests import its interface, from a file of its own"
        )
        assert settings(harnesses[0])["viaIR"] is True


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """One test contract, `TallyTest`, under this project's settings."""
    (tmp_path / "contracts" / "test").mkdir(parents=True)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    (tmp_path / "foundry.toml").symlink_to(ROOT / "foundry.toml")
    (tmp_path / "contracts" / "test" / "Test.sol").symlink_to(ROOT / "contracts/test/Test.sol")
    return tmp_path


def tally(body: str) -> str:
    return f"""// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;
import {{Test}} from "./Test.sol";
contract TallyTest is Test {{ {body} }}
"""


@pytest.mark.parametrize(
    ("body", "exit_code", "words"),
    [
        ("function testOne() public pure { vm.assertEq(uint256(1), 1); }", 0, "1 tests passed"),
        ("function testOne() public pure { vm.assertEq(uint256(1), 2); }", 1, "1 != 2"),
        ("function testOne() public pure { uint256 x; }", 1, "Unused local variable"),
    ],
    ids=["passes", "fails", "compiles with a warning"],
)
def test_its_exit_code_tells(small_project: Path, body: str, exit_code: int, words: str) -> None:
    (small_project / "contracts" / "test" / "Tally.t.sol").write_text(tally(body))

    ran = forge("test", project=small_project)

    assert words in ran.stdout + ran.stderr
    assert ran.returncode == exit_code


@pytest.mark.parametrize("target", ["contracts-test", "nightly"])
def test_make_calls_the_binary(target: str) -> None:
    shown = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=True
    )

    tests = [line for line in shown.stdout.splitlines() if "forge test" in line]
    assert len(tests) == 1
    assert f"{FORGE.relative_to(ROOT)} test" in tests[0]
