"""What a message says, and whom it can be addressed to."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy

import pytest

from tallystick.delivery.mail import MailboxUnusable, check_mailbox, compose

SENT_AT = datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)
FACTS = {
    "mail_from": "Loan Office <office@lender.example>",
    "name": "借款人甲",
    "email": "borrower-1@post.example",
    "subject": "逾期通知：协议 A-1 第 1 期已逾期 7 天",
    "body": "尊敬的 借款人甲：\n\n您的贷款已逾期。\n" + "长" * 500 + "\n\n编号：00\n",
    "content_hash": "0x" + "ab" * 32,
}


def message(**changed: str) -> EmailMessage:
    return compose(**{**FACTS, **changed}, sent_at=SENT_AT)


def test_a_message_says_everything_and_survives_the_way() -> None:
    sent = message().as_bytes()
    assert sent.isascii()
    assert max(len(line) for line in sent.split(b"\r\n")) <= 78
    read = message_from_bytes(sent, policy=default_policy)
    assert isinstance(read, EmailMessage)
    assert read["Subject"] == FACTS["subject"]
    assert read["To"].addresses[0].display_name == FACTS["name"]
    assert read["To"].addresses[0].addr_spec == FACTS["email"]
    assert read["From"] == "Loan Office <office@lender.example>"
    assert read["Date"].datetime == SENT_AT
    assert read["Message-ID"] == f"<notice-{'ab' * 20}@lender.example>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read.get_content().replace("\r\n", "\n") == FACTS["body"]


def test_the_same_notice_has_the_same_message_id() -> None:
    again = compose(**FACTS, sent_at=SENT_AT.replace(hour=9))
    assert again["Message-ID"] == message()["Message-ID"]
    assert message(content_hash="0x" + "cd" * 32)["Message-ID"] != again["Message-ID"]


@pytest.mark.parametrize(
    "name",
    ["A\nBcc: x@y.example", "A\r\nB", "A\x00", "A\u2028B", "A\u202eB", "A" * 201, "\ud800"],
)
def test_names_that_could_forge_a_message_are_refused(name: str) -> None:
    with pytest.raises(MailboxUnusable) as caught:
        message(name=name)
    assert caught.value.field == "name"
    assert name not in str(caught.value)


@pytest.mark.parametrize(
    "name", ['O\'Neil "Q", <x@y.example>', "张三", "", "میرزا\u200cخان", "a, b"]
)
def test_names_that_only_look_odd_are_quoted(name: str) -> None:
    read = message_from_bytes(message(name=name).as_bytes(), policy=default_policy)
    [address] = read["To"].addresses
    assert (address.display_name, address.addr_spec) == (name, FACTS["email"])


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "@post.example",
        "a@",
        "a@b@post.example",
        "a b@post.example",
        "a@post.example\nBcc: c@post.example",
        "a@post.example, c@post.example",
        "a@post.example>",
        "a..b@post.example",
        "a@-post.example",
        "a@post..example",
        "甲@post.example",
        "a" * 65 + "@post.example",
        "a@" + ".".join(["b" * 60] * 5),
    ],
)
def test_addresses_that_are_none_are_refused(email: str) -> None:
    with pytest.raises(MailboxUnusable) as caught:
        message(email=email)
    assert caught.value.field == "email"
    assert not email or email not in str(caught.value)


def test_an_ordinary_address_is_split() -> None:
    assert check_mailbox("A", "first.last+tag@mail.post.example") == (
        "first.last+tag",
        "mail.post.example",
    )


@pytest.mark.parametrize("subject", ["a\nb", "a\rb"])
def test_a_subject_is_one_line(subject: str) -> None:
    with pytest.raises(MailboxUnusable):
        message(subject=subject)


def test_a_sender_setting_without_an_address_is_refused() -> None:
    with pytest.raises(MailboxUnusable):
        message(mail_from="Loan Office")
