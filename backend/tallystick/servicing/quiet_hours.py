"""Hours in which a debtor is not contacted.

GB/T 45251-2025: unless agreed otherwise, not between 22:00 and 08:00.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

QUIET_FROM = time(22)
QUIET_UNTIL = time(8)


def is_quiet(at: datetime, utc_offset_minutes: int) -> bool:
    """Whether `at` (aware) falls in the quiet hours of a place: from 22:00 up to 08:00."""
    local = (at.astimezone(UTC) + timedelta(minutes=utc_offset_minutes)).time()
    return local >= QUIET_FROM or local < QUIET_UNTIL
