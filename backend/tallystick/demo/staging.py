"""Sets the demo up in a home, runs it, and finds it again the next time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import perf_counter

from filelock import FileLock, Timeout

from tallystick.demo.cases import read_cases
from tallystick.demo.cast import Cast
from tallystick.demo.offers import STARTS_ON
from tallystick.demo.outcome import DemoOutcome, outcome_of
from tallystick.demo.run import Demo
from tallystick.demo.story import MONTHS, draw_stories
from tallystick.kernel.errors import Conflict, Corrupt, Invalid
from tallystick.office.office import found_office, home_errors
from tallystick.office.settings import Settings
from tallystick.office.staff import is_staffed, write_whole
from tallystick.office.workers import follower_of, submitter_of

SEED = 2020
_RECORD = "demo.json"
# The chain's state grows with the demo; to write it out as often as usual would take longer than
# the demo itself.
_CHAIN_STATE_SECONDS = 120


class DemoNeedsEmbeddedChain(Invalid):
    """The demo's keys are no secret and its clock runs through years."""

    title = "The demo runs on the embedded chain only"


class HomeTaken(Conflict):
    """The home holds something else than this demo."""

    title = "Home is taken"


class DemoRunning(Conflict):
    title = "The demo is running already"


class DemoRecordUnreadable(Corrupt):
    title = "Record of the demo cannot be read"


def run_demo(settings: Settings, loans: int, advance: Callable[[int, int], None]) -> DemoOutcome:
    """The demo of `loans` cases in `settings.home`, begun, gone on with, or found done.

    `advance` is told how many months of how many are over. Raises TooManyLoans,
    DemoNeedsEmbeddedChain, HomeTaken, DemoRunning, DemoRecordUnreadable, MisuseAccepted, and what
    the office raises.
    """
    started = perf_counter()
    if settings.chain_url:
        raise DemoNeedsEmbeddedChain(
            "Unset TALLYSTICK_CHAIN_URL to run the demo on a chain of its own.", field="chain_url"
        )
    cases = read_cases(loans)
    with (
        _taken_for_demo(settings.home, loans),
        found_office(
            settings,
            chain_starts_at=datetime.combine(STARTS_ON, time(), UTC) - timedelta(days=1),
            chain_state_seconds=_CHAIN_STATE_SECONDS,
        ) as office,
    ):
        cast = Cast(SEED, len(cases), office.deployment.co_lending_factory)
        for player in cast.everyone:
            office.lanes.hold(player.key)
        stories = draw_stories(cases, cast, SEED, settings.currency)
        demo = Demo(office, submitter_of(office), follower_of(office), cast, stories)
        demo.run(lambda months: advance(months, MONTHS + 1))
        reconciling = perf_counter()
        outcome = outcome_of(office, stories)
        ended = perf_counter()
        seconds = {
            **demo.seconds,
            "reconcile": ended - reconciling,
            "total": ended - started,
            "chain": office.node.waited_seconds,
        }
        return replace(outcome, seconds=seconds)


@contextmanager
def _taken_for_demo(home: Path, loans: int) -> Iterator[None]:
    """A home is of one demo for good, or of none; and of one run of it at a time."""
    with home_errors(home):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(home / "demo.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise DemoRunning(
                f"Another process runs the demo in {home}; wait for it, or name another home.",
                field="home",
            ) from None
    try:
        _claim(home, loans)
        yield
    finally:
        lock.release()


def _claim(home: Path, loans: int) -> None:
    record = home / _RECORD
    wanted = {"loans": loans, "seed": SEED}
    with home_errors(home):
        if record.exists():
            kept = record.read_text()
        elif is_staffed(home):
            raise HomeTaken(f"{home} holds an office already; name an empty home.", field="home")
        else:
            write_whole(record, json.dumps(wanted))
            return
    try:
        told = json.loads(kept)
        kept_loans = int(told["loans"])
    except (ValueError, TypeError, KeyError):
        raise DemoRecordUnreadable(
            f"{record} is damaged. It should be {json.dumps(wanted)}, with the number of loans the "
            "demo was begun with; mend it, or name another home."
        ) from None
    if told != wanted:
        raise HomeTaken(
            f"{home} holds a demo of {kept_loans} loans; ask for as many, name another home, or "
            "remove it.",
            field="home",
        )
