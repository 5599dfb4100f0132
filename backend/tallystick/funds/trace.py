"""A fund trace: one disbursement's tree, what it amounts to and what to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tallystick.funds.findings import Finding
from tallystick.funds.flow import End, FundNode


@dataclass(frozen=True, slots=True)
class Resting:
    """Money of the disbursement that is now with one account, in one manner."""

    account: str
    end: End
    amount_minor: int


@dataclass(frozen=True, slots=True)
class FundTrace:
    """Where a loan's disbursement went, as the mirror stood at `block_number`."""

    loan_id: str
    lender: str
    borrower: str
    currency: str
    block_number: int
    traced_at: datetime
    root: FundNode
    findings: tuple[Finding, ...]

    @property
    def is_truncated(self) -> bool:
        return any(node.is_truncated for _, node in self.root.walk())

    def resting(self) -> list[Resting]:
        """Where all the money is now; the amounts add up to what was disbursed."""
        sums: dict[tuple[str, End], int] = {}
        for _, node in self.root.walk():
            if node.remaining_minor:
                key = (node.movement.receiver, node.end)
                sums[key] = sums.get(key, 0) + node.remaining_minor
        ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
        return [Resting(account, end, amount) for (account, end), amount in ordered]

    def rows(self) -> Iterator[dict[str, Any]]:
        """The tree as a flat table, parents before children; JSON-able."""
        for depth, node in self.root.walk():
            yield {"depth": depth, **_facts(node)}

    def as_json(self) -> dict[str, Any]:
        """`loan_id, ..., root: {..., children: [...]}, resting: [...], findings: [...]`."""
        return {
            "loan_id": self.loan_id,
            "lender": self.lender,
            "borrower": self.borrower,
            "currency": self.currency,
            "block_number": self.block_number,
            "traced_at": self.traced_at.isoformat(),
            "is_truncated": self.is_truncated,
            "root": self._nested(),
            "resting": [
                {"account": row.account, "end": row.end, "amount_minor": row.amount_minor}
                for row in self.resting()
            ],
            "findings": [
                {
                    "code": finding.code,
                    "account": finding.account,
                    "amount_minor": finding.amount_minor,
                    "tx_hash": finding.tx_hash,
                    "en": finding.sentence(self.currency, "en"),
                    "zh": finding.sentence(self.currency, "zh"),
                }
                for finding in self.findings
            ],
        }

    def _nested(self) -> dict[str, Any]:
        path: list[dict[str, Any]] = []
        for depth, node in self.root.walk():
            nested = {**_facts(node), "children": []}
            del path[depth:]
            if path:
                path[-1]["children"].append(nested)
            path.append(nested)
        return path[0]


def _facts(node: FundNode) -> dict[str, Any]:
    movement = node.movement
    return {
        "kind": movement.kind,
        "sender": movement.sender,
        "receiver": movement.receiver,
        "amount_minor": node.amount_minor,
        "remaining_minor": node.remaining_minor,
        "end": node.end if node.remaining_minor else None,
        "purpose": movement.purpose,
        "evidence_hash": movement.evidence_hash,
        "bank_reference": movement.bank_reference,
        "moved_at": movement.moved_at.isoformat(),
        "tx_hash": movement.tx_hash,
    }
