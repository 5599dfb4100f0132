"""JSON read without losing anything: every digit of a number, and a key given twice."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from tallystick.kernel.errors import Invalid

# Python's reader recurses in C, and where the interpreter's limit was raised it dies of deep
# nesting instead of refusing it.
MAX_DEPTH = 32
_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|([\[{])|([\]}])', re.DOTALL)


class MalformedJson(Invalid):
    title = "Malformed JSON"


class NumberText(str):
    """A JSON number as it was written; JSON's own reader would make 0.1 a binary float."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class JsonObject(dict[str, Any]):
    """A JSON object that remembers which keys it was given more than once."""

    repeated: tuple[str, ...] = ()


def json_of(text: str) -> Any:
    """The value in `text`, numbers as NumberText and objects as JsonObject.

    NaN and Infinity, which are no JSON, come as NumberText too, so that whoever asked for a
    number refuses them where they stand. Raises MalformedJson.
    """
    _check_depth(text)
    try:
        return json.loads(
            text,
            parse_float=NumberText,
            parse_int=NumberText,
            parse_constant=NumberText,
            object_pairs_hook=_json_object,
        )
    except json.JSONDecodeError as error:
        raise MalformedJson(
            f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
        ) from None


def _check_depth(text: str) -> None:
    depth = 0
    for token in _BRACKET.finditer(text):
        if token.lastindex == 1:
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedJson(f"the JSON is nested more than {MAX_DEPTH} deep")
        elif token.lastindex == 2:
            depth -= 1


def _json_object(pairs: list[tuple[str, Any]]) -> JsonObject:
    read = JsonObject(pairs)
    if len(read) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        read.repeated = tuple(key for key, count in counts.items() if count > 1)
    return read
