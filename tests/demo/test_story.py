"""The demo's input and what is drawn from it, before anything runs."""

from __future__ import annotations

from collections import Counter

import pytest

from tallystick.chain.terms import loan_id
from tallystick.demo.cases import CASES_MAX, TooManyLoans, read_cases
from tallystick.demo.cast import Cast
from tallystick.demo.offers import month_start
from tallystick.demo.products import product_for
from tallystick.demo.story import MONTHS, Misuse, Remedy, Story, draw_stories
from tallystick.kernel.business_days import is_business_day
from tallystick.loans.plan import Method

SEED = 1
LOANS = 60
FACTORY = "0x" + "fa" * 20


def drawn(loans: int, seed: int = SEED) -> list[Story]:
    cases = read_cases(loans)
    return draw_stories(cases, Cast(seed, loans, FACTORY), seed, "CNY")


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return drawn(LOANS)


def test_the_data_is_that_of_its_source() -> None:
    """The figures are those the data set is known by: 1,000 loans, 700 of them good."""
    cases = read_cases(CASES_MAX)
    assert [case.row for case in cases] == list(range(1, 1001))
    assert Counter(case.is_good for case in cases) == {True: 700, False: 300}
    assert sum(case.amount for case in cases) == 3_271_258
    assert (min(case.amount for case in cases), max(case.amount for case in cases)) == (250, 18_424)
    assert (min(case.months for case in cases), max(case.months for case in cases)) == (4, 72)
    assert Counter(case.purpose for case in cases)["radio/television"] == 280
    assert all(product_for(case).annual_rate_pct < 12 for case in cases)


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_there_are_a_thousand_cases(count: int) -> None:
    with pytest.raises(TooManyLoans):
        read_cases(count)


def test_the_same_seed_draws_the_same_stories(stories: list[Story]) -> None:
    def told(stories: list[Story]) -> list[object]:
        return [
            (story.loan_id, story.stops_after, story.pays_half_of, story.late, story.pays_off_at)
            for story in stories
        ]

    assert told(drawn(LOANS)) == told(stories)
    assert told(drawn(LOANS, seed=2)) != told(stories)


def test_terms_are_those_of_the_case_and_can_be_originated(stories: list[Story]) -> None:
    for story, case in zip(stories, read_cases(LOANS), strict=True):
        terms = story.terms
        terms.check_originable()
        assert story.loan_id == loan_id(terms)
        assert terms.principal_minor == case.amount * 100
        is_single = story.product.method is Method.SINGLE_REPAYMENT
        assert len(terms.instalments) == (1 if is_single else case.months)
        assert (terms.lender, terms.borrower) == (story.lender.address, story.borrower.address)
        assert story.payee.payee_category == terms.purposes[0].payee_category
        days = [terms.disburse_on, *(row.due_on for row in terms.instalments)]
        assert all(is_business_day(day, "CN") for day in days)
        starts = {month_start(month) for month in range(MONTHS + case.months + 1)}
        assert starts.issuperset(days)


def test_good_borrowers_repay_and_bad_ones_stop(stories: list[Story]) -> None:
    for story, case in zip(stories, read_cases(LOANS), strict=True):
        count = len(story.terms.instalments)
        repaid = [number for number in range(1, count + 1) if story.is_repaid(number)]
        assert repaid == list(range(1, len(repaid) + 1))
        if case.is_good:
            assert len(repaid) == (story.pays_off_at or count)
        else:
            assert story.pays_off_at is None
            assert len(repaid) == (story.pays_half_of or story.stops_after)
            assert len(repaid) < count or story.pays_half_of == count
    assert any(story.pays_half_of for story in stories)
    assert any(story.late for story in stories)


def test_even_a_small_demo_tries_every_misuse(stories: list[Story]) -> None:
    tried = [story.misuse for story in stories if story.misuse]
    assert set(tried[:9]) == set(Misuse)
    assert len(tried) < LOANS / 3


def test_what_is_rare_has_its_turns() -> None:
    stories = drawn(CASES_MAX)
    assert {story.remedy for story in stories} == {None, *Remedy}
    rules = Counter(story.terms.prepayment for story in stories if story.prepays_at)
    assert rules.keys() == {"shorter_term", "smaller_instalments"}
    for story in stories:
        terms = story.terms
        assert (story.guarantor is not None) == (terms.guarantor is not None)
        assert story.is_collected == (terms.collectable_by == "servicer")
        assert story.product.is_pledged == (terms.collateral_hash is not None)
        if story.remedy is not None:
            assert story.stops_after is not None
        if story.guaranteed_at is not None:
            assert story.guaranteed_at in story.late
        if story.assignee is not None:
            assert story.assignee is not story.lender
    told = {
        "mandates": sum(story.is_collected for story in stories),
        "assigned": sum(story.assignee is not None for story in stories),
        "cancelled": sum(story.cancels_first for story in stories),
        "guaranteed": sum(story.guaranteed_at is not None for story in stories),
    }
    assert all(10 < count < 400 for count in told.values()), told


def test_everybody_has_a_key_of_their_own() -> None:
    everyone = Cast(SEED, LOANS, FACTORY).everyone
    assert len({player.address for player in everyone}) == len(everyone)
    assert len({player.name for player in everyone}) == len(everyone)
    assert all(player.profile.email is not None and player.profile.email.endswith(".invalid")
               for player in everyone)  # fmt: skip
