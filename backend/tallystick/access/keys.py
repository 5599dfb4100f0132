"""API keys: a secret shown once, of which only a hash is kept.

A secret is `tsk_` and 32 random bytes in URL-safe base64, so that it needs no slow hash, and can
be recognised by who finds it where it should not be.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from tallystick.access.caller import Caller
from tallystick.access.permissions import BOUND_ROLES, Role
from tallystick.kernel.errors import Invalid, Unauthenticated
from tallystick.store.keys import ApiKey, find_key, insert_key
from tallystick.store.session import Session

SECRET_PREFIX = "tsk_"
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}"
_SECRET_BYTES = 32


class KeyNotValid(Unauthenticated):
    """No key was sent, or an unknown or revoked one: the answer does not say which."""

    title = "API key not valid"


class KeyNameInvalid(Invalid):
    title = "Key name not usable"


class KeyPartyMismatch(Invalid):
    """Keys of lenders, borrowers and guarantors speak for a party, other keys for none."""

    title = "Key and party do not go together"


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """`secret` exists here only; it cannot be shown again."""

    key: ApiKey
    secret: str


def issue_key(
    session: Session, *, name: str, role: Role, party: str | None = None, now: datetime
) -> IssuedKey:
    """Issues a key. Raises KeyNameInvalid, KeyPartyMismatch, KeyNameTaken."""
    if not re.fullmatch(NAME_PATTERN, name):
        raise KeyNameInvalid(
            "a key's name has 1 to 60 letters, digits, dots, dashes and underscores, and begins "
            "with a letter or digit",
            field="name",
        )
    if (party is not None) != (role in BOUND_ROLES):
        raise KeyPartyMismatch(
            f"a key with role {role} needs the address of its party"
            if role in BOUND_ROLES
            else f"a key with role {role} speaks for no party; leave it out",
            field="party",
        )
    secret = SECRET_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    key = insert_key(session, name=name, key_hash=_hash(secret), role=role, party=party, now=now)
    return IssuedKey(key, secret)


def authenticate(session: Session, secret: str | None) -> Caller:
    """Who holds `secret`. Raises KeyNotValid."""
    key_hash = _hash(secret or "")
    key = find_key(session, key_hash)
    # The index finds by hash, which tells an attacker nothing about the secret; the comparison
    # itself takes the same time wherever the two differ.
    if key is None or not hmac.compare_digest(key.key_hash, key_hash) or key.revoked_at is not None:
        raise KeyNotValid(
            "send a valid API key as `Authorization: Bearer tsk_...`; keys are issued by an admin"
        )
    return Caller(key.name, Role(key.role), key.party)


def _hash(secret: str) -> str:
    return "0x" + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
