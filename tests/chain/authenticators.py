"""Authenticators that register a passkey and answer challenges, as a browser's page sees them.

`SoftwareAuthenticator` builds its answers by the letter of WebAuthn; `BrowserAuthenticator` has
Chromium make them, with the virtual authenticator that Chromium keeps for tests.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tallystick.chain.passkey import ES256, base64url, creation_options, request_options

USER_PRESENT, USER_VERIFIED, BACKUP_ELIGIBLE, BACKED_UP = 0x01, 0x04, 0x08, 0x10
_PREFERRED_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_BROWSER_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip


class Authenticator(Protocol):
    def register(self) -> dict[str, Any]:
        """What `navigator.credentials.create` gives, as JSON: a new passkey each time."""

    def sign(self, challenge: bytes, credential: str) -> dict[str, Any]:
        """What `navigator.credentials.get` gives, as JSON."""


class SoftwareAuthenticator:
    """Passkeys in memory. What `sign` is told to do otherwise, it does, right or wrong."""

    def __init__(self, origin: str = "https://lender.example") -> None:
        self._origin = origin
        self._relying_party = origin.partition("://")[2]
        self._keys: dict[str, EllipticCurvePrivateKey] = {}

    def register(self) -> dict[str, Any]:
        key = generate_private_key(SECP256R1())
        credential = base64url(secrets.token_bytes(16))
        self._keys[credential] = key
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {
            "id": credential,
            "type": "public-key",
            "response": {"publicKey": base64url(public), "publicKeyAlgorithm": ES256},
        }

    def sign(
        self,
        challenge: bytes,
        credential: str,
        *,
        flags: int = USER_PRESENT | USER_VERIFIED,
        kind: str = "webauthn.get",
        client_data: bytes | None = None,
    ) -> dict[str, Any]:
        if client_data is None:
            members = {
                "type": kind,
                "challenge": base64url(challenge),
                "origin": self._origin,
                "crossOrigin": False,
            }
            client_data = json.dumps(members, separators=(",", ":")).encode()
        data = sha256(self._relying_party.encode()).digest() + bytes((flags, 0, 0, 0, 1))
        signature = self._keys[credential].sign(
            data + sha256(client_data).digest(), ECDSA(SHA256())
        )
        return {
            "id": credential,
            "type": "public-key",
            "response": {
                "authenticatorData": base64url(data),
                "clientDataJSON": base64url(client_data),
                "signature": base64url(signature),
            },
        }


class BrowserAuthenticator:
    """A page in Chromium, which asks what it is told to ask."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def register(self) -> dict[str, Any]:
        options = creation_options(
            house="Tallystick",
            party="A borrower",
            handle=secrets.token_bytes(16),
            challenge=secrets.token_bytes(32),
        )
        return self._ask("create", "parseCreationOptionsFromJSON", options)

    def sign(self, challenge: bytes, credential: str) -> dict[str, Any]:
        options = request_options(challenge, [credential])
        return self._ask("get", "parseRequestOptionsFromJSON", options)

    def _ask(self, verb: str, parse: str, options: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._page.evaluate(
            f"""async (options) => {{
                const publicKey = PublicKeyCredential.{parse}(options);
                return (await navigator.credentials.{verb}({{ publicKey }})).toJSON();
            }}""",
            options,
        )
        return answer


def browser_path() -> str | None:
    """Chromium on this machine, if there is one."""
    return next(filter(None, map(shutil.which, _PREFERRED_BROWSERS)), None)


@contextmanager
def browser_authenticator(path: str) -> Iterator[BrowserAuthenticator]:
    """Chromium on a page of this machine's, with an authenticator that verifies its user."""
    from playwright.sync_api import sync_playwright

    with (
        _page_server() as url,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=_BROWSER_ARGUMENTS) as browser,
    ):
        page = browser.new_page()
        page.goto(url)
        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        devtools.send(
            "WebAuthn.addVirtualAuthenticator",
            {
                "options": {
                    "protocol": "ctap2",
                    "transport": "internal",
                    "hasResidentKey": True,
                    "hasUserVerification": True,
                    "isUserVerified": True,
                    "automaticPresenceSimulation": True,
                }
            },
        )
        yield BrowserAuthenticator(page)


@contextmanager
def _page_server() -> Iterator[str]:
    """An empty page on localhost, which browsers trust as they trust https."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _EmptyPage)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


class _EmptyPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>passkeys</title>")

    def log_message(self, *_: object) -> None:
        """Says nothing of requests."""
