"""What each of several lenders is entitled to: examples of the contract's head, and properties."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.loans.colending import (
    MEMBERS_MAX,
    Member,
    MembersInvalid,
    check_members,
    committed_minor,
    entitlements,
    is_majority,
    shares,
    split,
)

EQUALS = (Member("0xa", 7_000_000, 7_000_000), Member("0xb", 3_000_000, 3_000_000))
SENIOR = Member("0xa", 9_000, share=1, priority_minor=9_450)
JUNIOR = Member("0xb", 1_000, share=3, rank=1, priority_minor=1_000)
FIRST_LOSS = (SENIOR, JUNIOR)

amounts = st.integers(0, 10**15)
weights = st.one_of(st.integers(0, 9), st.integers(0, 2**48 - 1))


@st.composite
def any_members(draw: st.DrawFn) -> tuple[Member, ...]:
    count = draw(st.integers(2, MEMBERS_MAX))
    ranks = [0, *draw(st.lists(st.integers(0, 1), min_size=count - 1, max_size=count - 1))]
    members = tuple(
        Member(f"0x{index:x}", 1 + draw(weights) // 2, draw(weights), sum(ranks[: index + 1]))
        for index in range(count)
    )
    members = tuple(replace(one, priority_minor=draw(weights)) for one in members)
    members = tuple(
        one if one.share or one.priority_minor else replace(one, share=1) for one in members
    )
    return (replace(members[0], share=members[0].share or 1), *members[1:])


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (0, (0, 0)),
        (2_000, (2_000, 0)),
        (9_450, (9_450, 0)),
        (9_950, (9_450, 500)),
        (10_450, (9_450, 1_000)),
        (11_250, (9_650, 1_600)),
    ],
)
def test_first_loss(received: int, expected: tuple[int, int]) -> None:
    assert entitlements(FIRST_LOSS, received) == expected


def test_without_ranks_by_shares() -> None:
    assert entitlements(EQUALS, 100) == (70, 30)
    assert entitlements(EQUALS, 99) == (69, 30)
    assert shares(EQUALS) == (Fraction(7, 10), Fraction(3, 10))
    assert committed_minor(EQUALS) == 10_000_000


@given(members=any_members(), received=amounts)
def test_each_unit_is_one_members(members: tuple[Member, ...], received: int) -> None:
    check_members(members)
    assert sum(shares(members)) == 1
    before, after = (entitlements(members, amount) for amount in (received, received + 1))
    assert sum(before) == received
    assert sorted(new - old for old, new in zip(before, after, strict=True))[-2:] == [0, 1]


@given(members=any_members(), received=amounts)
def test_a_rank_waits_for_the_one_before(members: tuple[Member, ...], received: int) -> None:
    entitled = entitlements(members, received)
    due = [one.priority_minor for one in members]
    is_full = [got >= priority for got, priority in zip(entitled, due, strict=True)]
    for (one, full), (other, got) in pairwise_of_ranks(members, is_full, entitled):
        assert full or got == 0, f"{other.party} before {one.party}"


def pairwise_of_ranks(
    members: tuple[Member, ...], is_full: list[bool], entitled: tuple[int, ...]
) -> list[tuple[tuple[Member, bool], tuple[Member, int]]]:
    """Each member before each of a later rank."""
    return [
        ((one, full), (other, got))
        for one, full in zip(members, is_full, strict=True)
        for other, got in zip(members, entitled, strict=True)
        if one.rank < other.rank
    ]


@given(amount=amounts, parts=st.lists(weights, min_size=1, max_size=MEMBERS_MAX).filter(any))
def test_close_to_the_exact_fraction(amount: int, parts: list[int]) -> None:
    for part, got in zip(parts, split(amount, parts), strict=True):
        assert 2 * abs(got - Fraction(amount * part, sum(parts))) < len(parts)


@given(parts=st.lists(weights, min_size=1, max_size=MEMBERS_MAX).filter(any), rounds=amounts)
def test_whole_rounds_are_exact(parts: list[int], rounds: int) -> None:
    assert split(sum(parts) * rounds, parts) == [part * rounds for part in parts]


def test_unit_by_unit_nobody_falls_behind() -> None:
    thirds = [split(amount, [1, 1, 1]) for amount in range(301)]
    for before, after in pairwise(thirds):
        assert sum(after) == sum(before) + 1
    assert thirds[300] == [100, 100, 100]


def test_majority_is_more_than_half_by_commitment() -> None:
    three = (Member("0xa", 2, 1), Member("0xb", 1, 9), Member("0xc", 1, 9))
    assert not is_majority(three, ["0xa"])
    assert not is_majority(three, ["0xb", "0xc"])
    assert is_majority(three, ["0xa", "0xc"])
    assert not is_majority(three, [])


@pytest.mark.parametrize(
    ("members", "field"),
    [
        (FIRST_LOSS[:1], "members"),
        (tuple(Member(f"0x{i:x}", 1, 1) for i in range(17)), "members"),
        ((SENIOR, replace(JUNIOR, party="0xA")), "members[1].party"),
        ((replace(SENIOR, rank=1), JUNIOR), "members[0].rank"),
        ((SENIOR, replace(JUNIOR, rank=2)), "members[1].rank"),
        ((SENIOR, JUNIOR, replace(SENIOR, party="0xc")), "members[2].rank"),
        ((replace(SENIOR, commitment_minor=0), JUNIOR), "members[0].commitment_minor"),
        ((replace(SENIOR, commitment_minor=2**48), JUNIOR), "members[0].commitment_minor"),
        ((SENIOR, replace(JUNIOR, priority_minor=-1)), "members[1].priority_minor"),
        ((SENIOR, replace(JUNIOR, share=0, priority_minor=0)), "members[1].share"),
        ((replace(SENIOR, share=0), replace(JUNIOR, share=0)), "members"),
    ],
)
def test_members_that_cannot_be_agreed_on(members: tuple[Member, ...], field: str) -> None:
    with pytest.raises(MembersInvalid) as refused:
        check_members(members)
    assert refused.value.field == field
