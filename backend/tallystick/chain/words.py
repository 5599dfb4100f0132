"""The 32-byte words of the contracts: short texts, calendar dates, addresses and hashes."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tallystick.kernel.errors import Corrupt, Invalid

FAR = datetime(9999, 1, 1, tzinfo=UTC)

_FAR_SECONDS = int(FAR.timestamp())
_HEX = frozenset("0123456789abcdef")


class TextInvalid(Invalid):
    title = "Not a short text"


class HexInvalid(Invalid):
    title = "Not hexadecimal"


class WordMalformed(Corrupt):
    """The chain holds a word that no valid text or date makes."""

    title = "Malformed word"


def text_word(text: str, field: str | None = None) -> bytes:
    """`text` as the contracts hold it: 1 to 31 printable ASCII characters, zero-padded.

    Raises TextInvalid.
    """
    if not (0 < len(text) < 32 and text.isascii() and text.isprintable()):
        raise TextInvalid(
            f"{field or 'The text'} must be 1 to 31 printable ASCII characters, not {text!r}.",
            field=field,
        )
    return text.encode().ljust(32, b"\0")


def word_text(word: bytes) -> str:
    """The text in a word. Raises WordMalformed."""
    text = word.rstrip(b"\0")
    if len(word) != 32 or not text or len(text) == 32 or not all(0x20 <= c <= 0x7E for c in text):
        raise WordMalformed(f"0x{word.hex()} is not a short text.")
    return text.decode()


def date_number(day: date) -> int:
    """2026-02-01 is 20260201."""
    return day.year * 10_000 + day.month * 100 + day.day


def number_date(yyyymmdd: int) -> date:
    """20260201 is 2026-02-01. Raises WordMalformed."""
    try:
        return date(yyyymmdd // 10_000, yyyymmdd // 100 % 100, yyyymmdd % 100)
    except (ValueError, OverflowError):
        raise WordMalformed(f"{yyyymmdd} is not a date written yyyymmdd.") from None


def moment(seconds: int) -> datetime:
    """Unix seconds as UTC. Anyone may name times that no calendar holds: they are far away."""
    return datetime.fromtimestamp(seconds, UTC) if seconds < _FAR_SECONDS else FAR


def address_bytes(address: str, field: str | None = None) -> bytes:
    """The 20 bytes of a `0x` address, in any case of letters. Raises HexInvalid."""
    return _hex_bytes(address, 20, field)


def hash_bytes(digest: str, field: str | None = None) -> bytes:
    """The 32 bytes of a `0x` hash. Raises HexInvalid."""
    return _hex_bytes(digest, 32, field)


def _hex_bytes(text: str, size: int, field: str | None) -> bytes:
    digits = text[2:].lower()
    if not text.startswith("0x") or len(digits) != 2 * size or not _HEX.issuperset(digits):
        raise HexInvalid(
            f"{field or 'The value'} must be 0x and {2 * size} hex digits, not {text!r}.",
            field=field,
        )
    return bytes.fromhex(digits)
