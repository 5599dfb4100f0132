"""A real SMTP server on loopback that can be told to misbehave."""

from __future__ import annotations

import asyncio
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

TAKEN = "250 taken"


class MailServer:
    """`replies` maps a recipient to the reply its RCPT gets; the others are what MAIL
    and DATA get."""

    def __init__(self, **options: Any) -> None:
        self.taken: list[EmailMessage] = []
        self.connections = 0
        self.replies: dict[str, str] = {}
        self.mail_reply = TAKEN
        self.data_reply = TAKEN
        self.is_dropping = False
        self.delay_seconds = 0.0
        self._controller = _Controller(self, hostname="127.0.0.1", port=0, **options)
        self._controller.start()

    @property
    def port(self) -> int:
        return self._controller.port

    def stop(self) -> None:
        self._controller.stop()

    async def handle_EHLO(  # noqa: N802 - the name is the library's
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, answers: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.connections += 1
        return answers

    async def handle_MAIL(  # noqa: N802 - as above
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.mail_reply

    async def handle_RCPT(  # noqa: N802 - as above
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        reply = self.replies.get(address, TAKEN)
        if reply == TAKEN:
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(  # noqa: N802 - as above
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        await asyncio.sleep(self.delay_seconds)
        if self.is_dropping:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return TAKEN
        if self.data_reply == TAKEN:
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=default_policy)
            assert isinstance(message, EmailMessage)
            self.taken.append(message)
        return self.data_reply


class _Controller(Controller):
    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call] # the library's own hook
