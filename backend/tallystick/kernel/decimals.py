"""Decimal numbers as people and JSON write them, read exactly or refused.

Only digits and one point: no sign, exponent, grouping, space, NaN or infinity, and no binary
float, whose digits are not the ones that were meant.
"""

from __future__ import annotations

import re
from decimal import Decimal

from tallystick.kernel.errors import Invalid

_PLAIN = re.compile(r"[0-9]{1,40}(?:\.[0-9]{1,40})?")


class MalformedNumber(Invalid):
    title = "Malformed number"


def shown(value: object) -> str:
    """`value` as it may be quoted back in an error: its repr, at most 40 characters."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def plain_decimal(value: object, *, field: str) -> Decimal:
    """A non-negative decimal from text ("1500.00"), an int or a Decimal. Raises MalformedNumber."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise MalformedNumber(
            f'{shown(value)} is not a decimal number; write it as text like "1500.00"',
            field=field,
        )
    # A huge int never becomes text: Python limits that conversion, and no field needs it.
    text = str(value) if not isinstance(value, int) or -(10**40) < value < 10**40 else ""
    if not _PLAIN.fullmatch(text):
        raise MalformedNumber(
            f"{shown(value) if text else 'a number of over 40 digits'} is not a plain"
            ' non-negative decimal; write digits and at most one point, like "1500.00"',
            field=field,
        )
    return Decimal(text)
