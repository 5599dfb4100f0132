"""Random histories of the contracts' logs, as a chain could have logged them.

A model of the ledger, the token, the registry and the access manager, small enough to make
thousands of logs a second. It knows nothing of the mirror; logs are encoded by a general ABI
encoder. What loans do is in `loan_deeds`, what staff do in `staff_deeds`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Self

from eth_abi.abi import encode
from eth_hash.auto import keccak

from tallystick.chain.answers import RawLog
from tallystick.chain.bindings import event_topics
from tallystick.chain.deployment import Deployment
from tallystick.loans.loan import Loan
from tests.mirror.colending_deeds import CoLendingDeeds
from tests.mirror.loan_deeds import LoanDeeds, digest
from tests.mirror.staff_deeds import StaffDeeds

ZERO = "0x" + "00" * 20
STARTS_AT = datetime(2026, 1, 1, 1, tzinfo=UTC)


def address(name: str) -> str:
    return "0x" + keccak(name.encode())[12:].hex()


DEPLOYMENT = Deployment(
    chain_id=31337,
    block_number=0,
    block_hash=digest("genesis"),
    currency="CNY",
    decimals=2,
    access_manager=address("manager"),
    party_registry=address("registry"),
    settlement_token=address("token"),
    loan_servicing=address("servicing"),
    loan_ledger=address("ledger"),
    co_lending_factory=address("factory"),
    bytecode_digests={},
)
LEDGER = DEPLOYMENT.loan_ledger
CONTRACTS = (
    *("LoanLedger", "SettlementToken", "PartyRegistry", "AccessManager"),
    *("CoLendingFactory", "CoLending"),
)
_TOPICS = {
    contract: {name: topic for topic, name in event_topics(contract).items()}
    for contract in CONTRACTS
}


@dataclass(frozen=True, slots=True)
class ModelBlock:
    number: int
    hash: str
    at: datetime
    logs: tuple[RawLog, ...]


class EventModel(LoanDeeds, StaffDeeds, CoLendingDeeds):
    """`seed` decides everything; `fork` names the branch, in block and tx hashes."""

    def __init__(self, seed: int, *, instalment_counts: Sequence[int] = (1, 2, 6, 15)) -> None:
        self.seed = seed
        self.fork = ""
        self.random = Random(seed)
        self.blocks: list[ModelBlock] = []
        self.at = STARTS_AT
        self.parties: dict[str, bool] = {}
        self.nonces: dict[str, int] = {}
        self.balances: dict[str, int] = {}
        self.claims: dict[str, int] = {}
        self.loans: dict[str, Loan] = {}
        self.is_paused = False
        self.instalment_counts = instalment_counts
        self.ledger = LEDGER
        self._logs: list[RawLog] = []
        self._count = 0
        self._tx = ""
        self._appoint()
        self.co_lendings: dict[str, list[str]] = {}
        self.funded: set[str] = set()

    # ------------------------------------------------------------ blocks and txs

    def run(self, blocks: int) -> Self:
        """Mines `blocks` more blocks of random txs."""
        for _ in range(blocks):
            self.mine()
        return self

    def diverge(self, seed: int) -> None:
        """What follows is another history than what would have followed."""
        self.random = Random(seed)
        self.fork = f"fork {seed}"

    def mine(self) -> None:
        """A block of random txs; several deeds of one tx come by batch."""
        self.mine_deeds(
            [
                self.random.choice((1, 1, 1, 2, 3)) * [None]
                for _ in range(self.random.choice((0, 1, 3, 6)))
            ]
        )
        self.at += timedelta(seconds=self.random.choice((1, 5, 3_600, 9 * 86_400)))

    def mine_deeds(self, txs: Sequence[Sequence[Callable[[], None] | None]]) -> None:
        """A block of these txs, each some deeds; None is a random one."""
        self._logs = []
        number = len(self.blocks) + 1
        for deeds in txs:
            self._tx = digest(f"{self.fork} tx {self.next()}")
            for deed in deeds:
                (deed or self.random.choice(self._deeds()))()
        block_hash = digest(f"{self.fork} block {number}")
        logs = tuple(
            replace(log, log_index=index * 3, block_hash=block_hash, block_number=number)
            for index, log in enumerate(self._logs)
        )
        self.blocks.append(ModelBlock(number, block_hash, self.at, logs))

    def logs(self, from_block: int = 1, to_block: int | None = None) -> list[RawLog]:
        return [log for block in self.blocks[from_block - 1 : to_block] for log in block.logs]

    def times(self) -> dict[int, datetime]:
        return {block.number: block.at for block in self.blocks}

    def next(self) -> int:
        self._count += 1
        return self._count

    def emit(
        self,
        contract: str,
        event: str,
        indexed: Sequence[Any],
        data: bytes = b"",
        emitter: str | None = None,
    ) -> None:
        """`indexed` are `0x` hex of at most 32 bytes, selectors of four; numbers are numbers."""
        words = [
            word.to_bytes(32)
            if isinstance(word, int)
            else bytes.fromhex(word[2:]).ljust(32, b"\0")
            if len(word) == 10
            else bytes.fromhex(word[2:]).rjust(32, b"\0")
            for word in indexed
        ]
        self._logs.append(
            RawLog(
                block_number=0,
                log_index=0,
                block_hash="",
                tx_hash=self._tx,
                address=emitter or DEPLOYMENT.address_of(contract),
                topics=_TOPICS[contract][event] + b"".join(words),
                data=data,
                block_timestamp=None,
            )
        )

    def _deeds(self) -> list[Callable[[], None]]:
        always: list[Callable[[], None]] = [
            self._register,
            self._freeze,
            self._update,
            self._cancel_signatures,
            *[self._mint] * 2,
            self._transfer,
            self._burn,
            self._approve,
            *[self._originate] * 4,
            self._revoke,
            self._claim,
            self.pause,
            self.fail_in_batch,
            *self.staff_deeds(),
            *self.co_lending_deeds(),
        ]
        return always + self.loan_deeds() * 4 if self.loans else always

    # ------------------------------------------------------------ parties

    def _register(self) -> None:
        party = address(f"{self.fork} party {self.next()}")
        self.parties[party] = False
        self.nonces[party] = 0
        data = encode(["uint32", "uint16", "bytes32"], [7, 1, keccak(party.encode())])
        self.emit("PartyRegistry", "PartyRegistered", [party], data)

    def _update(self) -> None:
        if self.parties:
            party = self._any_party()
            values = [self.random.randrange(1, 128), 2, self.random.randbytes(32)]
            data = encode(["uint32", "uint16", "bytes32"], values)
            self.emit("PartyRegistry", "PartyUpdated", [party], data)

    def _freeze(self) -> None:
        frozen = [party for party, is_frozen in self.parties.items() if is_frozen]
        if self.parties:
            party = self.random.choice(frozen) if len(frozen) > 3 else self._any_party()
            self.parties[party] = not self.parties[party]
            event = "PartyFrozen" if self.parties[party] else "PartyUnfrozen"
            self.emit("PartyRegistry", event, [party], keccak(b"reason"))

    def _cancel_signatures(self) -> None:
        if self.parties:
            party = self._any_party()
            self.nonces[party] += 1
            data = encode(["uint32"], [self.nonces[party]])
            self.emit("PartyRegistry", "SignaturesCancelled", [party], data)

    def _any_party(self) -> str:
        return self.random.choice(list(self.parties))

    def active(self, *but: str | None) -> str | None:
        """A party that is not frozen, other than `but`."""
        active = [one for one, is_frozen in self.parties.items() if not is_frozen]
        active = [one for one in active if one not in but]
        return self.random.choice(active) if active else None

    # ------------------------------------------------------------ money

    def move(self, sender: str, receiver: str, amount: int) -> None:
        for party, change in ((sender, -amount), (receiver, amount)):
            if party != ZERO:
                self.balances[party] = self.balances.get(party, 0) + change
                assert self.balances[party] >= 0
        self.emit("SettlementToken", "Transfer", [sender, receiver], encode(["uint256"], [amount]))

    def cannot_pay(self, party: str, amount: int) -> bool:
        return self.parties[party] or self.balances.get(party, 0) < amount

    def _mint(self) -> None:
        if receiver := self.active():
            amount = self.random.choice((1, 5_000_000, 90_000_000))
            self.move(ZERO, receiver, amount)
            reference = digest(f"{self.fork} in {self.next()}")
            data = encode(["uint256"], [amount])
            self.emit("SettlementToken", "Minted", [receiver, reference], data)

    def _burn(self) -> None:
        sender = self.active()
        if sender and self.balances.get(sender):
            amount = self.random.randint(1, self.balances[sender])
            self.move(sender, ZERO, amount)
            reference = digest(f"{self.fork} out {self.next()}")
            self.emit(
                "SettlementToken", "Burned", [sender, reference], encode(["uint256"], [amount])
            )

    def _transfer(self) -> None:
        sender, receiver = self.active(), self.active()
        if sender and receiver:
            amount = self.random.randint(0, self.balances.get(sender, 0))
            self.move(sender, receiver, amount)
            if amount and self.random.random() < 0.5:
                purpose = self.random.choice((b"wages", b"x" * 31, b"~"))
                self.emit(
                    "SettlementToken",
                    "PurposeStated",
                    [sender, receiver, "0x" + purpose.ljust(32, b"\0").hex()],
                    encode(["uint256", "bytes32"], [amount, b"\0" * 32]),
                )

    def _approve(self) -> None:
        if owner := self.active():
            data = encode(["uint256"], [2**256 - 1])
            self.emit("SettlementToken", "Approval", [owner, LEDGER], data)
