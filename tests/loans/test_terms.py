"""Terms as JSON, and what is told of those that are wrong."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given

from tallystick.loans.terms import LoanTerms, TermsInvalid
from tests.chain.random_terms import terms as any_terms
from tests.servicing.lending import terms as ordinary_terms

OPTIONAL = {
    "guarantor": None,
    "allocation": "penalty_first",
    "prepayment": "not_allowed",
    "prepayment_fee_ppm": 0,
    "accelerate_after_days": 0,
    "mandate_minor_max": 0,
    "collectable_by": "nobody",
    "guarantee_minor_max": 0,
    "guarantee_after_days": 0,
    "collateral_hash": None,
    "prior_loan_id": None,
    "lender_nonce": 0,
    "borrower_nonce": 0,
    "guarantor_nonce": 0,
}


@given(any_terms(instalments_max=5))
def test_json_gives_the_same_terms_back(terms: LoanTerms) -> None:
    plain = terms.as_json()
    assert list(plain) == [field.name for field in fields(LoanTerms)]
    assert LoanTerms.from_json(plain) == terms


def test_an_ordinary_loan_leaves_out_what_it_does_without() -> None:
    plain = ordinary_terms().as_json()
    assert {name: plain[name] for name in OPTIONAL} == OPTIONAL
    short = {name: value for name, value in plain.items() if name not in OPTIONAL}
    assert LoanTerms.from_json(short) == ordinary_terms()


@pytest.mark.parametrize("name", [f.name for f in fields(LoanTerms) if f.name not in OPTIONAL])
def test_every_other_member_is_needed(name: str) -> None:
    plain = ordinary_terms().as_json()
    del plain[name]
    with pytest.raises(TermsInvalid) as refused:
        LoanTerms.from_json(plain)
    assert refused.value.field == name


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("currency", 5, "currency"),
        ("grace_days", "5", "grace_days"),
        ("grace_days", True, "grace_days"),
        ("grace_days", 1.0, "grace_days"),
        ("sign_by", "tomorrow", "sign_by"),
        ("lender", "0x12", "lender"),
        ("lender", None, "lender"),
        ("guarantor", "0x12", "guarantor"),
        ("collateral_hash", "", "collateral_hash"),
        ("purposes", {}, "purposes"),
        ("purposes", ["supplies"], "purposes[0]"),
        ("purposes", [{"purpose": "x", "payee_category": 0}], "purposes[0].cap_minor"),
        ("instalments", [{"due_on": "2026-02-01", "amount": 5}], "instalments[0].amount"),
        ("fee", 5, "fee"),
    ],
)
def test_a_wrong_member_is_named(name: str, value: Any, field: str) -> None:
    with pytest.raises(TermsInvalid) as refused:
        LoanTerms.from_json({**ordinary_terms().as_json(), name: value})
    assert refused.value.field == field


def test_signers() -> None:
    ordinary = ordinary_terms()
    assert ordinary.signers == (ordinary.lender, ordinary.borrower)
    guarantor = "0x" + "77" * 20
    guaranteed = ordinary_terms(guarantor=guarantor, guarantee_minor_max=5)
    assert guaranteed.signers == (ordinary.lender, ordinary.borrower, guarantor)
