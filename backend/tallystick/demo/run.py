"""The demo: the main job on real cases, month by month, on the embedded chain.

The run is a list of stages. A stage's commands are written in one commit, under keys that begin with
the stage's name; so a demo killed at any moment finds on its next start which stages were written, has
the submitter finish what was signed, and goes on. What a stage writes depends only on the stories and on
the mirror as the stages before it left it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from time import perf_counter

from tallystick.actions.day_close import close_day
from tallystick.actions.deliver_notices import deliver_notices
from tallystick.actions.register_party import identity_commitment_of
from tallystick.actions.submission import Submitter
from tallystick.chain import calls
from tallystick.chain.calls import Call
from tallystick.chain.terms import loan_id, typed_data
from tallystick.demo.cast import Cast, Player
from tallystick.demo.products import WHOLESALE_CATEGORY
from tallystick.demo.story import LATE_DAYS, MONTHS, UTC_OFFSET_MINUTES, Misuse, Story, month_start
from tallystick.kernel.calendar import Unit, date_after
from tallystick.loans.loan import CARRIED, Loan
from tallystick.loans.terms import LoanTerms
from tallystick.mirror.follow import Follower
from tallystick.office.office import Office
from tallystick.store.commands import NewCommand, enqueue_many, has_commands
from tallystick.store.loans import carried_loans, find_loan
from tallystick.store.parties import balances_of
from tallystick.store.profiles import find_profile, write_profile

CALLER = "demo"
MISUSER = "demo misuse"
WRITE_OFF_AFTER_DAYS = 360
"""A loan further past due is a loss in the five categories, and is written off."""

_OFFICE_OPENS = time(10)
_UNLIMITED_MINOR = 2**63 - 1
"""As much as can ever exist: the supply is bounded by it."""

Advance = Callable[[int], None]
"""Told the number of the month that is over."""


class Demo:
    """One run over `stories`, which were drawn from the same seed as `cast`."""

    def __init__(
        self,
        office: Office,
        submitter: Submitter,
        follower: Follower,
        cast: Cast,
        stories: list[Story],
    ) -> None:
        self._office = office
        self._deployment = office.deployment
        self._submitter = submitter
        self._follower = follower
        self._cast = cast
        self._stories = stories
        self._ids = [loan_id(story.terms) for story in stories]
        self._registrar = office.lanes.address("registrar")
        self._bank = office.lanes.address("settlement_bank")
        self._servicer = office.lanes.address("servicer")
        self._at = datetime.min.replace(tzinfo=UTC)
        self.seconds: dict[str, float] = {}

    def run(self, advance: Advance) -> None:
        self._open(month_start(0))
        self._stage("0-parties", self._institutions)
        for month in range(MONTHS + 1):
            self._run_month(month)
            advance(month)

    def _run_month(self, month: int) -> None:
        day = month_start(month)
        self._open(day)
        starting = [story for story in self._stories if story.terms.disburse_on == day]
        if starting:
            self._stage(f"{month}-register", lambda: self._register(starting))
            self._stage(f"{month}-originate", lambda: self._originate(starting))
            self._stage(f"{month}-disburse", lambda: self._disburse(starting))
        due = [(story, row.number) for story in self._stories for row in story.terms.instalments if row.due_on == day]
        self._repay(f"{month}-due", due, is_late=False)
        if starting:
            self._open(day + timedelta(days=2))
            self._stage(f"{month}-use", lambda: self._use_proceeds(starting))
        self._open(day + timedelta(days=LATE_DAYS))
        self._repay(f"{month}-late", due, is_late=True)
        last_day = date_after(day.replace(day=1), 1, Unit.MONTHS, 1) - timedelta(days=1)
        self._open(last_day)
        if starting:
            self._stage(f"{month}-onward", self._pay_onward)
            self._stage(f"{month}-bank-out", lambda: self._leave_by_bank(starting))
        self._close(month, last_day)

    # ------------------------------------------------------------ stages

    def _open(self, day: date) -> None:
        """Moves the chain's clock to the opening of `day`, never back."""
        offset = timedelta(minutes=UTC_OFFSET_MINUTES)
        self._at = datetime.combine(day, _OFFICE_OPENS, UTC) - offset

    def _stage(self, name: str, draft: Callable[[], Iterable[NewCommand]]) -> None:
        prefix = f"demo/{name}/"
        store = self._office.store
        with store.read() as session:
            is_written = has_commands(session, prefix)
        if not is_written:
            new = [replace(one, idempotency_key=prefix + one.idempotency_key) for one in draft()]
            if not new:
                return
            with store.begin() as session:
                enqueue_many(session, new, self._at)
        self._settle()

    def _settle(self) -> None:
        """Sends what is written, has it mined, and brings the mirror up to it."""
        with self._timed("submit"):
            self._set_clock()
            self._submitter.drain()
        with self._timed("mirror"):
            self._follower.catch_up()

    def _set_clock(self) -> bool:
        """Dates the next block, unless the chain is there already; whether it had to."""
        assert self._office.chain is not None
        if self._office.chain_now() >= self._at:
            return False
        self._office.chain.set_time(self._at)
        return True

    def _reach_day(self) -> None:
        """A block on this day, so that the mirror knows the day has come."""
        if self._set_clock():
            assert self._office.chain is not None
            self._office.chain.mine()

    # ------------------------------------------------------------ parties and agreements

    def _institutions(self) -> Iterator[NewCommand]:
        players = self._cast.institutions
        self._write_profiles(players)
        for player in players:
            yield self._registration(player)
        for lender in self._cast.lenders:
            yield self._approval(lender, self._deployment.loan_ledger)
        for group in self._cast.payees.values():
            for payee in group:
                yield self._approval(payee, self._bank)

    def _register(self, stories: list[Story]) -> Iterator[NewCommand]:
        self._write_profiles(story.borrower for story in stories)
        for story in stories:
            yield self._registration(story.borrower)
            yield self._approval(story.borrower, self._deployment.loan_ledger)
            if story.withdrawal_minor:
                yield self._approval(story.borrower, self._bank)
        held = self._balances(story.lender for story in stories)
        for lender in self._cast.lenders:
            wanted = sum(s.terms.principal_minor for s in stories if s.lender is lender)
            if wanted > held.get(lender.address, 0):
                yield self._mint(f"fund/{lender.name}", lender, wanted - held.get(lender.address, 0))

    def _originate(self, stories: list[Story]) -> Iterator[NewCommand]:
        for story in stories:
            signatures = (self._sign(story.lender, story.terms), self._sign(story.borrower, story.terms))
            call = calls.originate(self._deployment, story.terms, *signatures)
            yield self._command(f"originate/{story.number}", self._servicer, call)
            if story.misuse is Misuse.FORGED_SIGNATURE:
                terms = _renamed(story.terms, "F")
                forged = self._sign(self._cast.stranger, terms)
                call = calls.originate(self._deployment, terms, self._sign(story.lender, terms), forged)
                yield self._misuse(story, self._servicer, call)
            if story.misuse is Misuse.EXPIRED_SIGNATURES:
                terms = replace(
                    _renamed(story.terms, "X"), sign_by=story.terms.sign_by - timedelta(days=1)
                )
                signatures = (self._sign(story.lender, terms), self._sign(story.borrower, terms))
                call = calls.originate(self._deployment, terms, *signatures)
                yield self._misuse(story, self._servicer, call)

    def _disburse(self, stories: list[Story]) -> Iterator[NewCommand]:
        for story in stories:
            call = calls.disburse(self._deployment, story.terms)
            yield self._command(f"disburse/{story.number}", self._servicer, call)
            if story.misuse is Misuse.REPLAYED_SIGNATURES:
                signatures = (
                    self._sign(story.lender, story.terms),
                    self._sign(story.borrower, story.terms),
                )
                call = calls.originate(self._deployment, story.terms, *signatures)
                yield self._misuse(story, self._cast.stranger.address, call)

    # ------------------------------------------------------------ use of proceeds

    def _use_proceeds(self, stories: list[Story]) -> Iterator[NewCommand]:
        for story in stories:
            if (attempt := self._misused_proceeds(story)) is not None:
                yield self._misuse(story, story.borrower.address, attempt)
            (agreed,) = story.terms.purposes
            evidence = _digest("invoice", story.terms.agreement)
            call = calls.pay(
                self._deployment,
                story.terms,
                story.payee.address,
                agreed.cap_minor,
                agreed.purpose,
                evidence,
            )
            yield self._command(f"pay/{story.number}", self._servicer, call)
            if story.withdrawal_minor:
                call = calls.withdraw(self._deployment, story.terms, story.withdrawal_minor)
                yield self._command(f"withdraw/{story.number}", story.borrower.address, call)

    def _misused_proceeds(self, story: Story) -> Call | None:
        (agreed,) = story.terms.purposes
        evidence = _digest("misuse", story.terms.agreement)
        payee = story.payee.address

        def pay(terms: LoanTerms, payee: str, amount_minor: int, purpose: str) -> Call:
            return calls.pay(self._deployment, terms, payee, amount_minor, purpose, evidence)

        match story.misuse:
            case Misuse.PURPOSE_NOT_AGREED:
                return pay(story.terms, payee, 100, "securities")
            case Misuse.PAYEE_NOT_REGISTERED:
                return pay(story.terms, self._cast.stranger.address, 100, agreed.purpose)
            case Misuse.PAYEE_OF_OTHER_TRADE:
                other = self._cast.payees[WHOLESALE_CATEGORY][0].address
                return pay(story.terms, other, 100, agreed.purpose)
            case Misuse.OVER_CAP:
                return pay(story.terms, payee, agreed.cap_minor + 1, agreed.purpose)
            case Misuse.OVER_SELF_PAID_SHARE:
                return calls.withdraw(self._deployment, story.terms, story.withdrawal_minor + 1)
            case Misuse.CHANGED_TERMS:
                milder = replace(story.terms, penalty_rate_ppm=0)
                return pay(milder, payee, 100, agreed.purpose)
            case _:
                return None

    def _pay_onward(self) -> Iterator[NewCommand]:
        """Payees pay their suppliers part of what they took in."""
        payees = [p for c, group in self._cast.payees.items() if c != WHOLESALE_CATEGORY for p in group]
        wholesalers = self._cast.payees[WHOLESALE_CATEGORY]
        held = self._balances(payees)
        for index, payee in enumerate(payees):
            amount_minor = held.get(payee.address, 0) * 2 // 5
            if amount_minor:
                call = calls.transfer_with_purpose(
                    self._deployment,
                    wholesalers[index % len(wholesalers)].address,
                    amount_minor,
                    "stock",
                    _digest("delivery note", payee.name, self._at.isoformat()),
                )
                yield self._command(f"stock/{payee.name}", payee.address, call)

    def _leave_by_bank(self, stories: list[Story]) -> Iterator[NewCommand]:
        """Payees draw what they hold to their bank accounts, borrowers what they withdrew."""
        payees = [payee for group in self._cast.payees.values() for payee in group]
        drawing = [*payees, *(story.borrower for story in stories if story.withdrawal_minor)]
        held = self._balances(drawing)
        for player in drawing:
            if amount_minor := held.get(player.address, 0):
                reference = _digest("bank out", player.name, self._at.isoformat())
                call = calls.burn(self._deployment, player.address, amount_minor, reference)
                yield self._command(f"out/{player.name}", self._bank, call)

    # ------------------------------------------------------------ repayment

    def _repay(self, stage: str, due: list[tuple[Story, int]], *, is_late: bool) -> None:
        repayments = [
            (story, number)
            for story, number in due
            if _is_repaid(story, number) and (number in story.late) == is_late
        ]
        if not repayments:
            return
        self._stage(f"{stage}-fund", lambda: self._fund(repayments))
        self._stage(f"{stage}-repay", lambda: self._repayments(repayments))

    def _fund(self, repayments: list[tuple[Story, int]]) -> Iterator[NewCommand]:
        """The borrowers' bank payments arrive."""
        with self._office.store.read() as session:
            for story, number in repayments:
                amount_minor = self._wanted(find_loan(session, self._id(story)), story, number)
                yield self._mint(f"fund/{story.number}", story.borrower, amount_minor)

    def _repayments(self, repayments: list[tuple[Story, int]]) -> Iterator[NewCommand]:
        with self._office.store.read() as session:
            for story, number in repayments:
                amount_minor = self._wanted(find_loan(session, self._id(story)), story, number)
                is_payoff = number == story.pays_off_at
                make = calls.payoff if is_payoff else calls.repay
                call = make(self._deployment, story.terms, amount_minor)
                yield self._command(f"repay/{story.number}", story.borrower.address, call)

    def _wanted(self, loan: Loan, story: Story, number: int) -> int:
        owed = loan.owed_at(self._at)
        if number == story.pays_off_at:
            return owed.payoff_minor
        due_minor = owed.penalty_minor + owed.interest_minor + owed.principal_minor
        return max(1, due_minor // 2) if number == story.pays_half_of else due_minor

    # ------------------------------------------------------------ day close

    def _close(self, month: int, day: date) -> None:
        office = self._office
        self._reach_day()
        self._settle()
        with self._timed("day close"):
            close_day(office.store, day, now=self._at, utc_offset_minutes=UTC_OFFSET_MINUTES)
            deliver_notices(
                office.store,
                office.mailer,
                office.deployment,
                servicer=self._servicer,
                mail_from=office.settings.mail_from,
                clock=lambda: self._at,
            )
        self._settle()
        self._stage(f"{month}-write-off", self._write_offs)

    def _write_offs(self) -> Iterator[NewCommand]:
        with self._office.store.read() as session:
            for loan in carried_loans(session):
                days_past_due = loan.owed_at(self._at).days_past_due
                if loan.status is CARRIED[0] and days_past_due > WRITE_OFF_AFTER_DAYS:
                    call = calls.write_off(
                        self._deployment, loan.terms, _digest("write-off", loan.terms.agreement)
                    )
                    yield self._command(f"write-off/{loan.loan_id}", self._servicer, call)

    # ------------------------------------------------------------ commands

    def _command(self, name: str, lane: str, call: Call) -> NewCommand:
        return NewCommand(idempotency_key=name, caller=CALLER, lane=lane, call=call)

    def _misuse(self, story: Story, lane: str, call: Call) -> NewCommand:
        """An attempt the contracts have to refuse."""
        return replace(self._command(f"misuse/{story.misuse}/{story.number}", lane, call), caller=MISUSER)

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

    def _mint(self, name: str, player: Player, amount_minor: int) -> NewCommand:
        reference = _digest("bank in", name, self._at.isoformat())
        call = calls.mint(self._deployment, player.address, amount_minor, reference)
        return self._command(name, self._bank, call)

    def _sign(self, player: Player, terms: LoanTerms) -> bytes:
        message = typed_data(terms, self._deployment.chain_id, self._deployment.loan_ledger)
        return player.key.sign_typed_data(message)

    def _write_profiles(self, players: Iterable[Player]) -> None:
        with self._office.store.begin() as session:
            for player in players:
                if find_profile(session, player.address) is None:
                    write_profile(session, player.profile)

    def _balances(self, players: Iterable[Player]) -> dict[str, int]:
        with self._office.store.read() as session:
            return balances_of(session, [player.address for player in players])

    def _id(self, story: Story) -> str:
        return self._ids[story.number - 1]

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self.seconds[part] = self.seconds.get(part, 0.0) + perf_counter() - started


def _is_repaid(story: Story, number: int) -> bool:
    """Whether the borrower repays (or tries to repay half of) instalment `number`."""
    if story.pays_off_at is not None and number > story.pays_off_at:
        return False
    return story.stops_after is None or number <= story.stops_after or number == story.pays_half_of


def _renamed(terms: LoanTerms, suffix: str) -> LoanTerms:
    return replace(terms, agreement=f"{terms.agreement}-{suffix}")


def _digest(*parts: str) -> str:
    return "0x" + sha256("\n".join(parts).encode()).hexdigest()
