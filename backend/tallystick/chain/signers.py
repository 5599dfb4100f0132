"""Who signs: local keys, a folder of keystore files, or any device that signs a digest.

`Signer` is all the house asks of a key. A hardware module or a cloud key service becomes one by
subclassing `DigestSigner` with a single method; keys never need to enter the process.
"""

from __future__ import annotations

import abc
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import coincurve
import rlp
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json

from tallystick.chain.words import address_bytes
from tallystick.kernel.errors import Conflict, Corrupt, Invalid, NotFound

# What geth and others use by default; one guess costs about a second and 256 MB.
_SCRYPT_WORK_FACTOR = 262_144
_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


class KeyInvalid(Invalid):
    title = "Not a private key"


class KeyUnknown(NotFound):
    title = "No such key"


class KeyExists(Conflict):
    title = "Key exists"


class KeystoreUnreadable(Corrupt):
    """The file is damaged, or the password is not its own."""

    title = "Keystore unreadable"


@dataclass(frozen=True, slots=True)
class Tx:
    """A chain transaction to sign; `to` is none for a deployment. Fees are wei per gas.

    With `priority_fee` it becomes an EIP-1559 tx offering at most `max_fee`; without, a legacy one
    (EIP-155) at `max_fee`.
    """

    chain_id: int
    nonce: int
    to: str | None
    data: bytes
    gas_limit: int
    max_fee: int = 0
    priority_fee: int | None = 0


@dataclass(frozen=True, slots=True)
class SignedTx:
    raw: bytes
    hash: str


class Signer(Protocol):
    """A key that signs. `address` is lower-case `0x` hex."""

    @property
    def address(self) -> str: ...

    def sign_tx(self, tx: Tx) -> SignedTx: ...

    def sign_typed_data(self, typed_data: Mapping[str, Any]) -> bytes:
        """65 bytes, r ‖ s ‖ v, over complete `eth_signTypedData_v4` JSON."""


class DigestSigner(abc.ABC):
    """A signer made of one operation: an ECDSA signature of a 32-byte digest."""

    @property
    @abc.abstractmethod
    def address(self) -> str: ...

    @abc.abstractmethod
    def sign_digest(self, digest: bytes) -> tuple[int, int, int]:
        """r, s (in the lower half of the curve's order) and the parity of y (0 or 1)."""

    def sign_tx(self, tx: Tx) -> SignedTx:
        to = b"" if tx.to is None else address_bytes(tx.to)
        if tx.priority_fee is None:
            body = [tx.nonce, tx.max_fee, tx.gas_limit, to, 0, tx.data]
            r, s, parity = self.sign_digest(keccak(rlp.encode([*body, tx.chain_id, 0, 0])))
            raw = rlp.encode([*body, tx.chain_id * 2 + 35 + parity, r, s])
        else:
            body = [
                tx.chain_id,
                tx.nonce,
                tx.priority_fee,
                tx.max_fee,
                tx.gas_limit,
                to,
                0,
                tx.data,
                [],
            ]
            r, s, parity = self.sign_digest(keccak(b"\x02" + rlp.encode(body)))
            raw = b"\x02" + rlp.encode([*body, parity, r, s])
        return SignedTx(raw, "0x" + keccak(raw).hex())

    def sign_typed_data(self, typed_data: Mapping[str, Any]) -> bytes:
        message = encode_typed_data(full_message=dict(typed_data))
        return self.signature_of(keccak(b"\x19" + message.version + message.header + message.body))

    def signature_of(self, digest: bytes) -> bytes:
        """65 bytes, r ‖ s ‖ v, over a digest such as `tallystick.chain.messages.signing_digest`."""
        r, s, parity = self.sign_digest(digest)
        return r.to_bytes(32) + s.to_bytes(32) + bytes((27 + parity,))


class LocalKey(DigestSigner):
    """A private key held in memory.

    Raises KeyInvalid unless it is 32 bytes, not zero and below the curve's order.
    """

    def __init__(self, private_key: bytes) -> None:
        if len(private_key) != 32 or not 0 < int.from_bytes(private_key) < _CURVE_ORDER:
            raise KeyInvalid("A private key is 32 bytes, not zero and below the curve's order.")
        self._key = coincurve.PrivateKey(private_key)
        public = self._key.public_key.format(compressed=False)[1:]
        self._address = "0x" + keccak(public)[12:].hex()

    @classmethod
    def generate(cls) -> LocalKey:
        """A new random key."""
        return cls(secrets.token_bytes(32))

    def __repr__(self) -> str:
        return f"LocalKey({self._address})"

    @property
    def address(self) -> str:
        return self._address

    def sign_digest(self, digest: bytes) -> tuple[int, int, int]:
        signature = self._key.sign_recoverable(digest, hasher=None)
        return int.from_bytes(signature[:32]), int.from_bytes(signature[32:64]), signature[64]


class KeystoreFolder:
    """A folder of keystore v3 files (Web3 Secret Storage), one a name, all under one password.

    `work_factor` is scrypt's N for new files; lower it in tests only.
    """

    def __init__(
        self, path: Path, password: str, *, work_factor: int = _SCRYPT_WORK_FACTOR
    ) -> None:
        self._path = path
        self._password = password.encode()
        self._work_factor = work_factor
        self._opened: dict[str, LocalKey] = {}

    def names(self) -> list[str]:
        return sorted(path.stem for path in self._path.glob("*.json"))

    def create(self, name: str) -> Signer:
        """A new random key under `name`. Raises KeyExists, KeyInvalid for an unusable name."""
        return self.import_key(name, secrets.token_bytes(32))

    def import_key(self, name: str, private_key: bytes) -> Signer:
        """Keeps `private_key` under `name`. Raises KeyExists, KeyInvalid."""
        signer = LocalKey(private_key)
        file = self._file(name)
        record = create_keyfile_json(
            private_key, self._password, kdf="scrypt", iterations=self._work_factor
        )
        self._path.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = file.with_suffix(f".{secrets.token_hex(4)}.new")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                json.dump(record, out)
                out.flush()
                os.fsync(out.fileno())
            # Unlike a rename, a link never replaces a key that is there.
            os.link(draft, file)
        except FileExistsError:
            raise KeyExists(
                f"There is a key named {name!r} already; choose another name."
            ) from None
        finally:
            draft.unlink(missing_ok=True)
        self._opened[name] = signer
        return signer

    def open(self, name: str) -> Signer:
        """The key under `name`. Raises KeyUnknown, KeystoreUnreadable."""
        if (opened := self._opened.get(name)) is not None:
            return opened
        try:
            record = json.loads(self._file(name).read_text())
            signer = LocalKey(bytes(decode_keyfile_json(record, self._password)))
        except FileNotFoundError:
            raise KeyUnknown(f"There is no key named {name!r} in the keystore.") from None
        except (ValueError, KeyError, TypeError, NotImplementedError):
            raise KeystoreUnreadable(
                f"The keystore file of {name!r} cannot be opened; is the password right?"
            ) from None
        self._opened[name] = signer
        return signer

    def _file(self, name: str) -> Path:
        if not name or not name.isascii() or not all(c.isalnum() or c in "-_" for c in name):
            raise KeyInvalid(f"A key's name has letters, digits, - and _ only, not {name!r}.")
        return self._path / f"{name}.json"
