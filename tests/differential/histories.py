"""Random histories: what the parties of one loan try next, allowed or not.

Each history has its own source of chance, so that one that fails can be lived again alone. It looks
at the model to try what makes sense there most of the time, and something else the rest.
"""

from __future__ import annotations

from datetime import date

from tallystick.chain.terms import loan_id
from tallystick.loans.loan import Loan, Status
from tests.differential.attempts import VERBS, Attempt, Attempts
from tests.differential.ledger_model import LedgerModel
from tests.fixtures.chain import World

_ENDED = (Status.CANCELLED, Status.RESTRUCTURED, Status.CLOSED)


class History(Attempts):
    """What happens to one loan, and to those that come of it by restructuring or after it."""

    def __init__(self, world: World, model: LedgerModel, seed: str) -> None:
        super().__init__(world, model, seed)
        self.lived: list[str] = []

    @property
    def loan(self) -> Loan | None:
        return self.model.loans.get(loan_id(self.terms))

    def next(self) -> Attempt | None:
        """What is tried now; nothing at times."""
        chance = self.random.random()
        if chance < 0.2:
            return None
        if self.loan is None and self.prior is not None:
            # The restructuring did not come about.
            self.terms, self.prior = self.prior, None
        loan = self.loan
        is_over = loan is not None and (
            loan.status in _ENDED
            or (loan.status is Status.APPROVED and loan.terms.disburse_by < self._today(loan))
        )
        if loan is None and chance < 0.25:
            unknown = Loan(loan_id(self.terms), self.terms)
            return VERBS[self.random.choice(list(VERBS))](self, unknown)
        if loan is None or (is_over and chance < 0.6):
            return self._agree()
        if loan.status is Status.APPROVED and chance < 0.95:
            return self._disburse(loan)
        verbs = self._likely(loan) if chance < 0.9 else list(VERBS)
        return VERBS[self.random.choice(verbs)](self, loan)

    def _likely(self, loan: Loan) -> list[str]:
        owed = loan.owed_at(self.model.now)
        match loan.status:
            case Status.ACTIVE | Status.WRITTEN_OFF:
                verbs = ["repay"] * 5 + ["collect", "payoff", "assign", "guarantee", "notice"]
                verbs += ["pay", "withdraw"] * (2 if loan.controlled_minor else 0)
                verbs += ["prepay"] * (6 if owed.due_minor == 0 else 0)
                verbs += ["reimburse"] * (4 if loan.to_reimburse_minor else 0)
                verbs += ["collect", "guarantee"] * (3 if owed.due_minor else 0)
                verbs += ["accelerate", "accelerate", "write_off"] if owed.arrears_minor else []
                verbs += ["revoke_mandate"] if self.random.random() < 0.1 else []
                return [*verbs, "restructure"]
            case Status.APPROVED:
                return ["cancel", "disburse", "repay", "pay"]
            case _:
                verbs = ["repay", "notice", "restructure", "claim", "originate"]
                return [*verbs, *["reimburse"] * (8 if loan.to_reimburse_minor else 1)]

    def _agree(self) -> Attempt:
        """Usually new terms: what was proposed before may have grown old."""
        is_revoked = loan_id(self.terms) in self.model.revoked
        if self.random.random() < (0.5 if is_revoked else 0.95):
            self.terms = self._terms()
        if self.random.random() < 0.04:
            return self._revoke_signature()
        return self._originate(self.terms)

    def _today(self, loan: Loan) -> date:
        return self.model.today(loan.terms)
