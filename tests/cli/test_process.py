"""The command line as a process: pipes, signals, locales, and no traceback in any of them."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.homes import chain_of, is_chain_running
from tests.cli.running import COMMAND, environment, run, run_apart, started

CHINESE = "深圳第一工坊"
PARTY = "0x" + "ab" * 20


def test_an_error_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    told = run_apart("loan", "list", home=tmp_path / "none")
    told.refused(5, "office_not_founded")
    assert told.out == ""
    told = run_apart("loan", "list", "--json", home=tmp_path / "none")
    assert json.loads(told.out)["error"]["field"] == "home"


@pytest.mark.parametrize("as_json", [True, False])
def test_a_reader_that_goes_away(as_json: bool, open_demo_home: Path) -> None:
    options = ["--json"] if as_json else []
    reading, writing = os.pipe()
    os.close(reading)
    with started("party", "list", *options, home=open_demo_home, stdout=writing) as process:
        os.close(writing)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err == b""


def test_a_pipe_is_read_to_its_end_and_not_coloured(open_demo_home: Path) -> None:
    for arguments in (["loan", "list"], ["party", "list"], ["reconcile"], ["--help"]):
        told = run_apart(*arguments, home=open_demo_home)
        assert told.code == 0
        assert "\x1b" not in told.out + told.err
        assert told.err == ""


def test_a_terminal_is_told_in_colour_how_far_it_is(founded_home: Path) -> None:
    """And in the end only what was asked for stands there."""
    outer, inner = pty.openpty()
    with chain_of(founded_home) as chain:
        chain.mine()
        process = subprocess.Popen(
            [*COMMAND, "mirror", "follow", "--once"],
            env=environment(founded_home, {"TERM": "xterm-256color"}),
            stdin=subprocess.DEVNULL,
            stdout=inner,
            stderr=inner,
        )
        os.close(inner)
        said = b""
        while True:
            try:
                said += os.read(outer, 4096)
            except OSError:
                break
        os.close(outer)
        assert process.wait(60) == 0
    text = said.decode()
    assert "mirroring" in text
    assert "\x1b[" in text
    last = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).strip().splitlines()[-1]
    assert last.startswith("Mirror at block")


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C.UTF-8"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "gbk"},
    ],
    ids=str,
)
def test_chinese_in_any_locale(locale: dict[str, str], founded_home: Path) -> None:
    with chain_of(founded_home):
        run("party", "register", PARTY, "--role", "payee", "--payee-category", "1",
            "--name", CHINESE, home=founded_home)  # fmt: skip
        told = subprocess.run(
            [*COMMAND, "party", "show", PARTY],
            env=environment(founded_home, locale),
            capture_output=True,
            check=False,
        )
        assert told.returncode == 0, told
        assert told.stderr == b""
        if locale.get("PYTHONIOENCODING") == "gbk":
            assert CHINESE.encode("gbk") in told.stdout
        elif locale.get("PYTHONIOENCODING") == "ascii" or locale.get("PYTHONUTF8") == "0":
            assert rb"\u6df1" in told.stdout
        else:
            assert CHINESE.encode() in told.stdout
        listed = subprocess.run(
            [*COMMAND, "party", "list", "--json"],
            env=environment(founded_home, locale),
            capture_output=True,
            check=True,
        )
        assert json.loads(listed.stdout)[-1]["address"] == PARTY
        error = subprocess.run(
            [*COMMAND, "party", "show", CHINESE],
            env=environment(founded_home, locale),
            capture_output=True,
            check=False,
        )
        assert error.returncode == 2
        assert b"(address_invalid)" in error.stderr


def test_chinese_arguments_in_the_c_locale(founded_home: Path) -> None:
    with chain_of(founded_home):
        told = run_apart("party", "register", PARTY, "--role", "payee", "--payee-category", "1",
                         "--name", CHINESE, home=founded_home, env={"LC_ALL": "C"})  # fmt: skip
        assert told.code == 0, told
        assert CHINESE in run("party", "show", PARTY, home=founded_home).out


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_is_interrupted(name: signal.Signals, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with started("demo", "--loans", "3", "--json", home=home) as process:
        deadline = time.monotonic() + 120
        while not list((home / "mail").glob("*")) and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(name)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert out == b""
    assert b"Traceback" not in err
    # The chain was stopped with its user: this one starts it anew, and goes on where it stood.
    assert not is_chain_running(home)
    assert run("demo", "--loans", "3", "--json", home=home).json["reconciled"] is True


def test_words_of_others_are_not_taken_for_markup(founded_home: Path) -> None:
    name = "[red]Wu[/] [/bold] :smile: [link=x]"
    with chain_of(founded_home):
        run("party", "register", PARTY, "--role", "payee", "--payee-category", "1", "--name", name,
            home=founded_home)  # fmt: skip
        assert name in run("party", "show", PARTY, home=founded_home).out
        assert name in run("party", "list", home=founded_home).out
        told = run("party", "show", "[/red]", home=founded_home)
        assert told.refused(2, "address_invalid") == {}
