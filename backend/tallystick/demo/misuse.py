"""What was not agreed and is tried all the same; the contracts have to refuse each of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tallystick.chain import calls
from tallystick.chain.calls import Call
from tallystick.chain.deployment import Deployment
from tallystick.demo.cast import Cast, Player
from tallystick.demo.story import Misuse, Story
from tallystick.loans.terms import LoanTerms

_EVIDENCE = "0x" + "99" * 32
_SOME_MINOR = 100


def bad_origination(story: Story, stranger: Player, deployment: Deployment) -> Call | None:
    """An origination of the loan once more under another name, badly signed."""
    terms = story.terms
    borrower = story.borrower
    match story.misuse:
        case Misuse.FORGED_SIGNATURE:
            terms = replace(terms, agreement=f"{terms.agreement}-F")
            borrower = stranger
        case Misuse.EXPIRED_SIGNATURES:
            terms = replace(
                terms,
                agreement=f"{terms.agreement}-X",
                sign_by=terms.sign_by - timedelta(days=1),
            )
        case _:
            return None
    return _originate(terms, story.lender, borrower, deployment)


def replayed_origination(story: Story, deployment: Deployment) -> Call | None:
    """The signatures that were used, once more."""
    if story.misuse is not Misuse.REPLAYED_SIGNATURES:
        return None
    return _originate(story.terms, story.lender, story.borrower, deployment)


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


def _originate(terms: LoanTerms, lender: Player, borrower: Player, deployment: Deployment) -> Call:
    return calls.originate(
        deployment,
        terms,
        lender.signature_of(terms, deployment),
        borrower.signature_of(terms, deployment),
    )
