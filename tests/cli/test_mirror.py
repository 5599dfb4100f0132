"""`tallystick mirror` and `reconcile`: the halves match, are made to differ, and match again."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.homes import chain_of
from tests.cli.running import run, started


def change(home: Path, statement: str) -> None:
    """One that changes one row."""
    with closing(sqlite3.connect(home / "tallystick.sqlite")) as database:
        assert database.execute(statement).rowcount == 1
        database.commit()


def asked(home: Path, question: str) -> str:
    with closing(sqlite3.connect(home / "tallystick.sqlite")) as database:
        return str(database.execute(question).fetchone()[0])


def digest_of(home: Path) -> str:
    told = run("mirror", "status", "--digest", "--json", home=home).json
    return str(told["digest"]["whole"])


@pytest.mark.parametrize(
    ("statement", "kind", "whose", "member"),
    [
        (
            "UPDATE loans SET collected_minor = collected_minor + 1 WHERE id = 3",
            "loan",
            "SELECT loan_id FROM loans WHERE id = 3",
            "collected_minor",
        ),
        (
            (
                "UPDATE balances SET balance_minor = balance_minor - 1 WHERE address = "
                "(SELECT address FROM parties WHERE id = 2)"
            ),
            "balance",
            "SELECT address FROM parties WHERE id = 2",
            "balance",
        ),
        (
            "UPDATE parties SET is_frozen = NOT is_frozen WHERE id = 2",
            "party",
            "SELECT address FROM parties WHERE id = 2",
            "is_frozen",
        ),
        (
            "UPDATE notices_served SET served_at = '2020-01-01 00:00:00.000000' WHERE rowid = 1",
            "loan",
            (
                "SELECT loans.loan_id FROM notices_served JOIN loans ON loans.id = "
                "notices_served.loan_id WHERE notices_served.rowid = 1"
            ),
            "notice",
        ),
    ],
    ids=["loan", "balance", "party", "notice"],
)
def test_reconcile_names_the_row_that_was_tampered_with(
    statement: str, kind: str, whose: str, member: str, demo_home: Path
) -> None:
    with chain_of(demo_home):
        assert run("reconcile", home=demo_home).code == 0
        subject = asked(demo_home, whose)
        before = digest_of(demo_home)
        change(demo_home, statement)
        told = run("reconcile", "--json", home=demo_home)
        assert told.code == 3
        found = json.loads(told.out)
        assert found["is_matching"] is False
        differing = [(one["kind"], one["subject"], one["member"]) for one in found["differences"]]
        assert any(
            (kind, subject) == (one, other) and told_member.startswith(member)
            for one, other, told_member in differing
        ), differing
        drawn = run("reconcile", home=demo_home, env={"COLUMNS": "250"})
        assert drawn.code == 3
        assert subject in drawn.out
        assert "The halves differ" in drawn.out

        assert digest_of(demo_home) != before
        assert run("mirror", "rebuild", "--from-kept-logs", "--json", home=demo_home).json["logs"]
        assert run("reconcile", home=demo_home).code == 0
        assert digest_of(demo_home) == before


def test_following_and_both_rebuilds_come_to_the_same(demo_home: Path) -> None:
    with chain_of(demo_home):
        before = digest_of(demo_home)
        followed = run("mirror", "follow", "--once", "--json", home=demo_home).json
        assert followed["blocks"] == followed["logs"] == followed["unwound_blocks"] == 0
        assert digest_of(demo_home) == before

        derived = run("mirror", "rebuild", "--from-kept-logs", "--json", home=demo_home).json
        assert digest_of(demo_home) == before
        rebuilt = run("mirror", "rebuild", "--json", home=demo_home).json
        assert rebuilt["logs"] == derived["logs"] > 500
        assert rebuilt["cursor_block_number"] == followed["cursor_block_number"]
        assert digest_of(demo_home) == before
        assert "0 behind" in run("mirror", "status", home=demo_home).out
        assert "logs new" in run("mirror", "follow", "--once", home=demo_home).out


def test_a_mirror_that_was_never_made(founded_home: Path) -> None:
    told = run("mirror", "status", "--json", home=founded_home).json
    assert told["cursor"] is None
    assert told["lag_blocks"] is None
    assert "Nothing is mirrored yet" in run("mirror", "status", home=founded_home).out
    run("reconcile", "--json", home=founded_home).refused(5, "nothing_mirrored")
    assert run("mirror", "follow", "--once", home=founded_home).code == 0
    assert run("reconcile", home=founded_home).code == 0


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_follower_follows_until_it_is_told_to_end(
    name: signal.Signals, founded_home: Path
) -> None:
    with (
        chain_of(founded_home) as chain,
        started(
            "mirror", "follow", "--poll-seconds", "0.05", "--json", home=founded_home
        ) as follower,
    ):
        chain.mine()
        wanted = chain.node.header("latest").number
        deadline = time.monotonic() + 60
        while cursor_of(founded_home) < wanted:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        chain.mine()
        while cursor_of(founded_home) < wanted + 1:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        follower.send_signal(name)
        out, err = follower.communicate(timeout=60)
    assert follower.returncode == 0, err
    assert json.loads(out)["cursor_block_number"] == wanted + 1
    assert b"Traceback" not in err


def cursor_of(home: Path) -> int:
    """The mirror's block; -1 before anything is mirrored."""
    with closing(sqlite3.connect(home / "tallystick.sqlite")) as database:
        row = database.execute("SELECT block_number FROM cursor").fetchone()
    return -1 if row is None else int(row[0])
