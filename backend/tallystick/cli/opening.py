"""Opens the office a command works in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tallystick.office.office import Office, open_office
from tallystick.office.settings import load_settings


@contextmanager
def office_at(home: Path | None) -> Iterator[Office]:
    with open_office(load_settings(home=home)) as office:
        yield office
