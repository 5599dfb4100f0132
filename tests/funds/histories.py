"""Movement histories for the tests of fund flows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from tallystick.funds.flow import FundNode, StatementOf
from tallystick.funds.movements import (
    BANK,
    Movement,
    MovementKind,
    Position,
    Statement,
    controlled_account,
)

LENDER = "lender"
CONTROLLED = controlled_account("0x01")
STARTED_AT = datetime(2026, 1, 5, 2, tzinfo=UTC)

Path = tuple[Position, ...]


def movement(
    order: int, sender: str, receiver: str, amount_minor: int, **facts: str | None
) -> Movement:
    if BANK in (sender, receiver):
        kind = MovementKind.MINTED if sender == BANK else MovementKind.BURNED
    else:
        kind = MovementKind(facts.pop("kind", None) or "transferred")
    return Movement(
        position=Position(order, 0),
        kind=kind,
        sender=sender,
        receiver=receiver,
        amount_minor=amount_minor,
        moved_at=STARTED_AT + timedelta(hours=order),
        tx_hash=f"0x{order:064x}",
        **facts,
    )


def disbursement(order: int, amount_minor: int) -> Movement:
    return movement(order, LENDER, CONTROLLED, amount_minor, kind="disbursed")


def statements(history: Iterable[Movement]) -> StatementOf:
    """The statements a store would give of `history`."""
    ordered = sorted(history, key=lambda row: row.position)

    def statement_of(account: str, since: Position) -> Statement:
        mine = [row for row in ordered if account in (row.sender, row.receiver)]
        opening = sum(
            (row.amount_minor if row.receiver == account else 0)
            - (row.amount_minor if row.sender == account else 0)
            for row in mine
            if row.position < since
        )
        return Statement(opening, [row for row in mine if row.position > since])

    return statement_of


@st.composite
def histories(draw: st.DrawFn) -> tuple[Movement, list[Movement]]:
    """A disbursement, and everything that moved before and after it, in units small enough to
    follow one by one. Nobody sends what it does not have."""
    parties = ["a", "b", "c", "d", LENDER]
    balances: Counter[str] = Counter()
    history: list[Movement] = []

    def move(sender: str, receiver: str, amount_minor: int) -> Movement:
        row = movement(len(history) + 1, sender, receiver, amount_minor)
        balances[sender] -= amount_minor
        balances[receiver] += amount_minor
        history.append(row)
        return row

    def wander(steps: int, senders: Sequence[str]) -> None:
        for _ in range(steps):
            sender = draw(st.sampled_from([*senders, BANK]))
            receiver = draw(st.sampled_from([*parties, BANK]))
            most = 12 if sender == BANK else balances[sender]
            if most and (sender, receiver) != (BANK, BANK):
                move(sender, receiver, draw(st.integers(1, most)))

    wander(draw(st.integers(0, 8)), parties)
    amount_minor = draw(st.integers(1, 25))
    move(BANK, LENDER, amount_minor)
    row = disbursement(len(history) + 1, amount_minor)
    balances[LENDER] -= amount_minor
    balances[CONTROLLED] += amount_minor
    history.append(row)
    wander(draw(st.integers(0, 25)), [*parties, CONTROLLED])
    return row, history


def unit_paths(origin: Movement, history: Iterable[Movement]) -> Counter[Path]:
    """Where each single unit of `origin` went: units are things, accounts are queues of them."""
    queues: dict[str, list[list[Position] | None]] = {}
    followed: list[list[Position]] = []
    for row in sorted(history, key=lambda row: row.position):
        if row.sender == row.receiver:
            continue
        if row == origin:
            followed = [[row.position] for _ in range(row.amount_minor)]
            queues.setdefault(row.receiver, []).extend(followed)
            del queues[row.sender][: row.amount_minor]
            continue
        if row.sender == BANK:
            units: list[list[Position] | None] = [None] * row.amount_minor
        else:
            queue = queues[row.sender]
            units = queue[: row.amount_minor]
            del queue[: row.amount_minor]
        for unit in units:
            if unit is not None:
                unit.append(row.position)
        is_end = row.receiver in (BANK, origin.sender)
        queues.setdefault(row.receiver, []).extend([None] * len(units) if is_end else units)
    return Counter(tuple(unit) for unit in followed)


def node_paths(root: FundNode) -> Counter[Path]:
    """The same told by a tree: the path to each node, with what remains there."""
    paths: Counter[Path] = Counter()
    path: list[Position] = []
    for depth, node in root.walk():
        del path[depth:]
        path.append(node.movement.position)
        if node.remaining_minor:
            paths[tuple(path)] += node.remaining_minor
    return paths
