"""What the lenders order about loans that are carried: acceleration, write-off, more time for a
borrower, and the sale of a claim."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from tallystick.actions.extend import Extension, extended_terms
from tallystick.chain import calls
from tallystick.chain.messages import Assignment, assignment_digest
from tallystick.chain.terms import witness_for
from tallystick.demo.drafting import Drafting, digest_of
from tallystick.demo.story import Remedy, Story
from tallystick.loans.loan import CARRIED, Loan, Status, local_day
from tallystick.store.commands import NewCommand
from tallystick.store.loans import carried_loans

WRITE_OFF_AFTER_DAYS = 360
"""A loan further past due is a loss in the five categories, and is written off."""
EXTEND_AFTER_DAYS = 45
EXTENSION_MONTHS = 3
_PRICE_PCT = 98
"""Of the principal outstanding, for a claim that is sold."""


class Servicing(Drafting):
    # ------------------------------------------------------------ arrears

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
            shown = witness_for(loan, _day(loan, at))
            call = calls.write_off(self._deployment, loan.terms, reason, shown)
            yield self._command(f"write-off/{loan.loan_id}", self._servicer, call)

    def accelerations(self, stories: list[Story], at: datetime) -> Iterator[NewCommand]:
        for story, loan in self._in_arrears(stories, Remedy.ACCELERATION, at):
            is_late = loan.owed_at(at).days_past_due > loan.terms.accelerate_after_days
            if is_late and not loan.repaid.is_accelerated:
                reason = digest_of("acceleration", loan.terms.agreement)
                shown = witness_for(loan, _day(loan, at))
                call = calls.accelerate(self._deployment, loan.terms, reason, shown)
                yield self._command(f"accelerate/{story.number}", self._servicer, call)

    def extensions(self, stories: list[Story], at: datetime) -> Iterator[NewCommand]:
        """All sides sign terms with later dates, which replace the loan the same day."""
        for story, loan in self._in_arrears(stories, Remedy.EXTENSION, at):
            if loan.owed_at(at).days_past_due <= EXTEND_AFTER_DAYS:
                continue
            day = _day(loan, at)
            agreement = f"{loan.terms.agreement}-R"
            extension = Extension(
                agreement=agreement,
                months=EXTENSION_MONTHS,
                effective_on=day,
                sign_by=day,
                document_hash=digest_of(agreement),
            )
            terms = extended_terms(loan, extension, day)
            signers = [self._cast.player(address) for address in terms.signers]
            signatures = [one.signature_of(terms, self._deployment) for one in signers]
            call = calls.restructure(
                self._deployment,
                loan.terms,
                terms,
                signatures,
                prior_witness=witness_for(loan, day),
            )
            yield self._command(f"restructure/{story.number}", self._servicer, call)

    def _in_arrears(
        self, stories: list[Story], remedy: Remedy, at: datetime
    ) -> Iterator[tuple[Story, Loan]]:
        """Active loans with that remedy of which something is past due."""
        with_remedy = [story for story in stories if story.remedy is remedy]
        loans = self._loans(with_remedy)
        for story in with_remedy:
            loan = loans.get(story.loan_id)
            if loan is not None and loan.status is Status.ACTIVE:
                yield story, loan

    # ------------------------------------------------------------ claims that are sold

    def prices(self, stories: list[Story], at: datetime) -> Iterator[NewCommand]:
        """The buyers' bank payments arrive."""
        sums: dict[str, int] = {}
        for story, loan in self._to_assign(stories):
            assert story.assignee is not None
            address = story.assignee.address
            sums[address] = sums.get(address, 0) + _price_minor(loan)
        for address, amount_minor in sums.items():
            yield self._mint(self._cast.player(address), amount_minor, at, "price")

    def assignments(self, stories: list[Story], at: datetime) -> Iterator[NewCommand]:
        for story, loan in self._to_assign(stories):
            assert story.assignee is not None
            assignment = Assignment(
                loan_id=loan.loan_id,
                lender=loan.lender,
                assignee=story.assignee.address,
                price_minor=_price_minor(loan),
                assignment_count=loan.account.assignment_count,
                sign_by=_day(loan, at) + timedelta(days=1),
                lender_nonce=0,
                assignee_nonce=0,
            )
            on = self._deployment
            digest = assignment_digest(assignment, on.chain_id, on.loan_ledger)
            call = calls.assign(
                on,
                loan.terms,
                assignment,
                self._cast.player(loan.lender).key.signature_of(digest),
                story.assignee.key.signature_of(digest),
            )
            yield self._command(f"assign/{story.number}", self._servicer, call)

    def _to_assign(self, stories: list[Story]) -> Iterator[tuple[Story, Loan]]:
        loans = self._loans(stories)
        for story in stories:
            loan = loans.get(story.loan_id)
            if loan is not None and loan.status in CARRIED and loan.assignee is None:
                yield story, loan


def _price_minor(loan: Loan) -> int:
    return loan.outstanding_minor * _PRICE_PCT // 100


def _day(loan: Loan, at: datetime) -> date:
    return local_day(at, loan.terms.utc_offset_minutes)
