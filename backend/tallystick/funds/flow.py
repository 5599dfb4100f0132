"""Follows one disbursement through the accounts it reaches, first in, first out.

Accounts are commingled: what a receiver holds came from many sides. Each account's money is a
queue of lots in order of arrival, and what leaves it consumes the oldest. Lots of this
disbursement stay labelled, all others are simply other money, so each unit that was disbursed is
found in exactly one place.

Movements are taken in the ledger's order and each once, so lots only move forward in time and
the walk ends, whatever circles the money ran in. An account's statement is asked for when the
first labelled lot reaches it; accounts the money never reached are never looked at.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from tallystick.funds.movements import BANK, Movement, Position, Statement
from tallystick.kernel.errors import Corrupt


class MovementsContradict(Corrupt):
    """An account paid out more than it had."""

    title = "Movements contradict each other"


class End(StrEnum):
    """What became of the part of a piece that no later movement carried on."""

    RESTS = "rests"
    LEFT_AT_BANK = "left_at_bank"
    BACK_WITH_LENDER = "back_with_lender"
    NOT_FOLLOWED = "not_followed"


@dataclass(frozen=True, slots=True)
class FundNode:
    """The part of one movement that came from the disbursement, and where it went on to.

    `amount_minor` = `remaining_minor` + the amounts of `children`; `end` speaks of the remaining.
    """

    movement: Movement
    amount_minor: int
    remaining_minor: int
    end: End
    children: tuple[FundNode, ...]

    @property
    def is_truncated(self) -> bool:
        """The depth limit was reached here, so where the money went on to is not known."""
        return self.end is End.NOT_FOLLOWED

    def walk(self) -> Iterator[tuple[int, FundNode]]:
        """Depth and node, parents before children, in the order of the movements."""
        stack = [(0, self)]
        while stack:
            depth, node = stack.pop()
            yield depth, node
            stack.extend((depth + 1, child) for child in reversed(node.children))


StatementOf = Callable[[str, Position], Statement]
"""The statement of an account since a position."""


def follow(
    disbursement: Movement,
    statement_of: StatementOf,
    *,
    depth_max: int | None = None,
) -> FundNode:
    """The tree of what became of `disbursement`, whose sender is the lender.

    Money that reaches the bank or comes back to the lender is not followed out of it, nor is
    money `depth_max` movements after the disbursement (a node that says so is truncated). A
    transfer to oneself moves nothing. Raises MovementsContradict.
    """
    walk = _Walk(statement_of, disbursement.sender, depth_max)
    root = _Piece(disbursement, disbursement.amount_minor, depth=0)
    walk.arrive(disbursement, [(root.amount_minor, root)])
    walk.run()
    return _frozen(root, walk)


class _Piece:
    """A node in the making: it is also the lot that lies with the movement's receiver."""

    __slots__ = ("amount_minor", "children", "depth", "movement")

    def __init__(self, movement: Movement, amount_minor: int, depth: int) -> None:
        self.movement = movement
        self.amount_minor = amount_minor
        self.depth = depth
        self.children: list[_Piece] = []


_Part = tuple[int, _Piece | None]
"""An amount, and the piece it belongs to; other money belongs to none."""


class _Walk:
    def __init__(self, statement_of: StatementOf, lender: str, depth_max: int | None) -> None:
        self._statement_of = statement_of
        self._ends = {BANK: End.LEFT_AT_BANK, lender: End.BACK_WITH_LENDER}
        self._depth_max = depth_max
        self._queues: dict[str, deque[_Part]] = {}
        self._ahead: list[tuple[Position, Movement]] = []
        self._seen: set[Position] = set()
        self._followed_minor = 0

    def end_of(self, piece: _Piece) -> End:
        open_end = End.NOT_FOLLOWED if piece.depth == self._depth_max else End.RESTS
        return self._ends.get(piece.movement.receiver, open_end)

    def run(self) -> None:
        while self._ahead and self._followed_minor:
            _, movement = heapq.heappop(self._ahead)
            if movement.amount_minor == 0 or movement.sender == movement.receiver:
                continue
            parts: list[_Part] = []
            for amount_minor, source in self._take(movement):
                piece = None
                if source is not None:
                    self._followed_minor -= amount_minor
                    piece = _Piece(movement, amount_minor, source.depth + 1)
                    source.children.append(piece)
                parts.append((amount_minor, piece))
            self.arrive(movement, parts)

    def arrive(self, movement: Movement, parts: list[_Part]) -> None:
        """Queues `parts` with the receiver; only those still followed keep their label."""
        receiver = movement.receiver
        if receiver in self._ends:
            return
        labelled = [
            (amount_minor, piece if piece and self.end_of(piece) is End.RESTS else None)
            for amount_minor, piece in parts
        ]
        if receiver not in self._queues:
            if all(piece is None for _, piece in labelled):
                return
            self._open(receiver, movement.position)
        queue = self._queues[receiver]
        for amount_minor, piece in labelled:
            if piece is None and queue and queue[-1][1] is None:
                queue[-1] = (queue[-1][0] + amount_minor, None)
            else:
                queue.append((amount_minor, piece))
            if piece is not None:
                self._followed_minor += amount_minor

    def _open(self, account: str, since: Position) -> None:
        statement = self._statement_of(account, since)
        self._queues[account] = deque()
        if statement.opening_minor:
            self._queues[account].append((statement.opening_minor, None))
        for movement in statement.movements:
            if movement.position not in self._seen:
                self._seen.add(movement.position)
                heapq.heappush(self._ahead, (movement.position, movement))

    def _take(self, movement: Movement) -> list[_Part]:
        """The oldest lots of the sender, as many as the movement carries."""
        queue = self._queues.get(movement.sender)
        wanted = movement.amount_minor
        if queue is None:
            return [(wanted, None)]
        parts: list[_Part] = []
        while wanted:
            if not queue:
                raise MovementsContradict(
                    f"{movement.sender} sent {movement.amount_minor} at log "
                    f"{movement.position.log_index} of block {movement.position.block_number}, "
                    f"{wanted} more than it held. Run `tallystick mirror rebuild`.",
                    tx_hash=movement.tx_hash,
                )
            held, piece = queue.popleft()
            if held > wanted:
                queue.appendleft((held - wanted, piece))
                held = wanted
            parts.append((held, piece))
            wanted -= held
        return parts


def _frozen(root: _Piece, walk: _Walk) -> FundNode:
    # Children are frozen before their parents, without recursion: a chain of payments may be long.
    order = [root]
    for piece in order:
        order.extend(piece.children)
    nodes: dict[int, FundNode] = {}
    for piece in reversed(order):
        children = tuple(nodes.pop(id(child)) for child in piece.children)
        nodes[id(piece)] = FundNode(
            movement=piece.movement,
            amount_minor=piece.amount_minor,
            remaining_minor=piece.amount_minor - sum(child.amount_minor for child in children),
            end=walk.end_of(piece),
            children=children,
        )
    return nodes[id(root)]
