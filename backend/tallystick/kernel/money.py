"""Money: whole minor units of a currency, read from and written as decimal text."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact

from tallystick.kernel.currencies import minor_digits
from tallystick.kernel.decimals import plain_decimal
from tallystick.kernel.errors import Invalid

# The ledger packs amounts into 63 bits, and SQL integers hold no more.
MAX_AMOUNT_MINOR = 2**63 - 1
_EXACT = Context(prec=120, traps=[Inexact])


class AmountTooFine(Invalid):
    title = "Amount finer than its currency"


class AmountOutOfRange(Invalid):
    title = "Amount out of range"


def amount_minor_of(value: object, currency: str, *, field: str) -> int:
    """Minor units of a decimal amount: "1500.00" CNY is 150000, "1500" JPY is 1500.

    Zero is allowed. Raises MalformedNumber, UnknownCurrency, AmountTooFine (more decimals than
    the currency has, unless they are zeros) and AmountOutOfRange (over 63 bits).
    """
    digits = minor_digits(currency)
    scaled = plain_decimal(value, field=field).scaleb(digits, context=_EXACT)
    if scaled != (whole := int(scaled)):
        raise AmountTooFine(
            f"{value} has more decimals than {currency} has ({digits})", field=field
        )
    if whole > MAX_AMOUNT_MINOR:
        raise AmountOutOfRange(
            f"{value} {currency} is more than the largest amount, "
            f"{amount_text(MAX_AMOUNT_MINOR, currency)}",
            field=field,
        )
    return whole


def amount_text(amount_minor: int, currency: str) -> str:
    """Decimal text with exactly the currency's digits: 150000 CNY is "1500.00"."""
    digits = minor_digits(currency)
    return format(Decimal(amount_minor).scaleb(-digits, context=_EXACT), f".{digits}f")
