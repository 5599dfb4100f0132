"""Loan terms as the ledger reads them: ABI encoding, loan id, and the message both sides sign.

Written out by hand where a general encoder would do, because every disbursement, payment and
repayment carries the whole terms: a schedule of 36 rows is encoded in microseconds.

    loan id = keccak256(head words ‖ keccak256(purpose words) ‖ keccak256(instalment words))

and the signed message is EIP-712 typed data in which every term and every instalment is a field.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from eth_hash.auto import keccak

from tallystick.chain.words import (
    WordMalformed,
    address_bytes,
    date_number,
    hash_bytes,
    number_date,
    text_word,
    word_text,
)
from tallystick.loans.instalment import Instalment
from tallystick.loans.terms import LoanTerms, PurposeCap

DOMAIN_NAME = "Tallystick LoanLedger"
DOMAIN_VERSION = "1"

_HEAD_WORDS = 18
_ROW_WORDS = 3
_WORD = 32

_DOMAIN_FIELDS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_PURPOSE_FIELDS = (("purpose", "string"), ("payeeCategory", "uint16"), ("capMinor", "uint64"))
_INSTALMENT_FIELDS = (
    ("dueOn", "uint32"),
    ("principalMinor", "uint64"),
    ("interestMinor", "uint64"),
)
_TERMS_FIELDS = (
    ("agreement", "string"),
    ("lender", "address"),
    ("borrower", "address"),
    ("currency", "string"),
    ("principalMinor", "uint64"),
    ("method", "string"),
    ("dayCount", "string"),
    ("annualRatePpm", "uint32"),
    ("rounding", "string"),
    ("penaltyRatePpm", "uint32"),
    ("penaltyYearDays", "uint16"),
    ("graceDays", "uint16"),
    ("utcOffsetMinutes", "int16"),
    ("signBy", "uint32"),
    ("disburseOn", "uint32"),
    ("disburseBy", "uint32"),
    ("selfPaidMinorMax", "uint64"),
    ("documentHash", "bytes32"),
    ("purposes", "PurposeCap[]"),
    ("instalments", "Instalment[]"),
)


def _struct_type(name: str, fields: Sequence[tuple[str, str]]) -> str:
    return f"{name}({','.join(f'{kind} {member}' for member, kind in fields)})"


_INSTALMENT_TYPE = _struct_type("Instalment", _INSTALMENT_FIELDS)
_PURPOSE_TYPE = _struct_type("PurposeCap", _PURPOSE_FIELDS)
_DOMAIN_TYPEHASH = keccak(_struct_type("EIP712Domain", _DOMAIN_FIELDS).encode())
_INSTALMENT_TYPEHASH = keccak(_INSTALMENT_TYPE.encode())
_PURPOSE_TYPEHASH = keccak(_PURPOSE_TYPE.encode())
_TERMS_TYPEHASH = keccak(
    (_struct_type("LoanTerms", _TERMS_FIELDS) + _INSTALMENT_TYPE + _PURPOSE_TYPE).encode()
)


def loan_id(terms: LoanTerms) -> str:
    """The ledger's `idOf`: `0x` hex of 32 bytes. Raises TextInvalid, HexInvalid."""
    purposes = keccak(_purpose_words(terms))
    instalments = keccak(_instalment_words(terms))
    return "0x" + keccak(_head_words(terms) + purposes + instalments).hex()


def encode_terms(terms: LoanTerms) -> bytes:
    """The ABI encoding of the `LoanTerms` tuple itself, without the offset that points at it."""
    purposes = _purpose_words(terms)
    at = (_HEAD_WORDS + 2) * _WORD
    return b"".join(
        (
            _head_words(terms),
            _uint(at),
            _uint(at + _WORD + len(purposes)),
            _uint(len(terms.purposes)),
            purposes,
            _uint(len(terms.instalments)),
            _instalment_words(terms),
        )
    )


def decode_terms(body: bytes) -> LoanTerms:
    """The inverse of `encode_terms`; `body` may go on behind the tuple.

    Raises WordMalformed if this is not the encoding of valid terms.
    """
    try:
        return _decode_terms(body)
    except struct.error:
        raise WordMalformed("The encoded loan terms are cut short.") from None


def typed_data(terms: LoanTerms, chain_id: int, ledger: str) -> dict[str, Any]:
    """The complete JSON that `eth_signTypedData_v4` takes: what a wallet shows and signs."""
    return {
        "types": {
            "EIP712Domain": _named(_DOMAIN_FIELDS),
            "LoanTerms": _named(_TERMS_FIELDS),
            "Instalment": _named(_INSTALMENT_FIELDS),
            "PurposeCap": _named(_PURPOSE_FIELDS),
        },
        "primaryType": "LoanTerms",
        "domain": {
            "name": DOMAIN_NAME,
            "version": DOMAIN_VERSION,
            "chainId": chain_id,
            "verifyingContract": ledger,
        },
        "message": {
            "agreement": terms.agreement,
            "lender": terms.lender,
            "borrower": terms.borrower,
            "currency": terms.currency,
            "principalMinor": terms.principal_minor,
            "method": terms.method,
            "dayCount": terms.day_count,
            "annualRatePpm": terms.annual_rate_ppm,
            "rounding": terms.rounding,
            "penaltyRatePpm": terms.penalty_rate_ppm,
            "penaltyYearDays": terms.penalty_year_days,
            "graceDays": terms.grace_days,
            "utcOffsetMinutes": terms.utc_offset_minutes,
            "signBy": date_number(terms.sign_by),
            "disburseOn": date_number(terms.disburse_on),
            "disburseBy": date_number(terms.disburse_by),
            "selfPaidMinorMax": terms.self_paid_minor_max,
            "documentHash": terms.document_hash,
            "purposes": [
                {"purpose": p.purpose, "payeeCategory": p.payee_category, "capMinor": p.cap_minor}
                for p in terms.purposes
            ],
            "instalments": [
                {
                    "dueOn": date_number(row.due_on),
                    "principalMinor": row.principal_minor,
                    "interestMinor": row.interest_minor,
                }
                for row in terms.instalments
            ],
        },
    }


def signing_digest(terms: LoanTerms, chain_id: int, ledger: str) -> bytes:
    """The 32 bytes both sides sign: the EIP-712 digest of `typed_data`, the ledger's `digestOf`."""
    domain = keccak(
        _DOMAIN_TYPEHASH
        + keccak(DOMAIN_NAME.encode())
        + keccak(DOMAIN_VERSION.encode())
        + _uint(chain_id)
        + address_bytes(ledger).rjust(32, b"\0")
    )
    return keccak(b"\x19\x01" + domain + _struct_hash(terms))


def _struct_hash(terms: LoanTerms) -> bytes:
    head = _head_words(terms)
    words = [head[at : at + _WORD] for at in range(0, len(head), _WORD)]
    for index, (_, kind) in enumerate(_TERMS_FIELDS[:_HEAD_WORDS]):
        if kind == "string":
            words[index] = keccak(words[index].rstrip(b"\0"))
    purposes = b"".join(
        keccak(
            _PURPOSE_TYPEHASH
            + keccak(p.purpose.encode())
            + _uint(p.payee_category)
            + _uint(p.cap_minor)
        )
        for p in terms.purposes
    )
    rows = _instalment_words(terms)
    size = _ROW_WORDS * _WORD
    instalments = b"".join(
        keccak(_INSTALMENT_TYPEHASH + rows[at : at + size]) for at in range(0, len(rows), size)
    )
    return keccak(_TERMS_TYPEHASH + b"".join(words) + keccak(purposes) + keccak(instalments))


def _head_words(terms: LoanTerms) -> bytes:
    return b"".join(
        (
            text_word(terms.agreement, "agreement"),
            address_bytes(terms.lender, "lender").rjust(32, b"\0"),
            address_bytes(terms.borrower, "borrower").rjust(32, b"\0"),
            text_word(terms.currency, "currency"),
            _uint(terms.principal_minor),
            text_word(terms.method, "method"),
            text_word(terms.day_count, "day_count"),
            _uint(terms.annual_rate_ppm),
            text_word(terms.rounding, "rounding"),
            _uint(terms.penalty_rate_ppm),
            _uint(terms.penalty_year_days),
            _uint(terms.grace_days),
            terms.utc_offset_minutes.to_bytes(32, signed=True),
            _uint(date_number(terms.sign_by)),
            _uint(date_number(terms.disburse_on)),
            _uint(date_number(terms.disburse_by)),
            _uint(terms.self_paid_minor_max),
            hash_bytes(terms.document_hash, "document_hash"),
        )
    )


def _purpose_words(terms: LoanTerms) -> bytes:
    return b"".join(
        text_word(p.purpose, "purpose") + _uint(p.payee_category) + _uint(p.cap_minor)
        for p in terms.purposes
    )


def _instalment_words(terms: LoanTerms) -> bytes:
    values: list[int] = []
    for row in terms.instalments:
        due = row.due_on
        values += (
            due.year * 10_000 + due.month * 100 + due.day,
            row.principal_minor,
            row.interest_minor,
        )
    return struct.pack(">" + "24xQ" * len(values), *values)


def _decode_terms(body: bytes) -> LoanTerms:
    words = [body[at : at + _WORD] for at in range(0, (_HEAD_WORDS + 2) * _WORD, _WORD)]
    purposes = _rows(body, _small(words[18]), 2**16)
    instalments = _rows(body, _small(words[19]), 2**16)
    return LoanTerms(
        agreement=word_text(words[0]),
        lender=_address(words[1]),
        borrower=_address(words[2]),
        currency=word_text(words[3]),
        principal_minor=_small(words[4]),
        method=word_text(words[5]),
        day_count=word_text(words[6]),
        annual_rate_ppm=_small(words[7]),
        rounding=word_text(words[8]),
        penalty_rate_ppm=_small(words[9]),
        penalty_year_days=_small(words[10]),
        grace_days=_small(words[11]),
        utc_offset_minutes=int.from_bytes(words[12], signed=True),
        sign_by=number_date(_small(words[13])),
        disburse_on=number_date(_small(words[14])),
        disburse_by=number_date(_small(words[15])),
        self_paid_minor_max=_small(words[16]),
        document_hash="0x" + words[17].hex(),
        purposes=tuple(
            PurposeCap(
                word_text(purposes[at : at + 32]),
                _small(purposes[at + 32 : at + 64]),
                _small(purposes[at + 64 : at + 96]),
            )
            for at in range(0, len(purposes), _ROW_WORDS * _WORD)
        ),
        instalments=_instalments(instalments),
    )


def _instalments(rows: bytes) -> tuple[Instalment, ...]:
    # Amounts and dates are 64 bits at most: what lies above must be zero.
    values = struct.unpack(">" + "24sQ" * (len(rows) // _WORD), rows)
    if any(map(any, values[::2])):
        raise WordMalformed("An instalment has bits outside its members.")
    numbers = values[1::2]
    return tuple(
        Instalment(number, number_date(due), principal, interest)
        for number, (due, principal, interest) in enumerate(
            zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True), start=1
        )
    )


def _rows(body: bytes, offset: int, count_max: int) -> bytes:
    count = _small(body[offset : offset + _WORD])
    end = offset + _WORD + count * _ROW_WORDS * _WORD
    if count > count_max or end > len(body):
        raise WordMalformed("The encoded loan terms are cut short.")
    return body[offset + _WORD : end]


def _small(word: bytes) -> int:
    if len(word) != _WORD or any(word[:24]):
        raise WordMalformed("A word of the encoded loan terms is missing or out of range.")
    return int.from_bytes(word)


def _address(word: bytes) -> str:
    if any(word[:12]):
        raise WordMalformed("A word of the encoded loan terms is not an address.")
    return "0x" + word[12:].hex()


def _uint(value: int) -> bytes:
    return value.to_bytes(32)


def _named(fields: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": member, "type": kind} for member, kind in fields]
