"""What the calls cost is measured in full, told beside its targets, and never quoted without a
source."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from scripts import bench_gas
from scripts.bench_gas import CODE_BYTES_MAX, COMMITTED, SNAPSHOTS, TESTS, BenchFailed, Json
from scripts.compile_contracts import BINDINGS


def code_bytes() -> dict[str, int]:
    """Sizes of the shipped code."""
    codes = {
        contract: json.loads((BINDINGS / f"{contract}.json").read_text())["deployedBytecode"]
        for contract in CODE_BYTES_MAX
    }
    return {contract: (len(code) - len("0x")) // 2 for contract, code in codes.items()}


@pytest.fixture
def committed() -> Json:
    """The report of what the committed snapshots hold."""
    return bench_gas.report_of(bench_gas.read_snapshots(COMMITTED), code_bytes())


def snapshots(folder: Path, **gas: int) -> Path:
    """Snapshots of 1,000 each, but for `gas` (`repay_36` is `repay/36`)."""
    figures = dict.fromkeys(bench_gas.names(), "1000")
    figures |= {re.sub(r"_(\d+)", r"/\1", name): str(used) for name, used in gas.items()}
    folder.mkdir(exist_ok=True)
    (folder / f"{SNAPSHOTS[0]}.json").write_text(json.dumps(figures))
    return folder


def report(folder: Path, **gas: int) -> Json:
    return bench_gas.report_of(bench_gas.read_snapshots(snapshots(folder, **gas)), code_bytes())


def test_the_report_has_a_figure_for_every_call_and_length(committed: Json) -> None:
    by_length = {"originate", "disburse", "pay", "repay", "repay_partial", "repay_late", "payoff"}
    by_length |= {"collect", "prepay", "assign", "restructure", "accelerate", "call_guarantee"}
    by_length |= {"write_off", "serve_notice", "repay_full_witness"}
    for call in by_length:
        assert committed[call].keys() == {"12", "36", "60"}
        assert all(21_000 < gas < 1_000_000 for gas in committed[call].values())
    for batch in ("batch_originate", "batch_repay", "batch_collect", "batch_serve_notice"):
        assert committed[batch].keys() == {"1", "3", "10"}
        assert committed[f"{batch}_each"] * 10 >= committed[batch]["10"]["36"]
        assert committed[f"{batch}_each"] < committed[batch]["1"]["36"]
    assert 21_000 < committed["floor"] < committed["repay"]["12"]
    assert json.loads(json.dumps(committed)) == committed


def test_a_repayment_stays_within_a_quarter_of_the_floor(committed: Json) -> None:
    assert committed["repay"]["36"] <= 1.25 * committed["floor"]


def test_terms_in_an_event_cost_less_than_as_code(committed: Json) -> None:
    for length, gas in committed["terms_in_event"].items():
        assert gas < committed["terms_in_code"][length]


@pytest.mark.parametrize("contract", sorted(CODE_BYTES_MAX))
def test_the_code_fits(contract: str) -> None:
    assert code_bytes()[contract] <= CODE_BYTES_MAX[contract]


def test_a_target_is_met_up_to_its_figure_and_not_beyond(tmp_path: Path) -> None:
    def verdict(repay: int) -> tuple[bool, str]:
        told = report(tmp_path, floor=40_000, repay_36=repay)
        line = next(
            line
            for line in bench_gas.lines_of(told)
            if "at most" in line and "repay an instalment, n = 36" in line
        )
        return told["targets"][0]["is_met"], line.rsplit(": ", 1)[1]

    assert verdict(50_000) == (True, "met")
    assert verdict(50_001) == (False, "unmet")


def test_an_item_of_a_batch_is_rounded_up(tmp_path: Path) -> None:
    assert report(tmp_path, batch_repay_10_36=250_001)["batch_repay_each"] == 25_001


def test_the_table_shows_every_figure(committed: Json) -> None:
    table = "\n".join(bench_gas.lines_of(committed))

    for call in (*bench_gas.CALLS, *bench_gas.TERMS):
        for gas in committed[call].values():
            assert f"{gas:,}" in table
    for contract, size in committed["code_bytes"].items():
        assert re.search(rf"{contract} +{size:,} ", table)


@pytest.mark.parametrize("name", ["repay/36", "repay/37"], ids=["one missing", "one too many"])
def test_snapshots_must_be_those_the_table_names(tmp_path: Path, name: str) -> None:
    snapshots(tmp_path)
    path = tmp_path / f"{SNAPSHOTS[0]}.json"
    figures = json.loads(path.read_text())
    if name in figures:
        del figures[name]
    else:
        figures[name] = "1"
    path.write_text(json.dumps(figures))

    with pytest.raises(BenchFailed, match=name):
        bench_gas.read_snapshots(tmp_path)


def test_every_published_figure_has_its_source() -> None:
    published = tomllib.loads((TESTS / "published.toml").read_text())

    for figure in published["figure"]:
        assert figure["gas"] > 21_000
        assert figure["call"]
        assert figure["counts"]
        assert re.fullmatch(r"[\w-]+/[\w-]+", figure["repository"])
        assert Path(figure["path"]).suffix
        assert re.fullmatch(r"[0-9a-f]{40}", figure["commit"])
    named = {figure["protocol"].split()[0] for figure in published["figure"]}
    missing = {entry["protocol"] for entry in published["unpublished"]}
    assert named | missing == {"Maple", "Arcade", "PWN", "Morpho"}
    assert named & missing == set()
