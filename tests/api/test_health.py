"""Liveness and readiness: who waits for whom, and nothing told that is nobody's business."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tallystick.access.permissions import Role
from tallystick.actions.submission import Submitter
from tallystick.api.app import create_app
from tallystick.api.health import LAG_SECONDS_MAX, OUTBOX_AGE_SECONDS_MAX
from tallystick.chain.client import Node
from tallystick.store.session import open_store
from tests.fixtures.house import House, key_header


def ready(house: House, status: int) -> dict[str, Any]:
    answer = house.client_with(None).get("/readyz")
    assert answer.status_code == status, answer.text
    readiness: dict[str, Any] = answer.json()
    assert readiness["is_ready"] == (status == 200)
    return readiness


def failing(readiness: dict[str, Any]) -> list[str]:
    return [check["name"] for check in readiness["checks"] if not check["is_ready"]]


def test_alive_without_a_key_and_without_parts(house: House) -> None:
    with Node("http://127.0.0.1:9", timeout_seconds=0.5) as down:
        house.app.state.office = replace(house.desk, node=down)
        assert house.client_with(None).get("/livez").json() == {"is_alive": True}


def test_ready(house: House) -> None:
    head = house.world.node.header("latest").number
    readiness = ready(house, 200)
    assert readiness["head_block_number"] == readiness["mirrored_block_number"] == head
    assert (readiness["lag_blocks"], readiness["lag_seconds"]) == (0, 0.0)
    assert readiness["outbox_age_seconds"] is None
    assert [check["name"] for check in readiness["checks"]] == [
        "database",
        "node",
        "mirror",
        "outbox",
        "background",
    ]


def test_mirror_behind_the_node(house: House) -> None:
    begin = house.world.now()
    house.world.go_to(begin + timedelta(seconds=LAG_SECONDS_MAX))
    readiness = ready(house, 200)
    assert (readiness["lag_blocks"], readiness["lag_seconds"]) == (1, LAG_SECONDS_MAX)
    house.world.go_to(begin + timedelta(seconds=LAG_SECONDS_MAX + 1))
    readiness = ready(house, 503)
    assert failing(readiness) == ["mirror"]
    assert (readiness["lag_blocks"], readiness["lag_seconds"]) == (2, LAG_SECONDS_MAX + 1)
    house.follower.catch_up()
    ready(house, 200)


def test_outbox_that_nobody_empties(house: House) -> None:
    body = {
        "owner": house.world.address("borrower"),
        "spender": "loan_ledger",
        "amount_minor": 1,
    }
    house.client(Role.BORROWER).post("/v1/allowances", json=body, headers=key_header())
    assert ready(house, 200)["outbox_age_seconds"] == 0
    house.world.go_to(house.world.now() + timedelta(seconds=OUTBOX_AGE_SECONDS_MAX + 1))
    house.follower.catch_up()
    readiness = ready(house, 503)
    assert failing(readiness) == ["outbox"]
    assert readiness["outbox_age_seconds"] == OUTBOX_AGE_SECONDS_MAX + 1
    house.settle()
    assert ready(house, 200)["outbox_age_seconds"] is None


def test_node_down(house: House) -> None:
    with Node("http://user:hunter2@127.0.0.1:9", timeout_seconds=0.5) as down:
        house.app.state.office = replace(house.desk, node=down)
        # As it is served on an embedded chain: the clock is the chain's, and stands still too.
        house.app.state.clock = lambda: down.header("latest").timestamp
        answer = house.client_with(None).get("/readyz")
    assert answer.status_code == 503
    assert failing(answer.json()) == ["node", "outbox"]
    assert answer.json()["lag_blocks"] is None
    assert "127.0.0.1" not in answer.text
    assert "hunter2" not in answer.text


def test_database_gone(house: House, tmp_path: Path) -> None:
    gone = open_store(f"sqlite:///{tmp_path / 'no' / 'such.db'}")
    house.app.state.office = replace(house.desk, store=gone)
    answer = house.client_with(None).get("/readyz")
    gone.close()
    assert answer.status_code == 503
    assert failing(answer.json()) == ["database", "mirror"]
    assert "such.db" not in answer.text


def test_database_without_tables(house: House, tmp_path: Path) -> None:
    empty = open_store(f"sqlite:///{tmp_path / 'empty.db'}")
    house.app.state.office = replace(house.desk, store=empty)
    readiness = ready(house, 503)
    empty.close()
    assert failing(readiness) == ["database", "mirror"]


def test_nothing_mirrored_yet(house: House, tmp_path: Path) -> None:
    new = open_store(f"sqlite:///{tmp_path / 'new.db'}")
    new.upgrade()
    house.app.state.office = replace(house.desk, store=new)
    readiness = ready(house, 503)
    new.close()
    assert failing(readiness) == ["mirror"]


def test_background_work_runs_with_the_app_and_ends_with_it(house: House) -> None:
    """A real submitter and follower: an order is mined and mirrored without anyone's doing."""
    submitter = Submitter(
        house.store, house.world.node, house.desk.lanes.signer, mine=house.world.chain.mine
    )

    def follow(stop: threading.Event) -> None:
        house.follower.follow(stop, poll_seconds=0.05)

    app = create_app(house.desk, clock=house.world.now, background=[submitter.run, follow])
    headers = {"Authorization": f"Bearer {house.secret(Role.OFFICER)}", **key_header()}
    with TestClient(app, headers=headers) as officer:
        body = {"address": "0x" + "21" * 20, "roles": ["borrower"], "name": "A"}
        assert officer.post("/v1/parties", json=body).status_code == 202
        for _ in range(100):
            shown = officer.get(f"/v1/parties/{body['address']}")
            if shown.status_code == 200:
                break
            threading.Event().wait(0.05)
        assert shown.json()["roles"] == ["borrower"]
        assert {"run", "follow"} < {thread.name for thread in threading.enumerate()}
        assert officer.get("/readyz").status_code == 200
    assert not {"run", "follow"} & {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("is_crash", [True, False])
def test_background_work_that_stops_makes_it_not_ready(house: House, is_crash: bool) -> None:
    done = threading.Event()

    def follower(_stop: threading.Event) -> None:
        done.set()
        if is_crash:
            raise RuntimeError("password hunter2")

    app = create_app(house.desk, clock=house.world.now, background=[follower])
    with TestClient(app) as client:
        assert done.wait(5)
        for _ in range(100):
            answer = client.get("/readyz")
            if answer.status_code == 503:
                break
            threading.Event().wait(0.02)
        assert failing(answer.json()) == ["background"]
        assert "follower" in answer.text
        assert "hunter2" not in answer.text
