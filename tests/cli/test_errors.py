"""A home, a database, a chain or a setting that is not as it should be: told in one line."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tallystick.chain.embedded import embedded_chain
from tests.cli.homes import chain_of, copy_of
from tests.cli.lending import database_digest
from tests.cli.running import run

LOAN = "0x" + "ab" * 32
PARTY = "0x" + "ab" * 20

NEEDING_AN_OFFICE = [
    ["serve"],
    ["key", "list"],
    ["key", "issue", "x", "--role", "admin"],
    ["key", "revoke", "x"],
    ["party", "list"],
    ["party", "show", PARTY],
    ["party", "register", PARTY, "--role", "payee", "--name", "x"],
    ["party", "hold-key"],
    ["party", "allow-spending", PARTY, "--spender", "loan_ledger", "--amount", "1"],
    ["party", "bank-payment", "in", PARTY, "--amount", "1", "--reference", "r"],
    ["loan", "list"],
    ["loan", "show", LOAN],
    ["loan", "message", LOAN],
    ["loan", "sign", LOAN, "--signer", PARTY],
    ["loan", "originate", LOAN],
    ["loan", "disburse", LOAN],
    ["loan", "withdraw", LOAN, "--amount", "1"],
    ["loan", "repay", LOAN, "--amount", "1"],
    ["loan", "payoff", LOAN, "--amount", "1"],
    ["loan", "write-off", LOAN, "--reason", "x"],
    ["funds", LOAN],
    ["mirror", "follow", "--once"],
    ["mirror", "rebuild"],
    ["mirror", "rebuild", "--from-kept-logs"],
    ["mirror", "status"],
    ["reconcile"],
    ["day-close"],
]
SOME = [["loan", "list"], ["reconcile"], ["day-close"], ["mirror", "follow", "--once"]]


def named(arguments: list[str]) -> str:
    return " ".join(word for word in arguments if not word.startswith("0x"))


@pytest.mark.parametrize("arguments", NEEDING_AN_OFFICE, ids=named)
def test_no_office_in_the_home(arguments: list[str], tmp_path: Path) -> None:
    home = tmp_path / "none"
    told = run(*arguments, *(["--port", "0"] if arguments == ["serve"] else []), "--json",
               home=home)  # fmt: skip
    error = told.refused(5, "office_not_founded")
    assert "tallystick init" in error["detail"]
    assert "tallystick demo" in error["detail"]
    assert not home.exists()


# ---------------------------------------------------------------- files of the home


@pytest.mark.parametrize("arguments", SOME, ids=named)
@pytest.mark.parametrize(
    ("file", "content", "code", "kind"),
    [
        ("staff.json", "{", 8, "staff_unreadable"),
        ("staff.json", "", 8, "staff_unreadable"),
        ("staff.json", "[]", 8, "staff_unreadable"),
        ("staff.json", '{"registrar": 5}', 8, "staff_unreadable"),
        ("deployments/31337.json", "{", 8, "deployment_mismatch"),
        ("deployments/31337.json", "[1]", 8, "deployment_mismatch"),
        ("deployments/31337.json", '{"chain_id": 31337}', 8, "deployment_mismatch"),
        ("deployments/31337.json", None, 4, "deployment_unknown"),
        ("keystore-password", "", 5, "keystore_password_missing"),
        ("keystore-password", None, 5, "keystore_password_missing"),
        ("tallystick.sqlite", "not a database" * 100, 8, "store_damaged"),
        ("tallystick.sqlite", None, 5, "schema_outdated"),
    ],
)
def test_a_damaged_file(
    file: str, content: str | None, code: int, kind: str, arguments: list[str], founded_home: Path
) -> None:
    path = founded_home / file
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    run(*arguments, "--json", home=founded_home).refused(code, kind)


def test_a_wrong_password(founded_home: Path) -> None:
    (founded_home / "keystore-password").write_text("wrong")
    assert run("loan", "list", home=founded_home).code == 0, "no key is needed to look"
    with chain_of(founded_home) as chain:
        run("mirror", "follow", "--once", home=founded_home)
        head = chain.node.header("latest").number
        told = run("party", "register", PARTY, "--role", "payee", "--payee-category", "1",
                   "--name", "x", "--json", home=founded_home)  # fmt: skip
        error = told.refused(6, "command_not_settled")
        assert "password" in error["detail"]
        assert chain.node.header("latest").number == head


def test_init_makes_the_staff_file_anew(founded_home: Path) -> None:
    before = (founded_home / "staff.json").read_text()
    (founded_home / "staff.json").unlink()
    assert run("init", home=founded_home).code == 0
    assert (founded_home / "staff.json").read_text() == before


def test_init_does_not_make_a_second_password(founded_home: Path) -> None:
    (founded_home / "keystore-password").unlink()
    (founded_home / "staff.json").unlink()
    run("init", "--json", home=founded_home).refused(5, "keystore_password_missing")


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "home"
    file.write_text("")
    for arguments in (["init"], ["demo", "--loans", "1"]):
        for home in (file, file / "below"):
            error = run(*arguments, "--json", home=home).refused(6, "home_unusable")
            assert error["field"] == "home"
    run("loan", "list", "--json", home=file / "below").refused(5, "office_not_founded")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_home_that_may_not_be_written(founded_home: Path, tmp_path: Path) -> None:
    founded_home.chmod(0o500)
    try:
        run("party", "hold-key", "--json", home=founded_home).refused(6, "home_unusable")
        run("init", "--json", home=founded_home / "new").refused(6, "home_unusable")
    finally:
        founded_home.chmod(0o700)


# ---------------------------------------------------------------- database


@pytest.mark.parametrize(
    "arguments",
    [
        ["day-close"],
        ["key", "issue", "x", "--role", "admin"],
        ["mirror", "rebuild"],
        ["party", "register", PARTY, "--role", "payee", "--payee-category", "1", "--name", "x"],
    ],
    ids=named,
)
def test_a_locked_database(arguments: list[str], founded_home: Path) -> None:
    with chain_of(founded_home) as chain:
        assert run("mirror", "follow", "--once", home=founded_home).code == 0
        before = database_digest(founded_home), chain.node.header("latest").number
        file = founded_home / "tallystick.sqlite"
        with closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            error = run(*arguments, "--json", home=founded_home).refused(6, "store_locked")
            assert "locked by another process" in error["detail"]
            assert run("loan", "list", home=founded_home).code == 0, "reading does not wait"
        assert (database_digest(founded_home), chain.node.header("latest").number) == before
        assert run(*arguments, home=founded_home).code == 0


def test_the_database_of_another_ledger(founded_home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert run("init", home=other).code == 0
    with chain_of(other), chain_of(founded_home):
        assert run("mirror", "follow", "--once", home=other).code == 0
        env = {"TALLYSTICK_DATABASE_URL": f"sqlite:///{other / 'tallystick.sqlite'}"}
        before = database_digest(other)
        for arguments in [*SOME, ["key", "list"], ["mirror", "rebuild", "--from-kept-logs"]]:
            told = run(*arguments, "--json", home=founded_home, env=env)
            error = told.refused(5, "mirror_of_other_ledger")
            assert "tallystick mirror rebuild" in error["detail"]
        assert database_digest(other) == before
        assert run("mirror", "rebuild", home=founded_home, env=env).code == 0
        assert run("reconcile", home=founded_home, env=env).code == 0


def test_a_database_server_that_is_not_there(founded_home: Path) -> None:
    env = {"TALLYSTICK_DATABASE_URL": f"postgresql://me:secret@127.0.0.1:{free_port()}/x"}
    told = run("loan", "list", "--json", home=founded_home, env=env)
    told.refused(6, "store_unreachable")
    assert "secret" not in told.out + told.err


# ---------------------------------------------------------------- chain


@pytest.mark.parametrize("arguments", [*SOME, ["init"]], ids=named)
def test_a_node_that_is_down(arguments: list[str], founded_home: Path) -> None:
    before = database_digest(founded_home)
    env = {"TALLYSTICK_CHAIN_URL": f"http://127.0.0.1:{free_port()}"}
    told = run(*arguments, "--json", home=founded_home, env=env)
    told.refused(6, "node_unavailable")
    assert database_digest(founded_home) == before


def test_a_node_that_is_down_founds_nothing(tmp_path: Path) -> None:
    env = {"TALLYSTICK_CHAIN_URL": f"http://127.0.0.1:{free_port()}"}
    home = tmp_path / "home"
    run("init", "--json", home=home, env=env).refused(6, "node_unavailable")
    assert {path.name for path in home.iterdir()} <= {"founding.lock"}


def test_another_chain_of_the_same_id(founded_home: Path, tmp_path: Path) -> None:
    with embedded_chain(tmp_path / "other") as other:
        other.mine()
        env = {"TALLYSTICK_CHAIN_URL": other.url}
        for arguments in SOME:
            told = run(*arguments, "--json", home=founded_home, env=env)
            told.refused(8, "deployment_mismatch")


def test_a_chain_of_another_id(founded_home: Path, tmp_path: Path) -> None:
    with embedded_chain(tmp_path / "other", chain_id=4711) as other:
        env = {"TALLYSTICK_CHAIN_URL": other.url}
        error = run("loan", "list", "--json", home=founded_home, env=env).refused(
            4, "deployment_unknown"
        )
        assert "4711" in error["detail"]


def test_a_chain_that_lost_its_state(founded_home: Path) -> None:
    shutil.rmtree(founded_home / "chain")
    told = run("loan", "list", "--json", home=founded_home)
    assert "(node_lagging)" in told.err or "(deployment_mismatch)" in told.err, told
    assert told.code in (6, 8)


def test_the_demo_takes_no_home_of_others(
    founded_home: Path, kept_demo_home: Path, tmp_path: Path
) -> None:
    error = run("demo", "--json", home=founded_home).refused(5, "home_taken")
    assert "an office already" in error["detail"]
    home = copy_of(kept_demo_home, tmp_path / "demo")
    told = run("demo", "--loans", "11", "--json", home=home)
    assert "10 loans" in told.refused(5, "home_taken")["detail"]
    (home / "demo.json").write_text("{")
    run("demo", "--loans", "10", "--json", home=home).refused(8, "demo_record_unreadable")


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("HOST", ""),
        ("POA", "perhaps"),
        ("CHAIN_KIND", "geth"),
        ("CHAIN_URL", "ftp://127.0.0.1"),
        ("FINALITY", "soon"),
        ("FINALITY", "-1"),
        ("CURRENCY", "YUAN"),
        ("MAIL", "pigeon"),
        ("MAIL", "smtp://me:secret@mail.example.com"),
        ("MAIL_FROM", "nobody"),
        ("DATABASE_URL", "mysql://me:secret@db.example.com/x"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "the database"),
    ],
)
def test_a_bad_setting(name: str, value: str, tmp_path: Path) -> None:
    variable = f"TALLYSTICK_{name}"
    home = tmp_path / "home"
    for arguments in (["init"], ["loan", "list"]):
        told = run(*arguments, "--json", home=home, env={variable: value})
        error = told.refused(2, "settings_invalid")
        assert error["field"] == variable
        assert error["detail"].startswith(f"{variable}: ")
        assert "secret" not in told.out + told.err
    assert not home.exists()


def test_a_setting_given_on_the_command_line(founded_home: Path) -> None:
    told = run("serve", "--port", "70000", "--json", home=founded_home)
    told.refused(2, "settings_invalid")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = run("serve", "--port", port, "--json", home=founded_home)
        assert str(port) in told.refused(6, "port_unavailable")["detail"]
    told = run("serve", "--host", "no.such.host.invalid", "--json", home=founded_home)
    told.refused(6, "port_unavailable")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
