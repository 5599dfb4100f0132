"""Every error as RFC 9457 problem+json, and the only place that knows HTTP statuses.

`type` is `urn:tallystick:problem:` and the error's own stable name, the same the command line and
the logs show. A problem repeats nothing of the request but names of members, and of failures inside
the house says no more than that they happened: the details are in the log.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from tallystick.kernel.errors import (
    Conflict,
    Corrupt,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    TallystickError,
    Unauthenticated,
    Unavailable,
)

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:tallystick:problem:"
RETRY_AFTER_SECONDS = 2

STATUS_OF: tuple[tuple[type[TallystickError], int], ...] = (
    (Invalid, 422),
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Refused, 409),
    (Unavailable, 503),
    (Corrupt, 500),
)

_HTTP_ERRORS: Mapping[int, tuple[str, str, str]] = {
    404: ("path_unknown", "Path not known", "nothing lives at this path; /docs lists what does"),
    405: (
        "method_not_allowed",
        "Method not allowed",
        "this path does not take that method; the Allow header lists those it takes",
    ),
    413: ("body_too_large", "Body too large", "the body is larger than any that is taken"),
}

_log = logging.getLogger(__name__)


class BodyNotJson(Invalid):
    title = "Body is not JSON"


class RequestInvalid(Invalid):
    title = "Request does not fit its schema"


class InternalError(Corrupt):
    title = "Internal error"


class FieldError(BaseModel):
    """One thing wrong with the request."""

    field: str
    detail: str


class Problem(BaseModel):
    """What was wrong and what to do (RFC 9457)."""

    type: str = Field(description=f"`{TYPE_PREFIX}` and the stable name of the failure")
    title: str
    status: int
    detail: str = Field(description="what was wrong and what to do")
    field: str | None = Field(description="path of the offending input, `instalments[2].due_on`")
    data: dict[str, Any] = Field(description="facts of the failure")
    errors: list[FieldError] = Field(description="everything that does not fit the schema")


def status_of(error: TallystickError) -> int:
    return next((status for base, status in STATUS_OF if isinstance(error, base)), 500)


def problem_of(error: TallystickError) -> Problem:
    """The problem as a caller may see it."""
    is_ours = isinstance(error, Unavailable | Corrupt)
    return Problem(
        type=TYPE_PREFIX + error.type,
        title=error.title,
        status=status_of(error),
        detail=_outward(error) if is_ours else error.detail,
        field=None if is_ours else error.field,
        data={} if is_ours else error.data,
        errors=[],
    )


def install(app: FastAPI, methods_at: Callable[[str], list[str]]) -> None:
    """Makes every error of `app` a problem; `methods_at` tells which methods a path takes."""

    async def on_http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405:
            allowed = {"Allow": ", ".join(methods_at(request.url.path))}
            return _http_problem(405, _HTTP_ERRORS[405], allowed)
        return _on_http_error(request, error)

    app.add_exception_handler(TallystickError, _on_tallystick_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(Exception, _on_crash)


def _outward(error: TallystickError) -> str:
    """Without the addresses and paths that the detail names for those who run the house."""
    if isinstance(error, Unavailable):
        return f"{error.title}; try again later, an order under the same idempotency key"
    return f"{error.title}; tell those who run this service"


async def _on_tallystick_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, TallystickError)
    if isinstance(error, Unavailable | Corrupt):
        _log.error("%s %s: %s: %s", request.method, _route_of(request), error.type, error.detail)
    return _answer(problem_of(error), _headers_of(error))


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_field_error(row) for row in error.errors()[:20]]
    first = error.errors()[0]
    is_body = first["loc"][:1] == ("body",)
    if is_body and _has_body(request) and not _is_json(request.headers.get("content-type", "")):
        return _http_problem(
            415,
            ("media_type_not_taken", "Media type not taken", "send the body as application/json"),
            {"Accept": "application/json"},
        )
    wrong: Invalid
    if first["type"] == "json_invalid":
        wrong = BodyNotJson(f"the body is not JSON (at character {first['loc'][-1]})")
        errors = []
    else:
        wrong = RequestInvalid(f"{errors[0].field}: {errors[0].detail}", field=errors[0].field)
    return _answer(problem_of(wrong).model_copy(update={"errors": errors}))


def _on_http_error(request: Request, error: HTTPException) -> Response:
    if error.status_code == 400:
        # What the framework says of a body that no parser gets through.
        return _answer(problem_of(BodyNotJson("the body cannot be read as JSON")))
    known = _HTTP_ERRORS.get(error.status_code)
    if known is None:
        _log.error("%s: unexpected HTTP %s", _route_of(request), error.status_code)
        known = ("request_refused", "Request refused", "the request cannot be answered")
    return _http_problem(error.status_code, known, error.headers)


async def _on_crash(_request: Request, _error: Exception) -> Response:
    # The server logs the traceback: the error is raised on after this answer.
    return _answer(problem_of(InternalError("")))


def _http_problem(
    status: int, known: tuple[str, str, str], headers: Mapping[str, str] | None
) -> Response:
    name, title, detail = known
    problem = Problem(
        type=TYPE_PREFIX + name,
        title=title,
        status=status,
        detail=detail,
        field=None,
        data={},
        errors=[],
    )
    return _answer(problem, headers)


def _headers_of(error: TallystickError) -> dict[str, str]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="tallystick"'}
    if isinstance(error, Unavailable):
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return {}


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    # ASCII, so that half a surrogate pair in a member's name cannot break the answer.
    body = json.dumps(problem.model_dump(mode="python"), ensure_ascii=True, default=str)
    return Response(
        body, status_code=problem.status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def _field_error(row: Mapping[str, Any]) -> FieldError:
    field = _path_of(row["loc"])
    match row["type"]:
        case "missing":
            return FieldError(field=field, detail="is missing")
        case "extra_forbidden":
            return FieldError(field=field, detail="is not known here; leave it out")
        case "value_error":
            return FieldError(field=field, detail=str(row["ctx"]["error"]))
        case _:
            return FieldError(field=field, detail=row["msg"].replace("Input should", "should"))


def _path_of(loc: Sequence[str | int]) -> str:
    """`("body", "rows", 2, "due_on")` as `rows[2].due_on`, like the paths of domain errors."""
    path = ""
    for part in loc[1:] or loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part[:60]}" if path else part[:60]
    return path


def _has_body(request: Request) -> bool:
    headers = request.headers
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _is_json(content_type: str) -> bool:
    kind, _, subkind = content_type.partition(";")[0].strip().lower().partition("/")
    return kind == "application" and (subkind == "json" or subkind.endswith("+json"))


def _route_of(request: Request) -> str:
    """The route's template: the path itself may hold what no log should."""
    return getattr(request.scope.get("route"), "path", "(no route)")
