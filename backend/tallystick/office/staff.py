"""The keys of the house's staff: the keystore, what opens it, and whose key is whose.

keys/               keystore v3 files
keystore-password   opens them, unless TALLYSTICK_KEYSTORE_PASSWORD does
staff.json          address by name; public, so that nobody needs a password to know who is who
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from tallystick.chain.signers import KeystoreFolder
from tallystick.kernel.errors import Conflict, Corrupt
from tallystick.office.settings import Settings

_KEYS = "keys"
_PASSWORD = "keystore-password"
_STAFF = "staff.json"
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
# Stretching a password of 256 random bits adds nothing to its strength.
_WORK_FACTOR_OF_RANDOM_PASSWORD = 2**12


class KeystorePasswordMissing(Conflict):
    title = "Password of the keystore missing"


class StaffUnreadable(Corrupt):
    title = "Staff file cannot be read"


def open_keystore(settings: Settings) -> KeystoreFolder:
    """The keystore of the home. Raises KeystorePasswordMissing."""
    folder = settings.home / _KEYS
    if settings.keystore_password:
        return KeystoreFolder(folder, settings.keystore_password)
    try:
        password = (settings.home / _PASSWORD).read_text().strip()
    except (FileNotFoundError, UnicodeDecodeError):
        password = ""
    if not password:
        raise KeystorePasswordMissing(
            f"{settings.home} has no {_PASSWORD}. Put the file back, or set "
            "TALLYSTICK_KEYSTORE_PASSWORD to the password the keys were made with.",
            field="keystore_password",
        )
    return KeystoreFolder(folder, password, work_factor=_WORK_FACTOR_OF_RANDOM_PASSWORD)


def make_staff(settings: Settings, names: Iterable[str]) -> tuple[KeystoreFolder, dict[str, str]]:
    """The keystore with a key for each of `names`, and their addresses; keys that are there stay.

    Raises KeystorePasswordMissing, StaffUnreadable, KeystoreUnreadable.
    """
    home = settings.home
    has_keys = any((home / _KEYS).glob("*.json"))
    if not settings.keystore_password and not has_keys and not (home / _PASSWORD).exists():
        write_whole(home / _PASSWORD, secrets.token_hex(32))
    keystore = open_keystore(settings)
    known = set(keystore.names())
    staff = dict(read_staff(home)) if (home / _STAFF).exists() else {}
    for name in names:
        if name not in staff:
            key = keystore.open(name) if name in known else keystore.create(name)
            staff[name] = key.address
            write_whole(home / _STAFF, json.dumps(staff, indent=2) + "\n")
    return keystore, staff


def is_staffed(home: Path) -> bool:
    """Whether somebody has begun to found an office in the home."""
    return (home / _STAFF).exists()


def read_staff(home: Path) -> Mapping[str, str]:
    """Address by name. Raises StaffUnreadable."""
    try:
        staff = json.loads((home / _STAFF).read_text())
        if not all(_ADDRESS.fullmatch(address) for address in staff.values()):
            raise ValueError
    except (ValueError, TypeError, AttributeError):
        raise StaffUnreadable(
            f"{home / _STAFF} is damaged. Restore it, or remove it and run `tallystick init`, "
            "which makes it anew from the keys."
        ) from None
    return {str(name): address for name, address in staff.items()}


def write_whole(path: Path, text: str) -> None:
    """Writes a file only its owner may read, all of it or not at all."""
    draft = path.with_name(f"{path.name}.new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
