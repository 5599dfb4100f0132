"""Calls of the contracts: what to send where, and how much gas it may take.

Gas limits are formulas in the number of instalments and purposes, measured and then given room;
`tests/chain/test_calls.py` holds them against the contracts.
"""

from __future__ import annotations

from dataclasses import dataclass

from tallystick.chain.bindings import selector
from tallystick.chain.deployment import Deployment
from tallystick.chain.terms import encode_terms, loan_id
from tallystick.chain.words import address_bytes, hash_bytes, text_word
from tallystick.loans.terms import LoanTerms

_WORD = 32


@dataclass(frozen=True, slots=True)
class Call:
    """`kind` is the verb, `subject` the loan id or address it is about, `target` the contract."""

    kind: str
    subject: str
    target: str
    calldata: bytes
    gas_limit: int


# ---------------------------------------------------------------- party registry


def register_party(
    deployment: Deployment, party: str, roles: int, payee_category: int, identity_commitment: str
) -> Call:
    return _registry(
        deployment, "register_party", "register", party,
        _uint(roles), _uint(payee_category), hash_bytes(identity_commitment, "identity_commitment"),
    )  # fmt: skip


def update_party(
    deployment: Deployment, party: str, roles: int, payee_category: int, identity_commitment: str
) -> Call:
    return _registry(
        deployment, "update_party", "update", party,
        _uint(roles), _uint(payee_category), hash_bytes(identity_commitment, "identity_commitment"),
    )  # fmt: skip


def freeze(deployment: Deployment, party: str, reason_hash: str) -> Call:
    return _registry(deployment, "freeze", "freeze", party, hash_bytes(reason_hash, "reason_hash"))


def unfreeze(deployment: Deployment, party: str, reason_hash: str) -> Call:
    return _registry(
        deployment, "unfreeze", "unfreeze", party, hash_bytes(reason_hash, "reason_hash")
    )


# ---------------------------------------------------------------- settlement token


def mint(deployment: Deployment, receiver: str, amount_minor: int, bank_reference: str) -> Call:
    return _token(
        deployment, "mint", "mint", receiver,
        _address(receiver), _uint(amount_minor), hash_bytes(bank_reference, "bank_reference"),
    )  # fmt: skip


def burn(deployment: Deployment, sender: str, amount_minor: int, bank_reference: str) -> Call:
    return _token(
        deployment, "burn", "burn", sender,
        _address(sender), _uint(amount_minor), hash_bytes(bank_reference, "bank_reference"),
    )  # fmt: skip


def approve(deployment: Deployment, spender: str, amount_minor: int) -> Call:
    return _token(deployment, "approve", "approve", spender, _address(spender), _uint(amount_minor))


def transfer(deployment: Deployment, receiver: str, amount_minor: int) -> Call:
    return _token(
        deployment, "transfer", "transfer", receiver, _address(receiver), _uint(amount_minor)
    )


def transfer_with_purpose(
    deployment: Deployment, receiver: str, amount_minor: int, purpose: str, evidence_hash: str
) -> Call:
    return _token(
        deployment, "transfer_with_purpose", "transferWithPurpose", receiver,
        _address(receiver), _uint(amount_minor), text_word(purpose, "purpose"),
        hash_bytes(evidence_hash, "evidence_hash"),
    )  # fmt: skip


# ---------------------------------------------------------------- loan ledger


def originate(
    deployment: Deployment, terms: LoanTerms, lender_signature: bytes, borrower_signature: bytes
) -> Call:
    body = encode_terms(terms)
    lender = _bytes(lender_signature)
    at = 3 * _WORD
    calldata = b"".join(
        (
            selector("LoanLedger", "originate"),
            _uint(at),
            _uint(at + len(body)),
            _uint(at + len(body) + len(lender)),
            body,
            lender,
            _bytes(borrower_signature),
        )
    )
    return Call(
        "originate",
        loan_id(terms),
        deployment.loan_ledger,
        calldata,
        _ledger_gas("originate", terms),
    )


def revoke_signature(deployment: Deployment, loan: str) -> Call:
    return Call(
        "revoke_signature", loan, deployment.loan_ledger,
        selector("LoanLedger", "revokeSignature") + hash_bytes(loan, "loan_id"), 80_000,
    )  # fmt: skip


def disburse(deployment: Deployment, terms: LoanTerms) -> Call:
    return _ledger(deployment, "disburse", "disburse", terms)


def pay(
    deployment: Deployment,
    terms: LoanTerms,
    payee: str,
    amount_minor: int,
    purpose: str,
    evidence_hash: str,
) -> Call:
    return _ledger(
        deployment, "pay", "pay", terms,
        _address(payee), _uint(amount_minor), text_word(purpose, "purpose"),
        hash_bytes(evidence_hash, "evidence_hash"),
    )  # fmt: skip


def withdraw(deployment: Deployment, terms: LoanTerms, amount_minor: int) -> Call:
    return _ledger(deployment, "withdraw", "withdraw", terms, _uint(amount_minor))


def repay(deployment: Deployment, terms: LoanTerms, amount_minor_max: int) -> Call:
    return _ledger(deployment, "repay", "repay", terms, _uint(amount_minor_max))


def payoff(deployment: Deployment, terms: LoanTerms, amount_minor_max: int) -> Call:
    return _ledger(deployment, "payoff", "payoff", terms, _uint(amount_minor_max))


def write_off(deployment: Deployment, terms: LoanTerms, reason_hash: str) -> Call:
    return _ledger(
        deployment, "write_off", "writeOff", terms, hash_bytes(reason_hash, "reason_hash")
    )


def serve_notice(deployment: Deployment, loan: str, step: str, content_hash: str) -> Call:
    calldata = b"".join(
        (
            selector("LoanLedger", "serveNotice"),
            hash_bytes(loan, "loan_id"),
            text_word(step, "step"),
            hash_bytes(content_hash, "content_hash"),
        )
    )
    return Call("serve_notice", loan, deployment.loan_ledger, calldata, 100_000)


def claim(deployment: Deployment, party: str) -> Call:
    return Call("claim", party, deployment.loan_ledger, selector("LoanLedger", "claim"), 120_000)


# ---------------------------------------------------------------- encoding and gas


def _registry(deployment: Deployment, kind: str, function: str, party: str, *words: bytes) -> Call:
    calldata = selector("PartyRegistry", function) + _address(party) + b"".join(words)
    return Call(kind, party, deployment.party_registry, calldata, 120_000)


def _token(deployment: Deployment, kind: str, function: str, subject: str, *words: bytes) -> Call:
    calldata = selector("SettlementToken", function) + b"".join(words)
    return Call(kind, subject, deployment.settlement_token, calldata, 160_000)


def _ledger(
    deployment: Deployment, kind: str, function: str, terms: LoanTerms, *words: bytes
) -> Call:
    calldata = b"".join(
        (
            selector("LoanLedger", function),
            _uint((1 + len(words)) * _WORD),
            *words,
            encode_terms(terms),
        )
    )
    return Call(kind, loan_id(terms), deployment.loan_ledger, calldata, _ledger_gas(kind, terms))


_LEDGER_GAS = {
    # fixed, per instalment, per purpose
    "originate": (160_000, 4_500, 20_000),
    "disburse": (180_000, 1_900, 1_500),
    "pay": (200_000, 1_900, 1_500),
    "withdraw": (150_000, 1_900, 1_500),
    "repay": (240_000, 5_000, 1_500),
    "payoff": (240_000, 4_000, 1_500),
    "write_off": (110_000, 3_700, 1_500),
}


def _ledger_gas(kind: str, terms: LoanTerms) -> int:
    fixed, per_instalment, per_purpose = _LEDGER_GAS[kind]
    return fixed + per_instalment * len(terms.instalments) + per_purpose * len(terms.purposes)


def _bytes(value: bytes) -> bytes:
    return _uint(len(value)) + value + bytes(-len(value) % _WORD)


def _address(value: str) -> bytes:
    return address_bytes(value).rjust(_WORD, b"\0")


def _uint(value: int) -> bytes:
    return value.to_bytes(_WORD)
