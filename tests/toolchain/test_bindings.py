"""The committed bindings are what the contracts compile to, by either of two compiler drivers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.compile_contracts import (
    BINDINGS,
    ROOT,
    CompilationFailed,
    compile_bindings,
    differences,
    write,
)

COMMITTED = sorted(BINDINGS.glob("*.json"))


def test_every_binding_of_the_list_is_committed() -> None:
    listed = json.loads((ROOT / "contracts" / "compiler.json").read_text())["bindings"]

    assert [path.stem for path in COMMITTED] == sorted(listed)
    assert {"AccessManager", "LoanLedger", "PartyRegistry", "SettlementToken"} <= set(listed)


def test_compiling_again_gives_the_committed_bindings(tmp_path: Path) -> None:
    compiled = compile_bindings()

    assert write(compiled, tmp_path) == sorted(compiled)
    assert differences(compiled, BINDINGS) == [], "out of date: run `make contracts`"


def test_hardhat_builds_the_same_bytecode() -> None:
    hardhat = ROOT / "node_modules" / ".bin" / "hardhat"
    beside_python = str(Path(sys.executable).parent)
    env = os.environ | {
        "PATH": os.pathsep.join([beside_python, os.environ["PATH"]]),
        "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true",
    }
    built = subprocess.run(
        [hardhat, "build", "--no-tests"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr

    sources = json.loads((ROOT / "contracts" / "compiler.json").read_text())["bindings"]
    for path in COMMITTED:
        ours = json.loads(path.read_text())
        artifact = ROOT / "artifacts" / sources[path.stem] / path.name
        theirs = json.loads(artifact.read_text())
        for part in ("abi", "bytecode", "deployedBytecode"):
            assert ours[part] == theirs[part], f"{path.stem}: {part} differs"


@pytest.mark.parametrize("path", COMMITTED, ids=lambda path: path.stem)
def test_a_binding_can_be_deployed(path: Path) -> None:
    binding = json.loads(path.read_text())
    runtime = bytes.fromhex(binding["deployedBytecode"].removeprefix("0x"))

    assert bytes.fromhex(binding["bytecode"].removeprefix("0x")), "no bytecode: is it abstract?"
    assert 0 < len(runtime) <= 24_576, "over the size limit of EIP-170"


def test_missing_stale_and_stray_bindings_are_named_and_mended(tmp_path: Path) -> None:
    for name, text in {"Same.json": "1", "Stale.json": "old", "Stray.json": "?"}.items():
        (tmp_path / name).write_text(text)
    bindings = {"Same.json": "1", "Stale.json": "new", "Missing.json": "2"}

    assert differences(bindings, tmp_path) == ["Missing.json", "Stale.json", "Stray.json"]
    assert write(bindings, tmp_path) == ["Missing.json", "Stale.json", "Stray.json"]
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == bindings


@pytest.fixture
def small_project(tmp_path: Path) -> Path:
    """A project of one contract, `Tally`, with this one's compiler."""
    (tmp_path / "contracts").mkdir()
    compiler = json.loads((ROOT / "contracts" / "compiler.json").read_text())
    compiler["bindings"] = {"Tally": "contracts/Tally.sol"}
    (tmp_path / "contracts" / "compiler.json").write_text(json.dumps(compiler))
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "scripts").mkdir()
    shutil.copy2(ROOT / "scripts" / "solc.cjs", tmp_path / "scripts")
    return tmp_path


def tally(body: str) -> str:
    return f"// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\n{body}\n"


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("contract Tally { function f() external pure { uint256 x; } }", "Unused local variable"),
        ("contract Tally { uint256 x = true; }", "TypeError"),
        ('import "@openzeppelin/contracts/none.sol"; contract Tally {}', "no file"),
    ],
)
def test_the_compilers_remarks_stop_it(small_project: Path, body: str, complaint: str) -> None:
    (small_project / "contracts" / "Tally.sol").write_text(tally(body))

    with pytest.raises(CompilationFailed, match=complaint):
        compile_bindings(small_project)


def test_a_contract_that_is_not_there_is_named(small_project: Path) -> None:
    with pytest.raises(CompilationFailed, match=r"contracts/Tally\.sol, which does not exist"):
        compile_bindings(small_project)


def test_another_compiler_than_agreed_is_refused(small_project: Path) -> None:
    path = small_project / "contracts" / "compiler.json"
    path.write_text(path.read_text().replace("0.8.37", "0.8.36"))

    with pytest.raises(CompilationFailed, match=r"wants solc 0\.8\.36, package\.json has 0\.8\.37"):
        compile_bindings(small_project)
