"""The kinds of value a request may hold, each refused unless it is exactly one.

Whole numbers are JSON numbers, never text or booleans; dates and times are ISO 8601 text; addresses
are taken in any case, but mixed case must carry a correct EIP-55 checksum, and are answered in
lower case; text holds no control characters.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Header, Path, Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from tallystick.chain.addresses import address_of
from tallystick.kernel.errors import Invalid

_YEAR_MIN, _YEAR_MAX = 1970, 9998
AMOUNT_MINOR_MAX = 2**53 - 1
"""Whole numbers up to here are the same to every reader of JSON; no loan comes near."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Body(BaseModel):
    """Base of request bodies: a member that is not known is refused, not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _lower_address(value: str) -> str:
    try:
        return address_of(value)
    except Invalid as error:
        raise ValueError(error.detail) from None


def _iso_day(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("must be a date such as 2026-02-01")
    return value


def _iso_time(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.match(value):
        raise ValueError("must be a time such as 2026-02-01T12:00:00Z")
    return value


def _utc(value: datetime) -> datetime:
    # A day of room at both ends, for the offsets at which loans count their days.
    if not _YEAR_MIN <= value.year <= _YEAR_MAX:
        raise ValueError(f"must be in a year from {_YEAR_MIN} to {_YEAR_MAX}")
    return value.astimezone(UTC)


Address = Annotated[
    str,
    StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$"),
    AfterValidator(_lower_address),
    Field(description="account on the chain", examples=["0x" + "12" * 20]),
]
Hash32 = Annotated[
    str,
    StringConstraints(pattern=r"^0x[0-9a-fA-F]{64}$", to_lower=True),
    Field(description="32 bytes", examples=["0x" + "ab" * 32]),
]
Signature = Annotated[
    str,
    StringConstraints(pattern=r"^0x([0-9a-fA-F]{2}){1,4096}$", to_lower=True),
    Field(description="65 bytes r, s, v of a key, or what an ERC-1271 contract takes"),
]
AmountMinor = Annotated[
    int, Field(strict=True, ge=1, le=AMOUNT_MINOR_MAX, description="minor units of the currency")
]
NoneOrMoreMinor = Annotated[
    int, Field(strict=True, ge=0, le=AMOUNT_MINOR_MAX, description="minor units of the currency")
]
Whole = Annotated[int, Field(strict=True)]
Day = Annotated[date, BeforeValidator(_iso_day, json_schema_input_type=date)]
Moment = Annotated[
    AwareDatetime, BeforeValidator(_iso_time, json_schema_input_type=datetime), AfterValidator(_utc)
]
ShortText = Annotated[
    str,
    StringConstraints(pattern=r"^[ -~]{1,31}$"),
    Field(description="1 to 31 printable ASCII characters, as they stand on chain"),
]
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,200}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[!-?A-~]{1,64}@[!-?A-~]{1,189}$")]
RatePct = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{1,4}(\.[0-9]{1,10})?$"),
    Field(description="per cent a year as text", examples=["7.2"]),
]

LoanId = Annotated[Hash32, Path(description="hash of the loan's terms")]
AssignmentId = Annotated[Hash32, Path(description="digest of the assignment's message")]
PartyAddress = Annotated[Address, Path(description="address of a party")]
IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,128}$",
        description="Yours to choose, one for each command. Sent again with the same request it "
        "answers the same command; with another request it is refused.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=500, description="most rows to answer")]
