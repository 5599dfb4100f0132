"""What chance decides in a history: who acts, on what terms, for how much, showing what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from tallystick.chain.terms import PAGE_ROWS, witness, witness_for
from tallystick.loans.instalment import Instalment
from tallystick.loans.loan import Loan
from tallystick.loans.terms import (
    ALLOCATIONS,
    COLLECTABLE_BY,
    METHODS,
    PREPAYMENTS,
    ROUNDINGS,
    LoanTerms,
    PurposeCap,
)
from tests.differential.ledger_model import LedgerModel
from tests.differential.repayment_model import Shown
from tests.fixtures.chain import World, digest_of

LENDERS = ("lender", "other_lender", "third_lender")
BORROWERS = ("borrower", "second_borrower", "third_borrower")
GUARANTORS = ("guarantor", "second_guarantor")
PAYEES = ("supplier", "school")
ANYONE = (*LENDERS, *BORROWERS, *GUARANTORS, *PAYEES, "servicer", "guardian", "stranger")
PURPOSES = ("supplies", "tuition")
MUCH = 2**64 - 1


class Chances:
    """Each history has its own, by its `seed`."""

    def __init__(self, world: World, model: LedgerModel, seed: str) -> None:
        self.world = world
        self.model = model
        self.seed = seed
        self.random = Random(seed)
        self._names = {world.address(name): name for name in ANYONE}

    # ------------------------------------------------------------ who

    def _address(self, name: str) -> str:
        return self.world.address(name)

    def _name(self, address: str) -> str:
        return self._names[address]

    def _someone(self, *likely: str) -> str:
        """Nearly always one of `likely`, by name."""
        is_other = self.random.random() < 0.08 or not likely
        return self.random.choice(ANYONE if is_other else likely)

    # ------------------------------------------------------------ terms

    def _terms(self, prior: Loan | None = None) -> LoanTerms:
        random = self.random
        lender = self._name(prior.lender) if prior else random.choice(LENDERS[:2])
        borrower = self._name(prior.terms.borrower) if prior else random.choice(BORROWERS)
        if prior and random.random() < 0.05:
            lender, borrower = random.choice(LENDERS), random.choice(BORROWERS)
        guarantor = random.choice((None, None, *GUARANTORS))
        offset = random.choice((480, 480, 0, -720, 840, 330))
        today = (self.model.now + timedelta(minutes=offset)).date()
        disburse_on = today + timedelta(days=random.choice((-5, 0, 0, 0, 0, 1)))
        disburse_by = max(today, disburse_on) + timedelta(days=random.choice((1, 20, 60, 90)))
        least = prior.owed_at(self.model.now).outstanding_principal_minor if prior else 0
        rows = self._rows(disburse_by, least)
        principal = sum(row.principal_minor for row in rows)
        collectable_by = random.choice(COLLECTABLE_BY)
        purposes = [
            PurposeCap(name, random.choice((0, 1, 2)), random.randint(1, principal))
            for name in random.sample(PURPOSES, random.randrange(3))
        ]
        made = LoanTerms(
            agreement=f"H {self.seed} {random.randrange(10**6)}",
            lender=self._address(lender),
            borrower=self._address(borrower),
            guarantor=self._address(guarantor) if guarantor else None,
            currency="CNY",
            principal_minor=principal,
            method=random.choice(METHODS),
            day_count="act/act",
            annual_rate_ppm=random.randrange(2**32),
            rounding=random.choice(ROUNDINGS),
            allocation=random.choice(ALLOCATIONS),
            penalty_rate_ppm=random.choice((0, 180_000, 333_333, 1_000_000)),
            penalty_year_days=random.choice((360, 365)),
            grace_days=random.choice((0, 0, 3, 20)),
            prepayment=random.choice(PREPAYMENTS),
            prepayment_fee_ppm=random.choice((0, 5_000, 123_456)),
            accelerate_after_days=random.choice((0, 1, 10, 30)),
            mandate_minor_max=(
                0 if collectable_by == "nobody" else random.randint(1, 2 * principal)
            ),
            collectable_by=collectable_by,
            guarantee_minor_max=0 if guarantor is None else random.randint(1, 2 * principal),
            guarantee_after_days=0 if guarantor is None else random.choice((0, 5, 30)),
            utc_offset_minutes=offset,
            sign_by=today + timedelta(days=random.choice((0, 5, 60))),
            disburse_on=disburse_on,
            disburse_by=disburse_by,
            self_paid_minor_max=principal if not purposes else random.randint(0, principal),
            document_hash=digest_of("agreement text"),
            collateral_hash=random.choice((None, digest_of("collateral"))),
            prior_loan_id=prior.loan_id if prior else None,
            lender_nonce=self._nonce(lender),
            borrower_nonce=self._nonce(borrower),
            guarantor_nonce=self._nonce(guarantor) if guarantor else 0,
            purposes=tuple(purposes),
            instalments=tuple(rows),
        )
        short = principal - made.self_paid_minor_max - sum(cap.cap_minor for cap in purposes)
        if short > 0:
            made = replace(made, self_paid_minor_max=made.self_paid_minor_max + short)
        made.check_originable()
        return made

    def _nonce(self, name: str) -> int:
        party = self.model.parties.get(self._address(name))
        stale = self.random.random() < 0.02
        return (party.signature_nonce if party else 0) + stale

    def _rows(self, after: date, least: int) -> list[Instalment]:
        random = self.random
        is_long = random.random() < 0.15
        count = random.randint(PAGE_ROWS, 3 * PAGE_ROWS) if is_long else random.randint(1, 7)
        scale = random.choice((3, 200, 50_000, 3_000_000))
        rows: list[Instalment] = []
        due_on = after
        for number in range(1, count + 1):
            due_on += timedelta(days=random.randint(1, 6 if is_long else 45))
            principal = random.choice((0, random.randint(1, scale), random.randint(1, scale)))
            interest = random.choice((0, random.randint(0, 1 + scale // 20)))
            if number == count:
                missing = least - sum(row.principal_minor for row in rows)
                principal = max(principal, 1, missing if random.random() < 0.95 else 1)
            rows.append(Instalment(number, due_on, principal, interest or int(principal == 0)))
        return rows

    # ------------------------------------------------------------ how much, how shown

    def _amount(self, most: int) -> int:
        """Some share of `most`, all of it, too much of it, or nothing."""
        random = self.random
        if random.random() < 0.02:
            return 0
        if most == 0:
            return random.randint(1, 1_000)
        parts = (most, most, random.randint(1, most), random.randint(1, most), 1)
        return random.choice((*parts, most + random.randint(1, 1_000)))

    def _witness(self, loan: Loan) -> tuple[bytes, Shown]:
        """The full witness, the small one, and rarely one that shows too little."""
        terms, count = loan.terms, len(loan.terms.instalments)
        chance = self.random.random()
        if chance < 0.3:
            return witness(terms), Shown(0, count)
        if chance < 0.95:
            today = self.model.today(terms)
            first = end = loan.repaid.next_instalment
            while end < count and terms.instalments[end].due_on <= today:
                end += 1
            return witness_for(loan, today), Shown.pages_of(terms, first, end + 2)
        first, end = sorted(self.random.randint(0, count) for _ in range(2))
        return witness(terms, first, end), Shown.pages_of(terms, first, end)
