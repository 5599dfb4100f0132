"""What a comparison of the halves is made of: what is read, and the differences found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from tallystick.chain.ledger import LedgerReader
from tallystick.store.cursor import Cursor
from tallystick.store.session import Session


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the halves do not match. `subject` is a loan id, an address or a role's number,
    `member` what differs, the values are shown as text."""

    kind: str
    subject: str
    member: str
    mirror: str
    chain: str

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}: {self.member} is {self.mirror}, not {self.chain}"


@dataclass(slots=True)
class Comparison:
    """Both halves at the block of `cursor`."""

    session: Session
    ledger: LedgerReader
    cursor: Cursor
    differences: list[Difference] = field(default_factory=list)

    @property
    def block(self) -> str:
        """Its hash, so that a reorg cannot come in between."""
        return self.cursor.block_hash

    @property
    def at(self) -> datetime:
        return self.cursor.block_at

    def compare(self, kind: str, subject: str, member: str, mirror: Any, chain: Any) -> None:
        if mirror != chain:
            self.differences.append(
                Difference(kind, subject, member, _shown(mirror), _shown(chain))
            )

    def compare_all(self, kind: str, subject: str, members: Iterable[tuple[str, Any, Any]]) -> None:
        for member, mirror, chain in members:
            self.compare(kind, subject, member, mirror, chain)

    def compare_members(
        self, kind: str, subject: str, mirror: Any, chain: Any, prefix: str = ""
    ) -> None:
        """Every member of the dataclass `chain` with the one of that name of `mirror`."""
        for member in fields(chain):
            name = member.name
            ours, theirs = getattr(mirror, name), getattr(chain, name)
            self.compare(kind, subject, prefix + name, ours, theirs)


def _shown(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
