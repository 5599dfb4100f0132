"""Calls of the contracts: what to send where, and how much gas it may take.

Calls about a loan carry a witness of its terms. Those that count what is owed take one as
`witness`, which `terms.witness_for` makes small; by default they show the whole schedule, which
always serves.

`signatures` are those of `terms.signers`, in their order.
"""

from __future__ import annotations

from collections.abc import Sequence

from tallystick.chain.bindings import selector
from tallystick.chain.calldata import (
    Bytes,
    Call,
    Signature,
    Witness,
    address,
    batch_call,
    ledger_call,
    registry_call,
    token_call,
    uint,
)
from tallystick.chain.deployment import Deployment
from tallystick.chain.messages import Assignment
from tallystick.chain.terms import agreement_of
from tallystick.chain.terms import witness as witness_of
from tallystick.chain.words import date_number, hash_bytes, text_word
from tallystick.loans.terms import LoanTerms

__all__ = ["Call"]


# ---------------------------------------------------------------- party registry


def register_party(
    deployment: Deployment, party: str, roles: int, payee_category: int, identity_commitment: str
) -> Call:
    return registry_call(
        deployment, "register_party", "register", party,
        uint(roles), uint(payee_category), hash_bytes(identity_commitment, "identity_commitment"),
    )  # fmt: skip


def update_party(
    deployment: Deployment, party: str, roles: int, payee_category: int, identity_commitment: str
) -> Call:
    return registry_call(
        deployment, "update_party", "update", party,
        uint(roles), uint(payee_category), hash_bytes(identity_commitment, "identity_commitment"),
    )  # fmt: skip


def freeze(deployment: Deployment, party: str, reason_hash: str) -> Call:
    return registry_call(
        deployment, "freeze", "freeze", party, hash_bytes(reason_hash, "reason_hash")
    )


def unfreeze(deployment: Deployment, party: str, reason_hash: str) -> Call:
    return registry_call(
        deployment, "unfreeze", "unfreeze", party, hash_bytes(reason_hash, "reason_hash")
    )


def cancel_signatures(deployment: Deployment, party: str) -> Call:
    """Sent by `party` itself."""
    calldata = selector("PartyRegistry", "cancelSignatures")
    return Call("cancel_signatures", party, deployment.party_registry, calldata, 80_000)


# ---------------------------------------------------------------- settlement token


def mint(deployment: Deployment, receiver: str, amount_minor: int, bank_reference: str) -> Call:
    return token_call(
        deployment, "mint", "mint", receiver,
        address(receiver), uint(amount_minor), hash_bytes(bank_reference, "bank_reference"),
    )  # fmt: skip


def burn(deployment: Deployment, sender: str, amount_minor: int, bank_reference: str) -> Call:
    return token_call(
        deployment, "burn", "burn", sender,
        address(sender), uint(amount_minor), hash_bytes(bank_reference, "bank_reference"),
    )  # fmt: skip


def approve(deployment: Deployment, spender: str, amount_minor: int) -> Call:
    return token_call(
        deployment, "approve", "approve", spender, address(spender), uint(amount_minor)
    )


def transfer(deployment: Deployment, receiver: str, amount_minor: int) -> Call:
    return token_call(
        deployment, "transfer", "transfer", receiver, address(receiver), uint(amount_minor)
    )


def transfer_with_purpose(
    deployment: Deployment, receiver: str, amount_minor: int, purpose: str, evidence_hash: str
) -> Call:
    return token_call(
        deployment, "transfer_with_purpose", "transferWithPurpose", receiver,
        address(receiver), uint(amount_minor), text_word(purpose, "purpose"),
        hash_bytes(evidence_hash, "evidence_hash"),
    )  # fmt: skip


# ---------------------------------------------------------------- agreement


def originate(deployment: Deployment, terms: LoanTerms, signatures: Sequence[bytes]) -> Call:
    return ledger_call(
        deployment, "originate", "originate", terms,
        _witness(terms), Bytes(agreement_of(terms)), *_signatures(signatures),
    )  # fmt: skip


def restructure(
    deployment: Deployment,
    prior_terms: LoanTerms,
    terms: LoanTerms,
    signatures: Sequence[bytes],
    *,
    prior_witness: bytes | None = None,
) -> Call:
    """The call is about the new loan, that of `terms`."""
    return ledger_call(
        deployment, "restructure", "restructure", terms,
        _witness(prior_terms, prior_witness), _witness(terms), Bytes(agreement_of(terms)),
        *_signatures(signatures),
    )  # fmt: skip


def revoke_signature(deployment: Deployment, terms: LoanTerms) -> Call:
    return ledger_call(deployment, "revoke_signature", "revokeSignature", terms, _no_rows(terms))


def cancel(deployment: Deployment, terms: LoanTerms) -> Call:
    return ledger_call(deployment, "cancel", "cancel", terms, _no_rows(terms))


# ---------------------------------------------------------------- use of proceeds


def disburse(deployment: Deployment, terms: LoanTerms) -> Call:
    return ledger_call(
        deployment, "disburse", "disburse", terms,
        Witness(witness_of(terms, 0, 1)), Bytes(agreement_of(terms)),
    )  # fmt: skip


def pay(
    deployment: Deployment,
    terms: LoanTerms,
    payee: str,
    amount_minor: int,
    purpose: str,
    evidence_hash: str,
) -> Call:
    return ledger_call(
        deployment, "pay", "pay", terms,
        _no_rows(terms), Bytes(agreement_of(terms)),
        address(payee), uint(amount_minor), text_word(purpose, "purpose"),
        hash_bytes(evidence_hash, "evidence_hash"),
    )  # fmt: skip


def withdraw(deployment: Deployment, terms: LoanTerms, amount_minor: int) -> Call:
    return ledger_call(
        deployment, "withdraw", "withdraw", terms,
        _no_rows(terms), Bytes(agreement_of(terms)), uint(amount_minor),
    )  # fmt: skip


# ---------------------------------------------------------------- repayment


def repay(
    deployment: Deployment, terms: LoanTerms, amount_minor_max: int, witness: bytes | None = None
) -> Call:
    return ledger_call(
        deployment, "repay", "repay", terms, _witness(terms, witness), uint(amount_minor_max)
    )


def collect(deployment: Deployment, terms: LoanTerms, witness: bytes | None = None) -> Call:
    return ledger_call(deployment, "collect", "collect", terms, _witness(terms, witness))


def revoke_mandate(deployment: Deployment, terms: LoanTerms) -> Call:
    return ledger_call(deployment, "revoke_mandate", "revokeMandate", terms, _no_rows(terms))


def prepay(
    deployment: Deployment,
    terms: LoanTerms,
    principal_minor: int,
    amount_minor_max: int,
    witness: bytes | None = None,
) -> Call:
    return ledger_call(
        deployment, "prepay", "prepay", terms,
        _witness(terms, witness), uint(principal_minor), uint(amount_minor_max),
    )  # fmt: skip


def payoff(
    deployment: Deployment, terms: LoanTerms, amount_minor_max: int, witness: bytes | None = None
) -> Call:
    return ledger_call(
        deployment, "payoff", "payoff", terms, _witness(terms, witness), uint(amount_minor_max)
    )


def call_guarantee(
    deployment: Deployment, terms: LoanTerms, amount_minor_max: int, witness: bytes | None = None
) -> Call:
    return ledger_call(
        deployment, "call_guarantee", "callGuarantee", terms,
        _witness(terms, witness), uint(amount_minor_max),
    )  # fmt: skip


def reimburse(
    deployment: Deployment, terms: LoanTerms, amount_minor_max: int, witness: bytes | None = None
) -> Call:
    return ledger_call(
        deployment, "reimburse", "reimburse", terms,
        _witness(terms, witness), uint(amount_minor_max),
    )  # fmt: skip


def claim(deployment: Deployment, party: str) -> Call:
    return Call("claim", party, deployment.loan_ledger, selector("LoanLedger", "claim"), 120_000)


# ---------------------------------------------------------------- servicing


def accelerate(
    deployment: Deployment, terms: LoanTerms, reason_hash: str, witness: bytes | None = None
) -> Call:
    return ledger_call(
        deployment, "accelerate", "accelerate", terms,
        _witness(terms, witness), hash_bytes(reason_hash, "reason_hash"),
    )  # fmt: skip


def write_off(
    deployment: Deployment, terms: LoanTerms, reason_hash: str, witness: bytes | None = None
) -> Call:
    return ledger_call(
        deployment, "write_off", "writeOff", terms,
        _witness(terms, witness), hash_bytes(reason_hash, "reason_hash"),
    )  # fmt: skip


def assign(
    deployment: Deployment,
    terms: LoanTerms,
    assignment: Assignment,
    lender_signature: bytes,
    assignee_signature: bytes,
) -> Call:
    return ledger_call(
        deployment, "assign", "assign", terms,
        _no_rows(terms), address(assignment.assignee), uint(assignment.price_minor),
        uint(date_number(assignment.sign_by)),
        Signature(lender_signature), Signature(assignee_signature),
    )  # fmt: skip


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


def pause(deployment: Deployment) -> Call:
    ledger = deployment.loan_ledger
    return Call("pause", ledger, ledger, selector("LoanLedger", "pause"), 80_000)


def unpause(deployment: Deployment) -> Call:
    ledger = deployment.loan_ledger
    return Call("unpause", ledger, ledger, selector("LoanLedger", "unpause"), 80_000)


def batch(deployment: Deployment, calls: Sequence[Call]) -> Call:
    """Several calls of the ledger as one, each by itself: `BatchItemFailed` tells which failed.

    Raises BatchInvalid for none, or for a call that is not the ledger's or is a batch itself.
    """
    return batch_call(deployment, calls)


def _signatures(signatures: Sequence[bytes]) -> tuple[Signature, Signature, Signature]:
    lender, borrower, guarantor = (*signatures, b"", b"", b"")[:3]
    return Signature(lender), Signature(borrower), Signature(guarantor)


def _witness(terms: LoanTerms, shown: bytes | None = None) -> Witness:
    return Witness(witness_of(terms) if shown is None else shown)


def _no_rows(terms: LoanTerms) -> Witness:
    return Witness(witness_of(terms, 0, 0))
