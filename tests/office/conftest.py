"""The homes of `tests.cli.homes`."""

from tests.cli.homes import (
    demo_home,
    founded_home,
    kept_demo_home,
    kept_founded_home,
    open_demo_home,
)

__all__ = ["demo_home", "founded_home", "kept_demo_home", "kept_founded_home", "open_demo_home"]
