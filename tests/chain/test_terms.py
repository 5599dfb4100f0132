"""Terms in Python are terms on chain: the packed witness and agreement, and the loan id."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.chain.bindings import selector
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.terms import (
    PAGE_ROWS,
    agreement_of,
    decode_terms,
    loan_id,
    witness,
    witness_for,
)
from tallystick.chain.words import HexInvalid, TextInvalid, WordMalformed
from tallystick.loans.instalment import Instalment
from tallystick.loans.loan import Loan
from tallystick.loans.repaid import Repaid
from tallystick.loans.terms import LoanTerms, PurposeCap, TermsInvalid
from tests.chain.random_terms import packed_agreement, packed_witness
from tests.chain.random_terms import terms as any_terms
from tests.fixtures.chain import World

WITH_WORLD = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def long_terms(world: World, instalments: int = 30) -> LoanTerms:
    return world.terms(instalments=instalments)


def ask(world: World, function: str, *packed: bytes) -> bytes:
    data = selector("LoanLedger", function) + encode(["bytes"] * len(packed), packed)
    return world.node.call(world.deployment.loan_ledger, data)


@settings(deadline=None)
@given(any_terms(), st.data())
def test_packing_is_that_of_a_general_encoder(terms: LoanTerms, data: st.DataObject) -> None:
    pages = -(-len(terms.instalments) // PAGE_ROWS)
    first = data.draw(st.integers(0, len(terms.instalments) - 1))
    end = data.draw(st.integers(first + 1, len(terms.instalments)))
    first_page, end_page = first // PAGE_ROWS, -(-end // PAGE_ROWS)
    assert agreement_of(terms) == packed_agreement(terms)
    assert witness(terms) == packed_witness(terms, 0, pages)
    assert witness(terms, first, end) == packed_witness(terms, first_page, end_page - first_page)
    assert witness(terms, first, first) == packed_witness(terms, 0, 0)


@given(any_terms())
def test_decoding_is_the_inverse(terms: LoanTerms) -> None:
    assert decode_terms(witness(terms), agreement_of(terms)) == terms


@WITH_WORLD
@given(terms=any_terms(), data=st.data())
def test_the_ledger_knows_the_same_id_whatever_is_shown(
    world: World, terms: LoanTerms, data: st.DataObject
) -> None:
    known = loan_id(terms).removeprefix("0x")
    first = data.draw(st.integers(0, len(terms.instalments)))
    end = data.draw(st.integers(first, len(terms.instalments)))
    assert ask(world, "idOf", witness(terms)).hex() == known
    assert ask(world, "idOf", witness(terms, first, end)).hex() == known


@given(any_terms(instalments_max=4), st.data())
def test_any_other_terms_have_another_id(terms: LoanTerms, data: st.DataObject) -> None:
    other = data.draw(any_terms(instalments_max=4))
    name = data.draw(st.sampled_from([field.name for field in fields(LoanTerms)]))
    changed = replace(terms, **{name: getattr(other, name)})
    try:
        changed_id = loan_id(changed)
    except TermsInvalid:
        # The instalments repay more than the other principal.
        assert name in ("principal_minor", "instalments")
        return
    assert (changed_id == loan_id(terms)) is (changed == terms)


def test_a_small_witness_outlasts_a_day_and_another_s_repayment(world: World) -> None:
    terms = long_terms(world)
    loan = Loan("0x00", terms, repaid=Repaid(accrued_on=terms.disburse_on, next_instalment=3))
    for days, pages in ((0, 1), (30 * 10, 1), (30 * 11, 2), (30 * 23, 3), (30 * 99, 3)):
        today = terms.disburse_on + timedelta(days=days)
        shown = witness_for(loan, today)
        assert shown == witness(terms, 3, 12 * pages), days
        assert len(shown) < len(witness(terms)) or pages == 3
    repaid = replace(loan, repaid=replace(loan.repaid, next_instalment=30))
    assert witness_for(repaid, terms.matures_on) == witness(terms, 0, 0)


def test_witnesses_the_ledger_refuses(world: World) -> None:
    terms = long_terms(world)
    whole, nothing = witness(terms), witness(terms, 0, 0)
    for bad in (b"", whole[:130], whole[:-1], whole + b"\0", nothing[:-1], nothing + b"\0"):
        with pytest.raises(LedgerRefused) as refused:
            ask(world, "idOf", bad)
        assert refused.value.type == "witness_malformed"
    for first_page, pages in ((0, 4), (3, 1), (4, 0), (255, 255)):
        bad = whole[:129] + bytes((first_page, pages)) + whole[131:]
        with pytest.raises(LedgerRefused) as refused:
            ask(world, "idOf", bad)
        assert refused.value.type == "witness_malformed"
    with pytest.raises(LedgerRefused) as refused:
        ask(world, "digestOf", whole, agreement_of(terms) + b"\0")
    assert refused.value.type == "agreement_mismatch"
    with pytest.raises(LedgerRefused) as refused:
        ask(world, "digestOf", witness(terms, 0, 12), agreement_of(terms))
    assert (refused.value.type, refused.value.arguments) == ("instalment_not_shown", {"index": 29})


@given(any_terms(instalments_max=14), st.data())
def test_what_is_not_packed_as_terms_are_is_refused(terms: LoanTerms, data: st.DataObject) -> None:
    """Cut, longer, or any bit changed: refused, or else other terms, packed as those are."""
    packed = [witness(terms), agreement_of(terms)]
    which = data.draw(st.integers(0, 1))
    body = packed[which]
    how = data.draw(st.sampled_from(["cut", "longer", "changed"]))
    at = data.draw(st.integers(0, len(body) - 1))
    packed[which] = {
        "cut": body[:at],
        "longer": body + bytes(at % 50 + 1),
        "changed": body[:at] + bytes((body[at] ^ (1 << at % 8),)) + body[at + 1 :],
    }[how]
    try:
        decoded = decode_terms(packed[0], packed[1])
    except WordMalformed:
        return
    # A number of the witness may have become another one.
    assert (how, which) == ("changed", 0)
    assert decoded != terms
    assert [witness(decoded), agreement_of(decoded)] == packed


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"lender": "0x12"}, "lender"),
        ({"document_hash": "0x12"}, "document_hash"),
        ({"agreement": "合同"}, "agreement"),
        ({"currency": "EURO"}, "currency"),
        ({"method": "magic"}, "method"),
        ({"collectable_by": "everyone"}, "collectable_by"),
        ({"penalty_rate_ppm": 2**32}, "penalty_rate_ppm"),
        ({"penalty_rate_ppm": -1}, "penalty_rate_ppm"),
        ({"utc_offset_minutes": 2**15}, "utc_offset_minutes"),
        ({"mandate_minor_max": 2**48}, "mandate_minor_max"),
        ({"principal_minor": 2**48}, "principal_minor"),
        ({"principal_minor": 1}, "instalments[0]"),
        ({"purposes": (PurposeCap("购买", 1, 1),)}, "purpose"),
        ({"purposes": (PurposeCap("x", 2**16, 1),)}, "payee_category"),
        ({"instalments": (Instalment(1, date(2027, 1, 1), 5, -1),)}, "instalments[0]"),
    ],
)
def test_a_member_that_cannot_be_packed_is_named(
    world: World, members: dict[str, Any], field: str
) -> None:
    with pytest.raises((TermsInvalid, TextInvalid, HexInvalid)) as refused:
        loan_id(replace(world.terms(), **members))
    assert refused.value.field == field
