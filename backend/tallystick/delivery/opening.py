"""The mailer a setting names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from tallystick.delivery.folder import FolderMailer
from tallystick.delivery.mail import Mailer
from tallystick.delivery.smtp import Security, SmtpMailer
from tallystick.kernel.errors import Invalid

FOLDER = "folder"
_SCHEMES = {
    "smtp": (Security.NONE, 25),
    "smtp+starttls": (Security.STARTTLS, 587),
    "smtps": (Security.TLS, 465),
}


class MailSettingInvalid(Invalid):
    title = "Mail setting not usable"


def open_mailer(mail: str, *, folder: Path) -> Mailer:
    """`folder` writes files into `folder`; `smtp://host:port` sends without encryption,
    `smtp+starttls://user:password@host:port` and `smtps://...` with it. Connects lazily.

    Raises MailSettingInvalid, which does not quote the setting: it may hold a password.
    """
    if mail == FOLDER:
        return FolderMailer(folder)
    try:
        parts = urlsplit(mail)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    if parts.scheme not in _SCHEMES or not host or parts.path.strip("/") or parts.query:
        raise MailSettingInvalid(
            f"the mail setting is neither {FOLDER!r} nor a server such as smtp://localhost:25, "
            "smtp+starttls://user:password@mail.example:587 or smtps://mail.example",
            field="mail",
        )
    security, usual_port = _SCHEMES[parts.scheme]
    if parts.username is not None and security is Security.NONE:
        raise MailSettingInvalid(
            "a password is not sent without encryption; use smtp+starttls:// or smtps://",
            field="mail",
        )
    return SmtpMailer(
        host,
        usual_port if port is None else port,
        security=security,
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
    )
