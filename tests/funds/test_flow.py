"""Following a disbursement: conservation, first in first out, independence, circles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.funds.flow import End, FundNode, MovementsContradict, follow
from tallystick.funds.movements import BANK, Movement, Position, Statement
from tests.funds.histories import (
    CONTROLLED,
    LENDER,
    disbursement,
    histories,
    movement,
    node_paths,
    statements,
    unit_paths,
)


def leaves(root: FundNode) -> list[tuple[str, End, int]]:
    return [
        (node.movement.receiver, node.end, node.remaining_minor)
        for _, node in root.walk()
        if node.remaining_minor
    ]


@given(histories())
def test_every_unit_disbursed_is_in_exactly_one_place(
    told: tuple[Movement, list[Movement]],
) -> None:
    origin, history = told
    root = follow(origin, statements(history))
    assert sum(amount for _, _, amount in leaves(root)) == origin.amount_minor
    for _, node in root.walk():
        assert 0 < node.amount_minor <= node.movement.amount_minor
        assert node.remaining_minor >= 0
        assert node.amount_minor == node.remaining_minor + sum(
            child.amount_minor for child in node.children
        )


@given(histories())
def test_agrees_with_following_each_unit_by_itself(told: tuple[Movement, list[Movement]]) -> None:
    origin, history = told
    assert node_paths(follow(origin, statements(history))) == unit_paths(origin, history)


@given(histories(), st.integers(0, 4))
def test_a_depth_limit_conserves_and_says_so(
    told: tuple[Movement, list[Movement]], depth_max: int
) -> None:
    origin, history = told
    whole = follow(origin, statements(history))
    cut = follow(origin, statements(history), depth_max=depth_max)
    assert sum(amount for _, _, amount in leaves(cut)) == origin.amount_minor
    assert [(d, n.movement, n.amount_minor) for d, n in cut.walk()] == [
        (d, n.movement, n.amount_minor) for d, n in whole.walk() if d <= depth_max
    ]
    assert all(node.is_truncated == (node.end is End.NOT_FOLLOWED) for _, node in cut.walk())
    assert all(depth == depth_max for depth, node in cut.walk() if node.is_truncated)


@given(histories(), st.randoms(use_true_random=False))
def test_movements_among_strangers_change_nothing(
    told: tuple[Movement, list[Movement]], random: object
) -> None:
    origin, history = told
    strangers = [
        replace(
            movement(order, BANK if order % 3 == 0 else "x", "y" if order % 3 else "x", 5),
            position=Position(order, 1),
        )
        for order in range(len(history))
    ]
    shuffled = [*history, *strangers]
    random.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis types `randoms` loosely
    asked: list[str] = []

    def statement_of(account: str, since: Position) -> Statement:
        asked.append(account)
        return statements(shuffled)(account, since)

    assert follow(origin, statement_of) == follow(origin, statements(history))
    assert not {"x", "y", LENDER, BANK} & set(asked)
    assert len(asked) == len(set(asked))


@given(histories())
def test_how_other_money_is_cut_into_movements_does_not_matter(
    told: tuple[Movement, list[Movement]],
) -> None:
    origin, history = told
    cut: list[Movement] = []
    for row in history:
        if row.sender == BANK and row.amount_minor > 1:
            cut.append(replace(row, amount_minor=1))
            later = Position(row.position.block_number, 1)
            cut.append(replace(row, amount_minor=row.amount_minor - 1, position=later))
        else:
            cut.append(row)
    assert follow(origin, statements(cut)) == follow(origin, statements(history))


def test_oldest_money_leaves_first() -> None:
    history = [
        movement(1, BANK, "payee", 30),
        paid := disbursement(2, 100),
        movement(3, CONTROLLED, "payee", 60, kind="paid"),
        movement(4, BANK, "payee", 10),
        movement(5, "payee", "supplier", 50),
        movement(6, "payee", "tailor", 45),
    ]
    root = follow(paid, statements(history))
    assert leaves(root) == [
        (CONTROLLED, End.RESTS, 40),
        ("supplier", End.RESTS, 20),
        ("tailor", End.RESTS, 40),
    ]


def test_the_ends_are_told_apart() -> None:
    history = [
        paid := disbursement(1, 100),
        movement(2, CONTROLLED, "payee", 90, kind="paid"),
        movement(3, "payee", BANK, 50),
        movement(4, "payee", LENDER, 30),
        movement(5, LENDER, "other borrower", 30),
    ]
    assert leaves(follow(paid, statements(history))) == [
        (CONTROLLED, End.RESTS, 10),
        ("payee", End.RESTS, 10),
        (BANK, End.LEFT_AT_BANK, 50),
        (LENDER, End.BACK_WITH_LENDER, 30),
    ]


def ping_pong(times: int) -> Sequence[Movement]:
    return [
        disbursement(1, 100),
        movement(2, CONTROLLED, "ping", 100, kind="paid"),
        *(
            movement(3 + k, *(("ping", "pong") if k % 2 == 0 else ("pong", "ping")), 100)
            for k in range(times)
        ),
    ]


def test_a_long_circle_ends_where_the_money_last_went() -> None:
    history = ping_pong(3000)
    root = follow(history[0], statements(history))
    assert leaves(root) == [("ping", End.RESTS, 100)]
    assert max(depth for depth, _ in root.walk()) == 3001


def test_a_circle_cut_short_is_not_taken_for_an_end() -> None:
    history = ping_pong(50)
    root = follow(history[0], statements(history), depth_max=7)
    assert leaves(root) == [("ping", End.NOT_FOLLOWED, 100)]


def test_a_transfer_to_oneself_does_not_change_whose_money_is_oldest() -> None:
    history = [
        paid := disbursement(1, 10),
        movement(2, CONTROLLED, "payee", 10, kind="paid"),
        movement(3, BANK, "payee", 10),
        movement(4, "payee", "payee", 10),
        movement(5, "payee", "supplier", 10),
    ]
    assert leaves(follow(paid, statements(history))) == [("supplier", End.RESTS, 10)]


def test_sending_more_than_is_held_is_refused() -> None:
    history = [paid := disbursement(1, 10), movement(2, CONTROLLED, "payee", 11, kind="paid")]
    with pytest.raises(MovementsContradict) as caught:
        follow(paid, statements(history))
    assert caught.value.data["tx_hash"] == history[1].tx_hash
