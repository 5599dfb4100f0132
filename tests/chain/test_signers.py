"""Keys: signatures as other libraries make them, keystore files that others can read."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.chain.addresses import checksummed
from tallystick.chain.messages import signing_digest, typed_data
from tallystick.chain.signatures import recovered_signer
from tallystick.chain.signers import (
    DigestSigner,
    KeyExists,
    KeyInvalid,
    KeystoreFolder,
    KeystoreUnreadable,
    KeyUnknown,
    LocalKey,
    Signer,
    Tx,
)
from tests.fixtures.chain import World

PASSWORD = "not a secret"
WORK_FACTOR = 2

private_keys = st.binary(min_size=32, max_size=32).filter(
    lambda raw: 0 < int.from_bytes(raw) < 2**255
)


@settings(max_examples=60, deadline=None)
@given(
    private_keys,
    st.integers(1, 2**40),
    st.integers(0, 2**40),
    st.binary(max_size=300),
    st.none() | st.binary(min_size=20, max_size=20),
    st.integers(0, 2**60),
    st.none() | st.integers(0, 2**60),
)
def test_txs_are_signed_as_eth_account_signs_them(
    private_key: bytes,
    chain_id: int,
    nonce: int,
    data: bytes,
    to: bytes | None,
    max_fee: int,
    priority_fee: int | None,
) -> None:
    if priority_fee is not None and priority_fee > max_fee:
        priority_fee = max_fee
    address = None if to is None else "0x" + to.hex()
    signed = LocalKey(private_key).sign_tx(
        Tx(chain_id, nonce, address, data, 21_000, max_fee, priority_fee)
    )
    theirs = {
        "chainId": chain_id,
        "nonce": nonce,
        "gas": 21_000,
        "value": 0,
        "data": data,
        "to": "" if address is None else checksummed(address),
    }
    if priority_fee is None:
        theirs["gasPrice"] = max_fee
    else:
        theirs |= {"maxFeePerGas": max_fee, "maxPriorityFeePerGas": priority_fee, "type": 2}
    expected = Account.sign_transaction(theirs, private_key)
    assert signed.raw == expected.raw_transaction
    assert signed.hash == "0x" + expected.hash.hex()
    assert LocalKey(private_key).address == Account.from_key(private_key).address.lower()


def test_typed_data_is_signed_as_eth_account_signs_it(world: World) -> None:
    terms = world.terms()
    message = typed_data(terms, 31337, world.deployment.loan_ledger)
    key = world.key("lender")
    raw_key = key._key.secret
    expected = Account.sign_message(encode_typed_data(full_message=message), raw_key).signature
    assert key.sign_typed_data(message) == bytes(expected)
    digest = signing_digest(terms, 31337, world.deployment.loan_ledger)
    assert key.signature_of(digest) == bytes(expected)
    assert recovered_signer(digest, bytes(expected)) == key.address


def test_a_device_needs_one_operation_only(world: World) -> None:
    class Device(DigestSigner):
        """Stands for a hardware module: the key is elsewhere."""

        @property
        def address(self) -> str:
            return world.address("lender")

        def sign_digest(self, digest: bytes) -> tuple[int, int, int]:
            return world.key("lender").sign_digest(digest)

    device: Signer = Device()
    tx = Tx(31337, 0, world.address("supplier"), b"", 21_000)
    assert device.sign_tx(tx) == world.key("lender").sign_tx(tx)


@pytest.mark.parametrize(
    "private_key", [b"", b"\1" * 31, b"\1" * 33, b"\0" * 32, b"\xff" * 32], ids=len
)
def test_what_is_no_key_is_refused(private_key: bytes) -> None:
    with pytest.raises(KeyInvalid):
        LocalKey(private_key)


def test_a_key_does_not_show_itself() -> None:
    key = LocalKey(b"\x42" * 32)
    assert repr(key) == f"LocalKey({key.address})"


@pytest.fixture
def folder(tmp_path: Path) -> KeystoreFolder:
    return KeystoreFolder(tmp_path / "keys", PASSWORD, work_factor=WORK_FACTOR)


def test_keys_are_kept_and_opened_again(folder: KeystoreFolder, tmp_path: Path) -> None:
    created = folder.create("servicer")
    imported = folder.import_key("registrar", b"\x42" * 32)
    assert folder.names() == ["registrar", "servicer"]
    again = KeystoreFolder(tmp_path / "keys", PASSWORD)
    assert again.open("servicer").address == created.address
    assert again.open("registrar").address == imported.address == LocalKey(b"\x42" * 32).address
    tx = Tx(1, 0, None, b"code", 100_000)
    assert again.open("servicer").sign_tx(tx) == created.sign_tx(tx)


def test_files_are_keystore_v3_and_private(folder: KeystoreFolder, tmp_path: Path) -> None:
    folder.import_key("one", b"\x42" * 32)
    (file,) = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    record = json.loads(file.read_text())
    assert record["version"] == 3
    assert bytes(Account.decrypt(record, PASSWORD)) == b"\x42" * 32


def test_a_file_of_another_program_is_opened(folder: KeystoreFolder, tmp_path: Path) -> None:
    record = Account.encrypt(b"\x43" * 32, PASSWORD, kdf="pbkdf2", iterations=10)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "theirs.json").write_text(json.dumps(record))
    assert folder.open("theirs").address == LocalKey(b"\x43" * 32).address


def test_a_key_is_never_overwritten(folder: KeystoreFolder, tmp_path: Path) -> None:
    first = folder.create("one")
    with pytest.raises(KeyExists):
        folder.create("one")
    assert KeystoreFolder(tmp_path / "keys", PASSWORD).open("one").address == first.address
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["one.json"]


def test_a_missing_key_is_named(folder: KeystoreFolder) -> None:
    with pytest.raises(KeyUnknown, match="nobody"):
        folder.open("nobody")


@pytest.mark.parametrize("name", ["", "../escape", "a/b", "a b", "名"])
def test_names_stay_in_the_folder(folder: KeystoreFolder, name: str) -> None:
    for use in (folder.create, folder.open):
        with pytest.raises(KeyInvalid):
            use(name)


def test_the_wrong_password_and_a_damaged_file_are_told(
    folder: KeystoreFolder, tmp_path: Path
) -> None:
    folder.create("one")
    with pytest.raises(KeystoreUnreadable) as refused:
        KeystoreFolder(tmp_path / "keys", "another").open("one")
    assert PASSWORD not in refused.value.detail
    (tmp_path / "keys" / "one.json").write_text("{}")
    with pytest.raises(KeystoreUnreadable):
        KeystoreFolder(tmp_path / "keys", PASSWORD).open("one")
