"""What will happen to each loan of the demo: drawn once from the seed, before anything runs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tallystick.chain.terms import loan_id
from tallystick.demo.cases import Case
from tallystick.demo.cast import Cast, CoLender, Player
from tallystick.demo.offers import Offer, offered_terms, principal_minor_of
from tallystick.demo.products import Product, product_for
from tallystick.loans.terms import LoanTerms

ORIGINATION_MONTHS = 12
MONTHS = 36
"""How long the demo runs; at its end most loans are repaid and some are still carried."""

LATE_DAYS = 7
"""A late borrower repays this many days after the due date, beyond the grace days."""
ASSIGNED_AFTER_MONTHS = 2
_MONTHS_OF_ARREARS = 4
"""What a story of arrears needs before the demo's end to be told."""


class Misuse(StrEnum):
    """What a borrower or a stranger tries that was not agreed."""

    PURPOSE_NOT_AGREED = "purpose not agreed"
    PAYEE_NOT_REGISTERED = "payee not registered"
    PAYEE_OF_OTHER_TRADE = "payee of another trade"
    OVER_CAP = "over the purpose's cap"
    OVER_SELF_PAID_SHARE = "over the self-paid share"
    CHANGED_TERMS = "terms changed after signing"
    FORGED_SIGNATURE = "forged borrower signature"
    REPLAYED_SIGNATURES = "signatures used twice"
    EXPIRED_SIGNATURES = "signatures past their last day"


class Remedy(StrEnum):
    """What the lender does about a borrower who stops paying, beside notices and write-off."""

    EXTENSION = "the loan is restructured to later dates, and repaid"
    ACCELERATION = "everything is made due"
    GUARANTEE = "the guarantor is called on"


@dataclass(frozen=True, slots=True)
class Story:
    """One loan's life. Numbers are those of instalments.

    `stops_after`: the last instalment repaid in full, for a borrower who stops paying, and
    `pays_half_of`: one repaid by half before stopping; `remedy`: what is done about it. `late`:
    instalments repaid late; `guaranteed_at`: one of them, which the guarantor pays meanwhile and
    gets back. `pays_off_at`: the one on whose due date everything is repaid; `prepays_at`: the one
    after which part of the rest is repaid early. `is_collected`: the servicer collects under a
    mandate. `assigned_in`: the month at whose end the claim goes to `assignee`. `cancels_first`:
    the same terms under another number are signed, originated and cancelled before.
    """

    number: int
    borrower: Player
    lender: Player | CoLender
    payee: Player
    product: Product
    terms: LoanTerms
    loan_id: str
    stops_after: int | None
    pays_half_of: int | None
    late: frozenset[int]
    pays_off_at: int | None
    misuse: Misuse | None
    prepays_at: int | None
    guarantor: Player | None
    guaranteed_at: int | None
    remedy: Remedy | None
    is_collected: bool
    assignee: Player | None
    assigned_in: int | None
    cancels_first: bool

    @property
    def signers(self) -> tuple[Player | CoLender, ...]:
        """In the order of `LoanTerms.signers`."""
        sides = (self.lender, self.borrower)
        return sides if self.guarantor is None else (*sides, self.guarantor)

    def is_repaid(self, number: int) -> bool:
        """Whether the borrower repays (or tries to repay half of) instalment `number`."""
        if self.pays_off_at is not None and number > self.pays_off_at:
            return False
        return self.stops_after is None or number <= self.stops_after or number == self.pays_half_of


def draw_stories(cases: list[Case], cast: Cast, seed: int, currency: str) -> list[Story]:
    """One story a case, disbursed evenly over the origination months in the cases' order."""
    turns = _Turns()
    return [
        _story(index, case, index * ORIGINATION_MONTHS // len(cases), cast, seed, currency, turns)
        for index, case in enumerate(cases)
    ]


class _Turns:
    """Deals out what not every loan has: to one of the first that ask, then to every so many."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()

    def take(self, what: str, every: int, first: int = 0) -> bool:
        return self.next(what) % every == first

    def next(self, what: str) -> int:
        """How many asked before."""
        self._asked[what] += 1
        return self._asked[what] - 1


def _story(
    index: int, case: Case, month: int, cast: Cast, seed: int, currency: str, turns: _Turns
) -> Story:
    random = Random(f"{seed}/{case.row}")
    product = product_for(case)
    payee = random.choice(cast.sellers_of(product.payee_category))
    count = 1 if product.method.value == "single_repayment" else case.months
    stops_after = None if case.is_good else random.randrange(count)
    is_halved = stops_after is not None and count > 1 and random.random() < 0.3
    pays_off_at = None
    if case.is_good and count > 6 and random.random() < 0.05:
        pays_off_at = random.randrange(count // 2, count)
    late = frozenset(n for n in range(1, count + 1) if random.random() < 0.04)
    remedy = _remedy(case, month, count, stops_after, turns)
    guaranteed_at = None
    if case.is_good and late and turns.take("guarantee", 15, 1):
        guaranteed_at = min(late)
    is_guaranteed = guaranteed_at is not None or remedy is Remedy.GUARANTEE
    guarantor = cast.guarantors[index % len(cast.guarantors)] if is_guaranteed else None
    alone = cast.lenders[index % len(cast.lenders)]
    lender: Player | CoLender = alone
    is_assigned = count > ASSIGNED_AFTER_MONTHS + 2 and turns.take("assignment", 12, 2)
    others = [one for one in cast.lenders if one is not alone]
    if case.is_good and not is_assigned and turns.take("co-lending", 100, 2):
        lender = cast.co_lender(index + 1, principal_minor_of(case, currency))
    prepays_at = None
    if case.is_good and pays_off_at is None and count > 4 and product.prepayment != "not_allowed":
        prepays_at = random.randrange(2, count // 2 + 1)
        if prepays_at in late or not turns.take(product.prepayment, 8, 0):
            prepays_at = None
    offer = Offer(
        case=case,
        product=product,
        lender=lender,
        borrower=cast.borrowers[index],
        guarantor=guarantor,
        month=month,
        is_collected=turns.take("mandate", 3),
    )
    terms = offered_terms(offer, currency)
    misuses = list(Misuse)
    return Story(
        number=index + 1,
        borrower=offer.borrower,
        lender=lender,
        payee=payee,
        product=product,
        terms=terms,
        loan_id=loan_id(terms),
        stops_after=stops_after,
        pays_half_of=stops_after + 1 if stops_after is not None and is_halved else None,
        late=late,
        pays_off_at=pays_off_at,
        # Each kind once by the first loans, then by every fifth.
        misuse=misuses[index % len(misuses)] if index < len(misuses) or index % 5 == 0 else None,
        prepays_at=prepays_at,
        guarantor=guarantor,
        guaranteed_at=guaranteed_at,
        remedy=remedy,
        is_collected=offer.is_collected,
        assignee=others[0] if is_assigned else None,
        assigned_in=month + ASSIGNED_AFTER_MONTHS if is_assigned else None,
        cancels_first=turns.take("cancellation", 25, 5),
    )


def _remedy(
    case: Case, month: int, count: int, stops_after: int | None, turns: _Turns
) -> Remedy | None:
    """Taken in turns by those borrowers who stop early enough for it to be told."""
    if stops_after is None or case.is_good:
        return None
    is_soon = month + stops_after + _MONTHS_OF_ARREARS < MONTHS
    if not is_soon or count - stops_after < 3:
        return None
    order = list(Remedy)
    turn = turns.next("remedy")
    if turn < len(order):
        return order[turn]
    return order[turn // 2 % len(order)] if turn % 2 == 0 else None
