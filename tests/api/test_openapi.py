"""The OpenAPI document: valid, complete, and such that client generators can take it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from openapi_python_client import Project
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError

from tallystick.access.permissions import Role
from tallystick.api.app import V1_ROUTERS
from tallystick.api.openapi import routes_of
from tests.fixtures.house import House

DOCUMENT = "/openapi.json"


@pytest.fixture
def document(house: House) -> dict[str, Any]:
    answer = house.client_with(None).get(DOCUMENT)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def test_every_route_is_there_under_an_id_of_its_own(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert {route.name for route in routes_of(V1_ROUTERS)} < set(ids)
    assert all(re.fullmatch(r"[a-z]+(_[a-z0-9]+)*", one) for one in ids)


def test_every_operation_is_described_typed_and_guarded(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        at = f"{method} {path}"
        assert operation["summary"], at
        assert operation["description"], at
        assert operation["tags"], at
        successes = [status for status in operation["responses"] if status.startswith("2")]
        assert len(successes) == 1, at
        if not path.startswith("/v1"):
            continue
        assert operation["security"] == [{"ApiKey": []}], at
        assert "Roles: " in operation["description"], at
        if successes != ["204"]:
            content = operation["responses"][successes[0]]["content"]
            assert "$ref" in content["application/json"]["schema"], at
        for status in ("401", "403", "422", "500", "503"):
            content = operation["responses"][status]["content"]
            schema = content["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}, at
        if "202" in operation["responses"]:
            assert "Location" in operation["responses"]["202"]["headers"], at
            names = [parameter["name"] for parameter in operation["parameters"]]
            assert "Idempotency-Key" in names, at
    assert document["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"


def test_every_reference_leads_somewhere_and_no_schema_is_left_over(
    document: dict[str, Any],
) -> None:
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert referred == set(document["components"]["schemas"])


def test_no_body_takes_unknown_members_and_no_amount_is_a_float(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("Body"):
            assert schema["additionalProperties"] is False, name
        for member, kind in schema.get("properties", {}).items():
            is_float = '"number"' in json.dumps(kind)
            assert is_float == member.endswith("_seconds"), f"{name}.{member}"


def test_a_client_is_generated_without_a_warning(document: dict[str, Any], tmp_path: Path) -> None:
    config = Config.from_sources(
        ConfigFile(post_hooks=[]),
        MetaType.NONE,
        document_source=tmp_path / "openapi.json",
        file_encoding="utf-8",
        overwrite=True,
        output_path=tmp_path / "client",
    )
    data = GeneratorData.from_dict(document, config=config)
    assert not isinstance(data, GeneratorError), data
    problems = [
        (tag, str(error))
        for tag, group in data.endpoint_collections_by_tag.items()
        for error in group.parse_errors
    ] + [("schema", str(error)) for error in data.errors]
    assert problems == []
    made = sum(len(group.endpoints) for group in data.endpoint_collections_by_tag.values())
    assert made == len(operations(document))
    Project(openapi=data, config=config).build()
    for file in (tmp_path / "client").rglob("*.py"):
        compile(file.read_text(encoding="utf-8"), str(file), "exec")


def test_documentation_needs_no_other_host(house: House) -> None:
    client = house.client_with(None)
    page = client.get("/docs")
    assert page.status_code == 200
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page.text) == []
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) >= 3
    for link in links:
        assert client.get(link).status_code == 200, link
    assert "/openapi.json" in page.text


def test_admin_is_told_its_roles(document: dict[str, Any]) -> None:
    description = document["paths"]["/v1/keys"]["post"]["description"]
    assert description.endswith(f"Roles: {Role.ADMIN}.")
    described = document["paths"]["/v1/loans/{loan_id}/pay"]["post"]["description"]
    assert described.endswith("Roles: borrower (own only), treasurer.")
