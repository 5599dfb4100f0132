"""What can be tried: each of the ledger's verbs, as a call and in the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from tallystick.chain import calls
from tallystick.chain.calls import Call
from tallystick.chain.messages import Assignment, assignment_digest, signing_digest
from tallystick.loans.loan import Loan
from tallystick.loans.repayment import prepayable_minor
from tallystick.loans.terms import LoanTerms
from tests.differential.chances import ANYONE, LENDERS, MUCH, Chances
from tests.differential.ledger_model import ZERO_HASH, LedgerModel
from tests.fixtures.chain import World, digest_of


@dataclass(frozen=True)
class Attempt:
    """A call, who sends it, and the same in the model."""

    label: str
    sender: str
    call: Call
    act: Callable[[LedgerModel], None]


class Attempts(Chances):
    """The verbs, tried on one loan; `terms` are those it has or is to have, `prior` those it had
    before it was to be restructured."""

    def __init__(self, world: World, model: LedgerModel, seed: str) -> None:
        super().__init__(world, model, seed)
        self.prior: LoanTerms | None = None
        self.terms = self._terms()

    def _originate(self, terms: LoanTerms) -> Attempt:
        on = self.world.deployment
        signatures, signed_by = self._signed(terms)
        return Attempt(
            "originate",
            self._someone("servicer", "stranger"),
            calls.originate(on, terms, signatures),
            lambda model: model.originate(terms, signed_by),
        )

    def _signed(self, terms: LoanTerms) -> tuple[list[bytes], list[str]]:
        on = self.world.deployment
        digest = signing_digest(terms, on.chain_id, on.loan_ledger)
        names = [self._name(address) for address in terms.signers]
        if self.random.random() < 0.03:
            names[self.random.randrange(len(names))] = self.random.choice(ANYONE)
        signatures = [self.world.key(name).signature_of(digest) for name in names]
        return signatures, [self._address(name) for name in names]

    def _revoke_signature(self) -> Attempt:
        on, terms = self.world.deployment, self.terms
        sender = self._someone(*(self._name(address) for address in terms.signers))
        address = self._address(sender)
        return Attempt(
            "revoke_signature",
            sender,
            calls.revoke_signature(on, terms),
            lambda model: model.revoke_signature(address, terms),
        )

    def _disburse(self, loan: Loan) -> Attempt:
        on, terms = self.world.deployment, loan.terms
        sender = self._someone("servicer", self._name(terms.lender))
        address = self._address(sender)
        return Attempt(
            "disburse",
            sender,
            calls.disburse(on, terms),
            lambda model: model.disburse(address, terms),
        )

    def _cancel(self, loan: Loan) -> Attempt:
        on, terms = self.world.deployment, loan.terms
        sender = self._someone(self._name(terms.lender), self._name(terms.borrower))
        address = self._address(sender)
        return Attempt(
            "cancel",
            sender,
            calls.cancel(on, terms),
            lambda model: model.cancel(address, terms),
        )

    def _pay(self, loan: Loan) -> Attempt:
        on, terms, random = self.world.deployment, loan.terms, self.random
        sender = self._someone("servicer", self._name(terms.borrower))
        address = self._address(sender)
        payee = self._address(self._someone("supplier", "school"))
        purpose = random.choice((*(cap.purpose for cap in terms.purposes), "supplies"))
        amount = self._amount(loan.controlled_minor)
        evidence = ZERO_HASH if random.random() < 0.05 else digest_of(f"e {random.random()}")
        return Attempt(
            f"pay {amount}",
            sender,
            calls.pay(on, terms, payee, amount, purpose, evidence),
            lambda model: model.pay(address, terms, payee, amount, purpose, evidence),
        )

    def _withdraw(self, loan: Loan) -> Attempt:
        on, terms = self.world.deployment, loan.terms
        sender = self._someone(self._name(terms.borrower))
        address = self._address(sender)
        amount = self._amount(loan.controlled_minor)
        return Attempt(
            f"withdraw {amount}",
            sender,
            calls.withdraw(on, terms, amount),
            lambda model: model.withdraw(address, terms, amount),
        )

    def _repay(self, loan: Loan) -> Attempt:
        on, terms = self.world.deployment, loan.terms
        sender = self._someone(self._name(terms.borrower))
        address = self._address(sender)
        amount = self._amount(loan.owed_at(self.model.now).repayable_minor)
        data, shown = self._witness(loan)
        return Attempt(
            f"repay {amount}",
            sender,
            calls.repay(on, terms, amount, data),
            lambda model: model.repay(address, terms, amount, shown),
        )

    def _collect(self, loan: Loan) -> Attempt:
        on, terms = self.world.deployment, loan.terms
        sender = self._someone("servicer", self._name(loan.lender), "stranger")
        address = self._address(sender)
        data, shown = self._witness(loan)
        return Attempt(
            "collect",
            sender,
            calls.collect(on, terms, data),
            lambda model: model.collect(address, terms, shown),
        )

    def _revoke_mandate(self, loan: Loan) -> Attempt:
        on, terms = self.world.deployment, loan.terms
        sender = self._someone(self._name(terms.borrower))
        address = self._address(sender)
        return Attempt(
            "revoke_mandate",
            sender,
            calls.revoke_mandate(on, terms),
            lambda model: model.revoke_mandate(address, terms),
        )

    def _prepay(self, loan: Loan) -> Attempt:
        on, terms = self.world.deployment, loan.terms
        sender = self._someone(self._name(terms.borrower))
        address = self._address(sender)
        today = self.model.today(terms)
        principal = self._amount(prepayable_minor(terms, loan.repaid, today))
        most = MUCH if self.random.random() < 0.95 else principal
        data, shown = self._witness(loan)
        return Attempt(
            f"prepay {principal}",
            sender,
            calls.prepay(on, terms, principal, most, data),
            lambda model: model.prepay(address, terms, principal, most, shown),
        )

    def _payoff(self, loan: Loan) -> Attempt:
        on, terms = self.world.deployment, loan.terms
        sender = self._someone(self._name(terms.borrower))
        address = self._address(sender)
        # Most lives should go on.
        most = MUCH if self.random.random() < 0.3 else self.random.randrange(100)
        data, shown = self._witness(loan)
        return Attempt(
            "payoff",
            sender,
            calls.payoff(on, terms, most, data),
            lambda model: model.payoff(address, terms, most, shown),
        )

    def _guarantee(self, loan: Loan) -> Attempt:
        on, terms = self.world.deployment, loan.terms
        likely = ["servicer", self._name(loan.lender)]
        if terms.guarantor:
            likely.append(self._name(terms.guarantor))
        sender = self._someone(*likely)
        address = self._address(sender)
        most = self._amount(loan.owed_at(self.model.now).due_minor)
        data, shown = self._witness(loan)
        return Attempt(
            f"call_guarantee {most}",
            sender,
            calls.call_guarantee(on, terms, most, data),
            lambda model: model.call_guarantee(address, terms, most, shown),
        )

    def _reimburse(self, loan: Loan) -> Attempt:
        on, terms = self.world.deployment, loan.terms
        sender = self._someone(self._name(terms.borrower))
        address = self._address(sender)
        most = self._amount(loan.to_reimburse_minor)
        data, shown = self._witness(loan)
        return Attempt(
            f"reimburse {most}",
            sender,
            calls.reimburse(on, terms, most, data),
            lambda model: model.reimburse(address, terms, most, shown),
        )

    def _accelerate(self, loan: Loan) -> Attempt:
        on, terms = self.world.deployment, loan.terms
        sender = self._someone("servicer", self._name(loan.lender))
        address = self._address(sender)
        reason = digest_of("late")
        data, shown = self._witness(loan)
        return Attempt(
            "accelerate",
            sender,
            calls.accelerate(on, terms, reason, data),
            lambda model: model.accelerate(address, terms, reason, shown),
        )

    def _write_off(self, loan: Loan) -> Attempt:
        on, terms = self.world.deployment, loan.terms
        sender = self._someone("servicer")
        address = self._address(sender)
        reason = digest_of("lost")
        data, shown = self._witness(loan)
        return Attempt(
            "write_off",
            sender,
            calls.write_off(on, terms, reason, data),
            lambda model: model.write_off(address, terms, reason, shown),
        )

    def _restructure(self, loan: Loan) -> Attempt:
        on = self.world.deployment
        prior = loan.terms
        terms = self._terms(loan)
        if self.random.random() < 0.05:
            terms = replace(terms, prior_loan_id=digest_of("another"))
        if self.random.random() < 0.05:
            return self._originate(terms)
        signatures, signed_by = self._signed(terms)
        data, shown = self._witness(loan)
        self.prior, self.terms = prior, terms
        return Attempt(
            "restructure",
            self._someone("servicer"),
            calls.restructure(on, prior, terms, signatures, prior_witness=data),
            lambda model: model.originate(terms, signed_by, prior, shown),
        )

    def _assign(self, loan: Loan) -> Attempt:
        on, terms, random = self.world.deployment, loan.terms, self.random
        lender = self._name(loan.lender)
        assignee = self._someone(*(name for name in LENDERS if name != lender))
        price = random.choice((0, random.randrange(1, 10_000)))
        assignment = Assignment(
            loan_id=loan.loan_id,
            lender=loan.lender,
            assignee=self._address(assignee),
            price_minor=price,
            assignment_count=loan.account.assignment_count,
            sign_by=self.model.today(terms) + timedelta(days=random.choice((0, 3, 9, -1))),
            lender_nonce=self._nonce(lender),
            assignee_nonce=self._nonce(assignee),
        )
        digest = assignment_digest(assignment, on.chain_id, on.loan_ledger)
        names = [lender, assignee]
        if random.random() < 0.05:
            names[random.randrange(2)] = random.choice(ANYONE)
        signatures = [self.world.key(name).signature_of(digest) for name in names]
        signed_by = [self._address(name) for name in names]
        return Attempt(
            f"assign to {assignee} for {price}",
            self._someone("servicer"),
            calls.assign(on, terms, assignment, signatures[0], signatures[1]),
            lambda model: model.assign(terms, assignment, signed_by),
        )

    def _notice(self, loan: Loan) -> Attempt:
        on = self.world.deployment
        sender = self._someone("servicer")
        address = self._address(sender)
        content = self.random.choice((digest_of("n 1"), digest_of("n 2"), ZERO_HASH))
        return Attempt(
            "serve_notice",
            sender,
            calls.serve_notice(on, loan.loan_id, "overdue_7", content),
            lambda model: model.serve_notice(address, loan.loan_id, "overdue_7", content),
        )

    def _claim(self, loan: Loan) -> Attempt:
        sender = self._someone(self._name(loan.lender), self._name(loan.terms.borrower))
        address = self._address(sender)
        return Attempt(
            "claim",
            sender,
            calls.claim(self.world.deployment, address),
            lambda model: model.claim(address),
        )

    def _again(self, loan: Loan) -> Attempt:
        return self._originate(loan.terms)


VERBS: dict[str, Callable[[Attempts, Loan], Attempt]] = {
    "originate": Attempts._again,
    "disburse": Attempts._disburse,
    "cancel": Attempts._cancel,
    "pay": Attempts._pay,
    "withdraw": Attempts._withdraw,
    "repay": Attempts._repay,
    "collect": Attempts._collect,
    "revoke_mandate": Attempts._revoke_mandate,
    "prepay": Attempts._prepay,
    "payoff": Attempts._payoff,
    "guarantee": Attempts._guarantee,
    "reimburse": Attempts._reimburse,
    "accelerate": Attempts._accelerate,
    "write_off": Attempts._write_off,
    "restructure": Attempts._restructure,
    "assign": Attempts._assign,
    "notice": Attempts._notice,
    "claim": Attempts._claim,
}
