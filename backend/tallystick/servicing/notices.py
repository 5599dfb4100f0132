"""The text of a notice and its content hash.

The content hash is SHA-256 over the canonical bytes of what was sent: the UTF-8 fields
`tallystick-notice-1`, loan id, instalment number, step, recipient's address, channel, subject and
body, each preceded by its length in bytes as eight big-endian bytes. The e-mail address is not part
of it.

The hash goes on chain next to public figures, so a name in the text could be guessed and checked
against it. The reference in the body prevents that: 128 bits that only the recipient's secret salt
gives, which nobody without the message can try. Who holds the message can recompute the hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from tallystick.kernel.money import amount_text
from tallystick.loans.loan import Loan
from tallystick.loans.waterfall import Owed
from tallystick.servicing.dunning import DueStep


class Channel(StrEnum):
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a notice is for. `salt` is the secret of the party's identity commitment (`0x` hex)."""

    address: str
    name: str
    language: str
    salt: str


@dataclass(frozen=True, slots=True)
class NoticeContent:
    """What is sent to whom, about what, and how; `recipient` is an address."""

    loan_id: str
    instalment: int
    step: str
    recipient: str
    channel: Channel
    subject: str
    body: str

    @property
    def content_hash(self) -> str:
        """`0x` hex of 32 bytes; see the module's docstring for what it covers."""
        covered = (
            self.loan_id,
            str(self.instalment),
            self.step,
            self.recipient,
            self.channel,
            self.subject,
            self.body,
        )
        digest = hashlib.sha256()
        for field in ("tallystick-notice-1", *covered):
            encoded = field.encode()
            digest.update(len(encoded).to_bytes(8, "big"))
            digest.update(encoded)
        return "0x" + digest.hexdigest()


_ENGLISH = {
    False: (
        "Reminder: instalment {number} of agreement {agreement} is due on {due_on}",
        """Dear {name},

instalment {number} of your loan under agreement {agreement} falls due on {due_on}.

Amount due: {currency} {unpaid}

If you have already paid, please disregard this notice.

Reference: {reference}
""",
    ),
    True: (
        "Overdue: instalment {number} of agreement {agreement}, days past due: {days}",
        """Dear {name},

instalment {number} of your loan under agreement {agreement} fell due on {due_on} and is not paid.

Days past due: {days}
Unpaid on this instalment: {currency} {unpaid}
Due on this loan in all: {currency} {due}
of which penalty: {currency} {penalty}

Please pay the amount due. Until it is paid, penalty accrues as agreed. If you cannot pay,
please contact the lender now to discuss a solution.

If you have already paid, please disregard this notice.

Reference: {reference}
""",
    ),
}

_CHINESE = {
    False: (
        "还款提醒：协议 {agreement} 第 {number} 期将于 {due_on} 到期",
        """尊敬的 {name}：

您在协议 {agreement} 项下的贷款第 {number} 期将于 {due_on} 到期。

应还金额：{currency} {unpaid}

如您已还款，请忽略本通知。

编号：{reference}
""",
    ),
    True: (
        "逾期通知：协议 {agreement} 第 {number} 期已逾期 {days} 天",
        """尊敬的 {name}：

您在协议 {agreement} 项下的贷款第 {number} 期已于 {due_on} 到期，现已逾期 {days} 天。

本期未还金额：{currency} {unpaid}
本贷款到期应还合计：{currency} {due}
其中罚息：{currency} {penalty}

请您尽快还款。还清之前，罚息将按约定继续计收。如还款有困难，请尽快与贷款人联系协商。

如您已还款，请忽略本通知。

编号：{reference}
""",
    ),
}


def mail_notice(loan: Loan, due: DueStep, owed: Owed, recipient: Recipient) -> NoticeContent:
    """The notice of one rung, in the recipient's language (`zh`, otherwise English).

    Names nobody but the recipient.
    """
    subject, body = (_CHINESE if recipient.language == "zh" else _ENGLISH)[due.step.is_overdue]
    currency = loan.terms.currency
    facts = {
        "agreement": loan.terms.agreement,
        "name": recipient.name,
        "number": due.instalment.number,
        "due_on": due.instalment.due_on.isoformat(),
        "days": due.days_past_due,
        "currency": currency,
        "unpaid": _grouped(due.unpaid_minor, currency),
        "due": _grouped(owed.due_minor, currency),
        "penalty": _grouped(owed.penalty_minor, currency),
        "reference": _reference(loan, due, recipient),
    }
    return NoticeContent(
        loan_id=loan.loan_id,
        instalment=due.instalment.number,
        step=due.step.name,
        recipient=recipient.address,
        channel=Channel.MAIL,
        subject=subject.format(**facts),
        body=body.format(**facts),
    )


def unwritten_notice(loan: Loan, due: DueStep, recipient: str) -> NoticeContent:
    """A notice nobody can be addressed in: what should have been sent, without a text."""
    return NoticeContent(
        loan.loan_id, due.instalment.number, due.step.name, recipient, Channel.MAIL, "", ""
    )


def _reference(loan: Loan, due: DueStep, recipient: Recipient) -> str:
    seed = f"{recipient.salt}|{loan.loan_id}|{due.instalment.number}|{due.step.name}"
    return hashlib.sha256(seed.encode()).hexdigest()[:32]


def _grouped(amount_minor: int, currency: str) -> str:
    """Decimal text with thousands grouped: 123456789 CNY is "1,234,567.89"."""
    whole, point, decimals = amount_text(amount_minor, currency).partition(".")
    return f"{int(whole):,}{point}{decimals}"
