"""What the access manager holds, read at one block: who may do what, and what was announced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tallystick.chain.bindings import selector
from tallystick.chain.client import Block, CallRequest, Node
from tallystick.chain.deployment import Deployment
from tallystick.chain.failures import NodeAnswerInvalid
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.words import address_bytes, hash_bytes, moment
from tallystick.parties.staff import Delay, RoleGrant

_WORD = 32


@dataclass(frozen=True, slots=True)
class OnChainRole:
    """`grant_delay_seconds` is what it is now; labels are told by events only."""

    admin: int
    guardian: int
    grant_delay_seconds: int


@dataclass(frozen=True, slots=True)
class OnChainContract:
    """`authority` is none for contracts that are not of the deployment: they are not asked."""

    authority: str | None
    is_closed: bool
    admin_delay_seconds: int


@dataclass(frozen=True, slots=True)
class OnChainOperation:
    """`nonce` is that of its last announcement; `ready_at` is none unless it can still be made."""

    nonce: int
    ready_at: datetime | None


class AuthorityReader:
    """Reads the access manager of `deployment`, many things at a time, at `block`.

    Raises what `Node` raises.
    """

    def __init__(self, node: Node, deployment: Deployment, block: Block = "latest") -> None:
        self._node = node
        self._deployment = deployment
        self._block = block

    def grants(self, asked: Sequence[tuple[int, str]]) -> list[RoleGrant | None]:
        """By role and account; none if the account is no member."""
        answers = self._read("getAccess", [_uint(role) + _address(one) for role, one in asked], 4)
        return [_grant(*key, words) for key, words in zip(asked, answers, strict=True)]

    def roles(self, numbers: Sequence[int]) -> list[OnChainRole]:
        arguments = [_uint(number) for number in numbers]
        columns = [
            self._read(view, arguments, 1)
            for view in ("getRoleAdmin", "getRoleGuardian", "getRoleGrantDelay")
        ]
        return [OnChainRole(*(words[0] for words in row)) for row in zip(*columns, strict=True)]

    def contracts(self, addresses: Sequence[str]) -> list[OnChainContract]:
        arguments = [_address(one) for one in addresses]
        closed = self._read("isTargetClosed", arguments, 1)
        delays = self._read("getTargetAdminDelay", arguments, 1)
        ours = [one for one in addresses if one in self._deployment.guarded]
        data = selector("LoanLedger", "authority")
        authorities = self._call([CallRequest(one, data) for one in ours], 1)
        told = {one: f"0x{words[0]:040x}" for one, words in zip(ours, authorities, strict=True)}
        return [
            OnChainContract(told.get(one), bool(is_closed[0]), delay[0])
            for one, is_closed, delay in zip(addresses, closed, delays, strict=True)
        ]

    def function_roles(self, asked: Sequence[tuple[str, str]]) -> list[int]:
        """The role whose members may call a function, by contract and selector."""
        arguments = [
            _address(address) + bytes.fromhex(four_bytes[2:]).ljust(_WORD, b"\0")
            for address, four_bytes in asked
        ]
        return [words[0] for words in self._read("getTargetFunctionRole", arguments, 1)]

    def operations(self, operation_ids: Sequence[str]) -> list[OnChainOperation]:
        arguments = [hash_bytes(one, "operation_id") for one in operation_ids]
        nonces = self._read("getNonce", arguments, 1)
        schedules = self._read("getSchedule", arguments, 1)
        return [
            OnChainOperation(nonce[0], moment(ready[0]) if ready[0] else None)
            for nonce, ready in zip(nonces, schedules, strict=True)
        ]

    def _read(self, view: str, arguments: Sequence[bytes], words: int) -> list[tuple[int, ...]]:
        manager, function = self._deployment.access_manager, selector("AccessManager", view)
        requests = [CallRequest(manager, function + argument) for argument in arguments]
        return self._call(requests, words)

    def _call(self, requests: Sequence[CallRequest], words: int) -> list[tuple[int, ...]]:
        results = []
        for answer in self._node.call_many(requests, self._block):
            if isinstance(answer, LedgerRefused):
                raise answer
            if len(answer) != words * _WORD:
                raise NodeAnswerInvalid(
                    f"The access manager returned {len(answer)} bytes instead of "
                    f"{words * _WORD}; is this the right contract?"
                )
            results.append(
                tuple(
                    int.from_bytes(answer[at : at + _WORD]) for at in range(0, len(answer), _WORD)
                )
            )
        return results


def _grant(role: int, account: str, words: Sequence[int]) -> RoleGrant | None:
    since, seconds, next_seconds, next_at = words
    if since == 0:
        return None
    delay = Delay(seconds, next_seconds, moment(next_at)) if next_at else Delay(seconds)
    return RoleGrant(role, account, moment(since), delay)


def _address(value: str) -> bytes:
    return address_bytes(value).rjust(_WORD, b"\0")


def _uint(value: int) -> bytes:
    return value.to_bytes(_WORD)
