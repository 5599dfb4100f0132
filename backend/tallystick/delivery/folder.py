"""Mail into a folder: one `.eml` file a message, for development, tests and the demo."""

from __future__ import annotations

import os
import re
from email.message import EmailMessage
from pathlib import Path

from tallystick.delivery.mail import MailUnavailable

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


class FolderMailer:
    """Files are named by Message-ID, so a message sent again replaces itself.

    They hold personal data and are readable by their owner only. A file is whole once it has its
    name, but is not forced to disk: that would cost more than all the rest of a day close.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        message_id = str(message["Message-ID"]).strip("<>")
        path = self._folder / (_UNSAFE.sub("_", message_id) + ".eml")
        unfinished = path.with_suffix(".part")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(message.as_bytes())
            unfinished.replace(path)
        except OSError as error:
            raise MailUnavailable(
                f"No mail can be written into {self._folder}: {error.strerror}. Check that the "
                "folder may be written; unsent notices wait."
            ) from None

    def close(self) -> None:
        """Nothing is held open."""
