"""What co-lendings of the model log; see `tests.mirror.event_model`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak


class CoLendingDeeds(ABC):
    """Lenders come together, agree, act and are paid; by address, the members of each."""

    random: Random
    fork: str
    parties: dict[str, bool]
    co_lendings: dict[str, list[str]]
    funded: set[str]

    @abstractmethod
    def emit(
        self,
        contract: str,
        event: str,
        indexed: Sequence[Any],
        data: bytes = b"",
        emitter: str | None = None,
    ) -> None: ...

    @abstractmethod
    def next(self) -> int: ...

    def co_lending_deeds(self) -> list[Callable[[], None]]:
        return [self._come_together, *[self._agree, self._act, self._share] * 2, self._fund]

    def _come_together(self) -> None:
        if len(self.parties) < 3:
            return
        random = self.random
        members = random.sample(sorted(self.parties), random.choice((2, 3)))
        made = "0x" + keccak(f"{self.fork} co-lending {self.next()}".encode())[12:].hex()
        self.co_lendings[made] = members
        rows = [
            (one, rank, random.randrange(1, 2**48), rank * 7, 1) for rank, one in enumerate(members)
        ]
        data = encode(
            ["(address,uint8,uint48,uint48,uint48)[]", "bytes32"], [rows, random.randbytes(32)]
        )
        self.emit("CoLendingFactory", "CoLendingCreated", [made], data)

    def _one(self) -> tuple[str, str] | None:
        """A co-lending and a member of it."""
        if not self.co_lendings:
            return None
        address = self.random.choice(list(self.co_lendings))
        return address, self.random.choice(self.co_lendings[address])

    def _agree(self) -> None:
        if found := self._one():
            event = self.random.choice(("ConsentGiven", "ConsentWithdrawn"))
            digest = "0x" + keccak(str(self.random.randrange(3)).encode()).hex()
            self.emit("CoLending", event, [found[1], digest], emitter=found[0])

    def _fund(self) -> None:
        found = self._one()
        if found and found[0] not in self.funded:
            self.funded.add(found[0])
            loan = "0x" + keccak(f"{self.fork} lent {self.next()}".encode()).hex()
            data = encode(["uint256"], [self.random.randrange(1, 2**50)])
            self.emit("CoLending", "CommitmentsFunded", [loan], data, emitter=found[0])

    def _act(self) -> None:
        if found := self._one():
            digest = "0x" + keccak(f"{self.fork} act {self.next()}".encode()).hex()
            data = encode(["bytes", "uint256"], [self.random.randbytes(37), 5])
            self.emit("CoLending", "ActTaken", [digest], data, emitter=found[0])

    def _share(self) -> None:
        if found := self._one():
            event = self.random.choice(("SharePaid", "SharePaid", "ShareHeld"))
            data = encode(["uint256"], [self.random.randrange(1, 10**6)])
            self.emit("CoLending", event, [found[1]], data, emitter=found[0])
