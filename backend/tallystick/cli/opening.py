"""What a command works in, and with: the office of a home, loan ids, amounts, days, names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from tallystick.kernel.errors import Invalid
from tallystick.kernel.money import amount_minor_of
from tallystick.loans.terms import LoanTerms
from tallystick.office.office import Office, open_office
from tallystick.office.settings import load_settings
from tallystick.store.loans import find_loan
from tallystick.store.profiles import find_profiles
from tallystick.store.session import Session

_HASH = re.compile(r"0x[0-9a-f]{64}")


class LoanIdInvalid(Invalid):
    title = "Not a loan id"


class HashInvalid(Invalid):
    title = "Not a hash"


class DayInvalid(Invalid):
    title = "Not a day"


class FileUnreadable(Invalid):
    title = "File cannot be read"


@contextmanager
def office_at(home: Path | None, *, may_mirror_other: bool = False) -> Iterator[Office]:
    settings = load_settings(home=home)
    with open_office(settings, may_mirror_other=may_mirror_other) as office:
        yield office


def _loan_id_of(text: str) -> str:
    """Raises LoanIdInvalid."""
    loan_id = text.lower()
    if not _HASH.fullmatch(loan_id):
        raise LoanIdInvalid("a loan id is 0x and 64 hex digits", field="loan_id")
    return loan_id


def hash_of(text: str, *, field: str) -> str:
    """32 bytes in lower-case hex. Raises HashInvalid."""
    digest = text.lower()
    if not _HASH.fullmatch(digest):
        raise HashInvalid("it is 0x and 64 hex digits", field=field)
    return digest


LoanArgument = Annotated[
    str, typer.Argument(metavar="LOAN_ID", help="0x and 64 hex digits.", parser=_loan_id_of)
]


AmountOption = Annotated[str, typer.Option(help='In the loan\'s currency, like "1500.00".')]
ReasonOption = Annotated[str, typer.Option(help="Only its SHA-256 is kept, on chain.")]


def terms_in(office: Office, loan_id: str) -> LoanTerms:
    """Of a mirrored loan. Raises LoanNotFound."""
    with office.store.read() as session:
        return find_loan(session, loan_id).terms


def minor_in(terms: LoanTerms, amount: str, *, field: str = "amount") -> int:
    """Raises subclasses of Invalid."""
    return amount_minor_of(amount, terms.currency, field=field)


def day_of(text: str, *, field: str) -> date:
    """Raises DayInvalid."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DayInvalid(f"{text!r} is not a day such as 2026-02-01.", field=field) from None


def file_hash(path: Path, *, field: str) -> str:
    """SHA-256 of the file's bytes, `0x` hex. Raises FileUnreadable."""
    try:
        return "0x" + sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise FileUnreadable(f"{path}: {error.strerror}", field=field) from None


def text_hash(text: str) -> str:
    """SHA-256 of the text in UTF-8, `0x` hex."""
    return "0x" + sha256(text.encode()).hexdigest()


def names_of(session: Session, addresses: Iterable[str]) -> dict[str, str]:
    """By address the names that are known, ready to be printed."""
    profiles = find_profiles(session, addresses)
    return {address: escape(profile.name) for address, profile in profiles.items()}
