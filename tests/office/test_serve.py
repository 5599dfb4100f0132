"""`tallystick serve` as a process: it answers, sends what is ordered, mirrors it, and ends well."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.cli.homes import is_chain_running
from tests.cli.running import run, started

SECONDS = 60
PARTY = "0x" + "ab" * 20


class Service:
    """A running service and a caller's key."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, key: str) -> None:
        self.process = process
        self.url = url
        self._key = key

    def ask(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Status and JSON of a GET or, with a body, a POST."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        if body is not None:
            headers["Idempotency-Key"] = f"order{path}"
        data = None if body is None else json.dumps(body).encode()
        try:
            with urlopen(Request(self.url + path, data, headers), timeout=SECONDS) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)

    def end(self, name: signal.Signals) -> bytes:
        """What it said on standard error when it was told to end."""
        self.process.send_signal(name)
        _, err = self.process.communicate(timeout=SECONDS)
        return err


@contextmanager
def serving(home: Path, caller: str = "otto") -> Iterator[Service]:
    key = run("key", "issue", caller, "--role", "officer", "--json", home=home).json["secret"]
    with started("serve", "--port", "0", "--json", home=home) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate(timeout=SECONDS)[1].decode()
        yield Service(process, json.loads(line)["url"], key)


def registration(name: str) -> dict[str, Any]:
    return {"address": PARTY, "roles": ["lender"], "payee_category": 0, "name": name,
            "email": None, "language": "zh"}  # fmt: skip


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_a_command_is_ordered_mined_and_mirrored(name: signal.Signals, founded_home: Path) -> None:
    with serving(founded_home) as service:
        assert service.ask("/livez") == (200, {"is_alive": True})
        with urlopen(f"{service.url}/docs", timeout=SECONDS) as docs:
            assert b"Tallystick" in docs.read()
        status, command = service.ask("/v1/parties", registration("第一银行"))
        assert status == 202, command
        deadline = time.monotonic() + SECONDS
        while command["status"] != "mined":
            assert time.monotonic() < deadline, command
            time.sleep(0.1)
            _, command = service.ask(f"/v1/commands/{command['id']}")
        while service.ask(f"/v1/parties/{PARTY}")[0] != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        status, ready = service.ask("/readyz")
        assert (status, ready["is_ready"]) == (200, True), ready
        assert {check["name"] for check in ready["checks"]} == {
            *("database", "node", "mirror", "outbox", "background")
        }
        # The command line works beside it.
        shown = run("party", "show", PARTY, "--json", home=founded_home).json
        assert shown["roles"] == ["lender"]
        told = run("party", "bank-payment", "in", PARTY, "--amount", "5.00", "--reference", "r",
                   "--json", home=founded_home)  # fmt: skip
        assert told.json["status"] == "mined"
        err = service.end(name)
    assert service.process.returncode == 0, err
    assert err == b""
    assert not is_chain_running(founded_home)
    assert run("reconcile", home=founded_home).code == 0


def test_what_the_demo_left_is_served(demo_home: Path) -> None:
    with serving(demo_home) as service:
        status, page = service.ask("/v1/loans?limit=3")
        assert status == 200
        assert len(page["loans"]) == 3
        loan_id = page["loans"][0]["loan_id"]
        assert service.ask(f"/v1/loans/{loan_id}/funds")[1]["loan_id"] == loan_id
        deadline = time.monotonic() + SECONDS
        while service.ask("/readyz")[0] != 200:
            assert time.monotonic() < deadline, service.ask("/readyz")
            time.sleep(0.1)
        assert service.end(signal.SIGTERM) == b""
    assert run("demo", "--loans", "10", "--json", home=demo_home).json["reconciled"] is True


def test_a_port_that_is_taken(founded_home: Path) -> None:
    with serving(founded_home) as service:
        port = service.url.rsplit(":", 1)[1]
        told = run("serve", "--port", port, "--json", home=founded_home)
        told.refused(6, "port_unavailable")
        service.end(signal.SIGINT)


def test_it_is_killed_and_started_again(founded_home: Path) -> None:
    """Its chain goes on without it, and is found again."""
    with serving(founded_home) as service:
        service.process.kill()
        service.process.wait()
    assert is_chain_running(founded_home)
    run("key", "revoke", "otto", home=founded_home)
    assert not is_chain_running(founded_home)
    with serving(founded_home, "olga") as service:
        assert service.ask("/livez")[0] == 200
        service.end(signal.SIGTERM)
