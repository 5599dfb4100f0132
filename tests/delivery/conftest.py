"""Fixtures for delivery: a mail server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.delivery.mail_server import MailServer


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()
