"""Rounding of an exact ratio to a whole number, in the four ways an agreement may name."""

from __future__ import annotations

from enum import StrEnum


class Rounding(StrEnum):
    HALF_EVEN = "half_even"
    HALF_UP = "half_up"
    UP = "up"
    DOWN = "down"


def round_ratio(numerator: int, denominator: int, rounding: Rounding) -> int:
    """`numerator / denominator` as a whole number; denominator > 0.

    `up` goes away from zero, `down` towards it, and `half_up` sends a tie away from zero, so
    that an amount and its reversal round alike.
    """
    magnitude, remainder = divmod(abs(numerator), denominator)
    if remainder:
        twice = 2 * remainder
        match rounding:
            case Rounding.DOWN:
                steps_up = False
            case Rounding.UP:
                steps_up = True
            case Rounding.HALF_UP:
                steps_up = twice >= denominator
            case Rounding.HALF_EVEN:
                steps_up = twice > denominator or (twice == denominator and magnitude % 2 == 1)
        magnitude += steps_up
    return magnitude if numerator >= 0 else -magnitude
