"""The HTTP API of one office."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline

from tallystick.actions.desk import Desk
from tallystick.api import (
    agreements,
    assignments,
    commands,
    funds,
    health,
    keys,
    ledger,
    loan_commands,
    loans,
    money,
    notices,
    parties,
    party_commands,
    portfolio,
    problems,
    quotes,
    repayment_commands,
    servicing_commands,
)
from tallystick.api.background import Background, Work
from tallystick.api.body_limit import BodyLimit
from tallystick.api.openapi import document, routes_of

BODY_BYTES_MAX = 1_000_000

V1_ROUTERS: list[APIRouter] = [
    parties.router,
    party_commands.router,
    agreements.router,
    loans.router,
    quotes.router,
    loan_commands.router,
    repayment_commands.router,
    servicing_commands.router,
    assignments.router,
    money.router,
    ledger.router,
    commands.router,
    funds.router,
    notices.router,
    portfolio.router,
    keys.router,
]
_ROUTERS = [health.router, *V1_ROUTERS]
_PREFIX = "/v1"

_DESCRIPTION = """\
Loans whose two halves, chain and mirror, must match.

Commands are answered 202 with a command to watch at `/v1/commands/{id}`; reads come from the
mirror, which follows the chain. Amounts are whole minor units, times UTC, addresses lower case.
Every error is `application/problem+json`."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    office: Desk,
    *,
    clock: Callable[[], datetime] = utc_now,
    background: Sequence[Work] = (),
) -> FastAPI:
    """The app over an open office.

    `clock` tells the time of orders, and the day on which signatures are checked; give it the
    chain's where that differs from the world's. Each of `background` runs in a thread from the
    app's start to its end.
    """
    works = Background(background)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with works.running():
            yield

    app = FastAPIOffline(
        title="Tallystick",
        version=version("tallystick"),
        summary="Lending on a ledger anyone can check",
        description=_DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        redoc_url=None,
        lifespan=lifespan,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    app.state.office = office
    app.state.clock = clock
    app.state.background = works
    app.add_middleware(BodyLimit, bytes_max=BODY_BYTES_MAX)
    app.include_router(health.router)
    for router in V1_ROUTERS:
        app.include_router(router, prefix=_PREFIX)
    problems.install(app, _methods_at)

    def openapi() -> dict[str, Any]:
        return document(app, _ROUTERS)

    app.openapi = openapi  # type: ignore[method-assign]  # how FastAPI takes another document
    return app


def _methods_at(path: str) -> list[str]:
    """The union over all routes at `path`: the framework asks the first one only."""
    inner = path.removeprefix(_PREFIX)
    routes = [route for route in routes_of(_ROUTERS) if route.path_regex.match(inner)]
    return sorted({method for route in routes for method in route.methods or ()})


def _operation_id(route: APIRoute) -> str:
    return route.name
