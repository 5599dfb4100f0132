"""Deliver the written notices and anchor the hash of each served one on chain.

A notice is claimed, sent, and then marked served in the commit that also orders its anchoring. A
crash between sending and that commit leaves the claim, which runs out: the notice is sent again
under the same Message-ID, and anchored once, for the command is named by its content hash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from enum import StrEnum

from tallystick.chain import calls
from tallystick.chain.deployment import Deployment
from tallystick.delivery.mail import (
    MailboxUnusable,
    MailDeferred,
    Mailer,
    MailRejected,
    MailUnavailable,
    check_mailbox,
    compose,
)
from tallystick.servicing.quiet_hours import is_quiet
from tallystick.store.commands import NewCommand, enqueue_many
from tallystick.store.notices import (
    Notice,
    claim_notices,
    defer_notice,
    fail_notice,
    mark_served,
    release_notice,
    requeue_failed,
    waiting_notices,
)
from tallystick.store.profiles import Profile, find_profiles
from tallystick.store.session import Session, Store

ATTEMPTS_MAX = 8
FIRST_RETRY = timedelta(minutes=5)
RETRY_MAX = timedelta(hours=6)
CLAIM = timedelta(minutes=10)
"""How long a claim keeps other deliveries off; longer than a batch can take to fail."""
BATCH = 20
BROKEN_OFF_MAX = 3
"""Messages in a row that may break off before the server is left alone for this run."""
CALLER = "delivery"

Clock = Callable[[], datetime]


class Outcome(StrEnum):
    SERVED = "served"
    DEFERRED = "deferred"
    FAILED = "failed"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What one run did. `mail_error` says why it ended early; those notices wait."""

    served: int
    deferred: int
    failed: int
    in_quiet_hours: int
    mail_error: str | None


@dataclass(frozen=True, slots=True)
class _Sent:
    notice: Notice
    outcome: Outcome
    at: datetime
    error: str = ""


def deliver_notices(
    store: Store,
    mailer: Mailer,
    deployment: Deployment,
    *,
    servicer: str,
    mail_from: str,
    clock: Clock,
    retry_failed: bool = False,
) -> DeliveryReport:
    """Sends every notice that waits and whose recipient may be contacted at this hour.

    `servicer` is the account that anchors, `mail_from` the sender as in `delivery.mail.compose`.
    `retry_failed` tries those given up before once more, say after an address was mended.
    Raises MailboxUnusable if `mail_from` is not an address; a mail server that does not answer is
    reported, not raised.
    """
    check_mailbox(*parseaddr(mail_from))
    if retry_failed:
        with store.begin() as session:
            requeue_failed(session)
    counts: Counter[str] = Counter()
    after = in_quiet_hours = 0
    mail_error = None
    try:
        while mail_error is None:
            now = clock()
            with store.begin() as session:
                waiting = waiting_notices(session, now, after=after, limit=BATCH)
                batch = [row.notice for row in waiting if not is_quiet(now, row.utc_offset_minutes)]
                claim_notices(session, [notice.id for notice in batch], now + CLAIM)
                profiles = find_profiles(session, {notice.recipient for notice in batch})
            if not waiting:
                break
            after = waiting[-1].notice.id
            in_quiet_hours += len(waiting) - len(batch)
            sent, mail_error = _send(mailer, batch, profiles, mail_from, clock)
            with store.begin() as session:
                _record(session, sent, deployment, servicer, clock())
            counts.update(row.outcome for row in sent)
    finally:
        mailer.close()
    return DeliveryReport(
        served=counts[Outcome.SERVED],
        deferred=counts[Outcome.DEFERRED],
        failed=counts[Outcome.FAILED],
        in_quiet_hours=in_quiet_hours,
        mail_error=mail_error,
    )


def retry_after(attempts: int) -> timedelta:
    """How long to wait after that many failed attempts (1 or more): doubling, up to a limit."""
    return min(RETRY_MAX, FIRST_RETRY * (1 << (attempts - 1)))


def _send(
    mailer: Mailer,
    batch: Sequence[Notice],
    profiles: Mapping[str, Profile],
    mail_from: str,
    clock: Clock,
) -> tuple[list[_Sent], str | None]:
    """What became of each notice of the batch, and why sending had to stop if it had."""
    sent: list[_Sent] = []
    broken_off = 0
    for index, notice in enumerate(batch):
        try:
            row = _send_one(mailer, notice, profiles.get(notice.recipient), mail_from, clock)
        except MailDeferred as error:
            row = _deferred(notice, error, clock())
            broken_off = 0 if "code" in error.data else broken_off + 1
            stop = error.detail if broken_off == BROKEN_OFF_MAX else None
        except MailUnavailable as error:
            row = _Sent(notice, Outcome.RELEASED, clock())
            stop = error.detail
        else:
            broken_off = 0
            stop = None
        sent.append(row)
        if stop is not None:
            rest = [_Sent(left, Outcome.RELEASED, clock()) for left in batch[index + 1 :]]
            return sent + rest, stop
    return sent, None


def _send_one(
    mailer: Mailer, notice: Notice, profile: Profile | None, mail_from: str, clock: Clock
) -> _Sent:
    if notice.attempts >= ATTEMPTS_MAX:
        # Counted when claimed, so this also ends a notice on which the process keeps dying.
        why = notice.error or "none of them ended"
        return _failed(notice, f"given up after {notice.attempts} attempts: {why}", clock())
    if profile is None:
        return _failed(notice, "the recipient has no profile", clock())
    if not profile.email:
        return _failed(notice, "the recipient's profile has no e-mail address", clock())
    try:
        message = compose(
            mail_from=mail_from,
            name=profile.name,
            email=profile.email,
            subject=notice.subject,
            body=notice.body,
            content_hash=notice.content_hash,
            sent_at=clock(),
        )
        mailer.send(message)
    except (MailboxUnusable, MailRejected) as error:
        return _failed(notice, error.detail, clock())
    return _Sent(notice, Outcome.SERVED, clock())


def _failed(notice: Notice, why: str, at: datetime) -> _Sent:
    return _Sent(notice, Outcome.FAILED, at, why)


def _deferred(notice: Notice, error: MailDeferred, at: datetime) -> _Sent:
    attempts = notice.attempts + 1
    if attempts >= ATTEMPTS_MAX:
        return _failed(notice, f"given up after {attempts} attempts: {error.detail}", at)
    return _Sent(notice, Outcome.DEFERRED, at, error.detail)


def _record(
    session: Session, sent: Sequence[_Sent], deployment: Deployment, servicer: str, now: datetime
) -> None:
    for row in sent:
        notice = row.notice
        match row.outcome:
            case Outcome.SERVED:
                mark_served(session, notice.id, row.at)
            case Outcome.DEFERRED:
                retry_at = row.at + retry_after(notice.attempts + 1)
                defer_notice(session, notice.id, row.error, retry_at)
            case Outcome.FAILED:
                fail_notice(session, notice.id, row.error)
            case Outcome.RELEASED:
                release_notice(session, notice.id)
    served = [row.notice for row in sent if row.outcome is Outcome.SERVED]
    anchored = [_anchoring(notice, deployment, servicer) for notice in served]
    enqueue_many(session, anchored, now)


def _anchoring(notice: Notice, deployment: Deployment, servicer: str) -> NewCommand:
    call = calls.serve_notice(deployment, notice.loan_id, notice.step, notice.content_hash)
    return NewCommand(f"notice:{notice.content_hash}", CALLER, servicer, call)
