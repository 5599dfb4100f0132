"""Time is no property of a schedule: a busy machine must not fail a drawn example."""

from hypothesis import settings

settings.register_profile("schedules", deadline=None)
settings.load_profile("schedules")
