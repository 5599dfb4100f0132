"""The members of terms written as JSON, read one by one, each refusal naming its path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from tallystick.kernel.errors import Invalid

_HEX = frozenset("0123456789abcdef")


class TermsInvalid(Invalid):
    """The terms cannot become a loan; `field` names the offending member."""

    title = "Terms cannot be originated"


class TermMembers:
    """Reads one object of the terms. Every reader raises TermsInvalid."""

    def __init__(self, source: object, path: str = "") -> None:
        if not isinstance(source, Mapping):
            raise TermsInvalid(f"{path or 'terms'} must be an object.", field=path or None)
        self._source = source
        self._path = path

    def __contains__(self, name: str) -> bool:
        return name in self._source

    def only(self, names: Iterable[str]) -> None:
        """Refuses members of other names."""
        known = set(names)
        for name in self._source:
            if name not in known:
                raise TermsInvalid(f"{self._at(name)} is not a term.", field=self._at(name))

    def whole(self, name: str) -> int:
        value = self._get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise TermsInvalid(f"{self._at(name)} must be a whole number.", field=self._at(name))
        return value

    def text(self, name: str) -> str:
        value = self._get(name)
        if not isinstance(value, str):
            raise TermsInvalid(f"{self._at(name)} must be a string.", field=self._at(name))
        return value

    def day(self, name: str) -> date:
        try:
            return date.fromisoformat(self.text(name))
        except ValueError:
            raise TermsInvalid(
                f"{self._at(name)} must be a date such as 2026-02-01.", field=self._at(name)
            ) from None

    def address(self, name: str) -> str:
        return self._hex(name, 20)

    def address_or_none(self, name: str) -> str | None:
        return None if self._get(name) is None else self.address(name)

    def hash32(self, name: str) -> str:
        return self._hex(name, 32)

    def hash32_or_none(self, name: str) -> str | None:
        return None if self._get(name) is None else self.hash32(name)

    def rows(self, name: str, known: Iterable[str]) -> list[TermMembers]:
        """The objects of a list, whose members may have the names `known`."""
        value = self._get(name)
        if not isinstance(value, list):
            raise TermsInvalid(f"{self._at(name)} must be a list.", field=self._at(name))
        names = tuple(known)
        rows = [TermMembers(row, f"{self._at(name)}[{index}]") for index, row in enumerate(value)]
        for row in rows:
            row.only(names)
        return rows

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name

    def _get(self, name: str) -> Any:
        if name not in self._source:
            raise TermsInvalid(f"{self._at(name)} is missing.", field=self._at(name))
        return self._source[name]

    def _hex(self, name: str, size: int) -> str:
        value = self.text(name).lower()
        if (
            len(value) != 2 + 2 * size
            or not value.startswith("0x")
            or not _HEX.issuperset(value[2:])
        ):
            raise TermsInvalid(
                f"{self._at(name)} must be 0x and {2 * size} hex digits.", field=self._at(name)
            )
        return value
