"""Takes a lender's or borrower's signature of terms that were proposed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from tallystick.actions.desk import Desk
from tallystick.chain.signatures import is_signed_by
from tallystick.chain.terms import signing_digest
from tallystick.kernel.errors import Conflict, Invalid
from tallystick.loans.loan import local_day
from tallystick.loans.terms import LoanTerms
from tallystick.store.agreements import Agreement, find_agreement, write_signature
from tallystick.store.audit import record


class SignatureInvalid(Invalid):
    """The signature is not the signer's, or not over these terms on this chain and ledger."""

    title = "Signature not valid"


class SignerNotParty(Invalid):
    title = "Signer is not a side of the agreement"


class SignatureExpired(Conflict):
    """The last day for using signatures of these terms has passed."""

    title = "Signing period is over"


class LoanAlreadyOriginated(Conflict):
    """The signatures were used: the loan is on the ledger."""

    title = "Loan originated already"


def sign_loan(
    desk: Desk, loan_id: str, *, signer: str, signature: str, caller: str, now: datetime
) -> Agreement:
    """Keeps `signature` (`0x` hex) of `signer`, an address; a later valid one takes its place.

    Raises AgreementNotFound, SignerNotParty, SignatureExpired, LoanAlreadyOriginated,
    SignatureInvalid.
    """
    with desk.store.read() as session:
        terms = find_agreement(session, loan_id).terms
    side = _side_of(terms, signer)
    if local_day(now, terms.utc_offset_minutes) > terms.sign_by:
        raise SignatureExpired(
            f"these terms could be signed until {terms.sign_by}; propose them anew with a later "
            "sign_by",
            field="signature",
        )
    if desk.ledger.loan(loan_id) is not None:
        raise LoanAlreadyOriginated(
            f"loan {loan_id} is on the ledger already; nothing is left to sign", loan_id=loan_id
        )
    digest = signing_digest(terms, desk.deployment.chain_id, desk.deployment.loan_ledger)
    octets = _octets(signature)
    if not is_signed_by(desk.node, signer, digest, octets):
        raise SignatureInvalid(
            f"this is not a signature of {signer} over these terms, this chain and this ledger; "
            "sign the typed data of the agreement as it is",
            field="signature",
        )
    with desk.store.begin() as session:
        write_signature(session, loan_id, side, "0x" + octets.hex())
        record(session, at=now, caller=caller, verb="sign_loan", subject=loan_id)
        return find_agreement(session, loan_id)


def _octets(signature: str) -> bytes:
    try:
        return bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        raise SignatureInvalid(
            "a signature is 0x and an even number of hex digits", field="signature"
        ) from None


def _side_of(terms: LoanTerms, signer: str) -> Literal["lender", "borrower"]:
    if signer == terms.lender:
        return "lender"
    if signer == terms.borrower:
        return "borrower"
    raise SignerNotParty(
        f"{signer} is neither the lender nor the borrower of these terms", field="signer"
    )
