"""Members packed big-endian without padding, as the contracts' libraries lay them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol

from tallystick.chain.words import (
    WordMalformed,
    address_bytes,
    date_number,
    hash_bytes,
    number_date,
    text_word,
    word_text,
)
from tallystick.loans.terms import TermsInvalid


class Kind(Protocol):
    """How one kind of member is packed and read back.

    `pack` raises TermsInvalid, TextInvalid or HexInvalid naming the member, `unpack` WordMalformed.
    """

    def pack(self, value: Any, size: int, name: str) -> bytes: ...

    def unpack(self, raw: bytes) -> Any: ...


class Field(NamedTuple):
    name: str
    size: int
    kind: Kind


def pack(fields: Sequence[Field], values: Mapping[str, Any]) -> bytes:
    """`values`, one behind the other."""
    return b"".join([kind.pack(values[name], size, name) for name, size, kind in fields])


def unpack(fields: Sequence[Field], raw: bytes) -> dict[str, Any]:
    """The inverse of `pack`; `raw` may go on behind the last field."""
    values, at = {}, 0
    for name, size, kind in fields:
        values[name] = kind.unpack(raw[at : at + size])
        at += size
    if at > len(raw):
        raise WordMalformed("The packed terms are cut short.")
    return values


class Number:
    """A whole number of zero or more."""

    def pack(self, value: int, size: int, name: str) -> bytes:
        if not 0 <= value < 1 << (8 * size):
            raise TermsInvalid(
                f"{name} must be between 0 and 2^{8 * size} - 1, not {value}.", field=name
            )
        return value.to_bytes(size)

    def unpack(self, raw: bytes) -> int:
        return int.from_bytes(raw)


class SignedNumber:
    def pack(self, value: int, size: int, name: str) -> bytes:
        most = 1 << (8 * size - 1)
        if not -most <= value < most:
            raise TermsInvalid(
                f"{name} must be between {-most} and {most - 1}, not {value}.", field=name
            )
        return value.to_bytes(size, signed=True)

    def unpack(self, raw: bytes) -> int:
        return int.from_bytes(raw, signed=True)


@dataclass(frozen=True, slots=True)
class Code:
    """One of `names`, by its place among them."""

    names: tuple[str, ...]

    def pack(self, value: str, size: int, name: str) -> bytes:
        if value not in self.names:
            raise TermsInvalid(f"{name} must be one of {', '.join(self.names)}.", field=name)
        return self.names.index(value).to_bytes(size)

    def unpack(self, raw: bytes) -> str:
        code = int.from_bytes(raw)
        if code >= len(self.names):
            raise WordMalformed(f"{code} is none of {', '.join(self.names)}.")
        return self.names[code]


class Day:
    def pack(self, value: date, size: int, name: str) -> bytes:
        return date_number(value).to_bytes(size)

    def unpack(self, raw: bytes) -> date:
        return number_date(int.from_bytes(raw))


class Text:
    """A short text, in at most as many characters as there are bytes."""

    def pack(self, value: str, size: int, name: str) -> bytes:
        word = text_word(value, name)
        if any(word[size:]):
            raise TermsInvalid(f"{name} must be at most {size} characters.", field=name)
        return word[:size]

    def unpack(self, raw: bytes) -> str:
        return word_text(raw.ljust(32, b"\0"))


@dataclass(frozen=True, slots=True)
class Address:
    """With `is_optional`, none is the zero address."""

    is_optional: bool = False

    def pack(self, value: str | None, size: int, name: str) -> bytes:
        return bytes(size) if value is None else address_bytes(value, name)

    def unpack(self, raw: bytes) -> str | None:
        return None if self.is_optional and not any(raw) else "0x" + raw.hex()


@dataclass(frozen=True, slots=True)
class Hash:
    """With `is_optional`, none is the hash of all zeros."""

    is_optional: bool = False

    def pack(self, value: str | None, size: int, name: str) -> bytes:
        return bytes(size) if value is None else hash_bytes(value, name)

    def unpack(self, raw: bytes) -> str | None:
        return None if self.is_optional and not any(raw) else "0x" + raw.hex()
