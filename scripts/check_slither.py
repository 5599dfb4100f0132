"""Static analysis of the contracts by Slither: no finding of weight without a written reason.

Runs Slither over what ships and compares its findings of high and medium impact with
`contracts/test/slither.toml`, where each accepted one has its reason. Fails on a finding that is
not there, and on a reason whose finding is gone. Slither lives in an environment of its own (its
web3 is older than the backend's): run it by `make slither`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SLITHER = ROOT / ".venv-proof" / "bin" / "slither"
ACCEPTED = ROOT / "contracts" / "test" / "slither.toml"
BUILD = ROOT / "build" / "slither"
# Stands in for every place: the detector is at odds with how these contracts are written.
EVERYWHERE = "*"


class AnalysisFailed(Exception):
    """forge or Slither could not do its work, or the file of reasons is not what it should be."""


@dataclass(frozen=True, order=True)
class Finding:
    """What a detector found in one function, variable or contract (`LoanLedger._settle`)."""

    detector: str
    where: str
    words: str
    """Slither's own description, in one line."""


def findings(report: dict[str, Any]) -> list[Finding]:
    """The findings of high and medium impact in Slither's JSON report, sorted."""
    return sorted(
        Finding(found["check"], _where(found["elements"]), " ".join(found["description"].split()))
        for found in report["results"].get("detectors", [])
        if found["impact"] in ("High", "Medium")
    )


def _where(elements: list[dict[str, Any]]) -> str:
    """The first element's name below its contract; never a line, which the next edit moves."""
    names: list[str] = []
    element: dict[str, Any] | None = elements[0] if elements else None
    while element is not None:
        if element["type"] != "node":  # a node's name is the text of a statement
            names.append(element["name"])
        element = element.get("type_specific_fields", {}).get("parent")
    return ".".join(reversed(names))


def reasons(text: str) -> dict[tuple[str, str], str]:
    """Accepted findings of a TOML `text`: (detector, where) -> reason. Raises AnalysisFailed."""
    accepted: dict[tuple[str, str], str] = {}
    for entry in tomllib.loads(text).get("finding", []):
        if not entry.keys() == {"detector", "where", "reason"} or not entry["reason"].strip():
            raise AnalysisFailed(f"{entry}: a finding has detector, where and reason, nothing else")
        key = (entry["detector"], entry["where"])
        if key in accepted:
            raise AnalysisFailed(f"{' in '.join(key)} is accepted twice")
        accepted[key] = entry["reason"]
    return accepted


def compare(
    found: list[Finding], accepted: dict[tuple[str, str], str]
) -> tuple[list[Finding], list[tuple[str, str]]]:
    """Findings nobody gave a reason for, and reasons for what was not found."""
    open_findings = [
        each
        for each in found
        if (each.detector, each.where) not in accepted
        and (each.detector, EVERYWHERE) not in accepted
    ]
    seen = {(each.detector, where) for each in found for where in (each.where, EVERYWHERE)}
    return open_findings, sorted(accepted.keys() - seen)


def analyse() -> dict[str, Any]:
    """Compile what ships and run Slither over it; return its report. Raises AnalysisFailed."""
    forge = next(ROOT.glob("node_modules/@foundry-rs/forge-*/bin/forge"), None)
    if forge is None or not SLITHER.is_file():
        raise AnalysisFailed("forge or Slither is missing; run `make slither`")
    shutil.rmtree(BUILD, ignore_errors=True)
    places = ["--out", f"{BUILD}/out", "--cache-path", f"{BUILD}/cache"]
    _run(str(forge), "build", "--build-info", "--skip", "contracts/test/**", *places)
    report = BUILD / "report.json"
    # Slither's exit code tells of findings, not of failure: the report itself is asked.
    _run(
        str(SLITHER), ".", "--foundry-ignore-compile", "--foundry-out-directory", f"{BUILD}/out",
        "--json", str(report), may_fail=True,
    )  # fmt: skip
    if not report.is_file():
        raise AnalysisFailed("Slither wrote no report")
    output: dict[str, Any] = json.loads(report.read_text())
    if not output["success"]:
        raise AnalysisFailed(f"Slither: {output['error']}")
    return output


def _run(*command: str, may_fail: bool = False) -> None:
    forge = Path(next(ROOT.glob("node_modules/@foundry-rs/forge-*/bin")))
    path = os.pathsep.join([str(Path(sys.executable).parent), str(forge), os.environ["PATH"]])
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0 and not may_fail:
        raise AnalysisFailed(f"`{' '.join(command)}` failed:\n{done.stdout}{done.stderr}")


def main() -> int:
    """Entry point; returns 0, or 1 if something was found that has no reason."""
    try:
        found = findings(analyse())
        unexplained, gone = compare(found, reasons(ACCEPTED.read_text()))
    except AnalysisFailed as error:
        print(f"slither: {error}", file=sys.stderr)
        return 1
    for finding in unexplained:
        print(f"{finding.detector} in {finding.where}\n    {finding.words}")
    for detector, where in gone:
        print(f"{detector} in {where} has a reason in {ACCEPTED.name}, but is not found any more")
    print(f"slither: {len(found)} findings of weight, {len(unexplained)} without a reason")
    return 1 if unexplained or gone else 0


if __name__ == "__main__":
    sys.exit(main())
