"""Commands become txs: signed, kept, sent, watched, and settled, whatever happens in between.

One lane is one account; its commands go out in the order they were given. For each command:

    take the lane's next nonce and sign        the signed bytes are kept before anything is sent
    send the same bytes, again if need be      a node that has them already says so
    read the receipt                           mined, or refused with the decoded error

so that a crash at any point is mended by doing the same again. A nonce is given out once and always
used: if no node takes a tx, an empty one takes its nonce, and the lane goes on. No command is ever
signed under two nonces, so it has at most one effect.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tallystick.actions.settlement import Settler, TxNotTaken
from tallystick.actions.signing import LaneSigner
from tallystick.chain.client import Node
from tallystick.chain.finality import IMMEDIATE, Finality
from tallystick.chain.sending import SendOutcome, SendStatus
from tallystick.chain.signers import Signer
from tallystick.kernel.errors import TallystickError, Unavailable
from tallystick.store.commands import CommandStatus, count_unsettled
from tallystick.store.exclusive import HeldElsewhere, exclusively
from tallystick.store.outbox import InFlight, in_flight, mark_sent, raw_txs
from tallystick.store.session import Store

_log = logging.getLogger(__name__)

_BATCH = 500
_MENDS_MAX = 5
_POLL_SECONDS_MAX = 0.5
_TROUBLE_SECONDS_MAX = 30.0
_TAKEN = (SendStatus.ACCEPTED, SendStatus.KNOWN, SendStatus.NONCE_USED)


class SubmissionStalled(Unavailable):
    title = "Submission stalled"


@dataclass(slots=True)
class SubmissionReport:
    """What was done, and what is left; `blocked` says by lane why it does not go on."""

    signed: int = 0
    sent: int = 0
    mined: int = 0
    refused: int = 0
    revived: int = 0
    in_flight: int = 0
    pending: int = 0
    blocked: dict[str, str] = field(default_factory=dict)

    @property
    def has_progressed(self) -> bool:
        return bool(self.signed or self.sent or self.mined or self.refused or self.revived)

    def add(self, later: SubmissionReport) -> None:
        """Counts a later round in."""
        self.signed += later.signed
        self.sent += later.sent
        self.mined += later.mined
        self.refused += later.refused
        self.revived += later.revived
        self.in_flight, self.pending, self.blocked = later.in_flight, later.pending, later.blocked


class Submitter:
    """The one submitter of a store; a second one at the same time is refused (HeldElsewhere).

    `signer_of` gives the key of a lane. `mine`, for chains that mine on demand, is called whenever
    something waits to be mined. `clock` dates settlements. `lane_in_flight_max` bounds how many of
    a lane's txs a node has to hold. A lane's first tx that waits for `resend_seconds` is sent again
    with what follows it; after `replace_seconds` it is offered for more, where gas has a price.
    """

    def __init__(
        self,
        store: Store,
        node: Node,
        signer_of: Callable[[str], Signer],
        *,
        mine: Callable[[], object] | None = None,
        finality: Finality = IMMEDIATE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        lane_in_flight_max: int = 2_000,
        resend_seconds: float = 15.0,
        replace_seconds: float = 60.0,
    ) -> None:
        self._store = store
        self._node = node
        self._mine = mine
        self._resend_seconds = resend_seconds
        self._replace_seconds = replace_seconds
        self._settler = Settler(store, node, finality, clock)
        self._signer = LaneSigner(store, node, signer_of, lane_in_flight_max)
        self._first_sent: dict[int, float] = {}
        self._last_sent: dict[int, float] = {}
        self._turn = threading.Lock()
        self.trouble: TallystickError | None = None
        """Why the latest round of `run` failed; none if it did not."""

    def run_once(self) -> SubmissionReport:
        """One round: settle what was mined, send what is signed, sign and send what is pending.

        Raises HeldElsewhere, and what store and node raise; the next round goes on from there.
        """
        with self._turn, exclusively(self._store, "submitter"):
            report = SubmissionReport(revived=self._settler.look_for_undone())
            self._settle(report)
            self._send(report)
            for count in self._signer.sign_pending(report.blocked):
                report.signed += count
                self._send(report)
                self._mine_and_settle(report)
            self._mine_and_settle(report)
            with self._store.read() as session:
                report.in_flight = len(in_flight(session))
                report.pending = count_unsettled(session) - report.in_flight
            return report

    def drain(self, *, timeout_seconds: float = 120.0) -> SubmissionReport:
        """Rounds until nothing is left but what is blocked; what they did in all.

        Where another process is the submitter, waits for its work instead. Raises
        SubmissionStalled after `timeout_seconds` without progress, and what `run_once` raises.
        """
        total = SubmissionReport()
        deadline = time.monotonic() + timeout_seconds
        wait = 0.01
        while True:
            report = self._round_or_wait()
            total.add(report)
            if not report.in_flight and (not report.pending or report.blocked):
                return total
            if report.has_progressed:
                deadline = time.monotonic() + timeout_seconds
                wait = 0.01
                continue
            if time.monotonic() > deadline:
                raise SubmissionStalled(
                    f"{report.in_flight} txs are sent and not mined for {timeout_seconds:.0f} s; "
                    "is the chain mining?",
                    in_flight=report.in_flight,
                )
            time.sleep(wait)
            wait = min(2 * wait, _POLL_SECONDS_MAX)

    def run(self, stop: threading.Event, *, poll_seconds: float = 0.25) -> None:
        """Rounds until `stop` is set. Troubles are logged, kept in `trouble`, and tried again."""
        wait = poll_seconds
        while not stop.wait(wait):
            try:
                self.run_once()
            except HeldElsewhere:
                # The command line beside a service, say: each has its turn.
                wait = poll_seconds
            except TallystickError as error:
                if self.trouble is None or self.trouble.type != error.type:
                    _log.error("submission: %s", error.detail)
                self.trouble = error
                wait = min(2 * wait, _TROUBLE_SECONDS_MAX)
            else:
                self.trouble = None
                wait = poll_seconds

    def _round_or_wait(self) -> SubmissionReport:
        try:
            return self.run_once()
        except HeldElsewhere:
            with self._store.read() as session:
                flights = len(in_flight(session))
                return SubmissionReport(
                    in_flight=flights, pending=count_unsettled(session) - flights
                )

    def _mine_and_settle(self, report: SubmissionReport) -> None:
        """On chains that mine on demand, one block for each batch."""
        if self._mine is not None and self._flights():
            self._mine()
            self._settle(report)

    def _settle(self, report: SubmissionReport) -> None:
        for settlement in self._settler.settle():
            self._first_sent.pop(settlement.id, None)
            self._last_sent.pop(settlement.id, None)
            if settlement.status is CommandStatus.MINED:
                report.mined += 1
            else:
                report.refused += 1

    # ------------------------------------------------------------ sending

    def _send(self, report: SubmissionReport) -> None:
        """Sends what no node is known to have, and again what has waited too long."""
        self._offer_more_for_stuck()
        for _ in range(_MENDS_MAX):
            failures = self._send_all(self._due(self._flights()), report)
            if not self._mend(failures, report):
                return

    def _offer_more_for_stuck(self) -> None:
        now = time.monotonic()
        for first in _first_of_lanes(self._flights()):
            if now - self._first_sent.get(first.id, now) > self._replace_seconds:
                self._signer.offer_more(first, self._raw(first))
                self._first_sent[first.id] = now

    def _due(self, flights: Sequence[InFlight]) -> list[InFlight]:
        """In the order the commands were given, which is that of nonces in each lane."""
        now = time.monotonic()
        stuck = {
            first.lane
            for first in _first_of_lanes(flights)
            if now - self._last_sent.get(first.id, now) > self._resend_seconds
        }
        due = [
            flight
            for flight in flights
            if flight.status is CommandStatus.SIGNED
            or flight.id not in self._last_sent
            or flight.lane in stuck
        ]
        return sorted(due, key=lambda flight: flight.id)

    def _send_all(
        self, due: Sequence[InFlight], report: SubmissionReport
    ) -> list[tuple[InFlight, SendOutcome]]:
        """Sends, and marks what was taken; the first failure of each lane."""
        failures: dict[str, tuple[InFlight, SendOutcome]] = {}
        for start in range(0, len(due), _BATCH):
            batch = due[start : start + _BATCH]
            with self._store.read() as session:
                kept = raw_txs(session, [flight.id for flight in batch])
            raws = [kept[flight.id] or self._signer.resign(flight) for flight in batch]
            outcomes = self._node.send_raw(raws)
            now = time.monotonic()
            taken = []
            for flight, outcome in zip(batch, outcomes, strict=True):
                if outcome.status not in _TAKEN:
                    failures.setdefault(flight.lane, (flight, outcome))
                    continue
                self._first_sent.setdefault(flight.id, now)
                self._last_sent[flight.id] = now
                if flight.status is CommandStatus.SIGNED:
                    taken.append(flight.id)
            if taken:
                with self._store.begin() as session:
                    mark_sent(session, taken)
                report.sent += len(taken)
        return list(failures.values())

    def _mend(
        self, failures: Sequence[tuple[InFlight, SendOutcome]], report: SubmissionReport
    ) -> bool:
        """Does about each failure what can be done; whether there is something to send again."""
        has_replaced = False
        for flight, outcome in failures:
            match outcome.status:
                case SendStatus.UNDERPRICED if self._signer.offer_more(flight, self._raw(flight)):
                    has_replaced = True
                case SendStatus.REJECTED if self._may_fill(flight):
                    error = TxNotTaken(
                        f"The node does not take this tx: {outcome.message}", lane=flight.lane
                    )
                    _log.error("submission: command %d: %s", flight.id, error.detail)
                    self._signer.fill(flight, error.as_dict(), self._raw(flight))
                    has_replaced = True
                case _:
                    report.blocked[flight.lane] = outcome.message
        return has_replaced

    def _may_fill(self, flight: InFlight) -> bool:
        """A tx that a node has taken once may still be mined; a filler that fails is no remedy."""
        return flight.status is CommandStatus.SIGNED and not flight.is_filling

    def _flights(self) -> list[InFlight]:
        with self._store.read() as session:
            return in_flight(session)

    def _raw(self, flight: InFlight) -> bytes | None:
        with self._store.read() as session:
            return raw_txs(session, [flight.id])[flight.id]


def _first_of_lanes(flights: Sequence[InFlight]) -> list[InFlight]:
    """The tx of each lane that all others wait for; `flights` are sorted by lane and nonce."""
    return list({flight.lane: flight for flight in reversed(flights)}.values())
