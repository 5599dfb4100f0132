"""What loans of the model do, by the pure rules; see `tests.mirror.event_model`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from eth_abi.abi import encode
from eth_hash.auto import keccak

from tallystick.chain.terms import agreement_of, loan_id, witness
from tallystick.loans.events import (
    ClaimAssigned,
    ControlledReleased,
    FundsDisbursed,
    GuarantorReimbursed,
    LoanAccelerated,
    LoanCancelled,
    LoanClosed,
    LoanEvent,
    LoanRestructured,
    LoanWrittenOff,
    MandateRevoked,
    ProceedsPaid,
    ProceedsWithdrawn,
    RepaymentKind,
    RepaymentReceived,
)
from tallystick.loans.instalment import Instalment
from tallystick.loans.life import apply
from tallystick.loans.loan import CARRIED, Loan, Status, local_day
from tallystick.loans.repayment import Repayment, payoff, prepay, prepayable_minor, repay
from tallystick.loans.terms import LoanTerms, PurposeCap

PURPOSES = ("supplies", "tuition", "Equipment 2", "Zubehoer")
REASON = "0x" + keccak(b"reason").hex()
_KIND_CODES = tuple(RepaymentKind)
_ALL = tuple(status for status in Status if status is not Status.REVOKED)


def digest(name: str) -> str:
    return "0x" + keccak(name.encode()).hex()


class LoanDeeds(ABC):
    """Every verb of the ledger. A deed does nothing when there is no loan it can be done to."""

    random: Random
    at: datetime
    fork: str
    ledger: str
    parties: dict[str, bool]
    nonces: dict[str, int]
    balances: dict[str, int]
    claims: dict[str, int]
    loans: dict[str, Loan]
    is_paused: bool
    instalment_counts: Sequence[int]

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

    @abstractmethod
    def active(self, *but: str | None) -> str | None: ...

    @abstractmethod
    def move(self, sender: str, receiver: str, amount: int) -> None: ...

    @abstractmethod
    def cannot_pay(self, party: str, amount: int) -> bool: ...

    def loan_deeds(self) -> list[Callable[[], None]]:
        return [
            self._disburse,
            self._pay,
            self._pay,
            self._withdraw,
            *[self._repay] * 4,
            *[self._disburse] * 2,
            self._payoff,
            self._cancel,
            *[self._collect] * 3,
            self._revoke_mandate,
            *[self._prepay] * 2,
            *[self._call_guarantee] * 3,
            *[self._reimburse] * 2,
            *[self._accelerate] * 3,
            self._restructure,
            self._assign,
            self._write_off,
            self._notice,
        ]

    # ------------------------------------------------------------ agreement

    def _originate(self) -> None:
        lender = self.active()
        borrower = self.active(lender)
        if lender and borrower:
            self._begin(self._terms(lender, borrower, self.active(lender, borrower)))

    def _begin(self, terms: LoanTerms) -> Loan:
        loan = self.loans[loan_id(terms)] = Loan(loan_id(terms), terms)
        data = encode(["bytes", "bytes"], [witness(terms), agreement_of(terms)])
        topics = [loan.loan_id, terms.lender, terms.borrower]
        self.emit("LoanLedger", "LoanOriginated", topics, data)
        return loan

    def _terms(
        self, lender: str, borrower: str, guarantor: str | None, prior: Loan | None = None
    ) -> LoanTerms:
        random, today = self.random, self.at.date()
        count = random.choice(self.instalment_counts)
        shares = [random.randrange(0, 50_000) for _ in range(count - 1)]
        shares.append(random.randrange(1, 50_000))
        if prior is not None:
            shares[-1] += max(0, prior.outstanding_minor - sum(shares))
        principal, due_on, rows = sum(shares), today + timedelta(days=10), []
        for number, share in enumerate(shares, start=1):
            due_on += timedelta(days=random.choice((1, 7, 30)))
            interest = random.randrange(0, 700) or int(share == 0)
            rows.append(Instalment(number, due_on, share, interest))
        purposes = random.sample(PURPOSES, random.choice((0, 1, 3)))
        if random.random() < 0.5:
            guarantor = None
        mandate = random.choice((0, principal // 2, 2 * principal))
        terms = LoanTerms(
            agreement=f"M-{self.next()}",
            lender=lender,
            borrower=borrower,
            guarantor=guarantor,
            currency="CNY",
            principal_minor=principal,
            method="custom",
            day_count="act/360",
            annual_rate_ppm=random.randrange(2**32),
            rounding=random.choice(("half_even", "half_up")),
            allocation=random.choice(("penalty_first", "penalty_last")),
            penalty_rate_ppm=random.choice((0, 180_000, 1_000_000)),
            penalty_year_days=random.choice((360, 365)),
            grace_days=random.choice((0, 3)),
            prepayment=random.choice(("not_allowed", "shorter_term", "smaller_instalments")),
            prepayment_fee_ppm=random.choice((0, 10_000)),
            accelerate_after_days=random.choice((0, 5, 20)),
            mandate_minor_max=mandate,
            collectable_by=random.choice(("servicer", "anyone")) if mandate else "nobody",
            guarantee_minor_max=random.choice((1, principal)) if guarantor else 0,
            guarantee_after_days=random.choice((0, 10)) if guarantor else 0,
            collateral_hash=random.choice((None, digest("collateral"))),
            prior_loan_id=prior.loan_id if prior else None,
            lender_nonce=self.nonces[lender],
            borrower_nonce=self.nonces[borrower],
            guarantor_nonce=self.nonces[guarantor] if guarantor else 0,
            utc_offset_minutes=random.choice((-720, 0, 480, 840)),
            sign_by=today,
            disburse_on=today - timedelta(days=random.choice((1, 30))),
            disburse_by=today + timedelta(days=9),
            self_paid_minor_max=principal,
            document_hash=digest("document"),
            purposes=tuple(PurposeCap(purpose, 0, principal) for purpose in purposes),
            instalments=tuple(rows),
        )
        terms.check_originable()
        return terms

    def _revoke(self) -> None:
        if party := self.active():
            terms = digest(f"{self.fork} never a loan {self.next()}")
            self.emit("LoanLedger", "SignatureRevoked", [terms, party])

    def _cancel(self) -> None:
        loan = self._loan(Status.APPROVED)
        if loan and self.random.random() < 0.1:
            by = self.random.choice((loan.terms.lender, loan.terms.borrower))
            self._happen(LoanCancelled(loan.loan_id, by))
            self.emit("LoanLedger", "LoanCancelled", [loan.loan_id, by])

    def _loan(self, *statuses: Status, where: Callable[[Loan], Any] = bool) -> Loan | None:
        found = [one for one in self.loans.values() if one.status in statuses and where(one)]
        if self.random.random() < 0.3:
            # What a lender cannot receive is rare otherwise.
            found = [one for one in found if self.parties[one.lender]] or found
        return self.random.choice(found) if found else None

    def _happen(self, event: LoanEvent, loan_id: str | None = None) -> None:
        loan_id = loan_id or event.loan_id
        self.loans[loan_id] = apply(self.loans[loan_id], event, self.at)[0]

    # ------------------------------------------------------------ use of proceeds

    def _disburse(self) -> None:
        loan = self._loan(Status.APPROVED)
        if loan is None or self.cannot_pay(loan.terms.lender, loan.terms.principal_minor):
            return
        amount = loan.terms.principal_minor
        self._happen(FundsDisbursed(loan.loan_id, amount))
        self.emit("LoanLedger", "FundsDisbursed", [loan.loan_id], encode(["uint64"], [amount]))
        self.move(loan.terms.lender, self.ledger, amount)

    def _using(self) -> Loan | None:
        return self._loan(
            Status.ACTIVE, where=lambda one: one.controlled_minor and not one.repaid.is_accelerated
        )

    def _pay(self) -> None:
        loan, payee = self._using(), self.active()
        if loan is None or payee is None or not loan.terms.purposes:
            return
        purpose = self.random.choice(loan.terms.purposes).purpose
        amount = self.random.randint(1, loan.controlled_minor)
        evidence = digest(f"evidence {self.next()}")
        self._happen(ProceedsPaid(loan.loan_id, payee, purpose, amount, evidence))
        word = "0x" + purpose.encode().ljust(32, b"\0").hex()
        data = encode(["uint64", "bytes32"], [amount, bytes.fromhex(evidence[2:])])
        self.emit("LoanLedger", "ProceedsPaid", [loan.loan_id, payee, word], data)
        self.move(self.ledger, payee, amount)

    def _withdraw(self) -> None:
        loan = self._using()
        if loan is None or self.parties[loan.terms.borrower]:
            return
        amount = self.random.randint(1, loan.controlled_minor)
        self._happen(ProceedsWithdrawn(loan.loan_id, amount))
        self.emit("LoanLedger", "ProceedsWithdrawn", [loan.loan_id], encode(["uint64"], [amount]))
        self.move(self.ledger, loan.terms.borrower, amount)

    # ------------------------------------------------------------ repayment

    def _repay(self) -> None:
        loan = self._loan(*CARRIED)
        payer = self.active()
        if loan and payer:
            most = loan.owed_at(self.at).repayable_minor
            amount = self.random.choice((most, most // 7, most // 3, self.random.randint(0, most)))
            if amount and not self.cannot_pay(payer, amount):
                self._take(loan, RepaymentKind.REPAY, payer, self._repaid(loan, amount))

    def _payoff(self) -> None:
        loan = self._loan(*CARRIED)
        payer = self.active()
        if loan and payer and self.random.random() < 0.1:
            made = payoff(loan.terms, loan.repaid, self._today(loan))
            if not self.cannot_pay(payer, made.amount_minor):
                self._take(loan, RepaymentKind.PAYOFF, payer, made)

    def _collect(self) -> None:
        loan = self._loan(
            *CARRIED,
            where=lambda one: one.terms.mandate_minor_max and not one.is_mandate_revoked,
        )
        if loan:
            left = loan.terms.mandate_minor_max - loan.account.collected_minor
            self._debit(loan, RepaymentKind.COLLECT, loan.terms.borrower, left)

    def _call_guarantee(self) -> None:
        loan = self._loan(*CARRIED, where=lambda one: one.terms.guarantor)
        if loan and loan.terms.guarantor:
            left = loan.terms.guarantee_minor_max - loan.account.guaranteed_minor
            self._debit(loan, RepaymentKind.GUARANTEE, loan.terms.guarantor, left)

    def _debit(self, loan: Loan, kind: RepaymentKind, payer: str, left: int) -> None:
        amount = min(loan.owed_at(self.at).due_minor, left, self.balances.get(payer, 0))
        if amount and not self.parties[payer]:
            self._take(loan, kind, payer, self._repaid(loan, amount))

    def _prepay(self) -> None:
        loan = self._loan(Status.ACTIVE, where=lambda one: one.terms.prepayment != "not_allowed")
        if loan is None:
            return
        most = prepayable_minor(loan.terms, loan.repaid, self._today(loan))
        borrower = loan.terms.borrower
        if most:
            amount = self.random.choice((most, self.random.randint(1, most)))
            made = prepay(loan.terms, loan.repaid, self._today(loan), amount)
            if not self.cannot_pay(borrower, made.amount_minor):
                self._take(loan, RepaymentKind.PREPAY, borrower, made)

    def _repaid(self, loan: Loan, amount: int) -> Repayment:
        return repay(loan.terms, loan.repaid, self._today(loan), amount)

    def _today(self, loan: Loan) -> Any:
        return local_day(self.at, loan.terms.utc_offset_minutes)

    def _take(self, loan: Loan, kind: RepaymentKind, payer: str, made: Repayment) -> None:
        terms = loan.terms
        parts = (made.penalty_minor, made.interest_minor, made.principal_minor, made.fee_minor)
        self._happen(RepaymentReceived(loan.loan_id, payer, kind, *parts))
        data = encode(["uint8", *["uint64"] * 4], [_KIND_CODES.index(kind), *parts])
        self.emit("LoanLedger", "RepaymentReceived", [loan.loan_id, payer], data)
        unused = 0
        if made.is_clearing:
            self._happen(LoanClosed(loan.loan_id))
            self.emit("LoanLedger", "LoanClosed", [loan.loan_id])
            if unused := self.loans[loan.loan_id].controlled_minor:
                self._happen(ControlledReleased(loan.loan_id, terms.borrower, unused))
                data = encode(["uint64"], [unused])
                topics = [loan.loan_id, terms.borrower]
                self.emit("LoanLedger", "ControlledReleased", topics, data)
            self._release_collateral(loan.loan_id)
        self._receive(loan, payer, loan.lender, made.amount_minor)
        if unused:
            self._receive(loan, self.ledger, terms.borrower, unused)

    def _release_collateral(self, loan: str) -> None:
        after = self.loans[loan]
        if after.terms.collateral_hash and not after.to_reimburse_minor:
            self.emit("LoanLedger", "CollateralReleased", [loan])

    def _receive(self, loan: Loan, payer: str, receiver: str, amount: int) -> None:
        if amount == 0:
            return
        if not self.parties[receiver]:
            self.move(payer, receiver, amount)
            return
        self.claims[receiver] = self.claims.get(receiver, 0) + amount
        data = encode(["uint64"], [amount])
        self.emit("LoanLedger", "PayoutHeld", [loan.loan_id, receiver], data)
        if payer != self.ledger:
            self.move(payer, self.ledger, amount)

    def _revoke_mandate(self) -> None:
        loan = self._loan(
            *_ALL, where=lambda one: one.terms.mandate_minor_max and not one.is_mandate_revoked
        )
        if loan and self.random.random() < 0.1:
            borrower = loan.terms.borrower
            self._happen(MandateRevoked(loan.loan_id, borrower))
            self.emit("LoanLedger", "MandateRevoked", [loan.loan_id, borrower])

    def _reimburse(self) -> None:
        loan = self._loan(
            *_ALL,
            where=lambda one: one.to_reimburse_minor and not one.owed_at(self.at).due_minor,
        )
        payer = self.active()
        if loan is None or payer is None or loan.terms.guarantor is None:
            return
        left, guarantor = loan.to_reimburse_minor, loan.terms.guarantor
        amount = self.random.choice((left, self.random.randint(1, left)))
        if self.cannot_pay(payer, amount):
            return
        self._happen(GuarantorReimbursed(loan.loan_id, guarantor, payer, amount))
        data = encode(["uint64"], [amount])
        topics = [loan.loan_id, guarantor, payer]
        self.emit("LoanLedger", "GuarantorReimbursed", topics, data)
        if loan.status is Status.CLOSED:
            self._release_collateral(loan.loan_id)
        self._receive(loan, payer, guarantor, amount)

    def _claim(self) -> None:
        for party, amount in self.claims.items():
            if amount and not self.parties[party]:
                self.claims[party] = 0
                data = encode(["uint64"], [amount])
                self.emit("LoanLedger", "PayoutClaimed", [party], data)
                self.move(self.ledger, party, amount)
                return

    # ------------------------------------------------------------ servicing

    def _accelerate(self) -> None:
        loan = self._loan(Status.ACTIVE, where=self._may_accelerate)
        if loan is None:
            return
        owed = loan.owed_at(self.at)
        carried = loan.repaid.due_at_once.carried_interest_minor
        interest = owed.interest_minor - carried + owed.payoff_interest_minor
        parts = (interest, owed.outstanding_principal_minor)
        self._happen(LoanAccelerated(loan.loan_id, *parts, REASON))
        data = encode(["uint64", "uint64", "bytes32"], [*parts, keccak(b"reason")])
        self.emit("LoanLedger", "LoanAccelerated", [loan.loan_id], data)
        self._apply_controlled(loan.loan_id)

    def _may_accelerate(self, loan: Loan) -> bool:
        after = loan.terms.accelerate_after_days
        is_agreed = after != 0 and not loan.repaid.is_accelerated
        return is_agreed and loan.owed_at(self.at).days_past_due > after

    def _write_off(self) -> None:
        loan = self._loan(Status.ACTIVE, where=lambda one: one.owed_at(self.at).arrears_minor)
        if loan is None or self.random.random() < 0.7:
            return
        owed = loan.owed_at(self.at)
        parts = (owed.outstanding_principal_minor, owed.interest_minor, owed.penalty_minor)
        self._happen(LoanWrittenOff(loan.loan_id, *parts, REASON))
        data = encode(["uint64", "uint64", "uint64", "bytes32"], [*parts, keccak(b"reason")])
        self.emit("LoanLedger", "LoanWrittenOff", [loan.loan_id], data)
        self._apply_controlled(loan.loan_id)

    def _apply_controlled(self, loan_id: str) -> None:
        loan = self.loans[loan_id]
        amount = min(loan.controlled_minor, loan.owed_at(self.at).repayable_minor)
        if amount:
            made = self._repaid(loan, amount)
            self._take(loan, RepaymentKind.CONTROLLED, self.ledger, made)

    def _restructure(self) -> None:
        prior = self._loan(Status.ACTIVE, where=lambda one: one.outstanding_minor)
        if (
            prior is None
            or self.random.random() < 0.6
            or self.parties[prior.lender]
            or self.parties[prior.terms.borrower]
        ):
            return
        borrower = prior.terms.borrower
        guarantor = self.active(prior.lender, borrower)
        loan = self._begin(self._terms(prior.lender, borrower, guarantor, prior))
        owed = prior.owed_at(self.at)
        parts = (
            owed.penalty_minor,
            owed.interest_minor + owed.payoff_interest_minor,
            owed.outstanding_principal_minor,
            prior.controlled_minor,
        )
        event = LoanRestructured(loan.loan_id, prior.loan_id, *parts)
        for one in (prior, loan):
            self._happen(event, one.loan_id)
        topics = [prior.loan_id, loan.loan_id]
        self.emit("LoanLedger", "LoanRestructured", topics, encode(["uint64"] * 4, parts))

    def _assign(self) -> None:
        loan = self._loan(*CARRIED)
        if loan is None:
            return
        assignee = self.active(loan.lender, loan.terms.borrower, loan.terms.guarantor)
        if assignee is None or self.parties[loan.lender]:
            return
        price = self.random.choice((0, self.random.randint(0, self.balances.get(assignee, 0))))
        count = loan.account.assignment_count + 1
        self._happen(ClaimAssigned(loan.loan_id, loan.lender, assignee, price, count))
        topics = [loan.loan_id, loan.lender, assignee]
        data = encode(["uint64", "uint16"], [price, count])
        self.emit("LoanLedger", "ClaimAssigned", topics, data)
        if price:
            self.move(assignee, loan.lender, price)

    def _notice(self) -> None:
        if loan := self._loan(*_ALL):
            content = digest(f"{self.fork} notice {self.next()}")
            step = self.random.choice((b"overdue_7", b"a" * 31))
            self.emit("LoanLedger", "NoticeServed", [loan.loan_id, content], step.ljust(32, b"\0"))

    # ------------------------------------------------------------ the ledger itself

    def pause(self) -> None:
        """Stops or lets go on; the model's loans do not care."""
        if party := self.active():
            self.is_paused = not self.is_paused
            self.emit("LoanLedger", "PauseChanged", [party], encode(["bool"], [self.is_paused]))

    def fail_in_batch(self) -> None:
        index = self.random.randrange(100)
        reason = self.random.randbytes(self.random.choice((0, 4, 36)))
        data = encode(["bytes"], [reason])
        self.emit("LoanLedger", "BatchItemFailed", [index, "0x371fd8e6"], data)
