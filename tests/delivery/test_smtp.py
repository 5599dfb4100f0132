"""Sending by SMTP to a real server that takes, refuses, stalls, breaks off or is not there."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tallystick.delivery.mail import MailDeferred, MailRejected, MailUnavailable
from tallystick.delivery.smtp import Security, SmtpMailer
from tests.delivery.mail_server import MailServer
from tests.delivery.test_mail import FACTS, message

Opener = Callable[..., SmtpMailer]


@pytest.fixture
def mailer_to() -> Iterator[Opener]:
    opened: list[SmtpMailer] = []

    def open_to(server: MailServer | int, **options: object) -> SmtpMailer:
        port = server if isinstance(server, int) else server.port
        options = {"timeout_seconds": 5.0, **options}
        opened.append(SmtpMailer("127.0.0.1", port, **options))  # type: ignore[arg-type] # options vary by test
        return opened[-1]

    yield open_to
    for mailer in opened:
        mailer.close()


def test_a_message_arrives_as_it_was_written(mail_server: MailServer, mailer_to: Opener) -> None:
    mailer_to(mail_server).send(message())
    [taken] = mail_server.taken
    assert taken["Subject"] == FACTS["subject"]
    assert taken["Message-ID"] == message()["Message-ID"]
    assert taken.get_content().replace("\r\n", "\n") == FACTS["body"]


def test_one_connection_serves_many_messages_until_closed(
    mail_server: MailServer, mailer_to: Opener
) -> None:
    mailer = mailer_to(mail_server)
    for _ in range(3):
        mailer.send(message())
    before = mail_server.connections
    mailer.close()
    mailer.send(message())
    assert len(mail_server.taken) == 4
    assert mail_server.connections == before + 1


def test_a_recipient_refused_for_good(mail_server: MailServer, mailer_to: Opener) -> None:
    mail_server.replies[FACTS["email"]] = f"550 no mailbox {FACTS['email']}"
    mailer = mailer_to(mail_server)
    with pytest.raises(MailRejected) as caught:
        mailer.send(message())
    assert caught.value.data == {"code": 550}
    assert FACTS["email"] not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    mailer.send(message(email="other@post.example"))
    assert len(mail_server.taken) == 1


@pytest.mark.parametrize("reply", ["451 later", "452 full", "421 closing"])
def test_a_recipient_put_off(mail_server: MailServer, mailer_to: Opener, reply: str) -> None:
    mail_server.replies[FACTS["email"]] = reply
    mailer = mailer_to(mail_server)
    with pytest.raises(MailDeferred):
        mailer.send(message())
    mail_server.replies.clear()
    mailer.send(message())
    assert len(mail_server.taken) == 1


@pytest.mark.parametrize(
    ("reply", "error"), [("554 content refused", MailRejected), ("451 later", MailDeferred)]
)
def test_content_refused(
    mail_server: MailServer, mailer_to: Opener, reply: str, error: type[Exception]
) -> None:
    mail_server.data_reply = reply
    with pytest.raises(error):
        mailer_to(mail_server).send(message())


@pytest.mark.parametrize("reply", ["530 authenticate first", "550 sender unknown"])
def test_a_server_that_does_not_take_this_sender_is_no_server(
    mail_server: MailServer, mailer_to: Opener, reply: str
) -> None:
    mail_server.mail_reply = reply
    with pytest.raises(MailUnavailable, match=reply[:3]):
        mailer_to(mail_server).send(message())


def test_a_server_that_breaks_off_and_comes_back(
    mail_server: MailServer, mailer_to: Opener
) -> None:
    mail_server.is_dropping = True
    mailer = mailer_to(mail_server)
    with pytest.raises(MailDeferred):
        mailer.send(message())
    mail_server.is_dropping = False
    mailer.send(message())
    assert len(mail_server.taken) == 1


def test_a_server_that_stalls(mail_server: MailServer, mailer_to: Opener) -> None:
    mail_server.delay_seconds = 1.0
    with pytest.raises(MailDeferred):
        mailer_to(mail_server, timeout_seconds=0.2).send(message())


def test_no_server(mail_server: MailServer, mailer_to: Opener) -> None:
    gone = MailServer()
    gone.stop()
    with pytest.raises(MailUnavailable, match=f"127.0.0.1:{gone.port}"):
        mailer_to(gone.port).send(message())


def test_a_server_without_encryption_is_not_used_when_it_was_asked_for(
    mail_server: MailServer, mailer_to: Opener
) -> None:
    for security in (Security.STARTTLS, Security.TLS):
        with pytest.raises(MailUnavailable, match=security):
            mailer_to(mail_server, security=security).send(message())
    assert mail_server.taken == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and self-signed certificate of 127.0.0.1, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl program to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    command = [
        openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
        "-keyout", "key.pem", "-out", "certificate.pem",
    ]  # fmt: skip
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "certificate.pem").read_text())
    return both


@pytest.fixture
def starttls_server(certificate: Path) -> Iterator[MailServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = MailServer(tls_context=context, require_starttls=True)
    yield server
    server.stop()


def test_starttls(starttls_server: MailServer, mailer_to: Opener, certificate: Path) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate))
    mailer = mailer_to(starttls_server, security=Security.STARTTLS, tls_context=trusted)
    mailer.send(message())
    assert len(starttls_server.taken) == 1


def test_a_certificate_nobody_vouches_for_is_not_trusted(
    starttls_server: MailServer, mailer_to: Opener
) -> None:
    with pytest.raises(MailUnavailable, match="security starttls"):
        mailer_to(starttls_server, security=Security.STARTTLS).send(message())
    assert starttls_server.taken == []
