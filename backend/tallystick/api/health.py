"""Whether the service lives, and whether it is ready to be asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from tallystick.actions.desk import Desk
from tallystick.api.background import Background
from tallystick.api.visit import clock_of, office_of
from tallystick.chain.answers import BlockHeader
from tallystick.kernel.errors import TallystickError
from tallystick.store.commands import outbox_age
from tallystick.store.cursor import Cursor, read_cursor

LAG_SECONDS_MAX = 60
OUTBOX_AGE_SECONDS_MAX = 60

router = APIRouter(tags=["health"])


CheckName = Literal["database", "node", "mirror", "outbox", "background"]


class CheckView(BaseModel):
    name: CheckName
    is_ready: bool
    detail: str


class ReadinessView(BaseModel):
    is_ready: bool
    checks: list[CheckView]
    head_block_number: int | None = Field(description="latest block of the node")
    mirrored_block_number: int | None = Field(description="latest block in the database")
    lag_blocks: int | None = Field(description="how far the mirror is behind the node")
    lag_seconds: float | None = Field(description="time between those two blocks")
    outbox_age_seconds: float | None = Field(description="of the oldest command not yet settled")


class LivenessView(BaseModel):
    is_alive: bool


@dataclass(slots=True)
class _Readings:
    """What could be read of each part, and what there is to say about it."""

    head: BlockHeader | None = None
    cursor: Cursor | None = None
    outbox_age_seconds: float | None = None
    checks: list[CheckView] = field(default_factory=list)

    def add(self, name: CheckName, is_ready: bool, detail: str) -> None:
        self.checks.append(CheckView(name=name, is_ready=is_ready, detail=detail))

    def attempt(self, name: CheckName, read: Callable[[], str]) -> None:
        try:
            detail = read()
        except TallystickError as error:
            # The title only: the detail names hosts and files.
            self.add(name, False, error.title)
        else:
            self.add(name, True, detail)

    @property
    def lag_blocks(self) -> int | None:
        if self.head is None or self.cursor is None:
            return None
        return max(0, self.head.number - self.cursor.block_number)

    @property
    def lag_seconds(self) -> float | None:
        if self.head is None or self.cursor is None:
            return None
        head_at = datetime.fromtimestamp(self.head.timestamp, UTC)
        return max(0.0, (head_at - self.cursor.block_at).total_seconds())


def _read(office: Desk, clock: Callable[[], datetime], stopped: Sequence[str]) -> _Readings:
    readings = _Readings()

    def read_database() -> str:
        office.store.check()
        with office.store.read() as session:
            readings.cursor = read_cursor(session)
        return "answers"

    def read_node() -> str:
        readings.head = office.node.header("latest")
        return "answers"

    def read_outbox() -> str:
        now = clock()
        with office.store.read() as session:
            age = outbox_age(session, now)
        if age is None:
            return "empty"
        readings.outbox_age_seconds = max(0.0, age.total_seconds())
        return f"oldest command waits {readings.outbox_age_seconds:.0f} s"

    readings.attempt("database", read_database)
    readings.attempt("node", read_node)
    if readings.cursor is None:
        readings.add("mirror", False, "nothing was mirrored yet")
    elif readings.lag_blocks is not None:
        is_behind = readings.lag_blocks > 0 and (readings.lag_seconds or 0) > LAG_SECONDS_MAX
        readings.add("mirror", not is_behind, f"{readings.lag_blocks} blocks behind the node")
    if readings.checks[0].is_ready:
        readings.attempt("outbox", read_outbox)
        if (readings.outbox_age_seconds or 0) > OUTBOX_AGE_SECONDS_MAX:
            readings.checks[-1].is_ready = False
    told = f"stopped: {', '.join(stopped)}" if stopped else "at work"
    readings.add("background", not stopped, told)
    return readings


@router.get("/livez")
def show_liveness() -> LivenessView:
    """Answers as long as the process does."""
    return LivenessView(is_alive=True)


@router.get("/readyz", responses={503: {"model": ReadinessView, "description": "Not ready"}})
def show_readiness(
    request: Request,
    response: Response,
    office: Annotated[Desk, Depends(office_of)],
    clock: Annotated[Callable[[], datetime], Depends(clock_of)],
) -> ReadinessView:
    """Whether database, node, mirror, outbox and background work are in order; 503 if not."""
    background: Background = request.app.state.background
    readings = _read(office, clock, background.stopped)
    is_ready = all(check.is_ready for check in readings.checks)
    if not is_ready:
        response.status_code = 503
    return ReadinessView(
        is_ready=is_ready,
        checks=readings.checks,
        head_block_number=readings.head.number if readings.head else None,
        mirrored_block_number=readings.cursor.block_number if readings.cursor else None,
        lag_blocks=readings.lag_blocks,
        lag_seconds=readings.lag_seconds,
        outbox_age_seconds=readings.outbox_age_seconds,
    )
