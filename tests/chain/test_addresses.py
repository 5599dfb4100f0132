"""Addresses as people write them, against the examples of EIP-55."""

from __future__ import annotations

import pytest

from tallystick.chain.addresses import AddressInvalid, address_of, checksummed

EIP_55 = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
]


@pytest.mark.parametrize("written", EIP_55)
def test_checksum_of_the_standard(written: str) -> None:
    assert checksummed(written.lower()) == written
    for case in (written, written.lower(), "0x" + written[2:].upper()):
        assert address_of(case) == written.lower()


@pytest.mark.parametrize("written", EIP_55[:4])
def test_every_letter_in_the_wrong_case_is_noticed(written: str) -> None:
    for at, char in enumerate(written[2:], start=2):
        if char.isalpha():
            mistyped = written[:at] + char.swapcase() + written[at + 1 :]
            with pytest.raises(AddressInvalid, match="checksum") as refused:
                address_of(mistyped, field="payee")
            assert refused.value.field == "payee"


@pytest.mark.parametrize(
    "written",
    [
        *("", "0x", "0x" + "0" * 39, "0x" + "0" * 41, "00" + "0" * 40, "0X" + "0" * 40),
        *("0x" + "g" * 40, "0x" + "0" * 40 + "\n", " 0x" + "0" * 40, "0x" + "٠" * 40),
    ],
)
def test_what_is_no_address(written: str) -> None:
    with pytest.raises(AddressInvalid):
        address_of(written)
