"""Measures what the ledger's calls cost: `python -m scripts.bench_gas`.

Runs the tests in contracts/test/gas, which measure txs of the shipped bytecode, intrinsic gas and
calldata included, and beside them the floor: a bare contract doing one transfer of the permissioned
token, one slot and one event. Prints a table, what was to be reached, and what others published;
writes build/bench/gas.json. Compares nothing with the snapshots in contracts/test/snapshots: that
is done whenever the tests run.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "contracts" / "test" / "gas"
COMMITTED = ROOT / "contracts" / "test" / "snapshots"
ARTIFACTS = ROOT / "build" / "forge" / "out"
BENCH = ROOT / "build" / "bench"

Json = dict[str, Any]

COUNTS = (12, 36, 60)
"""Instalments of the loans measured."""
ITEMS = (1, 3, 10)
"""Calls in the batches measured."""
CALLS = {
    "originate": "originate",
    "originate_guaranteed": "originate, with a guarantor",
    "disburse": "disburse",
    "pay": "pay a payee",
    "repay": "repay an instalment",
    "repay_full_witness": "  full witness",
    "repay_two_pages": "repay an instalment, two pages",
    "repay_partial": "repay half an instalment",
    "repay_partial_full_witness": "  full witness",
    "repay_late": "repay 20 days late, with penalty",
    "repay_late_full_witness": "  full witness",
    "payoff": "pay off",
    "payoff_full_witness": "  full witness",
    "collect": "collect",
    "collect_full_witness": "  full witness",
    "prepay": "prepay",
    "prepay_full_witness": "  full witness",
    "call_guarantee": "call the guarantee",
    "call_guarantee_full_witness": "  full witness",
    "assign": "assign the claim",
    "restructure": "restructure",
    "restructure_full_witness": "  full witness of the prior loan",
    "accelerate": "accelerate",
    "accelerate_full_witness": "  full witness",
    "write_off": "write off",
    "write_off_full_witness": "  full witness",
    "serve_notice": "serve a notice",
}
BATCHES = {
    "batch_originate": "originate",
    "batch_repay": "repay an instalment",
    "batch_collect": "collect",
    "batch_serve_notice": "serve a notice",
}
TERMS = {
    "terms_in_event": "keep the terms in an event",
    "terms_in_code": "keep the terms as code",
}
SINGLE = ("floor", "longest_originate", "longest_repay")
WITHOUT = {"repay_two_pages/12"}
"""A schedule of twelve is one page."""
SNAPSHOTS = tuple(f"{name}GasTest" for name in ("Floor", "Calls", "Batch", "Terms", "LongestLoan"))
MEASURING = ("Floor", "TermsInEvent", "TermsInCode")
"""Contracts of the bench itself, which have to be compiled as the ledger is."""
CODE_BYTES_MAX = {"LoanLedger": 22_000, "LoanServicing": 24_576}


class BenchFailed(Exception):
    """Something could not be measured; says what, and what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """A figure to reach: `measured` is to be at most `most`."""

    what: str
    measured: int
    most: int
    why: str = ""

    @property
    def is_met(self) -> bool:
        return self.measured <= self.most


def names() -> Iterator[str]:
    """What the tests have to measure."""
    yield from SINGLE
    for call in (*CALLS, *TERMS):
        yield from (f"{call}/{n}" for n in COUNTS if f"{call}/{n}" not in WITHOUT)
    for call in BATCHES:
        yield from (f"{call}/{items}/{n}" for items in ITEMS for n in COUNTS)


def read_snapshots(folder: Path) -> Json:
    """The snapshots in `folder`, nested by the parts of their names: `{"repay": {"36": gas}}`.

    Raises BenchFailed when they are not exactly what is to be measured.
    """
    found: dict[str, str] = {}
    for group in SNAPSHOTS:
        path = folder / f"{group}.json"
        if path.is_file():
            found |= json.loads(path.read_text())
    wanted = list(names())
    if different := sorted(found.keys() ^ wanted):
        raise BenchFailed(
            f"{folder.name} and scripts/bench_gas.py differ in {', '.join(different)}: "
            "run `make gas-snapshot`, and name in the script what the tests measure."
        )
    nested: Json = {}
    for name in wanted:
        *above, last = name.split("/")
        place = nested
        for part in above:
            place = place.setdefault(part, {})
        place[last] = int(found[name])
    return nested


def report_of(gas: Json, code_bytes: Mapping[str, int]) -> Json:
    """What gas.json holds: `gas`, what an item of ten costs in a batch (n = 36), the sizes of the
    contracts' code in bytes, what was to be reached, and what others published."""
    each = {f"{batch}_each": _each(gas[batch]["10"]["36"], 10) for batch in BATCHES}
    report = {**gas, **each, "code_bytes": dict(code_bytes)}
    report["targets"] = [
        {"what": t.what, "measured": t.measured, "most": t.most, "is_met": t.is_met}
        for t in targets_of(report)
    ]
    report["published"] = tomllib.loads((TESTS / "published.toml").read_text())
    return report


def targets_of(report: Json) -> list[Target]:
    most = report["floor"] * 5 // 4
    return [
        Target("repay an instalment, n = 36", report["repay"]["36"], most, "1.25 x the floor"),
        Target("originate, n = 36, terms recoverable", report["originate"]["36"], 90_000),
        Target("repay in a batch of ten, each, n = 36", report["batch_repay_each"], 25_000),
        *(
            Target(f"bytes of code of {contract}", report["code_bytes"][contract], most)
            for contract, most in CODE_BYTES_MAX.items()
        ),
    ]


def lines_of(report: Json) -> Iterator[str]:
    """The report as a table to read."""
    floor = report["floor"]
    yield "Gas of txs as a whole, intrinsic gas and calldata included."
    yield f"The floor (one permissioned transfer, one slot, one event): {floor:,}"
    yield ""
    heads = (f"n = {count}" for count in COUNTS)
    yield _line("loans of n instalments", *heads, "x floor")
    for rows in (CALLS, TERMS):
        for key, label in rows.items():
            gas = report[key]
            cells = (f"{gas[str(n)]:,}" if str(n) in gas else "" for n in COUNTS)
            yield _line(label, *cells, f"{gas['36'] / floor:.2f}")
    yield ""
    yield _line("each of a batch", *(f"n = {count}" for count in COUNTS), "x floor")
    for key, label in BATCHES.items():
        for items in ITEMS:
            gas = report[key][str(items)]
            cells = (f"{_each(gas[str(n)], items):,}" for n in COUNTS)
            named = f"{label}, {items} in a tx"
            yield _line(named, *cells, f"{gas['36'] / items / floor:.2f}")
    yield ""
    yield _line("the longest loan, n = 1200", "originate", "repay all")
    yield _line("", f"{report['longest_originate']:,}", f"{report['longest_repay']:,}")
    yield ""
    yield "To reach"
    for target in targets_of(report):
        verdict = "met" if target.is_met else "unmet"
        why = f" ({target.why})" if target.why else ""
        yield f"  {target.what:<40} {target.measured:>8,}  at most {target.most:,}{why}: {verdict}"
    yield ""
    yield "Published by others"
    published = report["published"]
    for figure in published["figure"]:
        yield f"  {figure['protocol']}: {figure['call']}: {figure['gas']:,}"
        yield f"    {figure['counts']}"
        yield f"    {figure['repository']} {figure['path']} at {figure['commit'][:12]}"
    for missing in published["unpublished"]:
        yield f"  {missing['protocol']}: nothing found in {missing['searched']}"


def _each(gas: int, items: int) -> int:
    """Rounded up."""
    return -(-gas // items)


def _line(label: str, *cells: str) -> str:
    return f"{label:<34}" + "".join(f"{cell:>12}" for cell in cells)


def measure(snapshots: Path) -> None:
    """Runs the tests, which write what they measure to `snapshots`. Raises BenchFailed."""
    shutil.rmtree(snapshots, ignore_errors=True)
    # The contracts are deployed from their artifacts; a run of these tests alone makes none.
    _forge("build")
    _forge(
        "test", "--match-path", "contracts/test/gas/*",
        FOUNDRY_SNAPSHOTS=snapshots.relative_to(ROOT).as_posix(),
        FORGE_SNAPSHOT_EMIT="true", FORGE_SNAPSHOT_CHECK="false",
    )  # fmt: skip


def _forge(*arguments: str, **environment: str) -> None:
    forge = next(ROOT.glob("node_modules/@foundry-rs/forge-*/bin/forge"), None)
    if forge is None:
        raise BenchFailed("forge is not installed; run `make setup`.")
    # Node, which the compiler needs, is a wheel next to the Python that runs this script.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    ran = subprocess.run(
        [str(forge), *arguments],
        cwd=ROOT,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise BenchFailed(f"forge {arguments[0]} failed:\n{ran.stdout}{ran.stderr}")


def code_bytes_of(artifacts: Path) -> dict[str, int]:
    """Sizes of the deployed code, as forge compiled it."""
    sizes = {}
    for contract in CODE_BYTES_MAX:
        code = _artifact(artifacts, contract)["deployedBytecode"]["object"]
        sizes[contract] = len(code.removeprefix("0x")) // 2
    return sizes


def require_shipped_settings(artifacts: Path) -> None:
    """Raises BenchFailed unless the bench's own contracts are compiled as the ledger is."""
    shipped = _settings(artifacts, "LoanLedger")
    for contract in MEASURING:
        if _settings(artifacts, contract) != shipped:
            raise BenchFailed(f"A test imports {contract}: import its interface instead.")


def _settings(artifacts: Path, contract: str) -> tuple[Any, ...]:
    settings = _artifact(artifacts, contract)["metadata"]["settings"]
    return settings["optimizer"], settings.get("viaIR"), settings["evmVersion"]


def _artifact(artifacts: Path, contract: str) -> Json:
    found: Json = json.loads((artifacts / f"{contract}.sol" / f"{contract}.json").read_text())
    return found


def main() -> int:
    """Entry point; returns 0, or 1 when something could not be measured. A target that is not
    reached is told, not failed: the snapshots hold what was reached."""
    try:
        measure(BENCH / "snapshots")
        require_shipped_settings(ARTIFACTS)
        report = report_of(read_snapshots(BENCH / "snapshots"), code_bytes_of(ARTIFACTS))
    except BenchFailed as error:
        print(error, file=sys.stderr)
        return 1
    (BENCH / "gas.json").write_text(json.dumps(report, indent=2) + "\n")
    print("\n".join(lines_of(report)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
