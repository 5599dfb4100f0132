"""Terms the contracts refuse are those Python refuses, for the same member."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from eth_abi.abi import encode

from tallystick.chain.bindings import selector
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.terms import agreement_of, witness
from tallystick.loans.instalment import Instalment
from tallystick.loans.terms import TOTAL_MINOR_MAX, LoanTerms, PurposeCap, TermsInvalid
from tests.fixtures.chain import World

ZERO = "0x" + "00" * 32
DAY = date(2026, 1, 1)


def rows(*parts: tuple[int, int]) -> tuple[Instalment, ...]:
    """Instalments of (principal, interest), 30 days apart."""
    return tuple(
        Instalment(number, DAY + timedelta(days=30 * number), *part)
        for number, part in enumerate(parts, start=1)
    )


def plain(world: World, **members: Any) -> LoanTerms:
    """Terms of 100 in three instalments."""
    return replace(
        world.terms(),
        **{
            "principal_minor": 100,
            "self_paid_minor_max": 100,
            "purposes": (),
            "instalments": rows((30, 1), (0, 1), (70, 1)),
            "disburse_on": DAY,
            "disburse_by": DAY + timedelta(days=5),
            **members,
        },
    )


def refusal(world: World, terms: LoanTerms) -> LedgerRefused | None:
    data = encode(["bytes", "bytes"], [witness(terms), agreement_of(terms)])
    try:
        world.node.call(world.deployment.loan_ledger, selector("LoanLedger", "digestOf") + data)
    except LedgerRefused as refused:
        return refused
    return None


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"instalments": rows((100, 0))},
        {"penalty_rate_ppm": 1_000_000, "prepayment_fee_ppm": 1_000_000, "grace_days": 366},
        {"utc_offset_minutes": -720, "disburse_by": DAY},
        {"utc_offset_minutes": 840, "accelerate_after_days": 2**16 - 1},
        {"principal_minor": TOTAL_MINOR_MAX - 1, "self_paid_minor_max": TOTAL_MINOR_MAX - 1,
            "instalments": rows((TOTAL_MINOR_MAX - 1, 1))},
        {"self_paid_minor_max": 1, "prior_loan_id": "0x" + "01" * 32},
        {"self_paid_minor_max": 0, "purposes": tuple(
            PurposeCap(f"p{n}", 0, 100) for n in range(16)
        )},
        {"collectable_by": "lender", "mandate_minor_max": 1},
        {"guarantor": "0x" + "77" * 20, "guarantee_minor_max": 1, "guarantee_after_days": 9},
    ],
)  # fmt: skip
def test_terms_both_take(world: World, members: dict[str, Any]) -> None:
    terms = plain(world, **members)
    terms.check_originable()
    assert refusal(world, terms) is None


@pytest.mark.parametrize(
    ("members", "field", "error", "arguments"),
    [
        ({"document_hash": ZERO}, "document_hash", "TermInvalid", ["documentHash"]),
        ({"borrower": "lender"}, "borrower", "TermInvalid", ["borrower"]),
        ({"guarantor": "lender", "guarantee_minor_max": 1}, "guarantor", "TermInvalid",
            ["guarantor"]),
        ({"guarantor": "borrower", "guarantee_minor_max": 1}, "guarantor", "TermInvalid",
            ["guarantor"]),
        ({"guarantor": "guarantor"}, "guarantee_minor_max", "TermInvalid", ["guaranteeMinorMax"]),
        ({"guarantee_minor_max": 1}, "guarantee_minor_max", "TermInvalid", ["guaranteeMinorMax"]),
        ({"guarantee_after_days": 1}, "guarantee_after_days", "TermInvalid",
            ["guaranteeAfterDays"]),
        ({"collectable_by": "anyone"}, "mandate_minor_max", "TermInvalid", ["mandateMinorMax"]),
        ({"mandate_minor_max": 1}, "mandate_minor_max", "TermInvalid", ["mandateMinorMax"]),
        ({"penalty_rate_ppm": 1_000_001}, "penalty_rate_ppm", "TermInvalid", ["penaltyRatePpm"]),
        ({"prepayment_fee_ppm": 1_000_001}, "prepayment_fee_ppm", "TermInvalid",
            ["prepaymentFeePpm"]),
        ({"penalty_year_days": 364}, "penalty_year_days", "TermInvalid", ["penaltyYearDays"]),
        ({"grace_days": 367}, "grace_days", "TermInvalid", ["graceDays"]),
        ({"utc_offset_minutes": 841}, "utc_offset_minutes", "TermInvalid", ["utcOffsetMinutes"]),
        ({"utc_offset_minutes": -721}, "utc_offset_minutes", "TermInvalid", ["utcOffsetMinutes"]),
        ({"self_paid_minor_max": 101}, "self_paid_minor_max", "TermInvalid", ["selfPaidMinorMax"]),
        ({"sign_by": date(1969, 12, 31)}, "sign_by", "TermInvalid", ["signBy"]),
        ({"disburse_on": date(1969, 12, 31)}, "disburse_on", "TermInvalid", ["disburseOn"]),
        ({"disburse_on": DAY + timedelta(days=6)}, "disburse_by", "TermInvalid", ["disburseBy"]),
        ({"disburse_by": DAY + timedelta(days=30)}, "instalments[0].due_on", "InstalmentInvalid",
            [0, "dueOn"]),
        ({"instalments": rows((30, 1), (0, 0), (70, 1))}, "instalments[1].principal_minor",
            "InstalmentInvalid", [1, "principalMinor"]),
        ({"instalments": rows((100, 1), (0, 1))}, "instalments[1].principal_minor",
            "InstalmentInvalid", [1, "principalMinor"]),
        ({"instalments": (*rows((30, 1)), *rows((70, 1)))}, "instalments[1].due_on",
            "InstalmentInvalid", [1, "dueOn"]),
        ({"instalments": rows((30, 1), (60, 1))}, "instalments", "ScheduleNotSummingToPrincipal",
            [10]),
        ({"instalments": rows((100, TOTAL_MINOR_MAX))}, "instalments", "TermInvalid",
            ["instalments"]),
        ({"instalments": rows(*[(0, 1)] * 1200, (100, 1))}, "instalments", "TermInvalid",
            ["instalments"]),
        ({"purposes": (PurposeCap("a", 0, 101),)}, "purposes[0].cap_minor", "PurposeInvalid",
            [0, "capMinor"]),
        ({"purposes": (PurposeCap("a", 0, 5), PurposeCap("b", 0, 0))}, "purposes[1].cap_minor",
            "PurposeInvalid", [1, "capMinor"]),
        ({"purposes": (PurposeCap("a", 0, 5), PurposeCap("a", 1, 5))}, "purposes[1].purpose",
            "PurposeInvalid", [1, "purpose"]),
        ({"purposes": tuple(PurposeCap(f"p{n}", 0, 1) for n in range(17))}, "purposes",
            "TermInvalid", ["purposes"]),
        ({"self_paid_minor_max": 94, "purposes": (PurposeCap("a", 0, 5),)}, "purposes",
            "PrincipalNotUsable", [99, 100]),
    ],
)  # fmt: skip
def test_terms_both_refuse(
    world: World, members: dict[str, Any], field: str, error: str, arguments: list[object]
) -> None:
    parties: dict[str, Any] = {
        name: world.address(members[name]) for name in ("borrower", "guarantor") if name in members
    }
    terms = plain(world, **{**members, **parties})
    with pytest.raises(TermsInvalid) as refused:
        terms.check_originable()
    assert refused.value.field == field
    on_chain = refusal(world, terms)
    assert on_chain is not None
    assert (on_chain.error, list(on_chain.arguments.values())) == (error, arguments)


def test_another_currency_is_another_ledger_s(world: World) -> None:
    on_chain = refusal(world, plain(world, currency="EUR"))
    assert on_chain is not None
    assert (on_chain.error, on_chain.arguments) == ("CurrencyMismatch", {"currency": "EUR"})
