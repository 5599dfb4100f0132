"""What the access manager of the model logs; see `tests.mirror.event_model`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from random import Random
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

GUARDED = ("LoanLedger", "SettlementToken", "PartyRegistry")
STAFF = tuple("0x" + keccak(f"staff {number}".encode())[12:].hex() for number in range(5))
SELECTORS = ("0x11111111", "0x22222222")
PUBLIC_ROLE = 2**64 - 1
FAR_SECONDS = 2**48 - 1


class StaffDeeds(ABC):
    """Roles are dealt out, taken back and delayed; calls are announced, made and withdrawn."""

    random: Random
    at: datetime
    fork: str

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

    def _appoint(self) -> None:
        self.grants: set[tuple[int, str]] = set()
        self.waiting: dict[str, int] = {}
        self._nonces: dict[str, int] = {}

    def staff_deeds(self) -> list[Callable[[], None]]:
        return [*[self._change_staff] * 3, self._announce, self._end_announced]

    def _seconds(self) -> int:
        return int(self.at.timestamp())

    def _change_staff(self) -> None:
        random = self.random
        role = random.choice((0, 1, 3, 5, PUBLIC_ROLE - 1))
        target = random.choice(STAFF)
        delay = random.choice((0, 3_600, 86_400))
        since = self._seconds() + random.choice((0, 0, 3_600, 5 * 86_400))
        delayed = encode(["uint32", "uint48"], [delay, since])
        match random.randrange(10):
            case 0 | 1 | 2:
                self._grant(role, random.choice(STAFF), delay, since)
            case 3:
                if self.grants:
                    key = random.choice(sorted(self.grants))
                    self.grants.remove(key)
                    self.emit("AccessManager", "RoleRevoked", list(key))
            case 4:
                label = random.choice((b"servicer", b"\xff\0", b"x" * 40))
                self.emit("AccessManager", "RoleLabel", [role], encode(["bytes"], [label]))
            case 5:
                event = random.choice(("RoleAdminChanged", "RoleGuardianChanged"))
                self.emit("AccessManager", event, [role, random.choice((0, 4, PUBLIC_ROLE))])
            case 6:
                self.emit("AccessManager", "RoleGrantDelayChanged", [role], delayed)
            case 7:
                self.emit("AccessManager", "TargetAdminDelayUpdated", [target], delayed)
            case 8:
                closed = encode(["bool"], [random.random() < 0.5])
                self.emit("AccessManager", "TargetClosed", [target], closed)
                data = encode(["address"], [random.choice(STAFF)])
                self.emit(random.choice(GUARDED), "AuthorityUpdated", [], data)
            case _:
                word = bytes.fromhex(random.choice(SELECTORS)[2:]).ljust(32, b"\0")
                self.emit("AccessManager", "TargetFunctionRoleUpdated", [target, role], word)

    def _grant(self, role: int, account: str, delay: int, since: int) -> None:
        is_new = (role, account) not in self.grants
        self.grants.add((role, account))
        data = encode(["uint32", "uint48", "bool"], [delay, since, is_new])
        self.emit("AccessManager", "RoleGranted", [role, account], data)

    def _announce(self) -> None:
        random = self.random
        operation = "0x" + keccak(f"operation {random.randrange(4)}".encode()).hex()
        if operation in self.waiting:
            return
        nonce = self._nonces.get(operation, 0) + 1
        self._nonces[operation] = self.waiting[operation] = nonce
        ready = random.choice((self._seconds() + 3_600, FAR_SECONDS))
        data = encode(
            ["uint48", "address", "address", "bytes"],
            [ready, random.choice(STAFF), random.choice(STAFF), random.randbytes(37)],
        )
        self.emit("AccessManager", "OperationScheduled", [operation, nonce], data)

    def _end_announced(self) -> None:
        if self.waiting:
            operation = self.random.choice(sorted(self.waiting))
            event = self.random.choice(("OperationExecuted", "OperationCanceled"))
            self.emit("AccessManager", event, [operation, self.waiting.pop(operation)])
