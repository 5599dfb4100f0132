"""Holds the mirror against the contracts: every loan, balance, claim, party, notice and role.

Both halves are read at the cursor's block, by its hash, so that a difference is a difference and
not a matter of time. What the contracts do not show (repayments, allocations, uses, instalments,
transfers) must add up to what they do show.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tallystick.chain.failures import NodeLagging
from tallystick.chain.ledger import LedgerReader
from tallystick.kernel.errors import Conflict
from tallystick.mirror.comparison import Comparison, Difference
from tallystick.mirror.follow import Follower
from tallystick.mirror.reconcile_colendings import compare_co_lendings
from tallystick.mirror.reconcile_loans import compare_loans
from tallystick.mirror.reconcile_parties import compare_money, compare_parties
from tallystick.mirror.reconcile_staff import compare_staff
from tallystick.store.cursor import read_cursor
from tallystick.store.ledger_life import is_paused
from tallystick.store.session import Store

_CATCHING_UP_MAX = 3


class NothingMirrored(Conflict):
    title = "Nothing mirrored yet"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was compared at which block, and every difference found."""

    block_number: int
    block_hash: str
    block_at: datetime
    loans: int
    addresses: int
    parties: int
    notices: int
    role_grants: int
    differences: tuple[Difference, ...]

    @property
    def is_matching(self) -> bool:
        return not self.differences


def reconcile(
    store: Store, ledger: LedgerReader, follower: Follower | None = None
) -> Reconciliation:
    """Compares the whole mirror with the contracts at the cursor's block.

    A node that no longer has the state of that block (or does not have it yet) raises NodeLagging;
    with a `follower` the mirror then catches up and is compared at the head. Raises
    NothingMirrored, and what `LedgerReader` and the follower raise.
    """
    for _ in range(_CATCHING_UP_MAX if follower is not None else 0):
        try:
            return _reconcile(store, ledger)
        except (NodeLagging, NothingMirrored):
            if follower is not None:
                follower.catch_up()
    return _reconcile(store, ledger)


def _reconcile(store: Store, ledger: LedgerReader) -> Reconciliation:
    with store.read() as session:
        cursor = read_cursor(session)
        if cursor is None:
            raise NothingMirrored("Nothing is mirrored yet; run `tallystick mirror follow`.")
        comparison = Comparison(session, ledger, cursor)
        loans, notices = compare_loans(comparison)
        addresses, parties = compare_money(comparison), compare_parties(comparison)
        role_grants = compare_staff(comparison)
        compare_co_lendings(comparison)
        told = ledger.is_paused(comparison.block)
        comparison.compare("ledger", cursor.ledger, "is_paused", is_paused(session), told)
        return Reconciliation(
            block_number=cursor.block_number,
            block_hash=cursor.block_hash,
            block_at=cursor.block_at,
            loans=loans,
            addresses=addresses,
            parties=parties,
            notices=notices,
            role_grants=role_grants,
            differences=tuple(comparison.differences),
        )
