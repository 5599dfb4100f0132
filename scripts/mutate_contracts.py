"""Put small faults into the contracts, one at a time, and see whether their tests notice.

A mutant is compiled without most of the optimizer (its bytecode differs from the shipped one, its
meaning does not), by a compiler that stays warm, and put in place of the artifact the tests deploy:
so only the faulty contract is compiled again, and forge only runs. A mutant in a library is first
shown to the tests of the harness around it, then to those of the contracts that use it. Quick tests
go first; a mutant that survives them meets more fuzz runs and the invariants.

    python -m scripts.mutate_contracts                       whatever has no result yet
    python -m scripts.mutate_contracts --sample 300 --seed 7
    python -m scripts.mutate_contracts --files libraries/RoundingLib.sol
    python -m scripts.mutate_contracts --again               survivors once more, after new tests

Results are in build/mutation/results.json and hold until a contract changes. A survivor is
explained in contracts/test/mutants.toml; if one is not, or fewer than nine in ten are killed, the
exit code is 1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.mutation_bench import Bench, BenchFailed, Outcome, Plan
from scripts.solidity_mutants import Mutant, mutants
from scripts.solidity_sources import read_sources

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "mutation" / "results.json"
EXPLAINED = ROOT / "contracts" / "test" / "mutants.toml"
KILLED_AT_LEAST = 0.9


class Results:
    """What became of each mutant, on disk after each, for one state of the contracts."""

    def __init__(self, path: Path, digest: str) -> None:
        self._path, self._digest, self._lock = path, digest, threading.Lock()
        self.outcomes: dict[str, Outcome] = {}
        if path.is_file():
            stored = json.loads(path.read_text())
            if stored["digest"] == digest:
                self.outcomes = {id: Outcome(**each) for id, each in stored["outcomes"].items()}

    def add(self, mutant: Mutant, outcome: Outcome) -> None:
        with self._lock:
            self.outcomes[mutant.id] = outcome
            outcomes = {id: vars(each) for id, each in sorted(self.outcomes.items())}
            text = json.dumps({"digest": self._digest, "outcomes": outcomes}, indent=1)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_suffix(".draft")
            draft.write_text(text)
            draft.replace(self._path)


def explained(path: Path) -> dict[str, str]:
    """Mutant id -> why no test can kill it, from a TOML file of `[[mutant]]` tables."""
    entries = tomllib.loads(path.read_text()).get("mutant", []) if path.is_file() else []
    return {entry["id"]: entry["reason"] for entry in entries}


def chosen(all_mutants: list[Mutant], arguments: argparse.Namespace) -> list[Mutant]:
    """The mutants the command line asks for, in the order of the sources."""
    asked = [
        mutant
        for mutant in all_mutants
        if (not arguments.files or any(mutant.path.endswith(file) for file in arguments.files))
        and (not arguments.ids or mutant.id in arguments.ids)
    ]
    if arguments.sample is None or arguments.sample >= len(asked):
        return asked
    picked = set(random.Random(arguments.seed).sample(range(len(asked)), arguments.sample))
    return [mutant for index, mutant in enumerate(asked) if index in picked]


def try_all(due: list[Mutant], plan: Plan, results: Results, workers: int) -> None:
    """Try `due` on benches of their own, side by side. Raises BenchFailed."""
    queue, lock = iter(due), threading.Lock()
    done, began = 0, time.monotonic()

    def work(bench: Bench) -> None:
        nonlocal done
        while True:
            with lock:
                mutant = next(queue, None)
            if mutant is None:
                return
            outcome = bench.attempt(mutant)
            results.add(mutant, outcome)
            with lock:
                done += 1
                rate = done / (time.monotonic() - began) * 3600
                word = f"{done}/{len(due)} {rate:.0f}/h {outcome.status:>13}"
                print(f"{word}  {mutant}  {outcome.by}", flush=True)

    with tempfile.TemporaryDirectory(prefix="mutation-") as home:
        benches = [Bench(Path(home) / "1", plan)]
        try:
            benches[0].set_up()
            left_out = ", ".join(benches[0].left_out) or "none"
            print(f"{time.monotonic() - began:.0f} s to set up; left out: {left_out}", flush=True)
            benches += [benches[0].copy(Path(home) / f"{n}") for n in range(2, workers + 1)]
            began = time.monotonic()
            with ThreadPoolExecutor(workers) as pool:
                for each in [pool.submit(work, bench) for bench in benches]:
                    each.result()
        finally:
            for bench in benches:
                bench.close()


def report(asked: list[Mutant], results: Results, reasons: dict[str, str]) -> bool:
    """Print the score of `asked`; whether it is good enough."""
    outcomes = {mutant: results.outcomes[mutant.id] for mutant in asked}
    counts = Counter(outcome.status for outcome in outcomes.values())
    survivors = [mutant for mutant, each in outcomes.items() if each.status == "survived"]
    tried = counts["killed"] + counts["survived"]
    score = counts["killed"] / tried if tried else 1.0
    unexplained = [mutant for mutant in survivors if mutant.id not in reasons]
    stale = [mutant for mutant in asked if mutant.id in reasons and mutant not in survivors]
    for mutant in unexplained:
        print(f"survived without a reason  {mutant}")
    for mutant in stale:
        print(f"did not survive, but {EXPLAINED.name} explains it  {mutant}")
    print(
        f"{len(asked)} mutants: {counts['killed']} killed, {counts['survived']} survived "
        f"({len(survivors) - len(unexplained)} explained), {counts['equivalent']} with the same "
        f"bytecode, {counts['not compiling']} not compiling; {score:.1%} killed"
    )
    return score >= KILLED_AT_LEAST and not unexplained and not stale


def main() -> int:
    """Entry point; returns 0, or 1 if too many survived or one has no reason."""
    parser = argparse.ArgumentParser(description="Mutation tests of the contracts.")
    parser.add_argument("--files", nargs="*", help="only sources whose path ends so")
    parser.add_argument("--ids", nargs="*", help="only these mutants, results or not")
    parser.add_argument("--sample", type=int, help="only so many, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--again", action="store_true", help="try survivors again")
    parser.add_argument("--workers", type=int, default=2, help="side by side")
    parser.add_argument("--list", action="store_true", help="print the mutants, try none")
    arguments = parser.parse_args()
    sources = read_sources(ROOT)
    try:
        plan = Plan.of(ROOT, sources)
        all_mutants = [
            mutant
            for path in plan.mutated
            for mutant in mutants(path, sources[path].encode(), plan.trees[path])
        ]
        asked = chosen(all_mutants, arguments)
        if arguments.list:
            print(*asked, sep="\n")
            return 0
        shipped = "".join(sources[path] for path in sorted(sources) if "/test/" not in path)
        results = Results(RESULTS, hashlib.sha256(shipped.encode()).hexdigest())
        due = [
            mutant
            for mutant in asked
            if mutant.id not in results.outcomes
            or arguments.ids
            or (arguments.again and results.outcomes[mutant.id].status == "survived")
        ]
        if due:
            try_all(due, plan, results, min(arguments.workers, len(due)))
    except BenchFailed as error:
        print(f"mutate: {error}", file=sys.stderr)
        return 1
    return 0 if report(asked, results, explained(EXPLAINED)) else 1


if __name__ == "__main__":
    sys.exit(main())
