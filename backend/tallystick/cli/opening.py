"""What a command works in, and with: the office of a home, loan ids, names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from tallystick.kernel.errors import Invalid
from tallystick.office.office import Office, open_office
from tallystick.office.settings import load_settings
from tallystick.store.profiles import find_profiles
from tallystick.store.session import Session

_LOAN_ID = re.compile(r"0x[0-9a-f]{64}")


class LoanIdInvalid(Invalid):
    title = "Not a loan id"


@contextmanager
def office_at(home: Path | None, *, may_mirror_other: bool = False) -> Iterator[Office]:
    settings = load_settings(home=home)
    with open_office(settings, may_mirror_other=may_mirror_other) as office:
        yield office


def _loan_id_of(text: str) -> str:
    """Raises LoanIdInvalid."""
    loan_id = text.lower()
    if not _LOAN_ID.fullmatch(loan_id):
        raise LoanIdInvalid("a loan id is 0x and 64 hex digits", field="loan_id")
    return loan_id


LoanArgument = Annotated[
    str, typer.Argument(metavar="LOAN_ID", help="0x and 64 hex digits.", parser=_loan_id_of)
]


def names_of(session: Session, addresses: Iterable[str]) -> dict[str, str]:
    """By address the names that are known, ready to be printed."""
    profiles = find_profiles(session, addresses)
    return {address: escape(profile.name) for address, profile in profiles.items()}
