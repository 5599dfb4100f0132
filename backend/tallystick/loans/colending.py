"""Several lenders in one loan 联合贷款: what each is entitled to of all that came in.

The same to the unit as the contract `CoLending`, whose head explains the economics:

    1. Rank by rank, the members of a rank get their priorities, in proportion to them, before the
       next rank gets anything.
    2. What goes beyond all priorities goes to all members by their shares.

Entitlements are a function of the total received alone. With every unit that comes in exactly one
member's grows, by one, so what a member was paid never exceeds what it is entitled to later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from tallystick.kernel.errors import Invalid
from tallystick.kernel.rounding import Rounding, round_ratio

MEMBERS_MIN = 2
MEMBERS_MAX = 16
RANK_MAX = 2**8 - 1
_AMOUNT_MAX = 2**48 - 1


class MembersInvalid(Invalid):
    title = "Co-lending members invalid"


@dataclass(frozen=True, slots=True)
class Member:
    """One lender of several; members as in the contract's `Member`.

    `commitment_minor` is what it puts in and its weight where a majority decides, `priority_minor`
    what it gets before later ranks get anything, `share` its parts of all members' shares in what
    goes beyond all priorities.
    """

    party: str
    commitment_minor: int
    share: int
    rank: int = 0
    priority_minor: int = 0


def check_members(members: Sequence[Member]) -> None:
    """Raises MembersInvalid naming the first thing the factory would refuse of these members.

    That every member is an active lender is not known here.
    """
    if not MEMBERS_MIN <= len(members) <= MEMBERS_MAX:
        raise MembersInvalid(
            f"A co-lending has {MEMBERS_MIN} to {MEMBERS_MAX} members, not {len(members)}.",
            field="members",
        )
    rank = 0
    seen: set[str] = set()
    for index, member in enumerate(members):
        if member.party.lower() in seen:
            raise MembersInvalid(
                "This lender is listed already; list each once.", field=f"members[{index}].party"
            )
        seen.add(member.party.lower())
        for name in ("commitment_minor", "priority_minor", "share"):
            if not 0 <= getattr(member, name) <= _AMOUNT_MAX:
                raise MembersInvalid(
                    f"It must be from 0 to {_AMOUNT_MAX}.", field=f"members[{index}].{name}"
                )
        if member.rank not in ({rank} if index == 0 else {rank, rank + 1}):
            raise MembersInvalid(
                "List members by rank, from 0 on, leaving none out.", field=f"members[{index}].rank"
            )
        if member.commitment_minor == 0:
            raise MembersInvalid(
                "Every member puts in something.", field=f"members[{index}].commitment_minor"
            )
        if member.priority_minor == 0 and member.share == 0:
            raise MembersInvalid(
                "Every member has a priority or a share.", field=f"members[{index}].share"
            )
        rank = member.rank
    if not any(member.share for member in members):
        raise MembersInvalid(
            "Somebody must have a share of what goes beyond the priorities.", field="members"
        )


def committed_minor(members: Sequence[Member]) -> int:
    """The principal these members lend together."""
    return sum(member.commitment_minor for member in members)


def is_majority(members: Sequence[Member], agreeing: Sequence[str]) -> bool:
    """Whether members of more than half the commitments are among the `agreeing` addresses."""
    agreed = sum(member.commitment_minor for member in members if member.party in agreeing)
    return 2 * agreed > committed_minor(members)


def shares(members: Sequence[Member]) -> tuple[Fraction, ...]:
    """Each member's part of what goes beyond all priorities; they sum to one."""
    total = sum(member.share for member in members)
    return tuple(Fraction(member.share, total) for member in members)


def entitlements(members: Sequence[Member], received_minor: int) -> tuple[int, ...]:
    """What each member is entitled to of `received_minor`, all that ever came in; sums to it."""
    left = received_minor
    by_priority: list[int] = []
    for _, ranked in groupby(members, key=lambda member: member.rank):
        priorities = [member.priority_minor for member in ranked]
        part = min(left, sum(priorities))
        by_priority += split(part, priorities)
        left -= part
    by_share = split(left, [member.share for member in members])
    return tuple(sum(parts) for parts in zip(by_priority, by_share, strict=True))


def split(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """`amount_minor` in proportion to `weights`; the parts sum to it if any weight is not zero.

    Each in turn takes its part, rounded half up, of what the ones before it left, against the
    weights left: a growing amount then never shrinks a part.
    """
    parts = []
    weights_left = sum(weights)
    for weight in weights:
        part = 0
        if weight:
            part = round_ratio(amount_minor * weight, weights_left, Rounding.HALF_UP)
        parts.append(part)
        amount_minor -= part
        weights_left -= weight
    return parts
