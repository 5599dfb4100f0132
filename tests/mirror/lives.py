"""Loans whose lives, between them, make every event the mirror projects, on a real chain."""

from __future__ import annotations

from datetime import timedelta

from tallystick.chain import calls
from tallystick.chain.terms import loan_id
from tallystick.loans.terms import LoanTerms
from tallystick.parties.roles import PartyRole
from tests.fixtures.chain import World, digest_of
from tests.mirror.agreed_lives import live_by_agreement

EVERYTHING = 2**48 - 1


def live(world: World) -> list[LoanTerms]:
    """Four loans: repaid in part, held and claimed, paid off with the rest held, written off."""
    carried, held, closed, lost = (world.terms(instalments=3) for _ in range(4))
    for terms in (carried, held, closed, lost):
        world.originate(terms)
    for terms in (carried, held, closed, lost):
        world.disburse(terms)
    spend(world, carried)
    world.go_to(carried.instalments[0].due_on + timedelta(days=9))
    world.repay(carried, 100_000)
    repay_while_lender_is_frozen(world, held)
    pay_off_while_borrower_is_frozen(world, closed)
    write_off(world, lost)
    other_business(world)
    return [carried, held, closed, lost]


def live_all(world: World) -> list[LoanTerms]:
    """Those, and the loans of `live_by_agreement`."""
    return [*live(world), *live_by_agreement(world)]


def spend(world: World, terms: LoanTerms) -> None:
    """Two payments, a withdrawal, and what the receivers do with the money."""
    on = world.deployment
    world.pay(terms, "supplier", 300_000)
    world.pay(terms, "school", 50_000, "tuition")
    world.send(calls.withdraw(on, terms, 200_000), "borrower")
    invoice = digest_of("supplier's supplier")
    world.send(
        calls.transfer_with_purpose(on, world.address("school"), 120_000, "goods", invoice),
        "supplier",
    )
    world.send(calls.approve(on, world.address("settlement_bank"), 70_000), "school")
    world.send(
        calls.burn(on, world.address("school"), 70_000, digest_of("out 1")), "settlement_bank"
    )


def repay_while_lender_is_frozen(world: World, terms: LoanTerms) -> None:
    """The money is held; thawed, the lender claims it."""
    on, lender = world.deployment, world.address("lender")
    world.send(calls.freeze(on, lender, digest_of("court order")), "guardian")
    world.repay(terms, 400_000)
    world.send(calls.unfreeze(on, lender, digest_of("order lifted")), "resumer")
    world.send(calls.claim(on, lender), "lender")


def pay_off_while_borrower_is_frozen(world: World, terms: LoanTerms) -> None:
    """A stranger pays; the unused proceeds stay held for the borrower."""
    on, borrower = world.deployment, world.address("borrower")
    world.register("uncle", PartyRole.GUARANTOR)
    world.mint("uncle", 3_000_000)
    world.send(calls.approve(on, on.loan_ledger, 3_000_000), "uncle")
    world.send(calls.freeze(on, borrower, digest_of("court order")), "guardian")
    world.send(calls.payoff(on, terms, EVERYTHING), "uncle")
    world.send(calls.unfreeze(on, borrower, digest_of("order lifted")), "resumer")


def write_off(world: World, terms: LoanTerms) -> None:
    """Two notices, a write-off and a recovery."""
    on, loan = world.deployment, loan_id(terms)
    world.send(calls.serve_notice(on, loan, "overdue_7", digest_of("notice 1")), "servicer")
    world.go_to(terms.instalments[1].due_on + timedelta(days=40))
    world.send(calls.serve_notice(on, loan, "overdue_30", digest_of("notice 2")), "servicer")
    world.send(calls.write_off(on, terms, digest_of("gone")), "servicer")
    world.repay(terms, 12_345)


def other_business(world: World) -> None:
    """What is in no loan's name."""
    on, school = world.deployment, world.address("school")
    world.send(
        calls.update_party(on, school, int(PartyRole.PAYEE), 7, digest_of("moved")), "registrar"
    )
    world.send(calls.transfer(on, school, 0), "supplier")
