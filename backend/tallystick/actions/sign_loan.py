"""Takes a side's signature of terms that were proposed."""

from __future__ import annotations

from datetime import datetime

from tallystick.actions.desk import Desk
from tallystick.chain.messages import signing_digest
from tallystick.chain.signatures import is_signed_by
from tallystick.kernel.errors import Conflict, Invalid
from tallystick.loans.loan import Status, local_day
from tallystick.loans.terms import LoanTerms
from tallystick.store.agreements import (
    SIDES,
    Agreement,
    Side,
    find_agreement,
    write_signature,
)
from tallystick.store.audit import record


class SignatureInvalid(Invalid):
    """The signature is not the signer's, or not over this message on this chain and ledger."""

    title = "Signature not valid"


class SignerNotParty(Invalid):
    title = "Signer is not a side of the agreement"


class SignatureExpired(Conflict):
    """The last day for using signatures of this message has passed."""

    title = "Signing period is over"


class SignaturesCancelled(Conflict):
    """The signer has cancelled all it had signed up to then, and the terms are from before."""

    title = "Signatures were cancelled"


class SignatureIsRevoked(Conflict):
    """A side has withdrawn its signature of these terms, for good."""

    title = "Signature was revoked"


class LoanAlreadyOriginated(Conflict):
    """The signatures were used: the loan is on the ledger."""

    title = "Loan originated already"


def sign_loan(
    desk: Desk, loan_id: str, *, signer: str, signature: str, caller: str, now: datetime
) -> Agreement:
    """Keeps `signature` (`0x` hex) of `signer`, an address; a later valid one takes its place.

    Raises AgreementNotFound, SignerNotParty, SignatureExpired, LoanAlreadyOriginated,
    SignatureIsRevoked, SignaturesCancelled, SignatureInvalid.
    """
    with desk.store.read() as session:
        terms = find_agreement(session, loan_id).terms
    side = side_of(terms, signer)
    if local_day(now, terms.utc_offset_minutes) > terms.sign_by:
        raise SignatureExpired(
            f"these terms could be signed until {terms.sign_by}; propose them anew with a later "
            "sign_by",
            field="signature",
        )
    _require_open(desk, loan_id)
    _require_nonce(desk, terms, side, signer)
    digest = signing_digest(terms, desk.deployment.chain_id, desk.deployment.loan_ledger)
    checked = checked_signature(desk, signer, digest, signature)
    with desk.store.begin() as session:
        write_signature(session, loan_id, side, checked)
        record(session, at=now, caller=caller, verb="sign_loan", subject=loan_id)
        return find_agreement(session, loan_id)


def side_of(terms: LoanTerms, signer: str) -> Side:
    """What `signer` is in these terms. Raises SignerNotParty."""
    for side, address in zip(SIDES, terms.signers, strict=False):
        if address == signer:
            return side
    raise SignerNotParty(f"{signer} is not among those who sign these terms", field="signer")


def checked_signature(desk: Desk, signer: str, digest: bytes, signature: str) -> str:
    """`signature` in lower-case `0x` hex, if the ledger would take it for `signer`'s of `digest`.

    Raises SignatureInvalid.
    """
    octets = _octets(signature)
    if not is_signed_by(desk.node, signer, digest, octets):
        raise SignatureInvalid(
            f"this is not a signature of {signer} over this message, this chain and this ledger; "
            "sign the typed data as it is",
            field="signature",
        )
    return "0x" + octets.hex()


def _require_open(desk: Desk, loan_id: str) -> None:
    on_chain = desk.ledger.loan(loan_id)
    if on_chain is None:
        return
    if on_chain.status is Status.REVOKED:
        raise SignatureIsRevoked(
            f"a side has revoked its signature of loan {loan_id}; propose new terms",
            loan_id=loan_id,
        )
    raise LoanAlreadyOriginated(
        f"loan {loan_id} is on the ledger already; nothing is left to sign", loan_id=loan_id
    )


def _require_nonce(desk: Desk, terms: LoanTerms, side: Side, signer: str) -> None:
    party = desk.ledger.parties([signer])[signer]
    if party is not None and party.signature_nonce != getattr(terms, f"{side}_nonce"):
        raise SignaturesCancelled(
            f"{signer} has cancelled its signatures since these terms were proposed; propose them "
            f"anew with its nonce {party.signature_nonce}",
            field="signer",
        )


def _octets(signature: str) -> bytes:
    try:
        return bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        raise SignatureInvalid(
            "a signature is 0x and an even number of hex digits", field="signature"
        ) from None
