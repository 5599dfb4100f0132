"""What parties sign: EIP-712 messages in which every term and every instalment is a field.

The types are those of `MessageLib`; enumerations are signed by their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from eth_hash.auto import keccak

from tallystick.chain.words import address_bytes, date_number, hash_bytes, text_word
from tallystick.loans.terms import LoanTerms

DOMAIN_NAME = "Tallystick LoanLedger"
DOMAIN_VERSION = "1"

_ZERO_ADDRESS = "0x" + "00" * 20
_ZERO_HASH = "0x" + "00" * 32

_Fields = Sequence[tuple[str, str]]

_DOMAIN: _Fields = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_INSTALMENT: _Fields = (
    ("dueOn", "uint32"),
    ("principalMinor", "uint64"),
    ("interestMinor", "uint64"),
)
_PURPOSE_CAP: _Fields = (
    ("purpose", "string"),
    ("payeeCategory", "uint16"),
    ("capMinor", "uint64"),
)
_TERMS: _Fields = (
    ("agreement", "string"),
    ("lender", "address"),
    ("borrower", "address"),
    ("guarantor", "address"),
    ("currency", "string"),
    ("principalMinor", "uint64"),
    ("method", "string"),
    ("dayCount", "string"),
    ("annualRatePpm", "uint32"),
    ("rounding", "string"),
    ("allocation", "string"),
    ("penaltyRatePpm", "uint32"),
    ("penaltyYearDays", "uint16"),
    ("graceDays", "uint16"),
    ("prepayment", "string"),
    ("prepaymentFeePpm", "uint32"),
    ("accelerateAfterDays", "uint16"),
    ("mandateMinorMax", "uint64"),
    ("collectableBy", "string"),
    ("guaranteeMinorMax", "uint64"),
    ("guaranteeAfterDays", "uint16"),
    ("utcOffsetMinutes", "int16"),
    ("signBy", "uint32"),
    ("disburseOn", "uint32"),
    ("disburseBy", "uint32"),
    ("selfPaidMinorMax", "uint64"),
    ("documentHash", "bytes32"),
    ("collateralHash", "bytes32"),
    ("priorLoanId", "bytes32"),
    ("lenderNonce", "uint32"),
    ("borrowerNonce", "uint32"),
    ("guarantorNonce", "uint32"),
    ("purposes", "PurposeCap[]"),
    ("instalments", "Instalment[]"),
)
_ASSIGNMENT: _Fields = (
    ("loanId", "bytes32"),
    ("lender", "address"),
    ("assignee", "address"),
    ("priceMinor", "uint64"),
    ("assignmentCount", "uint16"),
    ("signBy", "uint32"),
    ("lenderNonce", "uint32"),
    ("assigneeNonce", "uint32"),
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """What lender and assignee sign to move the claim of a loan, against `price_minor`.

    `assignment_count` is how often the claim was assigned before; `sign_by` is the last day on
    which the signatures may be used, where the loan counts its days. The nonces are the party
    registry's present `signature_nonce` of each: whoever cancels its signatures ends the offer.
    """

    loan_id: str
    lender: str
    assignee: str
    price_minor: int
    assignment_count: int
    sign_by: date
    lender_nonce: int
    assignee_nonce: int


def typed_data(terms: LoanTerms, chain_id: int, ledger: str) -> dict[str, Any]:
    """The complete JSON that `eth_signTypedData_v4` takes: what a wallet shows and signs."""
    types = {"LoanTerms": _TERMS, "Instalment": _INSTALMENT, "PurposeCap": _PURPOSE_CAP}
    return _typed_data("LoanTerms", types, _terms_message(terms), chain_id, ledger)


def signing_digest(terms: LoanTerms, chain_id: int, ledger: str) -> bytes:
    """The 32 bytes all sides sign: the EIP-712 digest of `typed_data`, the ledger's `digestOf`.

    Raises TextInvalid, HexInvalid.
    """
    for name in ("agreement", "currency"):
        text_word(getattr(terms, name), name)
    for purpose in terms.purposes:
        text_word(purpose.purpose, "purpose")
    return _digest(_TERMS_TYPE, _TERMS, _terms_message(terms), chain_id, ledger)


def assignment_typed_data(assignment: Assignment, chain_id: int, ledger: str) -> dict[str, Any]:
    """Likewise of an assignment."""
    types = {"Assignment": _ASSIGNMENT}
    return _typed_data("Assignment", types, _assignment_message(assignment), chain_id, ledger)


def assignment_digest(assignment: Assignment, chain_id: int, ledger: str) -> bytes:
    """The 32 bytes lender and assignee sign: the ledger's `assignmentDigestOf`."""
    message = _assignment_message(assignment)
    return _digest(_ASSIGNMENT_TYPE, _ASSIGNMENT, message, chain_id, ledger)


def _terms_message(terms: LoanTerms) -> dict[str, Any]:
    return {
        "agreement": terms.agreement,
        "lender": terms.lender,
        "borrower": terms.borrower,
        "guarantor": terms.guarantor or _ZERO_ADDRESS,
        "currency": terms.currency,
        "principalMinor": terms.principal_minor,
        "method": terms.method,
        "dayCount": terms.day_count,
        "annualRatePpm": terms.annual_rate_ppm,
        "rounding": terms.rounding,
        "allocation": terms.allocation,
        "penaltyRatePpm": terms.penalty_rate_ppm,
        "penaltyYearDays": terms.penalty_year_days,
        "graceDays": terms.grace_days,
        "prepayment": terms.prepayment,
        "prepaymentFeePpm": terms.prepayment_fee_ppm,
        "accelerateAfterDays": terms.accelerate_after_days,
        "mandateMinorMax": terms.mandate_minor_max,
        "collectableBy": terms.collectable_by,
        "guaranteeMinorMax": terms.guarantee_minor_max,
        "guaranteeAfterDays": terms.guarantee_after_days,
        "utcOffsetMinutes": terms.utc_offset_minutes,
        "signBy": date_number(terms.sign_by),
        "disburseOn": date_number(terms.disburse_on),
        "disburseBy": date_number(terms.disburse_by),
        "selfPaidMinorMax": terms.self_paid_minor_max,
        "documentHash": terms.document_hash,
        "collateralHash": terms.collateral_hash or _ZERO_HASH,
        "priorLoanId": terms.prior_loan_id or _ZERO_HASH,
        "lenderNonce": terms.lender_nonce,
        "borrowerNonce": terms.borrower_nonce,
        "guarantorNonce": terms.guarantor_nonce,
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
    }


def _assignment_message(assignment: Assignment) -> dict[str, Any]:
    return {
        "loanId": assignment.loan_id,
        "lender": assignment.lender,
        "assignee": assignment.assignee,
        "priceMinor": assignment.price_minor,
        "assignmentCount": assignment.assignment_count,
        "signBy": date_number(assignment.sign_by),
        "lenderNonce": assignment.lender_nonce,
        "assigneeNonce": assignment.assignee_nonce,
    }


def _typed_data(
    primary: str,
    types: Mapping[str, _Fields],
    message: Mapping[str, Any],
    chain_id: int,
    ledger: str,
) -> dict[str, Any]:
    return {
        "types": {
            name: [{"name": member, "type": kind} for member, kind in fields]
            for name, fields in {"EIP712Domain": _DOMAIN, **types}.items()
        },
        "primaryType": primary,
        "domain": _domain(chain_id, ledger),
        "message": message,
    }


def _domain(chain_id: int, ledger: str) -> dict[str, Any]:
    return {
        "name": DOMAIN_NAME,
        "version": DOMAIN_VERSION,
        "chainId": chain_id,
        "verifyingContract": ledger,
    }


def _digest(
    type_hash: bytes, fields: _Fields, message: Mapping[str, Any], chain_id: int, ledger: str
) -> bytes:
    domain = _struct_hash(_DOMAIN_TYPE, _DOMAIN, _domain(chain_id, ledger))
    return keccak(b"\x19\x01" + domain + _struct_hash(type_hash, fields, message))


def _struct_hash(type_hash: bytes, fields: _Fields, message: Mapping[str, Any]) -> bytes:
    return keccak(type_hash + b"".join([_word(kind, message[name], name) for name, kind in fields]))


def _word(kind: str, value: Any, name: str) -> bytes:
    match kind:
        case "string":
            return keccak(value.encode())
        case "address":
            return address_bytes(value, name).rjust(32, b"\0")
        case "bytes32":
            return hash_bytes(value, name)
        case "Instalment[]":
            return _array_hash(_INSTALMENT_TYPE, _INSTALMENT, value)
        case "PurposeCap[]":
            return _array_hash(_PURPOSE_CAP_TYPE, _PURPOSE_CAP, value)
        case _:
            number: int = value
            return number.to_bytes(32, signed=kind.startswith("int"))


def _array_hash(type_hash: bytes, fields: _Fields, rows: Sequence[Mapping[str, Any]]) -> bytes:
    return keccak(b"".join([_struct_hash(type_hash, fields, row) for row in rows]))


def _spelled(name: str, fields: _Fields) -> str:
    return f"{name}({','.join(f'{kind} {member}' for member, kind in fields)})"


_INSTALMENT_SPELLED = _spelled("Instalment", _INSTALMENT)
_PURPOSE_CAP_SPELLED = _spelled("PurposeCap", _PURPOSE_CAP)
_DOMAIN_TYPE = keccak(_spelled("EIP712Domain", _DOMAIN).encode())
_INSTALMENT_TYPE = keccak(_INSTALMENT_SPELLED.encode())
_PURPOSE_CAP_TYPE = keccak(_PURPOSE_CAP_SPELLED.encode())
_ASSIGNMENT_TYPE = keccak(_spelled("Assignment", _ASSIGNMENT).encode())
_TERMS_TYPE = keccak(
    (_spelled("LoanTerms", _TERMS) + _INSTALMENT_SPELLED + _PURPOSE_CAP_SPELLED).encode()
)
