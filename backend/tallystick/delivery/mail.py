"""Mail: what a mailer does, the message it is given, and how sending can fail.

    MailboxUnusable   no message can be addressed to this name and e-mail address
    MailRejected      the server will never take this message
    MailDeferred      the server did not take this message this time
    MailUnavailable   there is no server to give messages to

No error names a person: they end up in logs.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Protocol

from tallystick.kernel.errors import Invalid, Unavailable

NAME_MAX = 200
_EMAIL_MAX = 254
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"(?P<local>{_LOCAL})@(?P<domain>{_LABEL}(?:\.{_LABEL})*)")
# Bodies go as base64 or quoted-printable, so that any server may pass them on unchanged.
_POLICY = SMTP.clone(cte_type="7bit", max_line_length=78)


class MailboxUnusable(Invalid):
    title = "Mailbox not usable"


class MailRejected(Invalid):
    """`data["code"]` is the server's reply code (5xx)."""

    title = "Mail rejected"


class MailDeferred(Unavailable):
    title = "Mail not taken this time"


class MailUnavailable(Unavailable):
    title = "Mail server not available"


class Mailer(Protocol):
    """Gives messages to where they are delivered from."""

    def send(self, message: EmailMessage) -> None:
        """Returns when the message was taken. Raises MailRejected, MailDeferred, MailUnavailable.

        A message sent twice carries the same Message-ID.
        """

    def close(self) -> None:
        """Gives up what is held open; the next `send` opens it again."""


def check_mailbox(name: str, email: str) -> tuple[str, str]:
    """Local part and domain of `email`. Raises MailboxUnusable, which quotes neither argument."""
    if len(name) > NAME_MAX or any(map(_is_unsafe, name)):
        raise MailboxUnusable(
            f"the name is longer than {NAME_MAX} signs or holds line breaks or control signs",
            field="name",
        )
    matched = _EMAIL.fullmatch(email)
    if matched is None or len(email) > _EMAIL_MAX or len(matched["local"]) > 64:
        raise MailboxUnusable("the e-mail address is not of the form name@domain", field="email")
    return matched["local"], matched["domain"]


def _is_unsafe(sign: str) -> bool:
    """Control signs, line and paragraph separators, and signs that turn the writing around."""
    is_joiner = sign in "\u200c\u200d"
    return unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") and not is_joiner


def compose(
    *,
    mail_from: str,
    name: str,
    email: str,
    subject: str,
    body: str,
    content_hash: str,
    sent_at: datetime,
) -> EmailMessage:
    """The message of one notice, from `mail_from` ("Office <office@domain>" or the address alone).

    Its Message-ID is made from the notice's content hash, so that a message sent again after a
    crash can be recognised. Raises MailboxUnusable.
    """
    sender_name, sender_email = parseaddr(mail_from)
    sender_local, sender_domain = check_mailbox(sender_name, sender_email)
    local, domain = check_mailbox(name, email)
    if "\n" in subject or "\r" in subject:
        raise MailboxUnusable("the subject holds line breaks", field="subject")
    message = EmailMessage(_POLICY)
    message["From"] = Address(sender_name, sender_local, sender_domain)
    message["To"] = Address(name, local, domain)
    message["Subject"] = subject
    message["Date"] = format_datetime(sent_at)
    message["Message-ID"] = f"<notice-{content_hash.removeprefix('0x')[:40]}@{sender_domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message
