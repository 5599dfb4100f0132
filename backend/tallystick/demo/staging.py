"""Sets the demo up in a home, runs it, and finds it again the next time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from time import perf_counter

from tallystick.demo.cases import read_cases
from tallystick.demo.cast import Cast
from tallystick.demo.outcome import DemoOutcome, outcome_of
from tallystick.demo.run import Demo
from tallystick.demo.story import MONTHS, STARTS_ON, draw_stories
from tallystick.kernel.errors import Conflict, Invalid
from tallystick.office.office import found_office, open_office
from tallystick.office.settings import Settings
from tallystick.office.workers import follower_of, submitter_of

SEED = 2020
_RECORD = "demo.json"


class DemoNeedsEmbeddedChain(Invalid):
    """The demo's keys are no secret and its clock runs through years."""

    title = "The demo runs on the embedded chain only"


class HomeTaken(Conflict):
    """The home holds something else than this demo."""

    title = "Home is taken"


def run_demo(
    settings: Settings, loans: int, advance: Callable[[int, int], None]
) -> DemoOutcome:
    """The demo of `loans` cases in `settings.home`, begun, gone on with, or found done.

    `advance` is told how many months of how many are over. Raises TooManyLoans,
    DemoNeedsEmbeddedChain, HomeTaken, MisuseAccepted.
    """
    started = perf_counter()
    if settings.chain_url:
        raise DemoNeedsEmbeddedChain(
            "Unset TALLYSTICK_CHAIN_URL to run the demo on a chain of its own.", field="chain_url"
        )
    cases = read_cases(loans)
    _claim_home(settings.home, loans)
    found_office(settings, starts_at=datetime.combine(STARTS_ON, time(), UTC) - timedelta(days=1))
    with open_office(settings) as office:
        cast = Cast(SEED, len(cases))
        for key in cast.keys.values():
            office.lanes.hold(key)
        stories = draw_stories(cases, cast, SEED, settings.currency)
        demo = Demo(office, submitter_of(office), follower_of(office), cast, stories)
        advance(0, MONTHS + 1)
        demo.run(lambda month: advance(month + 1, MONTHS + 1))
        return outcome_of(office, stories, demo.seconds | {"total": perf_counter() - started})


def _claim_home(home: Path, loans: int) -> None:
    """A home is of one demo for good, or of none."""
    record = home / _RECORD
    if not record.exists():
        if (home / "staff.json").exists():
            raise HomeTaken(f"{home} holds an office already; name an empty home.", field="home")
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        record.write_text(json.dumps({"loans": loans, "seed": SEED}))
        return
    kept = json.loads(record.read_text())
    if kept != {"loans": loans, "seed": SEED}:
        raise HomeTaken(
            f"{home} holds a demo of {kept['loans']} loans; ask for as many, name another home, or "
            "remove it.",
            field="home",
        )
