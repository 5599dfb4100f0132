"""Short texts, dates and hexadecimal, between Python and the words of the contracts."""

from __future__ import annotations

from datetime import date

import pytest

from tallystick.chain.words import (
    HexInvalid,
    TextInvalid,
    WordMalformed,
    address_bytes,
    date_number,
    hash_bytes,
    number_date,
    text_word,
    word_text,
)


def test_texts() -> None:
    assert word_text(text_word("half_even")) == "half_even"
    assert word_text(text_word("x" * 31)) == "x" * 31
    for bad in ("", "x" * 32, "café", "tab\t", "nul\0"):
        with pytest.raises(TextInvalid) as refused:
            text_word(bad, "purpose")
        assert refused.value.field == "purpose"
    for word in (b"\0" * 32, b"x" * 32, b"a\0b".ljust(32, b"\0"), b"\x7f".ljust(32, b"\0"), b"a"):
        with pytest.raises(WordMalformed):
            word_text(word)


def test_dates() -> None:
    assert date_number(date(2026, 2, 1)) == 20260201
    assert number_date(20240229) == date(2024, 2, 29)
    for bad in (0, 20230229, 20261301, 20260100, 2**64 - 1):
        with pytest.raises(WordMalformed):
            number_date(bad)


def test_hex() -> None:
    assert address_bytes("0x" + "AB" * 20) == b"\xab" * 20
    for bad in ("", "ab" * 20, "0x" + "ab" * 19, "0x" + "zz" * 20, "0x" + "a " * 20):
        with pytest.raises(HexInvalid):
            address_bytes(bad)
    with pytest.raises(HexInvalid):
        hash_bytes("0x" + "ab" * 20)
