"""The error tree of the house.

    TallystickError
     ├─ Invalid          the input is wrong; mend it and send it again
     ├─ Unauthenticated  no valid credential came with the call
     ├─ Forbidden        the caller is known but may not do this
     ├─ NotFound         nothing is known by that name
     ├─ Conflict         the state of things does not allow it now
     ├─ Refused          the chain refused it (a decoded revert)
     ├─ Unavailable      a part we depend on does not answer; try again later
     └─ Corrupt          what was stored or answered contradicts itself; a person must look

Each room subclasses these with one class per failure, carrying what was wrong as data.
The API turns a base into an HTTP status, the CLI into an exit code; neither is known here.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar


class TallystickError(Exception):
    """Base of every error raised on purpose.

    `detail` says what was wrong and what to do; `field` names the offending input as a
    path ("instalments", "rows[2].due_on") where there is one; `data` holds JSON-able facts.
    """

    title: ClassVar[str] = "Tallystick error"

    def __init__(self, detail: str, *, field: str | None = None, **data: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.data = data

    @property
    def type(self) -> str:
        """Stable snake_case name of the failure, the same in API, CLI and logs."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    def as_dict(self) -> dict[str, Any]:
        """`{"type", "detail", "field", ...data}` as shown to callers."""
        return {"type": self.type, "detail": self.detail, "field": self.field, **self.data}


class Invalid(TallystickError):
    title = "Invalid input"


class Unauthenticated(TallystickError):
    title = "Not authenticated"


class Forbidden(TallystickError):
    title = "Not permitted"


class NotFound(TallystickError):
    title = "Not found"


class Conflict(TallystickError):
    title = "Conflict"


class Refused(TallystickError):
    title = "Refused by the chain"


class Unavailable(TallystickError):
    title = "Unavailable"


class Corrupt(TallystickError):
    title = "Contradiction"
