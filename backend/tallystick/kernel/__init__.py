"""Money, rates, day counts, calendars, clock, ids: pure, known to every room."""
