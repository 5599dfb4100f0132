"""Addresses as people write them."""

from __future__ import annotations

import re

from eth_hash.auto import keccak

from tallystick.kernel.errors import Invalid

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class AddressInvalid(Invalid):
    title = "Not an address"


def address_of(text: str, *, field: str | None = None) -> str:
    """The lower-case address that `text` writes in any case of letters.

    Letters of both cases are an EIP-55 checksum, which must be right. Raises AddressInvalid.
    """
    if not _ADDRESS.fullmatch(text):
        raise AddressInvalid("an address is 0x and 40 hex digits", field=field)
    digits = text[2:]
    if digits not in (digits.lower(), digits.upper()) and text != checksummed(text):
        raise AddressInvalid(
            "the address's checksum is wrong: a digit or letter was mistyped; copy it again, or "
            "write it in lower case if you are sure",
            field=field,
        )
    return text.lower()


def checksummed(address: str) -> str:
    """The address in mixed case (EIP-55): a letter is upper where the hash's digit is 8 or more."""
    digits = address[2:].lower()
    digest = keccak(digits.encode()).hex()
    return "0x" + "".join(
        char.upper() if int(nibble, 16) >= 8 else char
        for char, nibble in zip(digits, digest[:40], strict=True)
    )
