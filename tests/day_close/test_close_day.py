"""Closing a day: figures, notices once, order of days, and nothing half-written."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest

from tallystick.actions import day_close as action
from tallystick.actions.day_close import DayBeforeLastClose, DayNotReached, close_day
from tallystick.servicing.notices import Channel, NoticeContent
from tallystick.store.day_closes import (
    DayClose,
    find_day_close,
    hold_for_day_close,
    last_day_close,
)
from tallystick.store.notices import (
    NewNotice,
    Notice,
    NoticeStatus,
    list_notices,
    write_notices,
)
from tallystick.store.profiles import Profile, erase_profile, write_profile
from tallystick.store.session import Store, StoreLocked
from tests.day_close.mirrored import Mirrored
from tests.servicing.lending import DISBURSED_ON, due_on

NOW = datetime(2026, 6, 1, 16, 30, tzinfo=UTC)


@pytest.fixture
def mirrored(store: Store) -> Mirrored:
    return Mirrored(store)


def notices(store: Store) -> list[Notice]:
    with store.read() as session:
        return list_notices(session, limit=10_000)


def steps(store: Store) -> list[tuple[str, int, str]]:
    return [(n.recipient[-2:], n.instalment, n.step) for n in notices(store)]


def close(mirrored: Mirrored, day: date) -> DayClose:
    """Closes `day` at its end, when the mirror stands there."""
    mirrored.write(day, hour=23)
    return close_day(mirrored.store, day, now=NOW)


def test_a_close_holds_the_portfolio_of_the_day(mirrored: Mirrored) -> None:
    paying, late = mirrored.lend(), mirrored.lend()
    mirrored.write_profiles()
    paying.repay(due_on(1), 101_000)
    day = due_on(1) + timedelta(days=1)
    closed = close(mirrored, day)
    assert closed.closed_on == day
    assert closed.closed_at == NOW
    assert closed.block_number == 24 * 31 + 24
    assert late.loan.repaid.next_instalment == 0
    summary = closed.summary
    assert (summary["loans"], summary["outstanding_minor"]) == (2, 200_000 + 300_000)
    assert summary["arrears_minor"] == 101_000
    assert summary["currency"] == "CNY"
    assert [(b["name"], b["loans"]) for b in summary["buckets"] if b["loans"]] == [
        ("current", 1),
        ("1-30", 1),
    ]
    assert (summary["par30"], summary["par90"]) == ("0", "0")
    assert summary["notices_by_step"] == {"overdue_1": 1}
    with mirrored.store.read() as session:
        assert find_day_close(session, day) == closed


def test_closing_a_day_again_changes_nothing(mirrored: Mirrored) -> None:
    mirrored.lend()
    mirrored.write_profiles()
    day = due_on(1) + timedelta(days=1)
    first = close(mirrored, day)
    before = notices(mirrored.store)
    mirrored.told[0].repay(day, 50_000)
    mirrored.write(day + timedelta(days=5))
    again = close_day(mirrored.store, day, now=NOW + timedelta(days=5))
    assert again == first
    assert notices(mirrored.store) == before
    assert len(before) == 1


def test_a_notice_is_written_once_however_days_are_closed(mirrored: Mirrored) -> None:
    mirrored.lend(instalments=1)
    mirrored.write_profiles()
    for offset in (-3, -2, 0, 1, 2, 6, 7, 8, 29, 45, 46, 89, 90, 91, 200):
        close(mirrored, due_on(1) + timedelta(days=offset))
    assert [step for _, _, step in steps(mirrored.store)] == [
        "before_due_3",
        "overdue_1",
        "overdue_7",
        "overdue_30",
        "overdue_60",
        "overdue_90",
    ]


def test_skipped_days_are_made_good_without_a_flood(mirrored: Mirrored) -> None:
    mirrored.lend()
    mirrored.write_profiles()
    close(mirrored, due_on(1) - timedelta(days=10))
    close(mirrored, due_on(2) + timedelta(days=8))
    assert steps(mirrored.store) == [("01", 1, "overdue_30")]


def test_what_the_notice_says_and_to_whom(mirrored: Mirrored) -> None:
    mirrored.lend()
    mirrored.write_profiles("zh")
    close(mirrored, due_on(1) + timedelta(days=7))
    [notice] = notices(mirrored.store)
    assert notice.status is NoticeStatus.WRITTEN
    assert notice.recipient == mirrored.told[0].loan.terms.borrower
    assert (notice.channel, notice.language, notice.attempts) == ("mail", "zh", 0)
    assert notice.written_on == due_on(1) + timedelta(days=7)
    assert "尊敬的 Borrower 1：" in notice.body
    assert "post.example" not in notice.body + notice.subject


@pytest.mark.parametrize(
    ("name", "email", "error"),
    [
        ("Borrower 1", None, "the recipient's profile has no e-mail address"),
        ("Borrower 1", "", "the recipient's profile has no e-mail address"),
        ("Borrower 1", "no address", "the e-mail address is not of the form name@domain"),
        ("A\nBcc: x@y.example", "a@post.example", "the name is longer than 200 signs"),
    ],
)
def test_a_notice_that_cannot_be_sent_is_kept_as_failed(
    mirrored: Mirrored, name: str, email: str | None, error: str
) -> None:
    told = mirrored.lend()
    with mirrored.store.begin() as session:
        borrower = told.loan.terms.borrower
        write_profile(session, Profile(borrower, name, email, "en", "0x" + "5a" * 32))
    closed = close(mirrored, due_on(1) + timedelta(days=1))
    [notice] = notices(mirrored.store)
    assert notice.status is NoticeStatus.FAILED
    assert notice.error is not None
    assert notice.error.startswith(error)
    assert closed.summary["notices_unroutable"] == 1


def test_a_recipient_without_a_profile_loses_no_notice(mirrored: Mirrored) -> None:
    mirrored.lend()
    mirrored.lend()
    mirrored.write_profiles()
    with mirrored.store.begin() as session:
        erase_profile(session, mirrored.told[0].loan.terms.borrower)
    close(mirrored, due_on(1) + timedelta(days=1))
    close(mirrored, due_on(1) + timedelta(days=2))
    told = [(n.recipient[-2:], n.status, n.error, n.body == "") for n in notices(mirrored.store)]
    assert told == [
        ("01", NoticeStatus.FAILED, "the recipient has no profile", True),
        ("02", NoticeStatus.WRITTEN, None, False),
    ]


def test_days_are_closed_in_order(mirrored: Mirrored) -> None:
    mirrored.lend()
    close(mirrored, due_on(1))
    with pytest.raises(DayBeforeLastClose) as caught:
        close_day(mirrored.store, due_on(1) - timedelta(days=1), now=NOW)
    assert caught.value.data["last_closed_on"] == due_on(1).isoformat()
    with mirrored.store.read() as session:
        last = last_day_close(session)
        assert last is not None
        assert last.closed_on == due_on(1)
        assert find_day_close(session, due_on(1) - timedelta(days=1)) is None


def test_a_day_the_mirror_has_not_reached_is_not_closed(mirrored: Mirrored) -> None:
    with pytest.raises(DayNotReached, match="nothing is mirrored yet"):
        close_day(mirrored.store, due_on(1), now=NOW)
    mirrored.lend()
    mirrored.write(due_on(1), hour=23)
    with pytest.raises(DayNotReached) as caught:
        close_day(mirrored.store, due_on(1) + timedelta(days=1), now=NOW)
    assert caught.value.data["reached_on"] == due_on(1).isoformat()
    assert notices(mirrored.store) == []
    # Further east the next day has begun.
    close_day(mirrored.store, due_on(1) + timedelta(days=1), now=NOW, utc_offset_minutes=14 * 60)


def test_an_earlier_day_is_closed_as_it_was(mirrored: Mirrored) -> None:
    """Closing after midnight, when the ledger has gone on, gives the figures of the day."""
    day = due_on(1) + timedelta(days=10)

    def lend() -> Sequence[Callable[[date], None]]:
        some = [mirrored.lend() for _ in range(5)]
        some[0].repay(due_on(1), 101_000)
        some[1].repay(due_on(1) + timedelta(days=2), 40_000)
        return [
            lambda after: some[1].repay(after, 60_000),
            some[2].pay_off,
            some[3].write_off,
        ]

    later = lend()
    mirrored.write(day, hour=23)
    on_time = close_day(mirrored.store, day, now=NOW).summary
    with mirrored.store.begin() as session:
        for table in ("day_closes", "notices"):
            session.exec_driver_sql(f"DELETE FROM {table}")
    for happens in later:
        happens(day + timedelta(days=1))
    mirrored.write(day + timedelta(days=2))
    belated = close_day(mirrored.store, day, now=NOW).summary
    figures = {name: value for name, value in on_time.items() if "notices" not in name}
    assert {name: belated[name] for name in figures} == figures
    assert figures["loans"] == 5
    # Who paid everything off or was written off in the meantime is sent nothing any more.
    assert on_time["notices_by_step"] == {"overdue_7": 4}
    assert belated["notices_by_step"] == {"overdue_7": 2}


def test_a_loan_disbursed_after_the_day_is_not_of_it(mirrored: Mirrored) -> None:
    mirrored.lend()
    mirrored.write(DISBURSED_ON + timedelta(days=1))
    closed = close_day(mirrored.store, DISBURSED_ON - timedelta(days=1), now=NOW)
    assert closed.summary["loans"] == 0


def test_a_close_that_fails_leaves_nothing(
    mirrored: Mirrored, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrored.lend()
    mirrored.write_profiles()
    mirrored.write(due_on(1) + timedelta(days=1))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(action, "write_day_close", die)
        with pytest.raises(KeyboardInterrupt):
            close_day(mirrored.store, due_on(1) + timedelta(days=1), now=NOW)
    assert notices(mirrored.store) == []
    close_day(mirrored.store, due_on(1) + timedelta(days=1), now=NOW)
    assert len(notices(mirrored.store)) == 1


def test_two_closing_at_once_write_each_notice_once(mirrored: Mirrored) -> None:
    for _ in range(20):
        mirrored.lend()
    mirrored.write_profiles()
    day = due_on(1) + timedelta(days=2)
    mirrored.write(day)
    closed: list[DayClose] = []

    def work(closed_on: date) -> None:
        with suppress(DayBeforeLastClose):
            closed.append(close_day(mirrored.store, closed_on, now=NOW))

    threads = [
        threading.Thread(target=work, args=(day - timedelta(days=number % 2),))
        for number in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert closed
    assert Counter(step for _, _, step in steps(mirrored.store)) == {"overdue_1": 20}


def test_a_thousand_loans_are_closed_in_about_a_second(mirrored: Mirrored) -> None:
    for _ in range(1000):
        mirrored.lend(instalments=24)
    mirrored.write_profiles()
    day = due_on(1) + timedelta(days=31)
    mirrored.write(day)
    began = time.process_time()
    closed = close_day(mirrored.store, day, now=NOW)
    # The processor's time, so that other work on the machine does not count.
    assert time.process_time() - began < 2
    assert closed.summary["notices_by_step"] == {"overdue_30": 1000}


def test_a_database_error_names_no_person(mirrored: Mirrored) -> None:
    content = NoticeContent(
        "0x01", 1, "overdue_1", "0x02", Channel.MAIL, "subject", "Dear Secret Name"
    )
    notice = NewNotice(content, "en", due_on(1))
    with (
        pytest.raises(Exception, match=r"(?i)unique") as caught,
        mirrored.store.begin() as session,
    ):
        write_notices(session, [notice, notice])
    assert "Secret" not in str(caught.value)


def test_while_a_day_is_closed_the_mirror_stands_still(mirrored: Mirrored) -> None:
    mirrored.lend()
    mirrored.write(due_on(1))
    with mirrored.store.begin() as session:
        hold_for_day_close(session)
        with pytest.raises(StoreLocked):
            mirrored.write(due_on(2))
    mirrored.write(due_on(2))
