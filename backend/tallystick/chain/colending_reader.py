"""What co-lendings hold, read at one block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tallystick.chain.bindings import selector
from tallystick.chain.client import Block, CallRequest, Node
from tallystick.chain.colending import decode_members
from tallystick.chain.failures import NodeAnswerInvalid
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.words import address_bytes, hash_bytes
from tallystick.loans.colending import Member

_WORD = 32


@dataclass(frozen=True, slots=True)
class OnChainCoLending:
    """`loan_id` is none before it funded a loan; what members were paid is in their order."""

    members: tuple[Member, ...]
    loan_id: str | None
    paid_minor: tuple[int, ...]


class CoLendingReader:
    """Reads co-lendings by their addresses at `block`. Raises what `Node` raises, and LedgerRefused
    where there is none."""

    def __init__(self, node: Node, block: Block = "latest") -> None:
        self._node = node
        self._block = block

    def co_lendings(self, addresses: Sequence[str]) -> list[OnChainCoLending]:
        members = [
            decode_members(answer)
            for answer in self._call([(one, _function("members")) for one in addresses])
        ]
        loans = self._words([(one, _function("loanId")) for one in addresses])
        asked = [
            (one, _function("paidMinor") + _address(member.party))
            for one, listed in zip(addresses, members, strict=True)
            for member in listed
        ]
        paid = iter(self._words(asked))
        return [
            OnChainCoLending(
                listed, f"0x{loan:064x}" if loan else None, tuple(next(paid) for _ in listed)
            )
            for listed, loan in zip(members, loans, strict=True)
        ]

    def consents(self, asked: Sequence[tuple[str, str, str]]) -> list[int]:
        """0 none, 1 given, 2 withdrawn; by co-lending, digest and member."""
        return self._words(
            [
                (one, _function("consentOf") + hash_bytes(digest, "digest") + _address(member))
                for one, digest, member in asked
            ]
        )

    def are_taken(self, asked: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether acts were taken, by co-lending and digest."""
        calls = [
            (one, _function("isActTaken") + hash_bytes(digest, "digest")) for one, digest in asked
        ]
        return [bool(word) for word in self._words(calls)]

    def _words(self, asked: Sequence[tuple[str, bytes]]) -> list[int]:
        answers = self._call(asked)
        for answer in answers:
            if len(answer) != _WORD:
                raise NodeAnswerInvalid(
                    f"A co-lending returned {len(answer)} bytes instead of {_WORD}; is it one?"
                )
        return [int.from_bytes(answer) for answer in answers]

    def _call(self, asked: Sequence[tuple[str, bytes]]) -> list[bytes]:
        answers = []
        requests = [CallRequest(one, data) for one, data in asked]
        for answer in self._node.call_many(requests, self._block):
            if isinstance(answer, LedgerRefused):
                raise answer
            answers.append(answer)
        return answers


def _function(name: str) -> bytes:
    return selector("CoLending", name)


def _address(value: str) -> bytes:
    return address_bytes(value).rjust(_WORD, b"\0")
