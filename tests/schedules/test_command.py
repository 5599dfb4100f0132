"""`tallystick schedule` as it is run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tallystick.cli.main import app
from tests.schedules.plans import PLAN, asked, cells, drawn

OPTIONS = [
    *("--principal", "1500.00", "--annual-rate-pct", "7", "--instalments", "3"),
    *("--disbursed-on", "2026-01-01"),
]


def run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["schedule", *arguments], input=stdin)


def answered(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_plan_of_the_manual() -> None:
    """Fineract's 1,500 at 7 % in three instalments; the level amount is 505.84."""
    answer = answered(run(*OPTIONS, "--json"))
    assert answer == drawn()
    assert [str(total) for total in cells(answer, "total")] == ["505.84", "505.84", "505.85"]
    assert answer["instalments"][0] == {
        "number": 1,
        "due_on": "2026-02-01",
        "principal": "497.09",
        "interest": "8.75",
        "total": "505.84",
        "balance": "1002.91",
    }


def test_a_list_is_answered_by_a_list_bad_plans_in_their_place(tmp_path: Path) -> None:
    plans = [PLAN, asked(principal="-1"), "no plan", asked(currency="JPY", principal="1500")]
    file = tmp_path / "plans.json"
    file.write_text(json.dumps(plans))
    answers = answered(run("--from-json", str(file), "--json"))
    assert answers[0] == drawn()
    assert [answer.get("error", {}).get("type") for answer in answers] == [
        *(None, "malformed_number", "malformed_field", None)
    ]
    assert answers[3]["instalments"][0]["total"] == "506"
    assert answered(run("--from-json", "-", "--json", stdin=json.dumps(plans))) == answers


def test_one_plan_is_answered_by_one_answer() -> None:
    assert answered(run("--from-json", "-", "--json", stdin=json.dumps(PLAN))) == drawn()
    assert answered(run("--from-json", "-", "--json", stdin="[]")) == []


def test_a_byte_order_mark_is_no_matter() -> None:
    content = b"\xef\xbb\xbf" + json.dumps(PLAN).encode()
    assert answered(run("--from-json", "-", "--json", stdin=content)) == drawn()


def test_tables_for_people() -> None:
    shown = run(*OPTIONS)
    assert shown.exit_code == 0
    for figure in ("2026-02-01", "505.84", "1002.91", "17.53", "simple", "compound"):
        assert figure in shown.stdout
    plans = [PLAN, asked(currency="[/red]")]
    both = run("--from-json", "-", stdin=json.dumps(plans))
    assert both.exit_code == 0
    assert "505.84" in both.stdout
    assert "currency: currency '[/red]' is not" in both.stdout


COMMAND = [sys.executable, "-c", "from tallystick.cli.main import main; main()", "schedule"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "not JSON: Expecting property name"),
        (b"", "not JSON"),
        (b'[{"principal": "1500.00"}', "not JSON"),
        (b"17", "neither a plan nor a list"),
        (b'"plans"', "neither a plan nor a list"),
        (b"[" * 200_000, "nested more than 32 deep"),
        (b"\xff\xfe[]", "not UTF-8"),
        (None, "No such file"),
    ],
)
def test_a_bad_file_is_told_in_one_line_with_exit_code_2(
    content: bytes | None, says: str, tmp_path: Path
) -> None:
    file = tmp_path / "plans.json"
    if content is not None:
        file.write_bytes(content)
    done = subprocess.run(
        [*COMMAND, "--from-json", str(file), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert says in json.loads(done.stdout)["error"]["detail"]
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_bad_plan_by_options_is_told_with_exit_code_2() -> None:
    done = subprocess.run(
        [*COMMAND, *OPTIONS, "--currency", "[/red]"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "'[/red]' is not an ISO 4217 code" in done.stderr


def test_a_file_and_options_do_not_mix() -> None:
    mixed = run("--from-json", "-", "--principal", "1", stdin="[]")
    assert mixed.exit_code == 2


def test_nothing_heavy_is_loaded() -> None:
    program = (
        "import sys, json\n"
        "from tallystick.cli.main import app\n"
        f"app({['schedule', *OPTIONS, '--json']!r}, standalone_mode=False)\n"
        "heavy = {'web3', 'eth_account', 'sqlalchemy', 'fastapi', 'holidays'}\n"
        "heavy &= sys.modules.keys()\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == drawn()
