"""Prove what holds for every input, and not only for those that a fuzzer tried.

Two tools share `contracts/test/proofs`. Each `assert` of a `*.smt.sol` is proved from the source
by the compiler's SMTChecker with cvc5: whole numbers, where division and products decide. Each
`check_*` function of a `*.t.sol` is proved from the shipped bytecode by halmos with Yices: bits and
storage. A proof that does not finish is a failure. cvc5 and halmos live in `.venv-proof`: run this
by `make prove`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.solidity_sources import reach, read_sources

ROOT = Path(__file__).resolve().parent.parent
PROOFS = ROOT / "contracts" / "test" / "proofs"
BUILD = ROOT / "build" / "prove"  # as foundry.toml says
TOOLS = ROOT / ".venv-proof" / "bin"
# What the compiler calls an assertion proved by its bounded model checker. It will drop this engine
# one day, but the other one, Horn clauses, does not get through division.
PROVED = "2961"


class ProvingFailed(Exception):
    """A tool is missing, or did not run at all."""


@dataclass(frozen=True)
class Assertion:
    """One `assert` of a source, and whether it was proved."""

    source: str
    line: int
    text: str
    is_proved: bool


def assertions(source: str, text: str, output: dict[str, Any]) -> list[Assertion]:
    """The asserts of `source`, each with the SMTChecker's verdict from the compiler's `output`.

    Raises ProvingFailed if the source does not compile.
    """
    proved: set[int] = set()
    for remark in output.get("errors", []):
        if remark.get("errorCode") == PROVED:
            proved.add(remark["sourceLocation"]["start"])
        elif remark["severity"] == "error":
            raise ProvingFailed(remark["formattedMessage"])
    return [
        Assertion(
            source=source,
            line=text.count("\n", 0, found.start()) + 1,
            text=" ".join(found.group().split()),
            is_proved=len(text[: found.start()].encode()) in proved,
        )
        for found in re.finditer(r"\bassert\([^;]*;", text)
    ]


def check_assertions(path: Path) -> list[Assertion]:
    """Prove the asserts of one `*.smt.sol` by the SMTChecker. Raises ProvingFailed."""
    source, sources = path.relative_to(ROOT).as_posix(), read_sources(ROOT)
    text = sources[source]
    settings = json.loads((ROOT / "contracts" / "compiler.json").read_text())["settings"]
    request = {
        "language": "Solidity",
        "sources": {each: {"content": sources[each]} for each in reach(source, sources)},
        "settings": {
            "evmVersion": settings["evmVersion"],
            "modelChecker": {
                "contracts": {source: re.findall(r"^contract (\w+)", text, re.MULTILINE)},
                # The solver's own division: with the compiler's substitute, nothing finishes.
                "divModNoSlacks": True,
                "engine": "bmc",
                "showProvedSafe": True,
                "showUnproved": True,
                "solvers": ["smtlib2"],
                "targets": ["assert"],
            },
            "outputSelection": {},
        },
    }
    ran = _run(
        [str(ROOT / "scripts" / "solc.cjs"), "--standard-json", "--base-path", "node_modules",
         "--smt-solver", str(TOOLS / "python"), "scripts/answer_smt.py"],
        json.dumps(request),
    )  # fmt: skip
    if ran.returncode != 0:
        raise ProvingFailed(ran.stderr)
    return assertions(source, text, json.loads(ran.stdout))


def check_bytecode() -> bool:
    """Prove all `check_*` functions by halmos, which tells of each; whether all were proved."""
    shutil.rmtree(BUILD, ignore_errors=True)  # halmos would also prove what is no longer there
    halmos = _run(
        [str(TOOLS / "halmos"), "--forge-build-out", f"{BUILD}/out", "--loop", "40",
         "--solver-timeout-assertion", "60s", "--no-status"],
    )  # fmt: skip
    for line in re.sub(r"\x1b\[\d*m", "", halmos.stdout).splitlines():
        if re.match(r"\[[A-Z]+\]|Error|Counterexample", line):
            print(line)
    if "Symbolic test result" not in halmos.stdout:
        raise ProvingFailed(halmos.stdout + halmos.stderr)
    return halmos.returncode == 0


def _run(command: list[str], given: str = "") -> subprocess.CompletedProcess[str]:
    forge = next(ROOT.glob("node_modules/@foundry-rs/forge-*/bin"), None)
    if forge is None or not (TOOLS / "halmos").is_file():
        raise ProvingFailed("forge or halmos is missing; run `make prove`")
    path = os.pathsep.join([str(Path(sys.executable).parent), str(forge), os.environ["PATH"]])
    env = os.environ | {"PATH": path, "FOUNDRY_PROFILE": "prove"}
    return subprocess.run(
        command, input=given, cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def main() -> int:
    """Entry point; returns 0, or 1 if something was not proved."""
    try:
        is_proved = True
        for path in sorted(PROOFS.glob("*.smt.sol")):
            began = time.monotonic()
            for each in check_assertions(path):
                is_proved &= each.is_proved
                word = "proved" if each.is_proved else "NOT PROVED"
                print(f"{word}  {each.source}:{each.line}  {each.text}")
            print(f"        {path.name}: {time.monotonic() - began:.0f} s", flush=True)
        is_proved &= check_bytecode()
    except ProvingFailed as error:
        print(f"prove: {error}", file=sys.stderr)
        return 1
    return 0 if is_proved else 1


if __name__ == "__main__":
    sys.exit(main())
