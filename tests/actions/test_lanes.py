"""Whose keys the house holds: its staff's by their names, parties' by their addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from tallystick.actions.lanes import LaneKeyMisplaced, Lanes, LaneUnknown
from tallystick.chain.signers import KeystoreFolder, LocalKey

STRANGER = "0x" + "99" * 20


@pytest.fixture
def keystore(tmp_path: Path) -> KeystoreFolder:
    return KeystoreFolder(tmp_path, "password", work_factor=2)


def test_staff_by_name_and_parties_by_address(keystore: KeystoreFolder, tmp_path: Path) -> None:
    servicer = keystore.create("servicer")
    party = LocalKey(b"\x07" * 32)
    keystore.import_key(party.address, b"\x07" * 32)
    lanes = Lanes({"servicer": servicer.address}, KeystoreFolder(tmp_path, "password"))
    assert lanes.staff_names == ["servicer"]
    assert lanes.address("servicer") == servicer.address
    for address in (servicer.address, party.address):
        lanes.require(address)
        assert lanes.signer(address).address == address


def test_key_under_another_accounts_name_signs_nothing(keystore: KeystoreFolder) -> None:
    keystore.create("servicer")
    keystore.create(STRANGER)
    lanes = Lanes({"servicer": "0x" + "11" * 20}, keystore)
    for address in ("0x" + "11" * 20, STRANGER):
        with pytest.raises(LaneKeyMisplaced):
            lanes.signer(address)


def test_key_that_comes_in_later_is_found(keystore: KeystoreFolder) -> None:
    lanes = Lanes({}, keystore)
    key = LocalKey(b"\x07" * 32)
    with pytest.raises(LaneUnknown):
        lanes.require(key.address)
    keystore.import_key(key.address, b"\x07" * 32)
    assert lanes.signer(key.address).address == key.address


def test_unknown_names_and_addresses(keystore: KeystoreFolder) -> None:
    lanes = Lanes({}, keystore)
    with pytest.raises(LaneUnknown) as unnamed:
        lanes.address("guardian")
    assert unnamed.value.data == {"lane": "guardian"}
    for ask in (lanes.require, lanes.signer):
        with pytest.raises(LaneUnknown, match="own wallet") as unheld:
            ask(STRANGER)
        assert unheld.value.data == {"address": STRANGER}


def test_key_held_for_this_process_only(keystore: KeystoreFolder) -> None:
    lanes = Lanes({}, keystore)
    key = LocalKey.generate()
    lanes.hold(key)
    lanes.require(key.address)
    assert lanes.signer(key.address) is key
    assert keystore.names() == []
