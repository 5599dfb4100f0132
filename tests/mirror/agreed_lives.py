"""Lives of loans by what only some agreements have: mandate, prepayment, guarantee, acceleration,
restructuring, assignment; and what is in no loan's name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tallystick.chain import calls, colending, staff_calls
from tallystick.chain.messages import (
    Assignment,
    assignment_typed_data,
    signing_digest,
    typed_data,
)
from tallystick.chain.terms import loan_id
from tallystick.loans.colending import Member
from tallystick.loans.loan import Loan
from tallystick.loans.terms import LoanTerms
from tallystick.parties.roles import PartyRole
from tests.fixtures.chain import UNLIMITED, World, digest_of

EVERYTHING = 2**48 - 1
REASON = digest_of("reason")


def live_by_agreement(world: World) -> list[LoanTerms]:
    """Loans that were prepaid (both ways), guaranteed and closed, accelerated, restructured (both
    of it), sold, given up, and lent by two; they begin today."""
    on = world.deployment
    for name in ("guarantor", "other_lender"):
        world.mint(name, 10_000_000)
        world.send(calls.approve(on, on.loan_ledger, UNLIMITED), name)
    shorter, smaller, guaranteed, due, changed, sold, given_up = (
        agreed(world, prepayment=rule)
        for rule in ("shorter_term", "smaller_instalments", *["shorter_term"] * 5)
    )
    loans = (shorter, smaller, guaranteed, due, changed, sold, given_up)
    for terms in loans:
        world.originate(terms)
    world.send(calls.cancel(on, given_up), "lender")
    for terms in loans[:-1]:
        world.disburse(terms)
    prepay(world, shorter, smaller)
    world.go_to(due.instalments[0].due_on + timedelta(days=15))
    guarantee(world, guaranteed)
    accelerate(world, due)
    following = restructure(world, changed)
    sell(world, sold)
    in_no_loans_name(world, shorter, sold)
    return [*loans, following, co_lend(world)]


def agreed(world: World, **members: object) -> LoanTerms:
    terms = {
        "instalments": 4,
        "guarantor": world.address("guarantor"),
        "guarantee_minor_max": 500_000,
        "guarantee_after_days": 5,
        "mandate_minor_max": 2_000_000,
        "collectable_by": "servicer",
        "prepayment_fee_ppm": 10_000,
        "accelerate_after_days": 10,
        "collateral_hash": digest_of("machine"),
    }
    made: LoanTerms = world.terms(**{**terms, **members})  # type: ignore[arg-type]  # terms checks
    return made


def prepay(world: World, *loans: LoanTerms) -> None:
    """Before, on and after the first due date; then what is due is collected."""
    on = world.deployment
    world.go_to(world.today() + timedelta(days=10))
    for terms in loans:
        world.repay(terms, 10_500)
        world.send(calls.prepay(on, terms, 250_000, EVERYTHING), "borrower")
    world.go_to(loans[0].instalments[0].due_on)
    for terms in loans:
        world.send(calls.collect(on, terms), "servicer")
        world.send(calls.prepay(on, terms, 100_001, EVERYTHING), "borrower")
    world.send(calls.revoke_mandate(on, loans[0]), "borrower")


def guarantee(world: World, terms: LoanTerms) -> None:
    """The guarantor is called on, cannot receive what it gets back, and frees the collateral."""
    on, guarantor = world.deployment, world.address("guarantor")
    world.send(calls.call_guarantee(on, terms, 100_000), "lender")
    world.repay(terms, EVERYTHING)
    world.send(calls.reimburse(on, terms, 40_000), "borrower")
    world.send(calls.payoff(on, terms, EVERYTHING), "borrower")
    world.send(calls.freeze(on, guarantor, REASON), "guardian")
    world.send(calls.reimburse(on, terms, EVERYTHING), "borrower")
    world.send(calls.unfreeze(on, guarantor, REASON), "resumer")


def accelerate(world: World, terms: LoanTerms) -> None:
    """Unused proceeds repay what they can, to a lender that cannot receive."""
    on, lender = world.deployment, world.address("lender")
    world.pay(terms, "supplier", 700_000)
    world.send(calls.freeze(on, lender, REASON), "guardian")
    world.send(calls.accelerate(on, terms, REASON), "servicer")
    world.send(calls.unfreeze(on, lender, REASON), "resumer")
    world.repay(terms, 123_456)


def restructure(world: World, prior: LoanTerms) -> LoanTerms:
    """With unused proceeds, and more principal than is left; a repayment under each."""
    world.pay(prior, "supplier", 200_000)
    world.repay(prior, 20_000)
    terms = replace(
        agreed(world, prepayment="smaller_instalments", prior_loan_id=loan_id(prior)),
        agreement="R-1",
    )
    call = calls.restructure(world.deployment, prior, terms, world.signatures(terms))
    world.send(call, "stranger")
    world.repay(terms, 15_000)
    world.send(calls.withdraw(world.deployment, terms, 30_000), "borrower")
    return terms


def sell(world: World, terms: LoanTerms) -> None:
    """To another lender, which is then repaid and writes off."""
    on, loan = world.deployment, Loan(loan_id(terms), terms)
    assignment = Assignment(
        loan_id=loan.loan_id,
        lender=terms.lender,
        assignee=world.address("other_lender"),
        price_minor=900_000,
        assignment_count=0,
        sign_by=world.today(),
        lender_nonce=0,
        assignee_nonce=0,
    )
    message = assignment_typed_data(assignment, world.chain.chain_id, on.loan_ledger)
    lender, assignee = (
        world.key(name).sign_typed_data(message) for name in ("lender", "other_lender")
    )
    world.send(calls.assign(on, terms, assignment, lender, assignee), "stranger")
    world.repay(terms, 50_000)
    world.send(calls.write_off(on, terms, REASON), "servicer")


def co_lend(world: World) -> LoanTerms:
    """By two lenders, of whom one cannot receive at first; they agree, think otherwise, and act."""
    on, names = world.deployment, ("lender", "other_lender")
    members = [
        Member(world.address(name), commitment, share=commitment)
        for name, commitment in zip(names, (900_000, 300_000), strict=True)
    ]
    factory, salt = on.co_lending_factory, digest_of("salt")
    lender = colending.co_lending_address(factory, members, salt)
    terms = world.terms(lender=lender)
    world.send(colending.create_co_lending(factory, members, salt), "stranger")
    world.send(calls.register_party(on, lender, int(PartyRole.LENDER), 0, salt), "registrar")
    world.mint("other_lender", 300_000)
    for name in names:
        world.send(calls.approve(on, lender, UNLIMITED), name)

    digest = "0x" + signing_digest(terms, world.chain.chain_id, on.loan_ledger).hex()
    world.send(colending.give_consent(lender, members, digest), "lender")
    world.send(colending.withdraw_consent(lender, members, salt), "other_lender")
    message = typed_data(terms, world.chain.chain_id, on.loan_ledger)
    joint = colending.joint_signature([b"", world.key("other_lender").sign_typed_data(message)])
    signatures = (joint, world.key("borrower").sign_typed_data(message))
    world.send(calls.originate(on, terms, signatures), "stranger")
    world.send(colending.disburse(lender, members, calls.disburse(on, terms)), "lender")

    world.repay(terms, 100_000)
    world.send(calls.freeze(on, world.address("other_lender"), REASON), "guardian")
    world.send(colending.distribute(lender, members), "stranger")
    world.send(calls.unfreeze(on, world.address("other_lender"), REASON), "resumer")
    world.repay(terms, 11_111)
    world.send(colending.claim(lender, members, world.address("lender")), "lender")

    never = calls.revoke_signature(on, world.terms(lender=lender))
    act_by = world.now() + timedelta(days=1)
    wanted = colending.act_typed_data(never, act_by, world.chain.chain_id, lender)
    joint = colending.joint_signature([world.key("lender").sign_typed_data(wanted), b""])
    world.send(colending.act(lender, members, never, act_by, joint), "stranger")
    return terms


def in_no_loans_name(world: World, active: LoanTerms, lost: LoanTerms) -> None:
    """A pause, a batch of which one item fails, cancelled signatures, changes of staff."""
    on = world.deployment
    world.send(calls.revoke_signature(on, world.terms()), "borrower")
    world.send(calls.pause(on), "guardian")
    items = [calls.repay(on, active, 7_000), calls.write_off(on, lost, REASON)]
    world.send(calls.batch(on, items), "borrower")
    world.send(calls.cancel_signatures(on, world.address("school")), "school")
    for role, delay_seconds in (("resumer", 3_600), ("resumer", 600), ("servicer", 0)):
        grant = staff_calls.grant_role(on, role, world.address("school"), delay_seconds)
        world.send(grant, "admin")
    world.send(staff_calls.revoke_role(on, "servicer", world.address("school")), "admin")
    world.send(staff_calls.schedule(on, calls.unpause(on)), "school")
    world.go_to(world.now() + timedelta(hours=2))
    world.send(calls.unpause(on), "school")
    announced = [calls.unfreeze(on, world.address(name), REASON) for name in ("lender", "borrower")]
    for call in announced:
        world.send(staff_calls.schedule(on, call), "school")
    withdrawn = staff_calls.cancel_scheduled(on, world.address("school"), announced[0])
    world.send(withdrawn, "guardian")
