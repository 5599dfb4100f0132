"""The demo: the main job on real cases, month by month, on the embedded chain.

The run is a list of stages. A stage's commands are written in one commit, under keys that begin
with the stage's name; so a demo killed at any moment finds on its next start which stages were
written, has the submitter finish what was signed, and goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter

from tallystick.actions.day_close import close_day
from tallystick.actions.deliver_notices import ATTEMPTS_MAX, CLAIM, deliver_notices
from tallystick.actions.submission import Submitter
from tallystick.demo.cast import Cast
from tallystick.demo.drafts import Drafts
from tallystick.demo.offers import month_start
from tallystick.demo.repaying import Due, Paying, Repaying
from tallystick.demo.servicing import Servicing
from tallystick.demo.story import LATE_DAYS, MONTHS, Story
from tallystick.kernel.calendar import Unit, date_after
from tallystick.mirror.follow import Follower
from tallystick.office.office import Office
from tallystick.servicing.portfolio import OFFICE_UTC_OFFSET_MINUTES
from tallystick.store.commands import (
    NewCommand,
    enqueue_many,
    has_commands,
    last_ordered_at,
)
from tallystick.store.day_closes import last_day_close
from tallystick.store.notices import NoticeStatus, list_notices

_OFFICE_OPENS = time(10)
_PREFIX = "demo/"

Advance = Callable[[int], object]
"""Told how many months are over."""


class Demo:
    """One run over `stories`. `seconds` says by part of the work how long it took."""

    def __init__(
        self,
        office: Office,
        submitter: Submitter,
        follower: Follower,
        cast: Cast,
        stories: list[Story],
    ) -> None:
        assert office.chain is not None
        self._office = office
        self._chain = office.chain
        self._submitter = submitter
        self._follower = follower
        self._drafts = Drafts(office, cast)
        self._repaying = Repaying(office, cast)
        self._servicing = Servicing(office, cast)
        self._stories = stories
        self._at = self._clock_set_to = self._reached_at = datetime.min.replace(tzinfo=UTC)
        self.seconds = dict.fromkeys(("draft", "submit", "mirror", "day_close"), 0.0)

    def run(self, advance: Advance) -> None:
        """Runs the months that are not over yet."""
        with self._office.store.read() as session:
            self._reached_at = last_ordered_at(session, _PREFIX) or self._reached_at
        self._open(month_start(0))
        self._stage("0-parties", self._drafts.institutions)
        for month in range(self._months_over(), MONTHS + 1):
            advance(month)
            self._run_month(month)
        advance(MONTHS + 1)

    def _months_over(self) -> int:
        """Months before the one whose last day was closed last: that one may not be done."""
        with self._office.store.read() as session:
            last = last_day_close(session)
        return sum(_last_day(month) < last.closed_on for month in range(MONTHS)) if last else 0

    def _run_month(self, month: int) -> None:
        drafts, day = self._drafts, month_start(month)
        starting = [story for story in self._stories if story.terms.disburse_on == day]
        due = [
            (story, row.number)
            for story in self._stories
            for row in story.terms.instalments
            if row.due_on == day and story.is_repaid(row.number)
        ]
        guaranteed = [story for story, number in due if number == story.guaranteed_at]
        self._open(day)
        if starting:
            self._stage(f"{month}-register", lambda: drafts.registrations(starting, self._at))
            self._stage(f"{month}-originate", lambda: drafts.originations(starting))
            self._stage(f"{month}-cancel", lambda: drafts.cancellations(starting))
            self._stage(f"{month}-disburse", lambda: drafts.disbursements(starting))
        self._repay(f"{month}-due", [(s, number) for s, number in due if number not in s.late])
        prepaying = [story for story, number in due if number == story.prepays_at]
        self._pay(f"{month}-prepay", lambda: self._repaying.prepayments(prepaying, self._at))
        self._pay(f"{month}-guarantor", lambda: self._repaying.own_calls(guaranteed, self._at))
        if starting:
            self._open(day + timedelta(days=2))
            self._stage(f"{month}-use", lambda: drafts.uses_of_proceeds(starting))
        self._open(day + timedelta(days=LATE_DAYS))
        self._repay(f"{month}-late", [(s, number) for s, number in due if number in s.late])
        self._pay(f"{month}-successors", lambda: self._repaying.successors(self._at))
        self._pay(f"{month}-reimburse", lambda: self._repaying.reimbursements(guaranteed))
        self._open(_last_day(month))
        if starting:
            self._stage(f"{month}-onward", lambda: drafts.onward_payments(self._at))
            self._stage(f"{month}-bank-out", lambda: drafts.bank_withdrawals(starting, self._at))
        self._stage(f"{month}-distribute", lambda: drafts.distributions(self._stories))
        self._service(month)
        self._close_day(_last_day(month))
        self._stage(f"{month}-write-off", lambda: self._servicing.write_offs(self._at))

    def _service(self, month: int) -> None:
        """What is done about loans in arrears, and the claims that are sold."""
        servicing = self._servicing
        running = [s for s in self._stories if s.terms.disburse_on < month_start(month)]
        self._pay(f"{month}-guarantee", lambda: self._repaying.guarantee_calls(running, self._at))
        self._stage(f"{month}-accelerate", lambda: servicing.accelerations(running, self._at))
        self._stage(f"{month}-extend", lambda: servicing.extensions(running, self._at))
        sold = [story for story in self._stories if story.assigned_in == month]
        if sold:
            self._stage(f"{month}-price", lambda: servicing.prices(sold, self._at))
            self._stage(f"{month}-assign", lambda: servicing.assignments(sold, self._at))

    def _repay(self, stage: str, due: list[Due]) -> None:
        if due:
            self._pay(stage, lambda: self._repaying.due(due, self._at))

    def _pay(self, stage: str, draft: Callable[[], list[Paying]]) -> None:
        """What is to be paid is drawn up once, before any of it has arrived."""
        if self._is_past:
            return
        with self._timed("draft"):
            payings = draft()
        if not payings:
            return
        self._stage(f"{stage}-fund", lambda: self._repaying.funding(payings, self._at, stage))
        if any(paying.how == "collect" for paying in payings):
            self._collect(f"{stage}-collect")
        self._stage(f"{stage}-pay", lambda: self._repaying.payments(payings, self._at))

    def _collect(self, stage: str) -> None:
        with self._timed("draft"):
            with self._office.store.read() as session:
                is_written = has_commands(session, f"{_PREFIX}{stage}/")
            if not is_written:
                self._repaying.collect(f"{_PREFIX}{stage}/all", self._at)
        self._settle()

    def _close_day(self, day: date) -> None:
        with self._timed("mirror"):
            if self._follower.catch_up().cursor.block_at < self._at:
                # Nothing has happened on this day yet: the mirror has to know that it has come.
                self._set_clock()
                self._chain.mine()
                self._follower.catch_up()
        with self._timed("day_close"):
            close_day(
                self._office.store,
                day,
                now=self._at,
                utc_offset_minutes=OFFICE_UTC_OFFSET_MINUTES,
            )
            self._deliver()
        self._settle()

    def _deliver(self) -> None:
        for _ in range(ATTEMPTS_MAX):
            deliver_notices(
                self._office.store,
                self._office.mailer,
                self._office.deployment,
                servicer=self._office.lanes.address("servicer"),
                mail_from=self._office.settings.mail_from,
                clock=lambda: self._at,
            )
            with self._office.store.read() as session:
                if not list_notices(session, status=NoticeStatus.WRITTEN, limit=1):
                    return
            # A run that was killed while it delivered has claimed them for so long.
            self._at += CLAIM

    # ------------------------------------------------------------ stages

    def _open(self, day: date) -> None:
        """What follows happens when the office opens on `day`."""
        opens_at = datetime.combine(day, _OFFICE_OPENS, UTC)
        self._at = opens_at - timedelta(minutes=OFFICE_UTC_OFFSET_MINUTES)

    def _stage(self, name: str, draft: Callable[[], Iterable[NewCommand]]) -> None:
        """Writes the stage unless it is written, and settles it."""
        if self._is_past:
            return
        prefix = f"{_PREFIX}{name}/"
        store = self._office.store
        with self._timed("draft"):
            with store.read() as session:
                is_written = has_commands(session, prefix)
            if not is_written:
                new = [
                    replace(one, idempotency_key=prefix + one.idempotency_key) for one in draft()
                ]
                if not new:
                    return
                with store.begin() as session:
                    enqueue_many(session, new, self._at)
        self._settle()

    @property
    def _is_past(self) -> bool:
        """Whether a run before has come further than this.

        Stages are written one after the other, so all that was to be done now is done; and the
        mirror has gone on, so that a stage in which there was nothing to do might find something.
        """
        return self._at < self._reached_at

    def _settle(self) -> None:
        """Sends what is written, has it mined, and brings the mirror up to it."""
        with self._timed("submit"):
            self._set_clock()
            self._submitter.drain()
        with self._timed("mirror"):
            self._follower.catch_up()

    def _set_clock(self) -> None:
        """Dates the next block, unless one is dated so; later blocks follow within the minute."""
        if self._at > self._clock_set_to:
            self._chain.set_time(self._at)
            self._clock_set_to = self._at

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self.seconds[part] += perf_counter() - started


def _last_day(month: int) -> date:
    return date_after(month_start(month).replace(day=1), 1, Unit.MONTHS, 1) - timedelta(days=1)
