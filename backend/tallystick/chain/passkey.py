"""Passkeys: public keys of authenticators (WebAuthn over P-256), and what those answer.

    creation_options(...)  →  navigator.credentials.create  →  read_passkey(registration)
    request_options(challenge, ...)  →  navigator.credentials.get  →  read_assertion(answer)
    signature = encode_signature(passkey, assertion, challenge)

Options go to the browser as JSON, for `PublicKeyCredential.parseCreationOptionsFromJSON` and
`parseRequestOptionsFromJSON`; what comes back is the JSON of the credential's `toJSON()`. What the
challenge is, and what the signature is good for, is in `tallystick.chain.passkey_account`.
WebAuthn: https://www.w3.org/TR/webauthn-3/, section 7.2 for the checks.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from eth_abi.abi import encode
from eth_hash.auto import keccak

from tallystick.kernel.errors import Invalid

ES256 = -7
"""The algorithm to ask for in `pubKeyCredParams`: ECDSA over P-256 with SHA-256 (RFC 8812)."""

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_FLAGS_AT = 32
_USER_PRESENT, _USER_VERIFIED, _BACKUP_ELIGIBLE, _BACKED_UP = 0x01, 0x04, 0x08, 0x10


class PasskeyInvalid(Invalid):
    """Not a public key on P-256, or of another algorithm."""

    title = "Not a passkey"


class AssertionInvalid(Invalid):
    """The authenticator's answer is not one to this question, by this passkey, of its user."""

    title = "Not signed with the passkey"


@dataclass(frozen=True, slots=True)
class Passkey:
    """The public key, a point on P-256. Raises PasskeyInvalid if it is none."""

    x: int
    y: int

    def __post_init__(self) -> None:
        self._key()

    @property
    def passkey_id(self) -> str:
        """What accounts and their events call it."""
        return "0x" + keccak(self.words).hex()

    @property
    def words(self) -> bytes:
        """x ‖ y, 64 bytes."""
        return self.x.to_bytes(32) + self.y.to_bytes(32)

    def has_signed(self, message: bytes, r: int, s: int) -> bool:
        try:
            self._key().verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True

    def _key(self) -> EllipticCurvePublicKey:
        try:
            return EllipticCurvePublicNumbers(self.x, self.y, SECP256R1()).public_key()
        except ValueError:
            raise PasskeyInvalid("The public key is not a point on P-256.") from None


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator signed, and its signature; `s` is in the lower half of the order."""

    authenticator_data: bytes
    client_data_json: bytes
    r: int
    s: int


def creation_options(
    *, house: str, party: str, handle: bytes, challenge: bytes, known: Sequence[str] = ()
) -> dict[str, Any]:
    """What a browser needs to make a passkey for a party, as JSON.

    `house` and `party` are names shown on the party's own device; `handle` tells parties apart
    there, 1 to 64 random bytes and no personal data. `known` are ids of credentials the party has:
    the same authenticator does not make a second one. `challenge` is random.
    """
    return {
        "rp": {"name": house},
        "user": {"id": base64url(handle), "name": party, "displayName": party},
        "challenge": base64url(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": ES256}],
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
        "excludeCredentials": _credentials(known),
        "attestation": "none",
    }


def request_options(challenge: bytes, credentials: Sequence[str] = ()) -> dict[str, Any]:
    """What a browser needs to have `challenge` signed, as JSON.

    `credentials` are the ids that registration gave; without, the party picks a passkey itself.
    """
    return {
        "challenge": base64url(challenge),
        "allowCredentials": _credentials(credentials),
        "userVerification": "required",
    }


def read_passkey(registration: Mapping[str, Any]) -> Passkey:
    """The passkey that a browser registered. Raises PasskeyInvalid."""
    response = _member(registration, "response", PasskeyInvalid)
    if response.get("publicKeyAlgorithm") != ES256:
        raise PasskeyInvalid(
            "The authenticator made a key of another algorithm; ask for ES256 (-7) alone in "
            "pubKeyCredParams.",
            field="response.publicKeyAlgorithm",
        )
    try:
        key = load_der_public_key(_octets(response, "publicKey", PasskeyInvalid))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise PasskeyInvalid(
            "The public key is not one of P-256 in DER (SubjectPublicKeyInfo).",
            field="response.publicKey",
        )
    point = key.public_numbers()
    return Passkey(point.x, point.y)


def read_assertion(answer: Mapping[str, Any]) -> Assertion:
    """What a browser's authenticator answered. Raises AssertionInvalid if it cannot be read.

    The signature is DER, as browsers give it, or r ‖ s in 64 bytes.
    """
    response = _member(answer, "response", AssertionInvalid)
    r, s = _signature_numbers(_octets(response, "signature", AssertionInvalid))
    return Assertion(
        _octets(response, "authenticatorData", AssertionInvalid),
        _octets(response, "clientDataJSON", AssertionInvalid),
        r,
        min(s, _ORDER - s),
    )


def encode_signature(passkey: Passkey, assertion: Assertion, challenge: bytes) -> bytes:
    """The signature that the accounts of `passkey` take for `challenge` (32 bytes).

    Raises AssertionInvalid, saying what is wrong, for all that an account would refuse.
    """
    data, client_data = assertion.authenticator_data, assertion.client_data_json
    type_at, challenge_at = _members_at(client_data, challenge)
    if len(data) <= _FLAGS_AT + 4:
        raise AssertionInvalid("The authenticator data is cut short.", field="authenticatorData")
    _check_flags(data[_FLAGS_AT])
    if not passkey.has_signed(data + sha256(client_data).digest(), assertion.r, assertion.s):
        raise AssertionInvalid(
            "The signature is not of this passkey; sign with the passkey of the account.",
            field="signature",
        )
    return passkey.words + encode(
        ["uint256", "uint256", "uint256", "uint256", "bytes", "bytes"],
        [assertion.r, assertion.s, challenge_at, type_at, data, client_data],
    )


def base64url(octets: bytes) -> str:
    """Base64 as WebAuthn's JSON has it: URL-safe, without padding."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _credentials(ids: Sequence[str]) -> list[dict[str, str]]:
    return [{"type": "public-key", "id": one} for one in ids]


def _members_at(client_data: bytes, challenge: bytes) -> tuple[int, int]:
    """Where the members `type` and `challenge` stand, being what they must be."""
    try:
        members = json.loads(client_data)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        raise AssertionInvalid("The client data is not a JSON object.", field="clientDataJSON")
    if members.get("type") != "webauthn.get":
        raise AssertionInvalid(
            f"The client data is of {members.get('type')!r}, not of an assertion; use "
            "navigator.credentials.get.",
            field="clientDataJSON",
        )
    if members.get("challenge") != base64url(challenge):
        raise AssertionInvalid(
            "Another challenge was signed than asked for; ask for the challenge again and sign "
            "that one.",
            field="clientDataJSON",
        )
    type_at = client_data.find(b'"type":"webauthn.get"')
    challenge_at = client_data.find(b'"challenge":"%b"' % base64url(challenge).encode())
    if type_at < 0 or challenge_at < 0:
        # WebAuthn, 5.8.1.1: browsers write these members without spaces or escapes.
        raise AssertionInvalid(
            "The client data is not as a browser writes it; send its bytes unchanged.",
            field="clientDataJSON",
        )
    return type_at, challenge_at


def _check_flags(flags: int) -> None:
    if not flags & _USER_PRESENT or not flags & _USER_VERIFIED:
        raise AssertionInvalid(
            "The authenticator did not verify its user; ask with userVerification: 'required' "
            "and unlock by fingerprint, face or PIN.",
            field="authenticatorData",
        )
    if flags & _BACKED_UP and not flags & _BACKUP_ELIGIBLE:
        raise AssertionInvalid(
            "The authenticator data contradicts itself: backed up, but not eligible for backup.",
            field="authenticatorData",
        )


def _signature_numbers(signature: bytes) -> tuple[int, int]:
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        if len(signature) != 64:
            raise AssertionInvalid(
                "The signature is neither DER nor 64 bytes.", field="response.signature"
            ) from None
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    if not (0 < r < _ORDER and 0 < s < _ORDER):
        raise AssertionInvalid(
            "The signature's numbers are outside the curve's order.", field="response.signature"
        )
    return r, s


def _member(source: Mapping[str, Any], name: str, error: type[Invalid]) -> Mapping[str, Any]:
    member = source.get(name)
    if not isinstance(member, Mapping):
        raise error("This is not what a browser's PublicKeyCredential.toJSON() gives.", field=name)
    return member


def _octets(response: Mapping[str, Any], name: str, error: type[Invalid]) -> bytes:
    text = response.get(name)
    try:
        if isinstance(text, str):
            # Python forgives what is no letter of the alphabet; a signed text is exact.
            octets = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            if base64url(octets) == text:
                return octets
    except (NotBase64, ValueError):
        pass
    raise error(f"The member {name} is missing or is not base64url.", field=f"response.{name}")
