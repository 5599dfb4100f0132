"""Mail by SMTP."""

from __future__ import annotations

import smtplib
import socket
import ssl
from email.message import EmailMessage
from enum import StrEnum

from tallystick.delivery.mail import MailDeferred, MailRejected, MailUnavailable

TIMEOUT_SECONDS = 10.0


class Security(StrEnum):
    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class SmtpMailer:
    """One server. A connection is kept between messages until `close`; not for several threads."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        security: Security = Security.NONE,
        username: str | None = None,
        password: str | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._security = security
        self._username = username
        self._password = password
        self._timeout_seconds = timeout_seconds
        self._tls_context = tls_context
        self._connection: smtplib.SMTP | None = None

    def send(self, message: EmailMessage) -> None:
        connection = self._live_connection()
        try:
            connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            [(code, _)] = error.recipients.values()
            raise self._refusal(code) from None
        except smtplib.SMTPDataError as error:
            raise self._refusal(error.smtp_code) from None
        except (smtplib.SMTPSenderRefused, smtplib.SMTPHeloError) as error:
            self._drop()
            raise self._unavailable(error) from None
        except smtplib.SMTPNotSupportedError:
            raise MailRejected(
                "The mail server does not take addresses of this kind.", code=553
            ) from None
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise MailDeferred(
                f"The connection to {self._host}:{self._port} broke while a message was sent "
                f"({type(error).__name__}). It is sent again later."
            ) from None

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.quit()
            except (smtplib.SMTPException, OSError):
                connection.close()

    def _refusal(self, code: int) -> MailRejected | MailDeferred:
        # The server's own words are not passed on: they may quote the address.
        if 500 <= code < 600:
            return MailRejected(
                f"The mail server refused the message for good (code {code}). Check the "
                "recipient's e-mail address.",
                code=code,
            )
        if code == 421:
            self._drop()
        return MailDeferred(f"The mail server did not take the message (code {code}).", code=code)

    def _live_connection(self) -> smtplib.SMTP:
        if self._connection is not None:
            try:
                if self._connection.noop()[0] == 250:
                    return self._connection
            except (smtplib.SMTPException, OSError):
                pass
            self._drop()
        self._connection = self._connect()
        return self._connection

    def _connect(self) -> smtplib.SMTP:
        connection: smtplib.SMTP | None = None
        # Otherwise the library asks the name service who we are, and waits for it.
        local_hostname = socket.gethostname()
        try:
            if self._security is Security.TLS:
                connection = smtplib.SMTP_SSL(
                    self._host,
                    self._port,
                    local_hostname,
                    timeout=self._timeout_seconds,
                    context=self._context(),
                )
            else:
                connection = smtplib.SMTP(
                    self._host, self._port, local_hostname, timeout=self._timeout_seconds
                )
            if self._security is Security.STARTTLS:
                connection.starttls(context=self._context())
            if self._username is not None:
                connection.login(self._username, self._password or "")
        except (smtplib.SMTPException, OSError) as error:
            if connection is not None:
                connection.close()
            raise self._unavailable(error) from None
        return connection

    def _unavailable(self, error: Exception) -> MailUnavailable:
        return MailUnavailable(
            f"No mail can be sent by {self._host}:{self._port} with security {self._security}: "
            f"{_why(error)}. Check that the server runs and takes mail from this sender, and that "
            "the mail setting is right; unsent notices wait."
        )

    def _context(self) -> ssl.SSLContext:
        return self._tls_context or ssl.create_default_context()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{type(error).__name__} (code {error.smtp_code})"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
