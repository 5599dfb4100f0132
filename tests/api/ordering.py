"""Orders through the API, and what became of them."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from tests.fixtures.house import House, key_header, problem_in


def ordered(client: TestClient, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The command that was ordered."""
    answer = client.post(f"/v1{path}", json=body, headers=key_header())
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/commands/{answer.json()['id']}"
    command: dict[str, Any] = answer.json()
    return command


def mined(
    house: House, client: TestClient, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The command once it is mined."""
    command = ordered(client, path, body)
    house.settle()
    told: dict[str, Any] = client.get(f"/v1/commands/{command['id']}").json()
    assert told["status"] == "mined", told
    return told


def refused(
    client: TestClient, path: str, body: dict[str, Any] | None, status: int, name: str
) -> dict[str, Any]:
    """The problem an order was answered with."""
    answer = client.post(f"/v1{path}", json=body, headers=key_header())
    return problem_in(answer, status, name)
