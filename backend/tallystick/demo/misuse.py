"""What was not agreed and is tried all the same; the contracts have to refuse each of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from tallystick.chain import calls
from tallystick.chain.calldata import Call
from tallystick.chain.deployment import Deployment
from tallystick.demo.cast import Cast, CoLender, Player
from tallystick.demo.story import Misuse, Story
from tallystick.loans.terms import LoanTerms

_EVIDENCE = "0x" + "99" * 32
_SOME_MINOR = 100


def bad_origination(story: Story, stranger: Player, deployment: Deployment) -> Call | None:
    """An origination of the loan once more under another name, badly signed."""
    terms = story.terms
    signers: list[Player | CoLender] = list(story.signers)
    match story.misuse:
        case Misuse.FORGED_SIGNATURE:
            terms = replace(terms, agreement=f"{terms.agreement}-F")
            signers[1] = stranger
        case Misuse.EXPIRED_SIGNATURES:
            terms = replace(
                terms,
                agreement=f"{terms.agreement}-X",
                sign_by=terms.sign_by - timedelta(days=1),
            )
        case _:
            return None
    return _originate(terms, signers, deployment)


def replayed_origination(story: Story, deployment: Deployment) -> Call | None:
    """The signatures that were used, once more."""
    if story.misuse is not Misuse.REPLAYED_SIGNATURES:
        return None
    return _originate(story.terms, story.signers, deployment)


def bad_use(story: Story, cast: Cast, deployment: Deployment) -> Call | None:
    """A use of the proceeds that the terms do not admit."""
    terms = story.terms
    (agreed,) = terms.purposes
    payee, amount_minor, purpose = story.payee, _SOME_MINOR, agreed.purpose
    match story.misuse:
        case Misuse.PURPOSE_NOT_AGREED:
            purpose = "securities"
        case Misuse.PAYEE_NOT_REGISTERED:
            payee = cast.stranger
        case Misuse.PAYEE_OF_OTHER_TRADE:
            payee = cast.suppliers[0]
        case Misuse.OVER_CAP:
            amount_minor = agreed.cap_minor + 1
        case Misuse.OVER_SELF_PAID_SHARE:
            return calls.withdraw(deployment, terms, terms.self_paid_minor_max + 1)
        case Misuse.CHANGED_TERMS:
            terms = replace(terms, penalty_rate_ppm=0)
        case _:
            return None
    return calls.pay(deployment, terms, payee.address, amount_minor, purpose, _EVIDENCE)


def _originate(
    terms: LoanTerms, signers: Sequence[Player | CoLender], deployment: Deployment
) -> Call:
    signatures = [signer.signature_of(terms, deployment) for signer in signers]
    return calls.originate(deployment, terms, signatures)
