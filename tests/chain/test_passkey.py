"""What a browser's authenticator answers, read and made a signature: or refused, and why."""

from __future__ import annotations

import copy
import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    derive_private_key,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_abi.abi import decode

from tallystick.chain.passkey import (
    AssertionInvalid,
    Passkey,
    PasskeyInvalid,
    base64url,
    creation_options,
    encode_signature,
    read_assertion,
    read_passkey,
    request_options,
)
from tests.chain.authenticators import (
    BACKED_UP,
    BACKUP_ELIGIBLE,
    USER_PRESENT,
    USER_VERIFIED,
    SoftwareAuthenticator,
)

CHALLENGE = bytes(range(32))
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
VERIFIED = USER_PRESENT | USER_VERIFIED


class Party:
    """Someone with one passkey."""

    def __init__(self) -> None:
        self.authenticator = SoftwareAuthenticator()
        self.registration = self.authenticator.register()
        self.passkey = read_passkey(self.registration)

    def sign(self, challenge: bytes = CHALLENGE, **members: Any) -> dict[str, Any]:
        return self.authenticator.sign(challenge, self.registration["id"], **members)

    def signature(self, answer: dict[str, Any], challenge: bytes = CHALLENGE) -> bytes:
        return encode_signature(self.passkey, read_assertion(answer), challenge)


@pytest.fixture
def party() -> Party:
    return Party()


def octets(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def changed(answer: dict[str, Any], **response: Any) -> dict[str, Any]:
    other = copy.deepcopy(answer)
    other["response"].update(response)
    return other


# ------------------------------------------------------------ signatures


def test_a_signature_holds_the_key_and_where_the_members_stand(party: Party) -> None:
    answer = party.sign()
    signature = party.signature(answer)
    assert signature[:64] == party.passkey.words
    r, s, challenge_at, type_at, data, client_data = decode(
        ["uint256", "uint256", "uint256", "uint256", "bytes", "bytes"], signature[64:]
    )
    assert data == octets(answer["response"]["authenticatorData"])
    assert client_data == octets(answer["response"]["clientDataJSON"])
    assert client_data[type_at:].startswith(b'"type":"webauthn.get"')
    assert client_data[challenge_at:].startswith(b'"challenge":"AAECAwQF')
    given_r, given_s = decode_dss_signature(octets(answer["response"]["signature"]))
    assert r == given_r
    assert s == min(given_s, ORDER - given_s)


def test_s_comes_out_low_from_either_half_and_either_form(party: Party) -> None:
    answer = party.sign()
    r, s = decode_dss_signature(octets(answer["response"]["signature"]))
    expected = party.signature(answer)
    for each in (s, ORDER - s):
        der = encode_dss_signature(r, each)
        raw = r.to_bytes(32) + each.to_bytes(32)
        for form in (der, raw):
            assert party.signature(changed(answer, signature=base64url(form))) == expected


def test_members_may_come_in_another_order(party: Party) -> None:
    client_data = b'{"challenge":"%b","extra":{"a":[1]},"type":"webauthn.get"}' % (
        base64url(CHALLENGE).encode()
    )
    assert party.signature(party.sign(client_data=client_data))


@pytest.mark.parametrize("flags", range(32))
def test_only_a_verified_user_signs(party: Party, flags: int) -> None:
    answer = party.sign(flags=flags)
    is_consistent = flags & BACKUP_ELIGIBLE or not flags & BACKED_UP
    if flags & VERIFIED == VERIFIED and is_consistent:
        assert party.signature(answer)
        return
    with pytest.raises(AssertionInvalid) as refused:
        party.signature(answer)
    assert refused.value.field == "authenticatorData"


# ------------------------------------------------------------ what is no answer


def test_another_challenge_is_refused(party: Party) -> None:
    with pytest.raises(AssertionInvalid, match="Another challenge"):
        party.signature(party.sign(bytes(32)))


@pytest.mark.parametrize("kind", ["webauthn.create", "payment.get", "", "webauthn.get2"])
def test_another_kind_of_answer_is_refused(party: Party, kind: str) -> None:
    with pytest.raises(AssertionInvalid, match=r"navigator\.credentials\.get"):
        party.signature(party.sign(kind=kind))


def test_another_passkey_is_refused(party: Party) -> None:
    other = Party()
    with pytest.raises(AssertionInvalid, match="not of this passkey"):
        party.signature(other.sign())


@pytest.mark.parametrize("member", ["authenticatorData", "clientDataJSON"])
def test_nothing_that_was_signed_can_change(party: Party, member: str) -> None:
    answer = party.sign()
    text = bytearray(octets(answer["response"][member]))
    at = 3 if member == "authenticatorData" else text.index(b"lender")
    text[at] ^= 1
    with pytest.raises(AssertionInvalid, match="not of this passkey"):
        party.signature(changed(answer, **{member: base64url(bytes(text))}))


@pytest.mark.parametrize(
    "client_data",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"type": "webauthn.get", "challenge":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}',
        b'{"type":"webauthn.get","challenge":"\\u0041AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}',
        b'{"type":"webauthn.get","challenge":["AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"]}',
    ],
)
def test_client_data_that_no_account_could_read_is_refused(
    party: Party, client_data: bytes
) -> None:
    with pytest.raises(AssertionInvalid) as refused:
        party.signature(party.sign(client_data=client_data))
    assert refused.value.field == "clientDataJSON"


def test_short_authenticator_data_is_refused(party: Party) -> None:
    answer = party.sign()
    data = octets(answer["response"]["authenticatorData"])
    with pytest.raises(AssertionInvalid, match="cut short"):
        party.signature(changed(answer, authenticatorData=base64url(data[:36])))


@pytest.mark.parametrize(
    "signature",
    [b"", b"\x30", bytes(63), bytes(64), bytes(65), ORDER.to_bytes(32) + b"\1" * 32]
    + [encode_dss_signature(r, s) for r, s in ((0, 1), (1, 0), (ORDER, 1), (1, ORDER))],
)
def test_what_is_no_signature_is_refused(party: Party, signature: bytes) -> None:
    with pytest.raises(AssertionInvalid) as refused:
        party.signature(changed(party.sign(), signature=base64url(signature)))
    assert refused.value.field == "response.signature"


@pytest.mark.parametrize("member", ["authenticatorData", "clientDataJSON", "signature"])
@pytest.mark.parametrize("text", [None, 7, "a", "a=", "AAF", "ÄÖ", "AA AA", "AA+/"])
def test_members_that_are_not_base64url_are_refused(party: Party, member: str, text: Any) -> None:
    with pytest.raises(AssertionInvalid) as refused:
        read_assertion(changed(party.sign(), **{member: text}))
    assert refused.value.field == f"response.{member}"


@pytest.mark.parametrize("answer", [{}, {"response": None}, {"response": "x"}, {"id": "AA"}])
def test_what_is_no_credential_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(AssertionInvalid, match="toJSON"):
        read_assertion(answer)
    with pytest.raises(PasskeyInvalid, match="toJSON"):
        read_passkey(answer)


# ------------------------------------------------------------ public keys


def test_a_public_key_is_a_point(party: Party) -> None:
    x, y = party.passkey.x, party.passkey.y
    for wrong in ((x, y ^ 1), (0, 0), (2**256 - 1, y), (-1, y), (x + 2**256, y)):
        with pytest.raises(PasskeyInvalid):
            Passkey(*wrong)


def test_a_passkey_is_known_by_the_hash_of_its_key() -> None:
    # Public key of the private key 1: the curve's base point.
    point = derive_private_key(1, SECP256R1()).public_key().public_numbers()
    passkey = Passkey(point.x, point.y)
    assert passkey.words.hex().startswith("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0")
    assert len(passkey.passkey_id) == 66


def test_keys_of_other_algorithms_are_refused(party: Party) -> None:
    p384 = generate_private_key(SECP384R1()).public_key()
    der = p384.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    for response in (
        {"publicKeyAlgorithm": -257},
        {"publicKeyAlgorithm": None},
        {"publicKey": base64url(der)},
        {"publicKey": base64url(b"\x30\x00")},
        # The same octets under the name of an algorithm nobody has.
        {"publicKey": base64url(der.replace(b"\x2a\x86\x48", b"\x2a\x86\x49"))},
        {"publicKey": None},
    ):
        with pytest.raises(PasskeyInvalid):
            read_passkey(changed(party.registration, **response))


# ------------------------------------------------------------ questions to the browser


def test_options_are_json_and_ask_for_what_accounts_need() -> None:
    creation = creation_options(
        house="House", party="Party", handle=b"\1" * 16, challenge=CHALLENGE, known=["AAE"]
    )
    assert json.loads(json.dumps(creation)) == creation
    assert creation["pubKeyCredParams"] == [{"type": "public-key", "alg": -7}]
    assert creation["authenticatorSelection"]["userVerification"] == "required"
    assert creation["excludeCredentials"] == [{"type": "public-key", "id": "AAE"}]
    request = request_options(CHALLENGE, ["AAE"])
    assert octets(request["challenge"]) == CHALLENGE
    assert request["userVerification"] == "required"
    assert request["allowCredentials"] == [{"type": "public-key", "id": "AAE"}]
