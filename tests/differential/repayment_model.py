"""Every kind of repayment in Python, with what the ledger asks before and does after it.

What is owed and what a repayment does are the project's own rules (`tallystick.loans`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from tallystick.chain.terms import PAGE_ROWS, loan_id
from tallystick.loans.events import (
    CollateralReleased,
    ControlledReleased,
    GuarantorReimbursed,
    LoanClosed,
    LoanEvent,
    MandateRevoked,
    RepaymentKind,
    RepaymentReceived,
)
from tallystick.loans.life import apply
from tallystick.loans.loan import CARRIED, Loan, Status, local_day
from tallystick.loans.reduction import lines_from
from tallystick.loans.repayment import Repayment, payoff, prepay, prepayable_minor, repay
from tallystick.loans.terms import LoanTerms
from tallystick.loans.waterfall import NOTHING_OWED, Owed, owed_on
from tests.differential.money_model import MoneyModel, Refused, text

_STATUS_CODES: dict[Status | None, int] = {
    status: code for code, status in enumerate([None, *Status])
}


@dataclass(frozen=True)
class Shown:
    """Which instalments a witness shows: from `first` up to `end`."""

    first: int
    end: int

    @classmethod
    def pages_of(cls, terms: LoanTerms, first: int, end: int) -> Shown:
        count = len(terms.instalments)
        start = first // PAGE_ROWS * PAGE_ROWS
        stop = min(count, -(-end // PAGE_ROWS) * PAGE_ROWS)
        return cls(start, stop) if first < end else cls(0, 0)


class RepaymentModel(MoneyModel):
    def __init__(self, address: str, staff: dict[str, frozenset[str]], now: datetime) -> None:
        super().__init__(address, staff, now)
        self.loans: dict[str, Loan] = {}

    def today(self, terms: LoanTerms) -> date:
        return local_day(self.now, terms.utc_offset_minutes)

    def repay(self, sender: str, terms: LoanTerms, most: int, shown: Shown) -> None:
        loan, owed = self._accrued(terms, shown)
        self._require(owed.repayable_minor != 0, "NothingOwed", loan.loan_id)
        self._require(most != 0, "AmountZero")
        made = repay(terms, loan.repaid, self.today(terms), most)
        self._settle(loan, made, RepaymentKind.REPAY, sender)

    def collect(self, sender: str, terms: LoanTerms, shown: Shown) -> None:
        loan, owed = self._accrued(terms, shown)
        by = terms.collectable_by
        self._require(by != "nobody", "NotAgreed", text("collect"))
        self._require(not loan.is_mandate_revoked, "MandateIsRevoked", loan.loan_id)
        if by != "anyone":
            self._require_caller(sender, loan.lender if by == "lender" else "", "collect")
        left = terms.mandate_minor_max - loan.account.collected_minor
        taken = self._takeable(terms.borrower, min(owed.due_minor, left))
        self._require(taken != 0, "NothingToCollect", loan.loan_id)
        made = repay(terms, loan.repaid, self.today(terms), taken)
        self._settle(loan, made, RepaymentKind.COLLECT, terms.borrower)

    def revoke_mandate(self, sender: str, terms: LoanTerms) -> None:
        loan = self._known(terms)
        self._require(sender == terms.borrower, "CallerNotPermitted", sender)
        self._require(terms.collectable_by != "nobody", "NotAgreed", text("collect"))
        self._require(not loan.is_mandate_revoked, "MandateIsRevoked", loan.loan_id)
        self._happen(MandateRevoked(loan.loan_id, sender))

    def prepay(
        self, sender: str, terms: LoanTerms, principal: int, most: int, shown: Shown
    ) -> None:
        loan, owed = self._accrued(terms, shown)
        self._require_active(loan)
        self._require(sender == terms.borrower, "CallerNotPermitted", sender)
        self._require(terms.prepayment != "not_allowed", "NotAgreed", text("prepay"))
        self._require(owed.due_minor == 0, "DueAmountsFirst", owed.due_minor)
        self._require(principal != 0, "AmountZero")
        today = self.today(terms)
        prepayable = prepayable_minor(terms, loan.repaid, today)
        self._require(principal <= prepayable, "PrepaymentTooLarge", principal, prepayable)
        made = prepay(terms, loan.repaid, today, principal)
        self._require(made.amount_minor <= most, "AmountAboveMax", made.amount_minor, most)
        self._settle(loan, made, RepaymentKind.PREPAY, sender)

    def payoff(self, sender: str, terms: LoanTerms, most: int, shown: Shown) -> None:
        loan, owed = self._accrued(terms, shown)
        self._require(owed.payoff_minor <= most, "AmountAboveMax", owed.payoff_minor, most)
        made = payoff(terms, loan.repaid, self.today(terms))
        self._settle(loan, made, RepaymentKind.PAYOFF, sender)

    def call_guarantee(self, sender: str, terms: LoanTerms, most: int, shown: Shown) -> None:
        loan, owed = self._accrued(terms, shown)
        if terms.guarantor is None:
            raise Refused("NotAgreed", text("guarantee"))
        if sender != terms.guarantor:
            self._require_caller(sender, loan.lender, "callGuarantee")
            self._require_late(owed, terms.guarantee_after_days)
        left = terms.guarantee_minor_max - loan.account.guaranteed_minor
        taken = min(most, self._takeable(terms.guarantor, min(owed.due_minor, left)))
        self._require(taken != 0, "NothingToCallFor", loan.loan_id)
        made = repay(terms, loan.repaid, self.today(terms), taken)
        self._settle(loan, made, RepaymentKind.GUARANTEE, terms.guarantor)

    def reimburse(self, sender: str, terms: LoanTerms, most: int, shown: Shown) -> None:
        loan = self._known(terms)
        owed = NOTHING_OWED
        if loan.status in CARRIED:
            loan, owed = self._accrued(terms, shown)
        self._require(owed.due_minor == 0, "DueAmountsFirst", owed.due_minor)
        self._require(loan.to_reimburse_minor != 0, "NothingToReimburse", loan.loan_id)
        self._require(most != 0, "AmountZero")
        taken = min(loan.to_reimburse_minor, most)
        guarantor = terms.guarantor or ""
        self._happen(GuarantorReimbursed(loan.loan_id, guarantor, sender, taken))
        loan = self.loans[loan.loan_id]
        is_last = loan.to_reimburse_minor == 0 and loan.status is Status.CLOSED
        if is_last and terms.collateral_hash:
            self._happen(CollateralReleased(loan.loan_id))
        self._receive(loan.loan_id, sender, guarantor, taken)

    # ------------------------------------------------------------ what they have in common

    def _accrued(self, terms: LoanTerms, shown: Shown) -> tuple[Loan, Owed]:
        """A loan that takes repayments, and what is owed; the witness must show what that needs."""
        loan = self._carried(terms)
        today = self.today(terms)
        repaid, rows = loan.repaid, terms.instalments
        lines = {line.index for line in lines_from(terms, repaid.reduction)}
        for index in range(repaid.next_instalment, len(rows)):
            is_shown = shown.first <= index < shown.end
            self._require(is_shown, "InstalmentNotShown", index)
            if index not in lines or rows[index].due_on > today:
                break
        return loan, owed_on(terms, repaid, today)[0]

    def _settle(self, loan: Loan, made: Repayment, kind: RepaymentKind, payer: str) -> None:
        identity, borrower = loan.loan_id, loan.terms.borrower
        self._happen(
            RepaymentReceived(
                identity,
                payer,
                kind,
                made.penalty_minor,
                made.interest_minor,
                made.principal_minor,
                made.fee_minor,
            )
        )
        unused = 0
        if made.is_clearing:
            after = self.loans[identity]
            unused = after.controlled_minor
            self._happen(LoanClosed(identity))
            if unused:
                self._happen(ControlledReleased(identity, borrower, unused))
            if after.to_reimburse_minor == 0 and loan.terms.collateral_hash:
                self._happen(CollateralReleased(identity))
        self._receive(identity, payer, loan.lender, made.amount_minor)
        if unused:
            self._pay_out(identity, borrower, unused)

    def _apply_controlled(self, identity: str) -> None:
        loan = self.loans[identity]
        today = self.today(loan.terms)
        owed, _ = owed_on(loan.terms, loan.repaid, today)
        amount = min(loan.controlled_minor, owed.repayable_minor)
        if amount:
            made = repay(loan.terms, loan.repaid, today, amount)
            self._settle(loan, made, RepaymentKind.CONTROLLED, self.address)

    def _happen(self, event: LoanEvent) -> None:
        loan, _ = apply(self.loans[event.loan_id], event, self.now)
        self.loans[event.loan_id] = loan
        self.told.append(event)

    def _known(self, terms: LoanTerms) -> Loan:
        identity = loan_id(terms)
        if identity not in self.loans:
            raise Refused("LoanUnknown", identity)
        return self.loans[identity]

    def _loan_in(self, terms: LoanTerms, *statuses: Status) -> Loan:
        loan = self._known(terms)
        self._require(
            loan.status in statuses, "LoanStatusInvalid", loan.loan_id, _STATUS_CODES[loan.status]
        )
        return loan

    def _carried(self, terms: LoanTerms) -> Loan:
        return self._loan_in(terms, *CARRIED)

    def _require_active(self, loan: Loan) -> None:
        self._loan_in(loan.terms, Status.ACTIVE)

    def _require_late(self, owed: Owed, days_agreed: int) -> None:
        is_due = owed.interest_minor + owed.principal_minor != 0
        is_late = is_due and owed.days_past_due > days_agreed
        self._require(is_late, "NotLateEnough", owed.days_past_due, days_agreed)
