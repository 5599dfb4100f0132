"""Quiet hours to the second, at either side of the world."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tallystick.servicing.quiet_hours import is_quiet


@pytest.mark.parametrize("utc_offset_minutes", [480, 0, -720, 840, 345])
@pytest.mark.parametrize(
    ("local", "quiet"),
    [
        ("21:59:59", False),
        ("22:00:00", True),
        ("23:59:59", True),
        ("00:00:00", True),
        ("07:59:59", True),
        ("08:00:00", False),
        ("12:00:00", False),
    ],
)
def test_quiet_from_ten_to_eight(utc_offset_minutes: int, local: str, quiet: bool) -> None:
    place = timezone(timedelta(minutes=utc_offset_minutes))
    at = datetime.fromisoformat(f"2026-03-01T{local}").replace(tzinfo=place)
    assert is_quiet(at, utc_offset_minutes) is quiet
    assert is_quiet(at.astimezone(UTC), utc_offset_minutes) is quiet
