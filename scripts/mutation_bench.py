"""Where a mutant of the contracts is compiled and shown to the tests that reach it."""

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
from typing import Any, Self

from scripts.solidity_mutants import Mutant
from scripts.solidity_sources import reach

Json = dict[str, Any]

# Yul's optimizer does nothing but keep the stack shallow: half the time of the shipped way.
FAST = {
    "viaIR": True,
    "optimizer": {
        "enabled": False,
        "details": {"yul": True, "yulDetails": {"optimizerSteps": "u"}},
    },
}
# Gas is that of another compilation here.
NOT_ASKED = re.compile(r"/gas/|Gas\.t\.sol$")
SLOW = re.compile(r"/invariants/|Invariants\.t\.sol$")
LEFT_OUT_MAX = 5
QUICK = {"FOUNDRY_FUZZ_RUNS": "16", "FOUNDRY_FUZZ_SEED": "0x7a11"}
THOROUGH = {
    "FOUNDRY_FUZZ_RUNS": "256",
    "FOUNDRY_INVARIANT_RUNS": "8",
    "FOUNDRY_INVARIANT_DEPTH": "96",
}


class BenchFailed(Exception):
    """A tool did not run, or the tests fail without any mutant."""


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant: killed, survived, equivalent (same bytecode) or not compiling."""

    status: str
    by: str
    """The test that killed it, or empty."""
    seconds: float


class Compiler:
    """A solc that stays warm; one request at a time."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process = subprocess.Popen(
            [root / "scripts" / "solc.cjs", "--lines", "--base-path", "node_modules"],
            cwd=root, env=_env(root), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def compile(self, sources: dict[str, str], settings: Json) -> Json:
        """The compiler's output. Raises BenchFailed if it died."""
        request = {
            "language": "Solidity",
            "sources": {path: {"content": text} for path, text in sources.items()},
            "settings": settings,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise BenchFailed("the compiler died; run `make setup`")
        output: Json = json.loads(answer)
        return output

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass(frozen=True)
class Plan:
    """What is mutated, what is deployed of it, and which tests deploy that."""

    root: Path
    sources: dict[str, str]
    evm_version: str
    mutated: list[str]
    trees: dict[str, Json]
    """Syntax tree of each mutated source."""
    deployed: dict[str, str]
    """Contract -> its source, harnesses first: they compile fastest and are tested most closely."""
    tests: dict[str, list[str]]
    """Contract -> the test sources that deploy it."""
    reach: dict[str, set[str]]
    """Source -> itself and all it imports, at any distance."""

    @classmethod
    def of(cls, root: Path, sources: dict[str, str]) -> Self:
        """Read the plan from the sources. Raises BenchFailed if they do not compile."""
        reached = {path: reach(path, sources) for path in sources}
        tests = [path for path in sources if path.endswith(".t.sol")]
        quoted = {
            test: set(re.findall(r'"(\w+)"', "".join(sources[path] for path in reached[test])))
            for test in tests
        }
        places = ("contracts/test/harness/", "contracts/")
        deployed = {
            Path(path).stem: path
            for place in places
            for path in sources
            if re.fullmatch(rf"{place}\w+\.sol", path)
            and any(Path(path).stem in names for names in quoted.values())
        }
        compiler_json = json.loads((root / "contracts" / "compiler.json").read_text())
        evm_version = compiler_json["settings"]["evmVersion"]
        mutated = [
            path for path in sources if re.fullmatch(r"contracts/(libraries/)?\w+\.sol", path)
        ]
        shipped = {path: text for path, text in sources.items() if "/test/" not in path}
        compiler = Compiler(root)
        output = compiler.compile(
            shipped, {"evmVersion": evm_version, "outputSelection": {"*": {"": ["ast"]}}}
        )
        compiler.close()
        if words := _errors(output):
            raise BenchFailed(words)
        return cls(
            root, sources, evm_version, mutated,
            {path: output["sources"][path]["ast"] for path in mutated}, deployed,
            {name: [t for t in tests if name in quoted[t] and not NOT_ASKED.search(t)]
             for name in deployed},
            reached,
        )  # fmt: skip

    def affected(self, path: str) -> list[str]:
        """The deployed contracts that a change of `path` reaches."""
        return [name for name, source in self.deployed.items() if path in self.reach[source]]


class Bench:
    """A copy of the project whose artifacts are exchanged, and a warm compiler beside it."""

    def __init__(self, place: Path, plan: Plan) -> None:
        self._plan, self._place = plan, place
        self._compiler = Compiler(plan.root)
        self._original: dict[str, str] = {}
        self._seconds: dict[str, float] = {}
        self.left_out: list[str] = []
        """Tests that fail without any mutant: they count the shipped bytecode's gas."""

    def set_up(self) -> None:
        """Build the copy and run all tests in it once. Raises BenchFailed if many fail."""
        root = self._plan.root
        self._place.mkdir(parents=True)
        shutil.copytree(root / "contracts", self._place / "contracts")
        shutil.copy2(root / "foundry.toml", self._place)
        for name in ("node_modules", "scripts"):
            (self._place / name).symlink_to(root / name)
        built = self._forge("build", limit=600)
        if built.returncode != 0:
            raise BenchFailed(built.stdout + built.stderr)
        for name in self._plan.deployed:
            code, words = self._compiled(name, self._plan.sources)
            if code is None:
                raise BenchFailed(words)
            self._original[name] = code
            self._exchange(name, code)
        everything = sorted({test for tests in self._plan.tests.values() for test in tests})
        began = time.monotonic()
        self.left_out = sorted(set(self._failing(everything, THOROUGH, 1800, stops=False)))
        if len(self.left_out) > LEFT_OUT_MAX:
            raise BenchFailed(f"without any mutant, these fail: {' '.join(self.left_out)}")
        self._seconds["thorough"] = time.monotonic() - began
        began = time.monotonic()
        quick = [test for test in everything if not SLOW.search(test)]
        if failed := self._failing(quick, QUICK, 900):
            raise BenchFailed(f"without any mutant, {failed[0]} fails")
        self._seconds["quick"] = time.monotonic() - began

    def copy(self, place: Path) -> Bench:
        """Another bench, set up like this one."""
        other = Bench(place, self._plan)
        shutil.copytree(self._place, place, symlinks=True)
        other._original, other._seconds = dict(self._original), dict(self._seconds)
        other.left_out = self.left_out
        return other

    def close(self) -> None:
        """End the compiler."""
        self._compiler.close()

    def attempt(self, mutant: Mutant) -> Outcome:
        """Compile `mutant`, run tests until one fails, and put everything back."""
        began = time.monotonic()
        source = self._plan.sources[mutant.path]
        sources = self._plan.sources | {mutant.path: mutant.applied(source.encode()).decode()}
        exchanged: list[str] = []
        try:
            for name in self._plan.affected(mutant.path):
                code, words = self._compiled(name, sources)
                if code is None:
                    return Outcome("not compiling", words, time.monotonic() - began)
                if code == self._original[name]:
                    continue
                self._exchange(name, code)
                exchanged.append(name)
                if failed := self._failing(self._quick(name), QUICK, self._limit("quick")):
                    return Outcome("killed", failed[0], time.monotonic() - began)
            if not exchanged:
                return Outcome("equivalent", "", time.monotonic() - began)
            tests = sorted({test for name in exchanged for test in self._plan.tests[name]})
            failed = self._failing(tests, THOROUGH, self._limit("thorough"))
            status = "killed" if failed else "survived"
            return Outcome(status, "".join(failed[:1]), time.monotonic() - began)
        finally:
            for name in exchanged:
                self._exchange(name, self._original[name])

    def _quick(self, name: str) -> list[str]:
        return [test for test in self._plan.tests[name] if not SLOW.search(test)]

    def _limit(self, kind: str) -> float:
        # A mutant may loop until its gas is used up, in every test.
        return 30 + 5 * self._seconds[kind]

    def _compiled(self, name: str, sources: dict[str, str]) -> tuple[str | None, str]:
        """Creation code of a deployed contract, or None and the compiler's words."""
        path = self._plan.deployed[name]
        needed = {each: sources[each] for each in self._plan.reach[path]}
        settings = FAST | {
            "evmVersion": self._plan.evm_version,
            "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
            "outputSelection": {path: {name: ["evm.bytecode.object"]}},
        }
        output = self._compiler.compile(needed, settings)
        if words := _errors(output):
            return None, words.splitlines()[0]
        return "0x" + output["contracts"][path][name]["evm"]["bytecode"]["object"], ""

    def _exchange(self, name: str, code: str) -> None:
        path = self._place / "build" / "forge" / "out" / f"{name}.sol" / f"{name}.json"
        artifact = json.loads(path.read_text())
        artifact["bytecode"]["object"] = code
        path.write_text(json.dumps(artifact))

    def _failing(
        self, tests: list[str], environment: dict[str, str], limit: float, stops: bool = True
    ) -> list[str]:
        """The tests that fail; the first ones if forge `stops` there."""
        if not tests:
            return []
        arguments = ["test", "--match-path", "{" + ",".join(tests) + "}"]
        if stops:
            arguments.append("--fail-fast")
        if self.left_out:
            arguments += ["--no-match-test", f"^({'|'.join(self.left_out)})\\("]
        try:
            ran = self._forge(*arguments, limit=limit, **environment)
        except subprocess.TimeoutExpired:
            return ["time ran out"]
        if ran.returncode == 0:
            return []
        found = re.findall(r"^\[FAIL[^\n]*\] (\w+)", ran.stdout, re.MULTILINE)
        if not found:
            raise BenchFailed(ran.stdout + ran.stderr)
        return found

    def _forge(
        self, *arguments: str, limit: float, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        forge = next(self._plan.root.glob("node_modules/@foundry-rs/forge-*/bin/forge"), None)
        if forge is None:
            raise BenchFailed("forge is missing; run `make setup`")
        quiet = {"FORGE_SNAPSHOT_CHECK": "false", "FOUNDRY_FUZZ_FAILURE_PERSIST_DIR": "build/f",
                 "FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR": "build/i",
                 "FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT": "0"}  # fmt: skip
        for left in ("build/f", "build/i"):
            shutil.rmtree(self._place / left, ignore_errors=True)
        return subprocess.run(
            [forge, *arguments], cwd=self._place, env=_env(self._plan.root) | quiet | environment,
            capture_output=True, text=True, timeout=limit, check=False,
        )  # fmt: skip


def _env(root: Path) -> dict[str, str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | {"PATH": path}


def _errors(output: Json) -> str:
    words = [each["formattedMessage"] for each in output.get("errors", [])
             if each["severity"] == "error"]  # fmt: skip
    return "\n".join(words)
