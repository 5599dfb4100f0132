"""The ledger in Python: agreements, use of proceeds and servicing, and how each is refused.

Errors are the contracts', raised in their order; events are those the ledger tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tallystick.chain.messages import Assignment
from tallystick.chain.terms import loan_id
from tallystick.chain.words import date_number
from tallystick.loans.events import (
    ClaimAssigned,
    FundsDisbursed,
    LoanAccelerated,
    LoanCancelled,
    LoanOriginated,
    LoanRestructured,
    LoanWrittenOff,
    NoticeServed,
    PauseChanged,
    ProceedsPaid,
    ProceedsWithdrawn,
    SignatureRevoked,
)
from tallystick.loans.life import apply, originated
from tallystick.loans.loan import Loan, Status
from tallystick.loans.terms import LoanTerms
from tallystick.parties.roles import PartyRole
from tests.differential.money_model import Refused, text
from tests.differential.repayment_model import RepaymentModel, Shown

ZERO_HASH = "0x" + "00" * 32


class LedgerModel(RepaymentModel):
    def __init__(self, address: str, staff: dict[str, frozenset[str]], now: datetime) -> None:
        super().__init__(address, staff, now)
        self.is_paused = False
        self.revoked: set[str] = set()
        self.notices: dict[tuple[str, str], datetime] = {}

    # ------------------------------------------------------------ agreement

    def originate(
        self, terms: LoanTerms, signed_by: Sequence[str], prior: LoanTerms | None = None,
        prior_shown: Shown | None = None,
    ) -> None:  # fmt: skip
        """`signed_by` are the addresses whose signatures are given, in the order of signers."""
        identity = loan_id(terms)
        self._require(identity not in self.revoked, "SignatureIsRevoked", identity)
        self._require(identity not in self.loans, "LoanAlreadyOriginated", identity)
        self._require(not self.is_paused, "IsPaused")
        self._require(
            self.today(terms) <= terms.sign_by, "SignatureExpired", date_number(terms.sign_by)
        )
        nonces = (terms.lender_nonce, terms.borrower_nonce, terms.guarantor_nonce)
        roles = (PartyRole.LENDER, PartyRole.BORROWER, PartyRole.GUARANTOR)
        for signer, role, nonce, by in zip(terms.signers, roles, nonces, signed_by, strict=False):
            self._require_active_as(signer, role)
            present = self.parties[signer].signature_nonce
            self._require(nonce == present, "SignatureNonceInvalid", signer, nonce)
            self._require(by == signer, "SignatureInvalid", signer)
        if prior is None:
            has_prior = terms.prior_loan_id is not None
            self._require(not has_prior, "TermInvalid", text("priorLoanId"))
        event = LoanOriginated(identity, terms)
        self.loans[identity] = originated(event)
        self.told.append(event)
        if prior is not None:
            self._carry_over(terms, prior, prior_shown or Shown(0, len(prior.instalments)))

    def _carry_over(self, terms: LoanTerms, prior_terms: LoanTerms, shown: Shown) -> None:
        prior, owed = self._accrued(prior_terms, shown)
        self._require_active(prior)
        for holds, field in (
            (terms.prior_loan_id == prior.loan_id, "priorLoanId"),
            (terms.lender == prior.lender, "lender"),
            (terms.borrower == prior_terms.borrower, "borrower"),
        ):
            self._require(holds, "RestructuringMismatch", text(field))
        self._require_in_window(terms)
        carried = owed.outstanding_principal_minor
        self._require(
            0 < carried <= terms.principal_minor, "RestructuringMismatch", text("principalMinor")
        )
        event = LoanRestructured(
            loan_id(terms),
            prior.loan_id,
            owed.penalty_minor,
            owed.interest_minor + owed.payoff_interest_minor,
            carried,
            prior.controlled_minor,
        )
        self.told.append(event)
        for one in (event.prior_loan_id, event.loan_id):
            self.loans[one], _ = apply(self.loans[one], event, self.now)

    def revoke_signature(self, sender: str, terms: LoanTerms) -> None:
        identity = loan_id(terms)
        self._require(identity not in self.revoked, "SignatureIsRevoked", identity)
        self._require(identity not in self.loans, "LoanAlreadyOriginated", identity)
        self._require(sender in terms.signers, "CallerNotPermitted", sender)
        self.revoked.add(identity)
        self.told.append(SignatureRevoked(identity, sender))

    def cancel(self, sender: str, terms: LoanTerms) -> None:
        loan = self._loan_in(terms, Status.APPROVED)
        is_side = sender in (terms.lender, terms.borrower)
        self._require(is_side, "CallerNotPermitted", sender)
        self._happen(LoanCancelled(loan.loan_id, sender))

    # ------------------------------------------------------------ use of proceeds

    def disburse(self, sender: str, terms: LoanTerms) -> None:
        loan = self._loan_in(terms, Status.APPROVED)
        self._require(not self.is_paused, "IsPaused")
        self._require_caller(sender, terms.lender, "disburse")
        self._require_active_as(terms.lender, PartyRole.LENDER)
        self._require_active_as(terms.borrower, PartyRole.BORROWER)
        self._require_in_window(terms)
        self._happen(FundsDisbursed(loan.loan_id, terms.principal_minor))
        self._transfer_from(terms.lender, self.address, terms.principal_minor)

    def pay(
        self, sender: str, terms: LoanTerms, payee: str, amount: int, purpose: str, evidence: str
    ) -> None:
        loan = self._using_proceeds(terms)
        self._require_caller(sender, terms.borrower, "pay")
        self._require_active_as(terms.borrower, PartyRole.BORROWER)
        self._require(amount != 0, "AmountZero")
        self._require(evidence != ZERO_HASH, "EvidenceMissing")
        agreed = {cap.purpose: cap for cap in terms.purposes}.get(purpose)
        if agreed is None:
            raise Refused("PurposeNotAgreed", text(purpose))
        parties = (terms.borrower, terms.lender, loan.assignee, self.address)
        self._require(payee not in parties, "PayeeIsParty", payee)
        self._require(self._is_active_as(payee, PartyRole.PAYEE), "PayeeNotRegistered", payee)
        category, wanted = self.parties[payee].payee_category, agreed.payee_category
        is_agreed = wanted in (0, category)
        self._require(is_agreed, "PayeeCategoryNotAgreed", payee, category, wanted)
        spent = loan.spent_minor.get(purpose, 0)
        self._require(
            amount <= agreed.cap_minor - spent,
            "PurposeCapExceeded", text(purpose), spent, amount, agreed.cap_minor,
        )  # fmt: skip
        self._require_controlled(loan, amount)
        self._happen(ProceedsPaid(loan.loan_id, payee, purpose, amount, evidence))
        self._transfer(payee, amount)

    def withdraw(self, sender: str, terms: LoanTerms, amount: int) -> None:
        loan = self._using_proceeds(terms)
        self._require(sender == terms.borrower, "CallerNotPermitted", sender)
        self._require(amount != 0, "AmountZero")
        withdrawn, most = loan.account.withdrawn_minor, terms.self_paid_minor_max
        self._require(amount <= most - withdrawn, "SelfPaidShareExceeded", withdrawn, amount, most)
        self._require_controlled(loan, amount)
        self._happen(ProceedsWithdrawn(loan.loan_id, amount))
        self._transfer(sender, amount)

    # ------------------------------------------------------------ servicing

    def accelerate(self, sender: str, terms: LoanTerms, reason: str, shown: Shown) -> None:
        loan, owed = self._accrued(terms, shown)
        self._require_active(loan)
        self._require(not loan.repaid.is_accelerated, "LoanAlreadyAccelerated", loan.loan_id)
        self._require(terms.accelerate_after_days != 0, "NotAgreed", text("accelerate"))
        self._require_caller(sender, loan.lender, "accelerate")
        self._require_late(owed, terms.accelerate_after_days)
        carried = loan.repaid.due_at_once.carried_interest_minor
        interest = owed.interest_minor - carried + owed.payoff_interest_minor
        outstanding = owed.outstanding_principal_minor
        self._happen(LoanAccelerated(loan.loan_id, interest, outstanding, reason))
        self._apply_controlled(loan.loan_id)

    def write_off(self, sender: str, terms: LoanTerms, reason: str, shown: Shown) -> None:
        self._require_permitted(sender, "writeOff")
        loan, owed = self._accrued(terms, shown)
        self._require_active(loan)
        self._require(owed.arrears_minor != 0, "NotInArrears", loan.loan_id)
        self._happen(
            LoanWrittenOff(
                loan.loan_id,
                owed.outstanding_principal_minor,
                owed.interest_minor,
                owed.penalty_minor,
                reason,
            )
        )
        self._apply_controlled(loan.loan_id)

    def assign(self, terms: LoanTerms, assignment: Assignment, signed_by: Sequence[str]) -> None:
        """`signed_by` are the addresses whose signatures are given, of the present count."""
        loan = self._carried(terms)
        lender, assignee, price = loan.lender, assignment.assignee, assignment.price_minor
        is_in_time = self.today(terms) <= assignment.sign_by
        self._require(is_in_time, "SignatureExpired", date_number(assignment.sign_by))
        parties = (lender, terms.borrower, terms.guarantor)
        self._require(assignee not in parties, "AssigneeInvalid", assignee)
        for party in (lender, assignee):
            self._require_active_as(party, PartyRole.LENDER)
        nonces = (self.parties[lender].signature_nonce, self.parties[assignee].signature_nonce)
        is_present = nonces == (assignment.lender_nonce, assignment.assignee_nonce)
        for signer, by in zip((lender, assignee), signed_by, strict=True):
            self._require(is_present and signer == by, "SignatureInvalid", signer)
        count = loan.account.assignment_count + 1
        self._happen(ClaimAssigned(loan.loan_id, lender, assignee, price, count))
        if price:
            self._transfer_from(assignee, lender, price)

    def serve_notice(self, sender: str, identity: str, step: str, content: str) -> None:
        self._require_permitted(sender, "serveNotice")
        self._require(identity in self.loans, "LoanUnknown", identity)
        self._require(content != ZERO_HASH, "NoticeIncomplete")
        key = (identity, content)
        self._require(key not in self.notices, "NoticeAlreadyServed", identity, content)
        self.notices[key] = self.now
        self._happen(NoticeServed(identity, content, step))

    def set_paused(self, sender: str, is_paused: bool) -> None:
        self._require_permitted(sender, "pause" if is_paused else "unpause")
        self._require(self.is_paused != is_paused, "PauseUnchanged", is_paused)
        self.is_paused = is_paused
        self.told.append(PauseChanged(sender, is_paused))

    def _using_proceeds(self, terms: LoanTerms) -> Loan:
        loan = self._loan_in(terms, Status.ACTIVE)
        self._require(not loan.repaid.is_accelerated, "LoanAlreadyAccelerated", loan.loan_id)
        return loan

    def _require_controlled(self, loan: Loan, amount: int) -> None:
        held = loan.controlled_minor
        self._require(amount <= held, "ControlledBalanceExceeded", held, amount)

    def _require_in_window(self, terms: LoanTerms) -> None:
        first, last = terms.disburse_on, terms.disburse_by
        self._require(
            first <= self.today(terms) <= last,
            "DisbursementOutsideWindow", date_number(first), date_number(last),
        )  # fmt: skip
