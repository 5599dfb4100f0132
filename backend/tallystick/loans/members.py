"""The members of a JSON object, read one by one, each refusal naming its path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from tallystick.kernel.decimals import shown
from tallystick.kernel.errors import Invalid
from tallystick.kernel.exact_json import JsonObject, NumberText
from tallystick.kernel.money import amount_minor_of
from tallystick.kernel.rates import rate_pct_of

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE = re.compile(r"[0-9]{1,18}")
_Choice = TypeVar("_Choice", bound=StrEnum)


class MalformedField(Invalid):
    title = "Malformed field"


class MissingField(Invalid):
    title = "Missing field"


class UnknownField(Invalid):
    title = "Unknown field"


class Members:
    """Reads the members of one object; one that is null counts as left out.

    Every reader raises a subclass of Invalid: MissingField, MalformedField, or what the value
    itself is refused for. Given a default, a reader answers it for a member left out.
    """

    def __init__(self, source: object, *, known: tuple[str, ...], at: str = "") -> None:
        self._path = f"{at}." if at else ""
        if not isinstance(source, Mapping):
            raise MalformedField(
                f"{at or 'a plan'} must be a JSON object, not {shown(source)}", field=at or None
            )
        if isinstance(source, JsonObject) and source.repeated:
            field = self._path + _name(source.repeated[0])
            raise MalformedField(f"{field} is given twice; keep one", field=field)
        for key in source:
            if key not in known:
                raise UnknownField(
                    f"{shown(key)} is not a field here; the fields are {', '.join(known)}",
                    field=self._path + _name(key),
                )
        self._given = {key: value for key, value in source.items() if value is not None}

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def text(self, name: str) -> str:
        value = self._value(name)
        if not isinstance(value, str) or isinstance(value, NumberText):
            raise self._malformed(name, "text")
        return value

    def whole(self, name: str, default: int | None = None) -> int:
        """A whole number of zero or more, quoted or not."""
        if default is not None and name not in self:
            return default
        value = self._value(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            return int(value)
        raise self._malformed(name, "a whole number")

    def choice(self, name: str, choices: type[_Choice], default: _Choice | None = None) -> _Choice:
        if default is not None and name not in self:
            return default
        value = self._value(name)
        if isinstance(value, str) and value in list(choices):
            return choices(value)
        raise self._malformed(name, f"one of {', '.join(choices)}")

    def day(self, name: str) -> date:
        value = self._value(name)
        try:
            if isinstance(value, str) and _DATE.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise self._malformed(name, "a date like 2026-01-31")

    def amount_minor(self, name: str, currency: str) -> int:
        return amount_minor_of(self._value(name), currency, field=self._path + name)

    def rate_pct(self, name: str) -> Decimal:
        return rate_pct_of(self._value(name), field=self._path + name)

    def rows(self, name: str, *, known: tuple[str, ...]) -> Iterator[Members]:
        """The objects of a list, none if it is left out."""
        listed = self._given.get(name, [])
        if not isinstance(listed, list):
            raise self._malformed(name, "a list")
        for i, row in enumerate(listed):
            yield Members(row, known=known, at=f"{self._path}{name}[{i}]")

    def _value(self, name: str) -> Any:
        if name not in self._given:
            field = self._path + name
            raise MissingField(f"{field} is missing", field=field)
        return self._given[name]

    def _malformed(self, name: str, wanted: str) -> MalformedField:
        field = self._path + name
        return MalformedField(
            f"{field} is {shown(self._given[name])}; it must be {wanted}", field=field
        )


def _name(key: object) -> str:
    """A key as it may be named in an error: printable, at most 40 characters."""
    return repr(key)[1:-1][:40]
