"""Random histories of the contracts' logs, as a chain could have logged them.

A model of the ledger, the token and the registry, small enough to make thousands of logs a second.
It knows nothing of the mirror; logs are encoded by a general ABI encoder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

from tallystick.chain.answers import RawLog
from tallystick.chain.bindings import event_topics
from tallystick.chain.deployment import Deployment
from tallystick.chain.terms import loan_id
from tallystick.loans.events import (
    ControlledReleased,
    FundsDisbursed,
    LoanClosed,
    LoanEvent,
    LoanWrittenOff,
    ProceedsPaid,
    ProceedsWithdrawn,
    RepaymentReceived,
)
from tallystick.loans.instalment import Instalment
from tallystick.loans.loan import Loan, Status, apply
from tallystick.loans.terms import LoanTerms, PurposeCap
from tallystick.loans.waterfall import allocate
from tests.chain.random_terms import abi_tuple

ZERO = "0x" + "00" * 20
STARTS_AT = datetime(2026, 1, 1, 1, tzinfo=UTC)
PURPOSES = ("supplies", "tuition", "Equipment 2", "Zubehoer")
TERMS_TYPE = (
    "(bytes32,address,address,bytes32,uint64,bytes32,bytes32,uint32,bytes32,uint32,uint16,uint16,"
    "int16,uint32,uint32,uint32,uint64,bytes32,(bytes32,uint16,uint64)[],(uint32,uint64,uint64)[])"
)
_TOPICS = {
    contract: {name: topic for topic, name in event_topics(contract).items()}
    for contract in ("LoanLedger", "SettlementToken", "PartyRegistry")
}


def address(name: str) -> str:
    return "0x" + keccak(name.encode())[12:].hex()


def digest(name: str) -> str:
    return "0x" + keccak(name.encode()).hex()


DEPLOYMENT = Deployment(
    chain_id=31337,
    block_number=0,
    block_hash=digest("genesis"),
    currency="CNY",
    decimals=2,
    access_manager=address("manager"),
    party_registry=address("registry"),
    settlement_token=address("token"),
    loan_ledger=address("ledger"),
    bytecode_digests={},
)
LEDGER = DEPLOYMENT.loan_ledger


@dataclass(frozen=True, slots=True)
class ModelBlock:
    number: int
    hash: str
    at: datetime
    logs: tuple[RawLog, ...]


@dataclass
class EventModel:
    """`seed` decides everything; `fork` names the branch, in block and tx hashes."""

    seed: int
    fork: str = ""
    blocks: list[ModelBlock] = field(default_factory=list)
    at: datetime = STARTS_AT
    parties: dict[str, bool] = field(default_factory=dict)
    balances: dict[str, int] = field(default_factory=dict)
    claims: dict[str, int] = field(default_factory=dict)
    loans: dict[str, Loan] = field(default_factory=dict)
    instalment_counts: Sequence[int] = (1, 2, 6, 15)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self._logs: list[RawLog] = []
        self._count = 0
        self._tx = ""

    # ------------------------------------------------------------ blocks and txs

    def run(self, blocks: int) -> EventModel:
        """Mines `blocks` more blocks of random txs."""
        for _ in range(blocks):
            self.mine()
        return self

    def diverge(self, seed: int) -> None:
        """What follows is another history than what would have followed."""
        self.random = Random(seed)
        self.fork = f"fork {seed}"

    def mine(self) -> None:
        """A block of random txs; several deeds of one tx come by multicall."""
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
            self._tx = digest(f"{self.fork} tx {self._next()}")
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

    def _next(self) -> int:
        self._count += 1
        return self._count

    def _emit(self, contract: str, event: str, indexed: Sequence[Any], data: bytes = b"") -> None:
        place = {
            "LoanLedger": DEPLOYMENT.loan_ledger,
            "SettlementToken": DEPLOYMENT.settlement_token,
            "PartyRegistry": DEPLOYMENT.party_registry,
        }
        words = [bytes.fromhex(word[2:]).rjust(32, b"\0") for word in indexed]
        self._logs.append(
            RawLog(
                block_number=0,
                log_index=0,
                block_hash="",
                tx_hash=self._tx,
                address=place[contract],
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
            self._mint,
            self._transfer,
            self._burn,
            self._approve,
            self._originate,
            self._revoke,
            self._claim,
        ]
        with_loans: list[Callable[[], None]] = [
            self._disburse,
            self._pay,
            self._pay,
            self._withdraw,
            *[self._repay] * 8,
            self._disburse,
            self._payoff,
            self._write_off,
            self._notice,
        ]
        return always + with_loans * 3 if self.loans else always

    # ------------------------------------------------------------ parties

    def _register(self) -> None:
        party = address(f"{self.fork} party {self._next()}")
        self.parties[party] = False
        data = encode(["uint32", "uint16", "bytes32"], [7, 1, keccak(party.encode())])
        self._emit("PartyRegistry", "PartyRegistered", [party], data)

    def _update(self) -> None:
        if self.parties:
            party = self._any_party()
            values = [self.random.randrange(1, 128), 2, self.random.randbytes(32)]
            data = encode(["uint32", "uint16", "bytes32"], values)
            self._emit("PartyRegistry", "PartyUpdated", [party], data)

    def _freeze(self) -> None:
        frozen = [party for party, is_frozen in self.parties.items() if is_frozen]
        if self.parties:
            party = self.random.choice(frozen) if len(frozen) > 3 else self._any_party()
            self.parties[party] = not self.parties[party]
            event = "PartyFrozen" if self.parties[party] else "PartyUnfrozen"
            self._emit("PartyRegistry", event, [party], keccak(b"reason"))

    def _any_party(self) -> str:
        return self.random.choice(list(self.parties))

    def _active(self) -> str | None:
        active = [party for party, is_frozen in self.parties.items() if not is_frozen]
        return self.random.choice(active) if active else None

    # ------------------------------------------------------------ money

    def _move(self, sender: str, receiver: str, amount: int) -> None:
        for party, change in ((sender, -amount), (receiver, amount)):
            if party != ZERO:
                self.balances[party] = self.balances.get(party, 0) + change
                assert self.balances[party] >= 0
        self._emit("SettlementToken", "Transfer", [sender, receiver], encode(["uint256"], [amount]))

    def _mint(self) -> None:
        if receiver := self._active():
            amount = self.random.choice((1, 5_000_000, 90_000_000))
            self._move(ZERO, receiver, amount)
            reference = digest(f"{self.fork} in {self._next()}")
            data = encode(["uint256"], [amount])
            self._emit("SettlementToken", "Minted", [receiver, reference], data)

    def _burn(self) -> None:
        sender = self._active()
        if sender and self.balances.get(sender):
            amount = self.random.randint(1, self.balances[sender])
            self._move(sender, ZERO, amount)
            reference = digest(f"{self.fork} out {self._next()}")
            self._emit(
                "SettlementToken", "Burned", [sender, reference], encode(["uint256"], [amount])
            )

    def _transfer(self) -> None:
        sender, receiver = self._active(), self._active()
        if sender and receiver:
            amount = self.random.randint(0, self.balances.get(sender, 0))
            self._move(sender, receiver, amount)
            if amount and self.random.random() < 0.5:
                purpose = self.random.choice((b"wages", b"x" * 31, b"~"))
                self._emit(
                    "SettlementToken",
                    "PurposeStated",
                    [sender, receiver, "0x" + purpose.ljust(32, b"\0").hex()],
                    encode(["uint256", "bytes32"], [amount, b"\0" * 32]),
                )

    def _approve(self) -> None:
        if owner := self._active():
            data = encode(["uint256"], [2**256 - 1])
            self._emit("SettlementToken", "Approval", [owner, LEDGER], data)

    # ------------------------------------------------------------ loans

    def _originate(self) -> None:
        lender, borrower = self._active(), self._active()
        if lender is None or borrower is None or lender == borrower:
            return
        terms = self._terms(lender, borrower)
        loan = Loan(loan_id(terms), terms)
        self.loans[loan.loan_id] = loan
        data = encode([TERMS_TYPE], [abi_tuple(terms)])
        self._emit("LoanLedger", "LoanOriginated", [loan.loan_id, lender, borrower], data)

    def _terms(self, lender: str, borrower: str) -> LoanTerms:
        random, today = self.random, self.at.date()
        count = random.choice(self.instalment_counts)
        shares = [random.randrange(0, 50_000) for _ in range(count - 1)]
        principal = sum(shares) + random.randrange(1, 50_000)
        due_on, rows = today + timedelta(days=10), []
        for number, share in enumerate([*shares, principal - sum(shares)], start=1):
            due_on += timedelta(days=random.choice((1, 7, 30)))
            interest = random.randrange(0, 700) or int(share == 0)
            rows.append(Instalment(number, due_on, share, interest))
        purposes = random.sample(PURPOSES, random.choice((0, 1, 3)))
        return LoanTerms(
            agreement=f"M-{self._next()}",
            lender=lender,
            borrower=borrower,
            currency="CNY",
            principal_minor=principal,
            method="custom",
            day_count="act/360",
            annual_rate_ppm=random.randrange(2**32),
            rounding=random.choice(("half_even", "half_up")),
            penalty_rate_ppm=random.choice((0, 180_000, 1_000_000)),
            penalty_year_days=random.choice((360, 365)),
            grace_days=random.choice((0, 3)),
            utc_offset_minutes=random.choice((-720, 0, 480, 840)),
            sign_by=today,
            disburse_on=date(1970, 1, 1),
            disburse_by=today + timedelta(days=9),
            self_paid_minor_max=principal,
            document_hash=digest("document"),
            purposes=tuple(PurposeCap(purpose, 0, principal) for purpose in purposes),
            instalments=tuple(rows),
        )

    def _revoke(self) -> None:
        if party := self._active():
            terms = self._terms(party, address("never"))
            self._emit("LoanLedger", "SignatureRevoked", [loan_id(terms), party])

    def _loan(self, *statuses: Status) -> Loan | None:
        loans = [loan for loan in self.loans.values() if loan.status in statuses]
        return self.random.choice(loans) if loans else None

    def _happen(self, event: LoanEvent) -> None:
        self.loans[event.loan_id] = apply(self.loans[event.loan_id], event, self.at)[0]

    def _disburse(self) -> None:
        loan = self._loan(Status.APPROVED)
        if loan is None or self._cannot_pay(loan.terms.lender, loan.terms.principal_minor):
            return
        amount = loan.terms.principal_minor
        self._happen(FundsDisbursed(loan.loan_id, amount))
        self._emit("LoanLedger", "FundsDisbursed", [loan.loan_id], encode(["uint64"], [amount]))
        self._move(loan.terms.lender, LEDGER, amount)

    def _cannot_pay(self, party: str, amount: int) -> bool:
        return self.parties[party] or self.balances.get(party, 0) < amount

    def _pay(self) -> None:
        loan, payee = self._loan(Status.ACTIVE), self._active()
        if loan is None or payee is None or not loan.controlled_minor or not loan.terms.purposes:
            return
        purpose = self.random.choice(loan.terms.purposes).purpose
        amount = self.random.randint(1, loan.controlled_minor)
        evidence = digest(f"evidence {self._next()}")
        self._happen(ProceedsPaid(loan.loan_id, payee, purpose, amount, evidence))
        word = "0x" + purpose.encode().ljust(32, b"\0").hex()
        data = encode(["uint64", "bytes32"], [amount, bytes.fromhex(evidence[2:])])
        self._emit("LoanLedger", "ProceedsPaid", [loan.loan_id, payee, word], data)
        self._move(LEDGER, payee, amount)

    def _withdraw(self) -> None:
        loan = self._loan(Status.ACTIVE)
        if loan is None or not loan.controlled_minor or self.parties[loan.terms.borrower]:
            return
        amount = self.random.randint(1, loan.controlled_minor)
        self._happen(ProceedsWithdrawn(loan.loan_id, amount))
        self._emit("LoanLedger", "ProceedsWithdrawn", [loan.loan_id], encode(["uint64"], [amount]))
        self._move(LEDGER, loan.terms.borrower, amount)

    def _repay(self) -> None:
        if loan := self._loan(Status.ACTIVE, Status.WRITTEN_OFF):
            owed = loan.owed_at(self.at)
            most = owed.repayable_minor
            amount = self.random.choice((most, most // 7, self.random.randint(0, most)))
            penalty = min(amount, owed.penalty_minor)
            parts = allocate(loan.terms, loan.repaid, amount - penalty)
            interest = sum(part.interest_minor for part in parts)
            self._take(loan, amount, penalty, interest, amount - penalty - interest, False)

    def _payoff(self) -> None:
        loan = self._loan(Status.ACTIVE, Status.WRITTEN_OFF)
        if loan and self.random.random() < 0.3:
            owed = loan.owed_at(self.at)
            interest = owed.interest_minor + owed.payoff_interest_minor
            principal = owed.outstanding_principal_minor
            self._take(loan, owed.payoff_minor, owed.penalty_minor, interest, principal, True)

    def _take(
        self, loan: Loan, amount: int, penalty: int, interest: int, principal: int, is_payoff: bool
    ) -> None:
        payer, terms = self._active(), loan.terms
        if payer is None or self._cannot_pay(payer, amount) or not (amount or is_payoff):
            return
        parts = (amount, penalty, interest, principal, is_payoff)
        self._happen(RepaymentReceived(loan.loan_id, payer, *parts))
        data = encode(["uint64", "uint64", "uint64", "uint64", "bool"], parts)
        self._emit("LoanLedger", "RepaymentReceived", [loan.loan_id, payer], data)
        unused = 0
        if self.loans[loan.loan_id].repaid.next_instalment == len(terms.instalments):
            self._happen(LoanClosed(loan.loan_id))
            self._emit("LoanLedger", "LoanClosed", [loan.loan_id])
            if unused := loan.controlled_minor:
                self._happen(ControlledReleased(loan.loan_id, terms.borrower, unused))
                data = encode(["uint64"], [unused])
                topics = [loan.loan_id, terms.borrower]
                self._emit("LoanLedger", "ControlledReleased", topics, data)
        if amount and self.parties[terms.lender]:
            self._hold(loan, terms.lender, amount)
            self._move(payer, LEDGER, amount)
        elif amount:
            self._move(payer, terms.lender, amount)
        if unused and self.parties[terms.borrower]:
            self._hold(loan, terms.borrower, unused)
        elif unused:
            self._move(LEDGER, terms.borrower, unused)

    def _hold(self, loan: Loan, party: str, amount: int) -> None:
        self.claims[party] = self.claims.get(party, 0) + amount
        self._emit("LoanLedger", "PayoutHeld", [loan.loan_id, party], encode(["uint64"], [amount]))

    def _claim(self) -> None:
        for party, amount in self.claims.items():
            if amount and not self.parties[party]:
                self.claims[party] = 0
                data = encode(["uint64"], [amount])
                self._emit("LoanLedger", "PayoutClaimed", [party], data)
                self._move(LEDGER, party, amount)
                return

    def _write_off(self) -> None:
        loan = self._loan(Status.ACTIVE)
        if loan is None or not loan.owed_at(self.at).arrears_minor:
            return
        owed = loan.owed_at(self.at)
        parts = (owed.outstanding_principal_minor, owed.interest_minor, owed.penalty_minor)
        self._happen(LoanWrittenOff(loan.loan_id, *parts, digest("reason")))
        data = encode(["uint64", "uint64", "uint64", "bytes32"], [*parts, keccak(b"reason")])
        self._emit("LoanLedger", "LoanWrittenOff", [loan.loan_id], data)

    def _notice(self) -> None:
        loan = self._loan(Status.APPROVED, Status.ACTIVE, Status.WRITTEN_OFF, Status.CLOSED)
        if loan:
            content = digest(f"{self.fork} notice {self._next()}")
            step = self.random.choice((b"overdue_7", b"a" * 31))
            self._emit("LoanLedger", "NoticeServed", [loan.loan_id, content], step.ljust(32, b"\0"))
