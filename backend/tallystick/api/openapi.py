"""The OpenAPI document: what FastAPI derives, plus the problems every operation may answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from tallystick.access.permissions import BOUND_ROLES, Verb, roles_with
from tallystick.api.problems import MEDIA_TYPE, Problem

_DESCRIPTIONS = {
    "401": "No valid API key",
    "403": "The key's role may not do this",
    "404": "Not known, or not the caller's",
    "409": "The state of things does not allow it, or the chain refused it",
    "413": "The body is too large",
    "415": "The body is not JSON",
    "422": "The request does not fit its schema, or breaks a rule",
    "500": "A contradiction inside the house",
    "503": "A part of the house does not answer; try again later",
}

_HEADERS = {"202": "Location", "401": "WWW-Authenticate", "503": "Retry-After"}


def document(app: FastAPI, routers: list[APIRouter]) -> dict[str, Any]:
    """The document of `app`, made once."""
    if app.openapi_schema is None:
        source = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
            license_info=app.license_info,
        )
        schemas = source["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        _, problems = models_json_schema(
            [(Problem, "serialization")], ref_template="#/components/schemas/{model}"
        )
        schemas.update(problems["$defs"])
        verbs = {route.name: verb_of(route) for route in routes_of(routers)}
        for path, operations in source["paths"].items():
            for method, operation in operations.items():
                _complete(path, method, operation, verbs[operation["operationId"]])
        app.openapi_schema = source
    return app.openapi_schema


def routes_of(routers: list[APIRouter]) -> Iterator[APIRoute]:
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield route


def verb_of(route: APIRoute) -> Verb | None:
    """The verb a caller must have; None for what anyone may ask."""
    verbs = [getattr(part.call, "verb", None) for part in route.dependant.dependencies]
    return next((verb for verb in verbs if verb is not None), None)


def _complete(path: str, method: str, operation: dict[str, Any], verb: Verb | None) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    if verb is None:
        return
    roles = [f"{role} (own only)" if role in BOUND_ROLES else role for role in roles_with(verb)]
    operation["description"] = f"{operation['description']}\n\nRoles: {', '.join(roles)}."
    statuses = {"401", "403", "409", "422", "500", "503"}
    if "{" in path or method != "get":
        statuses.add("404")
    if "requestBody" in operation:
        statuses |= {"413", "415"}
    for status in sorted(statuses):
        responses[status] = {
            "description": _DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    for status, name in _HEADERS.items():
        if status in responses:
            header = {"required": True, "schema": {"type": "string"}}
            responses[status].setdefault("headers", {})[name] = header
