"""Annual interest rates: exact decimals in per cent, never floats."""

from __future__ import annotations

from decimal import Decimal

from tallystick.kernel.decimals import plain_decimal
from tallystick.kernel.errors import Invalid

MAX_RATE_PCT = Decimal(1000)
MAX_RATE_DECIMALS = 10


class RateOutOfRange(Invalid):
    title = "Rate out of range"


def rate_pct_of(value: object, *, field: str) -> Decimal:
    """An annual rate in per cent, "9.4822" or 7; 0 to 1000 with at most 10 decimals.

    Raises MalformedNumber and RateOutOfRange.
    """
    rate_pct = plain_decimal(value, field=field)
    check_rate_pct(rate_pct, field=field)
    return rate_pct


def check_rate_pct(rate_pct: Decimal, *, field: str) -> None:
    """Raise RateOutOfRange unless the rate is finite, within bounds and not too finely stated."""
    exponent = rate_pct.as_tuple().exponent
    if not isinstance(exponent, int) or not 0 <= rate_pct <= MAX_RATE_PCT:
        raise RateOutOfRange(
            f"an annual rate lies between 0 and {MAX_RATE_PCT} per cent", field=field
        )
    if -exponent > MAX_RATE_DECIMALS:
        raise RateOutOfRange(
            f"an annual rate has at most {MAX_RATE_DECIMALS} decimals", field=field
        )
