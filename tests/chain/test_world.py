"""The whole way of a loan on a real chain, as the fixtures offer it."""

from __future__ import annotations

import pytest

from tallystick.chain import calls
from tallystick.chain.refusals import LedgerRefused
from tests.fixtures.chain import World


def test_a_loan_is_originated_disbursed_paid_and_repaid(world: World) -> None:
    terms = world.terms(instalments=3)
    world.originate(terms)
    world.disburse(terms)
    world.pay(terms, "supplier", 100_000)
    world.go_to(terms.instalments[0].due_on)
    world.repay(terms, 1_000)
    assert world.today() == terms.instalments[0].due_on


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_begins_at_the_beginning(world: World, turn: int) -> None:
    assert world.today().isoformat() == "2026-01-01", turn
    world.go_to(world.terms().instalments[0].due_on)


def test_a_refusal_is_decoded(world: World) -> None:
    terms = world.terms()
    world.originate(terms)
    world.disburse(terms)
    with pytest.raises(LedgerRefused) as refused:
        world.pay(terms, "school", 100_000)
    assert refused.value.type == "payee_category_not_agreed"
    with pytest.raises(LedgerRefused) as refused:
        world.send(calls.disburse(world.deployment, terms), "servicer")
    assert refused.value.as_dict()["args"]["status"] == "active"
