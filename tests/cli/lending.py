"""A home whose parties lend and borrow by the command line alone.

    with lending_in(founded_home) as lending:
        lending.register("lena", "lender")        its key is held by the house
        loan_id = lending.propose(terms)
        lending.done("loan", "sign", loan_id, "--signer", lending.address("lena"))

The chain runs on between the commands, and its clock can be set.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from tallystick.chain.embedded import EmbeddedChain
from tallystick.loans.loan import local_day
from tests.cli.homes import chain_of
from tests.cli.running import Told, run

UTC_OFFSET_MINUTES = 480
PRINCIPAL_MINOR = 1_200_000


class Lending:
    def __init__(self, home: Path, chain: EmbeddedChain) -> None:
        self.home = home
        self.chain = chain
        self._addresses: dict[str, str] = {}

    # ------------------------------------------------------------ commands

    def told(self, *arguments: object) -> Told:
        return run(*arguments, "--json", home=self.home)

    def done(self, *arguments: object) -> Any:
        """The answer of a command that was done."""
        return self.told(*arguments).json

    def mined(self, *arguments: object) -> dict[str, Any]:
        """The command that was ordered; it is in a block."""
        command: dict[str, Any] = self.done(*arguments)
        assert command["status"] == "mined", command
        assert command["block_number"] > 0
        assert command["tx_hash"].startswith("0x")
        return command

    # ------------------------------------------------------------ parties and money

    def address(self, name: str) -> str:
        return self._addresses[name]

    def hold_key(self, name: str) -> str:
        """Has the house make a key for `name`; its address."""
        self._addresses[name] = self.done("party", "hold-key")["address"]
        return self._addresses[name]

    def register(self, name: str, role: str, *options: object) -> str:
        address = self.hold_key(name)
        self.mined("party", "register", address, "--role", role, "--name", name, *options)
        return address

    def fund(self, name: str, amount: str) -> None:
        reference = f"in/{name}/{amount}/{self.chain.now().isoformat()}"
        self.mined("party", "bank-payment", "in", self.address(name), "--amount", amount,
                   "--reference", reference)  # fmt: skip

    def allow_ledger(self, name: str) -> None:
        self.mined("party", "allow-spending", self.address(name), "--spender", "loan_ledger",
                   "--amount", "1000000000.00")  # fmt: skip

    def balance_minor(self, name: str) -> int:
        return int(self.done("party", "show", self.address(name))["balance_minor"])

    def take_part(self) -> None:
        """A lender with money, a borrower and a payee, who allow the ledger to take its due."""
        self.register("lena", "lender")
        self.register("bo", "borrower", "--email", "bo@example.com", "--language", "en")
        self.register("pia", "payee", "--payee-category", 1)
        self.fund("lena", "20000.00")
        for name in ("lena", "bo"):
            self.allow_ledger(name)

    # ------------------------------------------------------------ loans

    def today(self) -> date:
        return local_day(self.chain.now(), UTC_OFFSET_MINUTES)

    def go_to(self, day: date) -> None:
        """Mines a block at noon of `day`, where the lender is."""
        noon = datetime.combine(day, time(12), UTC) - timedelta(minutes=UTC_OFFSET_MINUTES)
        self.chain.set_time(noon)
        self.chain.mine()

    def terms(self, **members: Any) -> dict[str, Any]:
        """Terms of 12,000.00 in three instalments of 4,000.00 and 40.00 interest, every 30 days."""
        today = self.today()
        days = [today + timedelta(days=30 * number) for number in (1, 2, 3)]
        plain = {
            "agreement": "CLI-1",
            "lender": self.address("lena"),
            "borrower": self.address("bo"),
            "currency": "CNY",
            "principal_minor": PRINCIPAL_MINOR,
            "method": "equal_principal",
            "day_count": "act/360",
            "annual_rate_ppm": 120_000,
            "rounding": "half_even",
            "penalty_rate_ppm": 180_000,
            "penalty_year_days": 360,
            "grace_days": 3,
            "utc_offset_minutes": UTC_OFFSET_MINUTES,
            "sign_by": (today + timedelta(days=7)).isoformat(),
            "disburse_on": today.isoformat(),
            "disburse_by": (today + timedelta(days=7)).isoformat(),
            "self_paid_minor_max": 300_000,
            "document_hash": "0x" + hashlib.sha256(b"agreement").hexdigest(),
            "purposes": [{"purpose": "supplies", "payee_category": 1, "cap_minor": 1_000_000}],
            "instalments": [
                {
                    "number": number,
                    "due_on": day.isoformat(),
                    "principal_minor": 400_000,
                    "interest_minor": 4_000,
                }
                for number, day in enumerate(days, start=1)
            ],
        }
        return {**plain, **members}

    def proposal(self, terms: Mapping[str, Any]) -> Path:
        file = self.home / "terms.json"
        file.write_text(json.dumps(terms), encoding="utf-8")
        return file

    def propose(self, terms: Mapping[str, Any]) -> str:
        """The loan id."""
        told = self.done("loan", "propose", self.proposal(terms))
        assert told["awaited"] == ["lender", "borrower"]
        return str(told["loan_id"])

    def sign(self, loan_id: str) -> None:
        """By both sides, with the keys the house holds."""
        for name in ("lena", "bo"):
            told = self.done("loan", "sign", loan_id, "--signer", self.address(name))
        assert told == {"loan_id": loan_id, "awaited": []}

    def active_loan(self, **members: Any) -> str:
        """Loan id of a loan that was disbursed."""
        loan_id = self.propose(self.terms(**members))
        self.sign(loan_id)
        self.mined("loan", "originate", loan_id)
        self.mined("loan", "disburse", loan_id)
        return loan_id

    def state(self) -> tuple[int, str]:
        """What there is: blocks on the chain, and a digest of all that is in the database."""
        head = self.chain.node.header("latest").number
        return head, database_digest(self.home)


def database_digest(home: Path) -> str:
    """Of every row of every table."""
    with closing(sqlite3.connect(home / "tallystick.sqlite")) as database:
        return hashlib.sha256("\n".join(database.iterdump()).encode()).hexdigest()


@contextmanager
def lending_in(home: Path) -> Iterator[Lending]:
    with chain_of(home) as chain:
        yield Lending(home, chain)
