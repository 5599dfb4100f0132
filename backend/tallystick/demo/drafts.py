"""What the players of the demo order: the commands of each stage, drawn up from the stories.

A draft depends on the stories, on the time it is drawn up for, and on the mirror as the stages
before it left it; so a stage that was written need never be drawn up again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

from tallystick.actions.register_party import identity_commitment_of
from tallystick.chain import calls
from tallystick.chain.calls import Call
from tallystick.demo.cast import Cast, Player
from tallystick.demo.misuse import bad_origination, bad_use, replayed_origination
from tallystick.demo.story import Story
from tallystick.loans.loan import Loan, Status
from tallystick.office.office import Office
from tallystick.store.commands import NewCommand
from tallystick.store.loan_records import records_of
from tallystick.store.loans import carried_loans
from tallystick.store.parties import balances_of
from tallystick.store.profiles import find_profiles, write_profile

CALLER = "demo"
MISUSER = "demo misuse"
WRITE_OFF_AFTER_DAYS = 360
"""A loan further past due is a loss in the five categories, and is written off."""

_UNLIMITED_MINOR = 2**63 - 1
"""As much as can ever exist: the supply is bounded by it."""

Due = tuple[Story, int]
"""A story and the number of one of its instalments."""

Repayment = tuple[Story, int, int]
"""What is due, and the amount in minor units the borrower repays on it."""


class Drafts:
    """Drafts over the mirror of `office`. Idempotency keys are unique within a stage."""

    def __init__(self, office: Office, cast: Cast) -> None:
        self._office = office
        self._deployment = office.deployment
        self._cast = cast
        self._registrar = office.lanes.address("registrar")
        self._bank = office.lanes.address("settlement_bank")
        self._servicer = office.lanes.address("servicer")

    # ------------------------------------------------------------ parties and agreements

    def institutions(self) -> Iterator[NewCommand]:
        """Lenders and payees come in, and let the ledger and the bank spend."""
        self._keep_profiles(self._cast.institutions)
        for player in self._cast.institutions:
            yield self._registration(player)
        for lender in self._cast.lenders:
            yield self._approval(lender, self._deployment.loan_ledger)
        for payee in self._cast.payees:
            yield self._approval(payee, self._bank)

    def registrations(self, stories: list[Story], at: datetime) -> Iterator[NewCommand]:
        """Borrowers come in, and lenders' money for them."""
        self._keep_profiles([story.borrower for story in stories])
        for story in stories:
            yield self._registration(story.borrower)
            yield self._approval(story.borrower, self._deployment.loan_ledger)
            if story.terms.self_paid_minor_max:
                yield self._approval(story.borrower, self._bank)
        held = self._balances(self._cast.lenders)
        for lender in self._cast.lenders:
            lent = sum(s.terms.principal_minor for s in stories if s.lender is lender)
            if lent > held[lender.address]:
                yield self._mint(lender, lent - held[lender.address], at)

    def originations(self, stories: list[Story]) -> Iterator[NewCommand]:
        for story in stories:
            signed = story.lender.signature_of(story.terms, self._deployment)
            countersigned = story.borrower.signature_of(story.terms, self._deployment)
            call = calls.originate(self._deployment, story.terms, signed, countersigned)
            yield self._command(f"originate/{story.number}", self._servicer, call)
            attempt = bad_origination(story, self._cast.stranger, self._deployment)
            yield from self._attempt(story, self._servicer, attempt)

    def disbursements(self, stories: list[Story]) -> Iterator[NewCommand]:
        for story in stories:
            call = calls.disburse(self._deployment, story.terms)
            yield self._command(f"disburse/{story.number}", self._servicer, call)
            attempt = replayed_origination(story, self._deployment)
            yield from self._attempt(story, self._cast.stranger.address, attempt)

    # ------------------------------------------------------------ use of proceeds

    def uses_of_proceeds(self, stories: list[Story]) -> Iterator[NewCommand]:
        for story in stories:
            terms = story.terms
            attempt = bad_use(story, self._cast, self._deployment)
            yield from self._attempt(story, story.borrower.address, attempt)
            (agreed,) = terms.purposes
            call = calls.pay(
                self._deployment,
                terms,
                story.payee.address,
                agreed.cap_minor,
                agreed.purpose,
                digest_of("invoice", terms.agreement),
            )
            yield self._command(f"pay/{story.number}", self._servicer, call)
            if terms.self_paid_minor_max:
                call = calls.withdraw(self._deployment, terms, terms.self_paid_minor_max)
                yield self._command(f"withdraw/{story.number}", story.borrower.address, call)

    def onward_payments(self, at: datetime) -> Iterator[NewCommand]:
        """Payees pay suppliers part of what they took in."""
        suppliers = self._cast.suppliers
        held = self._balances(self._cast.sellers)
        for index, payee in enumerate(self._cast.sellers):
            if amount_minor := held[payee.address] * 2 // 5:
                call = calls.transfer_with_purpose(
                    self._deployment,
                    suppliers[index % len(suppliers)].address,
                    amount_minor,
                    "stock",
                    digest_of("delivery note", payee.name, at.isoformat()),
                )
                yield self._command(f"stock/{payee.name}", payee.address, call)

    def bank_withdrawals(self, stories: list[Story], at: datetime) -> Iterator[NewCommand]:
        """Payees draw what they hold to their bank accounts, borrowers what they withdrew."""
        borrowers = [story.borrower for story in stories if story.terms.self_paid_minor_max]
        players = [*self._cast.payees, *borrowers]
        held = self._balances(players)
        for player in players:
            if amount_minor := held[player.address]:
                reference = digest_of("bank out", player.name, at.isoformat())
                call = calls.burn(self._deployment, player.address, amount_minor, reference)
                yield self._command(f"out/{player.name}", self._bank, call)

    # ------------------------------------------------------------ repayment and write-off

    def repayments_of(self, due: list[Due], at: datetime) -> list[Repayment]:
        """As much as the borrowers mean to repay, by what they owe at `at`."""
        with self._office.store.read() as session:
            records = records_of(session, [story.loan_id for story, _ in due])
        return [
            (story, number, _wanted_of(records[story.loan_id].loan, story, number, at))
            for story, number in due
        ]

    def funding(self, repayments: list[Repayment], at: datetime) -> Iterator[NewCommand]:
        """The borrowers' bank payments arrive."""
        for story, _number, amount_minor in repayments:
            yield self._mint(story.borrower, amount_minor, at)

    def repayments(self, repayments: list[Repayment]) -> Iterator[NewCommand]:
        for story, number, amount_minor in repayments:
            make = calls.payoff if number == story.pays_off_at else calls.repay
            call = make(self._deployment, story.terms, amount_minor)
            yield self._command(f"repay/{story.number}", story.borrower.address, call)

    def write_offs(self, at: datetime) -> Iterator[NewCommand]:
        with self._office.store.read() as session:
            lost = [
                loan
                for loan in carried_loans(session)
                if loan.status is Status.ACTIVE
                and loan.owed_at(at).days_past_due > WRITE_OFF_AFTER_DAYS
            ]
        for loan in lost:
            reason = digest_of("write-off", loan.terms.agreement)
            call = calls.write_off(self._deployment, loan.terms, reason)
            yield self._command(f"write-off/{loan.loan_id}", self._servicer, call)

    # ------------------------------------------------------------ commands

    def _command(self, name: str, lane: str, call: Call) -> NewCommand:
        return NewCommand(idempotency_key=name, caller=CALLER, lane=lane, call=call)

    def _attempt(self, story: Story, lane: str, call: Call | None) -> Iterator[NewCommand]:
        """An attempt the contracts have to refuse, if the story has one here."""
        if call is not None:
            command = self._command(f"misuse/{story.misuse}/{story.number}", lane, call)
            yield replace(command, caller=MISUSER)

    def _registration(self, player: Player) -> NewCommand:
        call = calls.register_party(
            self._deployment,
            player.address,
            player.roles,
            player.payee_category,
            identity_commitment_of(player.profile),
        )
        return self._command(f"register/{player.name}", self._registrar, call)

    def _approval(self, player: Player, spender: str) -> NewCommand:
        call = calls.approve(self._deployment, spender, _UNLIMITED_MINOR)
        return self._command(f"approve/{player.name}/{spender}", player.address, call)

    def _mint(self, player: Player, amount_minor: int, at: datetime) -> NewCommand:
        reference = digest_of("bank in", player.name, at.isoformat())
        call = calls.mint(self._deployment, player.address, amount_minor, reference)
        return self._command(f"fund/{player.name}", self._bank, call)

    def _keep_profiles(self, players: list[Player]) -> None:
        with self._office.store.begin() as session:
            kept = find_profiles(session, [player.address for player in players])
            for player in players:
                if player.address not in kept:
                    write_profile(session, player.profile)

    def _balances(self, players: Iterable[Player]) -> dict[str, int]:
        with self._office.store.read() as session:
            return balances_of(session, [player.address for player in players])


def digest_of(*parts: str) -> str:
    """A hash to stand for a document or a bank's reference."""
    return "0x" + sha256("\n".join(parts).encode()).hexdigest()


def _wanted_of(loan: Loan, story: Story, number: int, at: datetime) -> int:
    owed = loan.owed_at(at)
    if number == story.pays_off_at:
        return owed.payoff_minor
    due_minor = owed.penalty_minor + owed.interest_minor + owed.principal_minor
    return max(1, due_minor // 2) if number == story.pays_half_of else due_minor
