"""What is signed in Python is what a wallet shows and what the ledger asks for."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import pytest
from eth_abi.abi import encode
from eth_account.messages import encode_typed_data
from eth_hash.auto import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.chain import calls
from tallystick.chain.bindings import selector
from tallystick.chain.messages import (
    Assignment,
    assignment_digest,
    assignment_typed_data,
    signing_digest,
    typed_data,
)
from tallystick.chain.terms import agreement_of, witness
from tallystick.chain.words import TextInvalid, date_number
from tallystick.loans.terms import LoanTerms
from tests.chain.random_terms import addresses, hashes, nonces
from tests.chain.random_terms import terms as any_terms
from tests.fixtures.chain import World

LEDGER = "0x" + "ab" * 20


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(terms=any_terms())
def test_the_ledger_asks_for_the_same_digest(world: World, terms: LoanTerms) -> None:
    terms = replace(terms, currency="CNY")
    data = encode(["bytes", "bytes"], [witness(terms), agreement_of(terms)])
    ledger = world.deployment.loan_ledger
    asked = world.node.call(ledger, selector("LoanLedger", "digestOf") + data)
    assert asked == signing_digest(terms, 31337, ledger)


@settings(max_examples=40, deadline=None)
@given(any_terms(instalments_max=6))
def test_a_wallet_signs_the_same_digest(terms: LoanTerms) -> None:
    message = encode_typed_data(full_message=typed_data(terms, 2**40, LEDGER))
    digest = keccak(b"\x19" + message.version + message.header + message.body)
    assert digest == signing_digest(terms, 2**40, LEDGER)


def test_the_message_has_every_term_by_its_own_name(world: World) -> None:
    data = typed_data(world.terms(), 1, LEDGER)
    names = [camel(field.name) for field in fields(LoanTerms)]
    assert [field["name"] for field in data["types"]["LoanTerms"]] == names
    assert list(data["message"]) == names


@given(any_terms(instalments_max=4), st.data())
def test_any_other_terms_have_another_digest(terms: LoanTerms, data: st.DataObject) -> None:
    other = data.draw(any_terms(instalments_max=4))
    name = data.draw(st.sampled_from([field.name for field in fields(LoanTerms)]))
    changed = replace(terms, **{name: getattr(other, name)})
    digest = signing_digest(terms, 5, LEDGER)
    assert (signing_digest(changed, 5, LEDGER) == digest) is (changed == terms)
    assert signing_digest(terms, 6, LEDGER) != digest
    assert signing_digest(terms, 5, "0x" + "ce" * 20) != digest


def test_what_the_ledger_cannot_hold_is_not_signed(world: World) -> None:
    with pytest.raises(TextInvalid) as refused:
        signing_digest(replace(world.terms(), agreement="合同"), 5, LEDGER)
    assert refused.value.field == "agreement"


assignments = st.builds(
    Assignment,
    loan_id=hashes,
    lender=addresses,
    assignee=addresses,
    price_minor=st.integers(0, 2**64 - 1),
    assignment_count=st.integers(0, 2**16 - 1),
    sign_by=st.dates(date(1970, 1, 1), date(2999, 1, 1)),
    lender_nonce=nonces,
    assignee_nonce=nonces,
)


@given(assignments)
def test_a_wallet_signs_the_same_assignment(assignment: Assignment) -> None:
    message = encode_typed_data(full_message=assignment_typed_data(assignment, 7, LEDGER))
    digest = keccak(b"\x19" + message.version + message.header + message.body)
    assert digest == assignment_digest(assignment, 7, LEDGER)


def test_the_ledger_asks_for_the_same_assignment(world: World) -> None:
    terms, on = world.terms(), world.deployment
    loan = world.originate(terms)
    assignee = world.address("other_lender")
    world.send(calls.cancel_signatures(on, assignee), "other_lender")
    assignment = Assignment(loan, terms.lender, assignee, 5, 0, date(2026, 2, 1), 0, 1)
    data = encode(
        ["bytes", "address", "uint64", "uint32"],
        [witness(terms, 0, 0), assignee, 5, date_number(assignment.sign_by)],
    )
    asked = world.node.call(on.loan_ledger, selector("LoanLedger", "assignmentDigestOf") + data)
    assert asked == assignment_digest(assignment, on.chain_id, on.loan_ledger)
