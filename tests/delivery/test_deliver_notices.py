"""Delivering notices: at least once, anchored once, within the hours, and none lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage

import pytest

from tallystick.actions import deliver_notices as action
from tallystick.actions.day_close import close_day
from tallystick.actions.deliver_notices import (
    ATTEMPTS_MAX,
    BATCH,
    CLAIM,
    DeliveryReport,
    deliver_notices,
    retry_after,
)
from tallystick.chain import calls
from tallystick.chain.deployment import Deployment
from tallystick.delivery.mail import MailboxUnusable, MailDeferred, Mailer, MailUnavailable
from tallystick.delivery.smtp import SmtpMailer
from tallystick.store.notices import Notice, NoticeStatus, list_notices
from tallystick.store.profiles import erase_profile
from tallystick.store.session import Store
from tests.day_close.mirrored import LEDGER, Mirrored
from tests.delivery.mail_server import MailServer
from tests.servicing.lending import at, due_on

SERVICER = "0x" + "5e" * 20
DEPLOYMENT = Deployment(
    chain_id=31337,
    block_number=0,
    block_hash="0x" + "00" * 32,
    currency="CNY",
    decimals=2,
    access_manager="0x" + "01" * 20,
    party_registry="0x" + "02" * 20,
    settlement_token="0x" + "03" * 20,
    loan_servicing="0x" + "5e" * 20,
    loan_ledger=LEDGER,
    co_lending_factory="0x" + "0f" * 20,
    bytecode_digests={},
)
DAY = due_on(1) + timedelta(days=1)
NOON = at(DAY)


class Office:
    """Loans with one overdue notice each, and a clock that stands still until it is moved."""

    def __init__(self, store: Store, mailer: Mailer) -> None:
        self.store = store
        self.mailer = mailer
        self.now = NOON
        self.mirrored = Mirrored(store)

    def write_notices(self, count: int, closed_on: date = DAY) -> None:
        for _ in range(count):
            self.mirrored.lend(instalments=1)
        self.mirrored.write_profiles()
        self.mirrored.write(closed_on)
        close_day(self.store, closed_on, now=self.now)

    def deliver(
        self, mailer: Mailer | None = None, *, retry_failed: bool = False
    ) -> DeliveryReport:
        return deliver_notices(
            self.store,
            mailer or self.mailer,
            DEPLOYMENT,
            servicer=SERVICER,
            mail_from="Loan Office <office@lender.example>",
            clock=lambda: self.now,
            retry_failed=retry_failed,
        )

    def notices(self) -> list[Notice]:
        with self.store.read() as session:
            return list_notices(session, limit=10_000)

    def by_status(self) -> dict[NoticeStatus, int]:
        statuses = [notice.status for notice in self.notices()]
        return {status: statuses.count(status) for status in set(statuses)}

    def commands(self) -> list[tuple[str, str, str, bytes]]:
        """Idempotency key, lane, target and calldata of what was ordered on chain."""
        with self.store.read() as session:
            rows = session.exec_driver_sql(
                "SELECT idempotency_key, lane, target, calldata FROM commands ORDER BY id"
            )
            return [(key, lane, target, bytes(data)) for key, lane, target, data in rows]


@pytest.fixture
def office(store: Store, mail_server: MailServer) -> Iterator[Office]:
    mailer = SmtpMailer("127.0.0.1", mail_server.port, timeout_seconds=2.0)
    yield Office(store, mailer)
    mailer.close()


class Doubtful:
    """A mailer that does as `rule` says for each message, and remembers the Message-IDs."""

    def __init__(self, rule: Callable[[int], None]) -> None:
        self._rule = rule
        self.tried: list[str] = []

    def send(self, message: EmailMessage) -> None:
        self.tried.append(message["Message-ID"])
        self._rule(len(self.tried))

    def close(self) -> None:
        pass


def test_notices_are_served_and_their_hashes_anchored(
    office: Office, mail_server: MailServer
) -> None:
    office.write_notices(BATCH + 3)
    report = office.deliver()
    assert report == DeliveryReport(BATCH + 3, 0, 0, 0, None)
    served = office.notices()
    assert {notice.status for notice in served} == {NoticeStatus.SERVED}
    assert {notice.served_at for notice in served} == {NOON}
    assert {notice.attempts for notice in served} == {1}
    by_recipient = {m["To"].addresses[0].addr_spec: m for m in mail_server.taken}
    assert len(by_recipient) == len(mail_server.taken) == BATCH + 3
    assert by_recipient["borrower-2@post.example"]["Subject"] == served[1].subject
    sent_body = by_recipient["borrower-2@post.example"].get_content()
    assert sent_body.replace("\r\n", "\n") == served[1].body
    assert office.commands() == [
        (
            f"notice:{notice.content_hash}",
            SERVICER,
            LEDGER,
            calls.serve_notice(
                DEPLOYMENT, notice.loan_id, "overdue_1", notice.content_hash
            ).calldata,
        )
        for notice in served
    ]


def test_what_was_served_is_not_sent_again(office: Office, mail_server: MailServer) -> None:
    office.write_notices(2)
    office.deliver()
    office.now += timedelta(days=1)
    assert office.deliver() == DeliveryReport(0, 0, 0, 0, None)
    assert len(mail_server.taken) == 2


def test_a_crash_between_sending_and_commit_sends_again_but_anchors_once(
    office: Office, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.write_notices(3)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(action, "_record", die)
        with pytest.raises(KeyboardInterrupt):
            office.deliver()
    assert office.by_status() == {NoticeStatus.WRITTEN: 3}
    assert office.commands() == []

    assert office.deliver().served == 0, "the claim of the dead run still holds"
    office.now += CLAIM
    assert office.deliver().served == 3
    message_ids = [message["Message-ID"] for message in mail_server.taken]
    assert len(message_ids) == 6
    assert message_ids[:3] == message_ids[3:]
    assert len(set(message_ids)) == 3
    assert len(office.commands()) == 3


def test_a_notice_on_which_every_run_dies_is_given_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.write_notices(1)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    for _ in range(ATTEMPTS_MAX):
        with monkeypatch.context() as patched:
            patched.setattr(action, "_record", die)
            with pytest.raises(KeyboardInterrupt):
                office.deliver()
        office.now += CLAIM
    assert office.deliver().failed == 1
    [notice] = office.notices()
    assert notice.status is NoticeStatus.FAILED
    assert notice.error == f"given up after {ATTEMPTS_MAX} attempts: none of them ended"


def test_in_quiet_hours_notices_wait(office: Office, mail_server: MailServer) -> None:
    office.write_notices(BATCH + 1)
    for hour in (22, 23):
        office.now = at(DAY, hour=hour)
        assert office.deliver() == DeliveryReport(0, 0, 0, BATCH + 1, None)
    office.now = at(DAY + timedelta(days=1), hour=7)
    assert office.deliver().in_quiet_hours == BATCH + 1
    assert {notice.attempts for notice in office.notices()} == {0}
    assert mail_server.taken == []
    office.now = at(DAY + timedelta(days=1), hour=8)
    assert office.deliver().served == BATCH + 1


def test_quiet_hours_that_begin_during_a_run_are_kept(office: Office) -> None:
    office.write_notices(2 * BATCH)

    def dawdle(number: int) -> None:
        if number == BATCH:
            office.now = at(DAY, hour=22)

    report = office.deliver(Doubtful(dawdle))
    assert (report.served, report.in_quiet_hours) == (BATCH, BATCH)


def test_a_server_that_is_down_costs_no_attempt(office: Office, mail_server: MailServer) -> None:
    office.write_notices(2 * BATCH)
    gone = MailServer()
    gone.stop()
    for _ in range(2 * ATTEMPTS_MAX):
        report = office.deliver(SmtpMailer("127.0.0.1", gone.port, timeout_seconds=1.0))
        assert report.mail_error is not None
        assert "127.0.0.1" in report.mail_error
        assert (report.served, report.deferred, report.failed) == (0, 0, 0)
    assert {(n.attempts, n.retry_at) for n in office.notices()} == {(0, None)}
    assert office.deliver().served == 2 * BATCH
    assert len(mail_server.taken) == 2 * BATCH


def test_a_recipient_refused_for_good_does_not_hold_up_the_others(
    office: Office, mail_server: MailServer
) -> None:
    office.write_notices(3)
    mail_server.replies["borrower-1@post.example"] = "550 no such mailbox borrower-1@post.example"
    report = office.deliver()
    assert (report.served, report.failed) == (2, 1)
    refused = office.notices()[0]
    assert refused.status is NoticeStatus.FAILED
    assert refused.error is not None
    assert "550" in refused.error
    assert "borrower-1" not in refused.error
    assert len(office.commands()) == 2


def test_a_message_put_off_is_tried_later_and_later_and_then_given_up(
    office: Office, mail_server: MailServer
) -> None:
    office.write_notices(1)
    mail_server.replies["borrower-1@post.example"] = "451 try again"
    for attempt in range(1, ATTEMPTS_MAX):
        assert office.deliver().deferred == 1
        assert office.deliver().deferred == 0, "not before its time"
        [notice] = office.notices()
        assert (notice.attempts, notice.retry_at) == (attempt, office.now + retry_after(attempt))
        assert notice.retry_at is not None
        # Always by day, so that only the backoff decides.
        office.now = max(notice.retry_at, office.now + timedelta(days=1))
    assert office.deliver().failed == 1
    [notice] = office.notices()
    assert notice.status is NoticeStatus.FAILED
    assert notice.attempts == ATTEMPTS_MAX
    assert mail_server.taken == []


def test_the_wait_doubles_up_to_a_limit() -> None:
    waits = [retry_after(attempts) for attempts in range(1, ATTEMPTS_MAX)]
    minutes = [wait // timedelta(minutes=1) for wait in waits]
    assert minutes == [5, 10, 20, 40, 80, 160, 320]
    assert retry_after(20) == timedelta(hours=6)


def test_a_slow_server_is_left_alone_after_a_few_messages(
    office: Office, mail_server: MailServer
) -> None:
    office.write_notices(10)
    mail_server.delay_seconds = 5.0
    mailer = SmtpMailer("127.0.0.1", mail_server.port, timeout_seconds=0.2)
    report = office.deliver(mailer)
    assert (report.served, report.deferred, report.failed) == (0, 3, 0)
    assert report.mail_error is not None
    mail_server.delay_seconds = 0.0
    assert office.deliver().served == 7
    office.now += timedelta(hours=1)
    assert office.deliver().served == 3


def test_one_message_breaking_off_does_not_end_the_run(office: Office) -> None:
    office.write_notices(8)

    def stumble(number: int) -> None:
        if number in (1, 2, 4, 5, 7):
            raise MailDeferred("broke off")

    report = office.deliver(Doubtful(stumble))
    assert (report.served, report.deferred, report.mail_error) == (3, 5, None)


def test_a_server_that_goes_down_half_way_keeps_what_was_served(office: Office) -> None:
    office.write_notices(6)

    def die_at_four(number: int) -> None:
        if number == 4:
            raise MailUnavailable("gone")

    report = office.deliver(Doubtful(die_at_four))
    assert (report.served, report.mail_error) == (3, "gone")
    assert office.by_status() == {NoticeStatus.SERVED: 3, NoticeStatus.WRITTEN: 3}
    assert {n.attempts for n in office.notices() if n.served_at is None} == {0}
    assert office.deliver().served == 3


def test_a_recipient_erased_since_is_not_written_to(
    office: Office, mail_server: MailServer
) -> None:
    office.write_notices(2)
    with office.store.begin() as session:
        erase_profile(session, office.notices()[0].recipient)
    report = office.deliver()
    assert (report.served, report.failed) == (1, 1)
    assert office.notices()[0].error == "the recipient has no profile"
    assert len(mail_server.taken) == 1


def test_failed_notices_can_be_sent_after_all(office: Office, mail_server: MailServer) -> None:
    office.write_notices(2)
    mail_server.replies["borrower-1@post.example"] = "550 no such mailbox"
    office.deliver()
    mail_server.replies.clear()
    assert office.deliver() == DeliveryReport(0, 0, 0, 0, None)
    assert office.deliver(retry_failed=True).served == 1
    assert len(office.commands()) == 2


def test_two_deliveries_at_once_share_the_notices(office: Office) -> None:
    office.write_notices(2 * BATCH)
    inner_reports: list[DeliveryReport] = []
    inner = Doubtful(lambda number: None)

    def run_another(number: int) -> None:
        if number == 1:
            inner_reports.append(office.deliver(inner))

    outer = Doubtful(run_another)
    report = office.deliver(outer)
    assert (report.served, inner_reports[0].served) == (BATCH, BATCH)
    assert not set(outer.tried) & set(inner.tried)
    assert len(office.commands()) == 2 * BATCH


def test_deliveries_racing_each_other_send_each_notice_once(office: Office) -> None:
    office.write_notices(5 * BATCH)
    mailers = [Doubtful(lambda number: None) for _ in range(4)]
    threads = [threading.Thread(target=office.deliver, args=(mailer,)) for mailer in mailers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tried = [message_id for mailer in mailers for message_id in mailer.tried]
    assert len(tried) == len(set(tried)) == 5 * BATCH
    assert len(office.commands()) == 5 * BATCH


def test_a_sender_setting_that_is_no_address_is_refused_at_once(
    office: Office, mail_server: MailServer
) -> None:
    office.write_notices(1)
    with pytest.raises(MailboxUnusable):
        deliver_notices(
            office.store,
            office.mailer,
            DEPLOYMENT,
            servicer=SERVICER,
            mail_from="Loan Office",
            clock=lambda: datetime(2026, 1, 1, tzinfo=UTC),
        )
    assert office.by_status() == {NoticeStatus.WRITTEN: 1}
    assert {notice.attempts for notice in office.notices()} == {0}
