"""Where in a request's body the input that a rule refused was written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel

from tallystick.kernel.errors import Invalid

# Plans name amounts by what they are; requests, where they are whole numbers, by their unit too.
_AMOUNT = re.compile(r"\b(principal|interest|instalment_override)$")


@contextmanager
def in_body(**parts: type[BaseModel]) -> Iterator[None]:
    """Puts before a refused field the part of the body it is a member of, the last one at least."""
    try:
        yield
    except Invalid as error:
        if error.field is not None:
            error.field = _path_in(parts, _AMOUNT.sub(r"\1_minor", error.field))
        raise


def _path_in(parts: dict[str, type[BaseModel]], field: str) -> str:
    member = re.split(r"[.\[]", field, maxsplit=1)[0]
    holding = [part for part, model in parts.items() if member in model.model_fields]
    return f"{[*holding, *reversed(parts)][0]}.{field}"
