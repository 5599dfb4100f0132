"""What the players order once instalments fall due: repayments, collections, prepayments, payoffs,
and what the guarantors pay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from tallystick.actions.collect_due import collect_due
from tallystick.actions.desk import Order
from tallystick.chain import calls
from tallystick.chain.terms import witness_for
from tallystick.demo.cast import Player
from tallystick.demo.drafting import CALLER, Drafting
from tallystick.demo.offers import GUARANTEE_AFTER_DAYS
from tallystick.demo.story import Remedy, Story
from tallystick.loans.loan import CARRIED, Loan, Status, local_day
from tallystick.loans.repayment import prepay, prepayable_minor
from tallystick.store.commands import NewCommand
from tallystick.store.loans import carried_successors

_PREPAID_PCT = 30
"""Of what is outstanding beyond the current instalment."""

Due = tuple[Story, int]
"""A story and the number of one of its instalments."""


@dataclass(frozen=True, slots=True)
class Paying:
    """What `payer` is to pay on `loan` now, in minor units; `how` is the call that takes it."""

    payer: Player
    loan: Loan
    amount_minor: int
    how: str = "repay"
    principal_minor: int = 0


class Repaying(Drafting):
    """Payments are first drawn up, then their payers are funded, then they are taken."""

    # ------------------------------------------------------------ what is to be paid

    def due(self, due: list[Due], at: datetime) -> list[Paying]:
        """As much as the borrowers mean to repay, by what they owe at `at`."""
        loans = self._loans(story for story, _ in due)
        return [
            paying
            for story, number in due
            if (paying := _repayment_of(story, number, loans[story.loan_id], at)).amount_minor
        ]

    def successors(self, at: datetime) -> list[Paying]:
        """What is due on the loans that replaced others, which are repaid as they fall due."""
        with self._office.store.read() as session:
            loans = list(carried_successors(session))
        return [
            Paying(self._cast.player(loan.terms.borrower), loan, due_minor, _how(loan))
            for loan in loans
            if (due_minor := loan.owed_at(at).due_minor)
        ]

    def prepayments(self, stories: list[Story], at: datetime) -> list[Paying]:
        paying = []
        for story in stories:
            loan = self._loans([story])[story.loan_id]
            day = local_day(at, loan.terms.utc_offset_minutes)
            principal = 0
            if loan.status is Status.ACTIVE:
                principal = prepayable_minor(loan.terms, loan.repaid, day) * _PREPAID_PCT // 100
            if principal:
                amount = prepay(loan.terms, loan.repaid, day, principal).amount_minor
                paying.append(Paying(story.borrower, loan, amount, "prepay", principal))
        return paying

    def own_calls(self, stories: list[Story], at: datetime) -> list[Paying]:
        """What guarantors pay of themselves for borrowers who are late."""
        return self._guaranteed(stories, at, "guarantee by guarantor", after_days=-1)

    def guarantee_calls(self, stories: Iterable[Story], at: datetime) -> list[Paying]:
        """What guarantors are called on for."""
        guaranteed = [story for story in stories if story.remedy is Remedy.GUARANTEE]
        return self._guaranteed(guaranteed, at, "guarantee", after_days=GUARANTEE_AFTER_DAYS)

    def reimbursements(self, stories: list[Story]) -> list[Paying]:
        loans = self._loans(stories)
        return [
            Paying(story.borrower, loan, loan.to_reimburse_minor, "reimburse")
            for story in stories
            if (loan := loans[story.loan_id]).to_reimburse_minor
        ]

    def _guaranteed(
        self, stories: list[Story], at: datetime, how: str, *, after_days: int
    ) -> list[Paying]:
        found = []
        for story in stories:
            loan = self._loans([story])[story.loan_id]
            owed = loan.owed_at(at)
            left = loan.terms.guarantee_minor_max - loan.account.guaranteed_minor
            amount = min(left, owed.due_minor)
            if story.guarantor and amount and owed.days_past_due > after_days:
                found.append(Paying(story.guarantor, loan, amount, how))
        return found

    # ------------------------------------------------------------ how it is paid

    def funding(self, payings: list[Paying], at: datetime, why: str) -> Iterator[NewCommand]:
        """The payers' bank payments arrive."""
        sums: dict[str, int] = {}
        payers = {paying.payer.address: paying.payer for paying in payings}
        for paying in payings:
            address = paying.payer.address
            sums[address] = sums.get(address, 0) + paying.amount_minor
        for address, amount_minor in sums.items():
            yield self._mint(payers[address], amount_minor, at, why)

    def collect(self, key: str, at: datetime) -> None:
        """What is due under mandates is taken where there is money, by the servicer."""
        collect_due(self._office, Order(CALLER, key, at))

    def payments(self, payings: list[Paying], at: datetime) -> Iterator[NewCommand]:
        for paying in payings:
            if paying.how != "collect":
                yield self._payment(paying, at)

    def _payment(self, paying: Paying, at: datetime) -> NewCommand:
        on, loan, amount = self._deployment, paying.loan, paying.amount_minor
        terms, lane = loan.terms, paying.payer.address
        shown = witness_for(loan, local_day(at, terms.utc_offset_minutes))
        match paying.how:
            case "payoff":
                call = calls.payoff(on, terms, amount)
            case "prepay":
                call = calls.prepay(on, terms, paying.principal_minor, amount, shown)
            case "guarantee":
                call, lane = calls.call_guarantee(on, terms, amount, shown), self._servicer
            case "guarantee by guarantor":
                call = calls.call_guarantee(on, terms, amount, shown)
            case "reimburse":
                call = calls.reimburse(on, terms, amount, shown)
            case _:
                call = calls.repay(on, terms, amount, shown)
        return self._command(f"{call.kind}/{loan.loan_id}", lane, call)


def _repayment_of(story: Story, number: int, loan: Loan, at: datetime) -> Paying:
    if loan.status not in CARRIED:
        return Paying(story.borrower, loan, 0)
    owed = loan.owed_at(at)
    if number == story.pays_off_at:
        return Paying(story.borrower, loan, owed.payoff_minor, "payoff")
    amount = owed.due_minor
    if number == story.pays_half_of:
        amount = max(1, amount // 2)
    return Paying(story.borrower, loan, amount, _how(loan))


def _how(loan: Loan) -> str:
    return "repay" if loan.terms.collectable_by == "nobody" else "collect"
