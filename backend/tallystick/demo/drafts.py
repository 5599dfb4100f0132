"""What the players of the demo order before a loan is repaid: the commands of each stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from tallystick.actions.register_party import identity_commitment_of
from tallystick.chain import calls, colending
from tallystick.chain.calldata import Call
from tallystick.demo.cast import CoLender, Player
from tallystick.demo.drafting import Drafting, digest_of
from tallystick.demo.misuse import bad_origination, bad_use, replayed_origination
from tallystick.demo.story import Story
from tallystick.loans.terms import LoanTerms
from tallystick.store.commands import NewCommand
from tallystick.store.profiles import find_profiles, write_profile

MISUSER = "demo misuse"

_UNLIMITED_MINOR = 2**63 - 1
"""As much as can ever exist: the supply is bounded by it."""


class Drafts(Drafting):
    """Parties, agreements and the use of proceeds."""

    # ------------------------------------------------------------ parties and agreements

    def institutions(self) -> Iterator[NewCommand]:
        """Lenders and payees come in, and let the ledger and the bank spend."""
        self._keep_profiles(self._cast.institutions)
        for player in self._cast.institutions:
            yield self._registration(player)
        for payer in [*self._cast.lenders, *self._cast.guarantors]:
            yield self._approval(payer, self._deployment.loan_ledger)
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
        for story in stories:
            if isinstance(story.lender, CoLender):
                yield from self._co_lending(story.lender)
        held = self._balances(self._cast.lenders)
        for lender in self._cast.lenders:
            lent = sum(_lent_minor(story, lender) for story in stories)
            if lent > held[lender.address]:
                yield self._mint(lender, lent - held[lender.address], at, "lending")

    def originations(self, stories: list[Story]) -> Iterator[NewCommand]:
        for story in stories:
            if story.cancels_first:
                given_up = self._origination(story, given_up_terms(story))
                yield self._command(f"originate first/{story.number}", self._servicer, given_up)
            call = self._origination(story, story.terms)
            yield self._command(f"originate/{story.number}", self._servicer, call)
            attempt = bad_origination(story, self._cast.stranger, self._deployment)
            yield from self._attempt(story, self._servicer, attempt)

    def cancellations(self, stories: list[Story]) -> Iterator[NewCommand]:
        for story in stories:
            if story.cancels_first:
                call = calls.cancel(self._deployment, given_up_terms(story))
                yield self._command(f"cancel/{story.number}", story.borrower.address, call)

    def disbursements(self, stories: list[Story]) -> Iterator[NewCommand]:
        for story in stories:
            lender = story.lender
            call = calls.disburse(self._deployment, story.terms)
            if isinstance(lender, CoLender):
                call = colending.disburse(lender.address, lender.members, call)
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

    # ------------------------------------------------------------ commands

    def _attempt(self, story: Story, lane: str, call: Call | None) -> Iterator[NewCommand]:
        """An attempt the contracts have to refuse, if the story has one here."""
        if call is not None:
            command = self._command(f"misuse/{story.misuse}/{story.number}", lane, call)
            yield replace(command, caller=MISUSER)

    def distributions(self, stories: list[Story]) -> Iterator[NewCommand]:
        """What came in on loans of several lenders goes to each of them."""
        lenders = [story.lender for story in stories if isinstance(story.lender, CoLender)]
        held = self._balances(lenders)
        for lender in lenders:
            if held[lender.address]:
                call = colending.distribute(lender.address, lender.members)
                yield self._command(f"distribute/{lender.name}", self._servicer, call)

    def _co_lending(self, lender: CoLender) -> Iterator[NewCommand]:
        """The contract is made and registered, and its members let it take what they put in."""
        self._keep_profiles([lender])
        call = colending.create_co_lending(lender.factory, lender.members, lender.salt)
        yield self._command(f"create/{lender.name}", self._servicer, call)
        yield self._registration(lender)
        for player in lender.players:
            yield self._approval(player, lender.address)

    def _registration(self, player: Player | CoLender) -> NewCommand:
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

    def _keep_profiles(self, players: Sequence[Player | CoLender]) -> None:
        with self._office.store.begin() as session:
            kept = find_profiles(session, [player.address for player in players])
            for player in players:
                if player.address not in kept:
                    write_profile(session, player.profile)

    def _origination(self, story: Story, terms: LoanTerms) -> Call:
        signatures = [signer.signature_of(terms, self._deployment) for signer in story.signers]
        return calls.originate(self._deployment, terms, signatures)


def _lent_minor(story: Story, lender: Player) -> int:
    """What the lender puts into the loan, alone or with others."""
    if isinstance(story.lender, CoLender):
        return sum(
            member.commitment_minor
            for member in story.lender.members
            if member.party == lender.address
        )
    return story.terms.principal_minor if story.lender is lender else 0


def given_up_terms(story: Story) -> LoanTerms:
    """The terms that were cancelled before those that became the loan."""
    return replace(story.terms, agreement=f"{story.terms.agreement}-C")
