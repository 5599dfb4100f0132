"""A house to try things in."""

from tests.fixtures.house import any_house, house

__all__ = ["any_house", "house"]
