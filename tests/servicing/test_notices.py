"""What a notice says, in both languages, and what its content hash covers."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest

from tallystick.servicing.dunning import due_steps
from tallystick.servicing.notices import (
    Channel,
    NoticeContent,
    Recipient,
    mail_notice,
    unwritten_notice,
)
from tallystick.servicing.portfolio import standing_on
from tests.servicing.lending import BORROWER, active_loan, due_on

SALT = "0x" + "5a" * 32
CONTENT = NoticeContent(
    loan_id="0x" + "aa" * 32,
    instalment=1,
    step="overdue_7",
    recipient=BORROWER,
    channel=Channel.MAIL,
    subject="Überfällig",
    body="Bitte zahlen.",
)


def text(day: date, language: str, *, salt: str = SALT, name: str = "Borrower 1") -> NoticeContent:
    loan = active_loan()
    due = next(iter(due_steps(loan, day, set())))
    owed = standing_on(loan, day).owed
    return mail_notice(loan, due, owed, Recipient(BORROWER, name, language, salt))


def test_an_overdue_notice_in_english() -> None:
    notice = text(due_on(1) + timedelta(days=10), "en")
    assert notice.subject == "Overdue: instalment 1 of agreement A-1, days past due: 10"
    assert notice.body.startswith("Dear Borrower 1,\n\ninstalment 1 of your loan under")
    assert "Unpaid on this instalment: CNY 1,010.00\n" in notice.body
    # 101,000 x 10 days x 18 % / 360 = 505
    assert "of which penalty: CNY 5.05\n" in notice.body
    assert "Due on this loan in all: CNY 1,015.05\n" in notice.body


def test_a_reminder_in_chinese() -> None:
    notice = text(due_on(1) - timedelta(days=2), "zh", name="借款人甲")
    assert notice.subject == "还款提醒：协议 A-1 第 1 期将于 2026-01-31 到期"
    assert notice.body.startswith("尊敬的 借款人甲：\n")
    assert "应还金额：CNY 1,010.00\n" in notice.body
    assert "罚息" not in notice.body


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("days", [-3, 1, 90])
def test_every_text_is_complete(language: str, days: int) -> None:
    notice = text(due_on(1) + timedelta(days=days), language)
    for part in (notice.subject, notice.body):
        assert "{" not in part
        assert "A-1" in part
        assert "0x" not in part, "addresses and ids mean nothing to a borrower"
    assert "\n" not in notice.subject


def test_only_the_salt_tells_the_reference() -> None:
    day = due_on(1) + timedelta(days=1)
    other_salt = text(day, "en", salt="0x" + "5b" * 32)
    assert text(day, "en") == text(day, "en")
    assert text(day, "en").body.splitlines()[:-1] == other_salt.body.splitlines()[:-1]
    reference = text(day, "en").body.splitlines()[-1].removeprefix("Reference: ")
    assert len(bytes.fromhex(reference)) == 16
    assert reference not in other_salt.body
    assert reference not in text(due_on(1) + timedelta(days=7), "en").body


def test_a_name_is_only_ever_text() -> None:
    notice = text(due_on(1) + timedelta(days=1), "en", name="{reference} {0}")
    assert notice.body.startswith("Dear {reference} {0},\n")


def test_content_hash_is_sha256_over_length_prefixed_fields() -> None:
    covered = [
        "tallystick-notice-1", CONTENT.loan_id, "1", "overdue_7", BORROWER, "mail",
        CONTENT.subject, CONTENT.body,
    ]  # fmt: skip
    canonical = b"".join(len(f.encode()).to_bytes(8, "big") + f.encode() for f in covered)
    assert CONTENT.content_hash == "0x" + hashlib.sha256(canonical).hexdigest()


@pytest.mark.parametrize("field", [f.name for f in fields(NoticeContent)])
def test_content_hash_covers_every_field(field: str) -> None:
    other: dict[str, Any] = {field: 2 if field == "instalment" else "other"}
    changed = replace(CONTENT, **other)
    assert changed.content_hash != CONTENT.content_hash


def test_moving_text_between_fields_changes_the_hash() -> None:
    moved = replace(CONTENT, subject="ÜberfälligB", body="itte zahlen.")
    assert moved.content_hash != CONTENT.content_hash


def test_unwritten_notices_are_told_apart() -> None:
    loan = active_loan()
    steps = list(due_steps(loan, due_on(2), set()))
    unwritten = [unwritten_notice(loan, due, BORROWER) for due in steps]
    assert len(unwritten) == 1
    later = unwritten_notice(loan, next(iter(due_steps(loan, due_on(3), set()))), BORROWER)
    assert later.content_hash != unwritten[0].content_hash
    assert unwritten[0].body == ""
