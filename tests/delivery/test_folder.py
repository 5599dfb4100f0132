"""Mail written into a folder."""

from __future__ import annotations

import stat
from email import message_from_bytes
from email.policy import default as default_policy
from pathlib import Path

import pytest

from tallystick.delivery.folder import FolderMailer
from tallystick.delivery.mail import MailUnavailable
from tallystick.delivery.opening import MailSettingInvalid, open_mailer
from tallystick.delivery.smtp import SmtpMailer
from tests.delivery.test_mail import FACTS, message


def test_a_message_is_one_whole_file_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "mail"
    mailer = FolderMailer(folder)
    mailer.send(message())
    [path] = folder.iterdir()
    assert path.name == f"notice-{'ab' * 20}_lender.example.eml"
    written = message_from_bytes(path.read_bytes(), policy=default_policy)
    assert written["Subject"] == FACTS["subject"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_message_sent_again_replaces_itself(tmp_path: Path) -> None:
    mailer = FolderMailer(tmp_path)
    mailer.send(message())
    mailer.send(message())
    mailer.send(message(content_hash="0x" + "cd" * 32))
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file, not a folder")
    with pytest.raises(MailUnavailable):
        FolderMailer(tmp_path / "mail").send(message())


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "mail",
        "http://localhost:25",
        "smtp://",
        "smtp://:25",
        "smtp://localhost:99999",
        "smtp://localhost:25/path",
        "smtp://user:secret@localhost:25",
        "smtps://[::1",
    ],
)
def test_settings_that_name_no_mailer(setting: str, tmp_path: Path) -> None:
    with pytest.raises(MailSettingInvalid) as caught:
        open_mailer(setting, folder=tmp_path)
    assert caught.value.field == "mail"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ("folder", FolderMailer),
        ("smtp://localhost:2525", SmtpMailer),
        ("smtp+starttls://user:p%40ss@mail.example", SmtpMailer),
        ("smtps://mail.example:465", SmtpMailer),
    ],
)
def test_settings_that_do(setting: str, kind: type, tmp_path: Path) -> None:
    assert isinstance(open_mailer(setting, folder=tmp_path), kind)
