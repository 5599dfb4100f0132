"""An office on PostgreSQL: founded, lived in and reconciled like one on SQLite."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.cli.running import run
from tests.fixtures.store import database_url

LOANS = 3
DATABASE = "tallystick_office"


@pytest.fixture
def empty_postgres(postgres_url: str) -> str:
    """URL of a database without tables."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    return database_url(postgres_url, DATABASE)


def test_the_demo_comes_to_the_same(empty_postgres: str, tmp_path: Path) -> None:
    env = {"TALLYSTICK_DATABASE_URL": empty_postgres}
    home, other = tmp_path / "postgres", tmp_path / "sqlite"
    told = run("demo", "--loans", LOANS, "--json", home=home, env=env).json
    plain = run("demo", "--loans", LOANS, "--json", home=other).json
    del told["seconds"], plain["seconds"]
    assert told == plain
    assert told["reconciled"] is True
    assert not list(home.glob("*.sqlite*"))

    again = run("demo", "--loans", LOANS, "--json", home=home, env=env).json
    assert {**again, "seconds": None} == {**told, "seconds": None}
    assert run("reconcile", home=home, env=env).code == 0
    rebuilt = run("mirror", "rebuild", "--json", home=home, env=env).json
    assert rebuilt["logs"] == told["events_mirrored"]
    loans = run("loan", "list", "--json", home=home, env=env).json
    assert [loan["loan_id"] for loan in loans] == [
        loan["loan_id"] for loan in run("loan", "list", "--json", home=other).json
    ]
    told_party = run("party", "register", "0x" + "ab" * 20, "--role", "lender", "--name", "徐",
                     "--json", home=home, env=env)  # fmt: skip
    assert told_party.json["status"] == "mined"
    # Without the setting the home has no database of its own to fall back to.
    run("loan", "list", "--json", home=home).refused(5, "schema_outdated")
