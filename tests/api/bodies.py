"""Bodies of requests that are as they should be, for tests to spoil."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tallystick.loans.terms import LoanTerms
from tests.fixtures.chain import digest_of
from tests.fixtures.house import House


def plan_body(house: House) -> dict[str, Any]:
    """A plan of a year in equal instalments between the lender and the borrower."""
    today = house.world.today()
    return {
        "plan": {
            "principal_minor": 1_200_000,
            "currency": "CNY",
            "annual_rate_pct": "12",
            "method": "equal_instalment",
            "instalments": 12,
            "every": 1,
            "unit": "months",
            "disbursed_on": today.isoformat(),
            "day_count": "30/360",
            "rounding": "half_even",
        },
        "conditions": {
            "agreement": "API-1",
            "lender": house.world.address("lender"),
            "borrower": house.world.address("borrower"),
            "penalty_rate_ppm": 180_000,
            "penalty_year_days": 360,
            "grace_days": 3,
            "utc_offset_minutes": 480,
            "sign_by": (today + timedelta(days=7)).isoformat(),
            "disburse_by": (today + timedelta(days=7)).isoformat(),
            "self_paid_minor_max": 300_000,
            "document_hash": digest_of("agreement"),
            "purposes": [{"purpose": "supplies", "payee_category": 1, "cap_minor": 1_000_000}],
        },
    }


def terms_body(terms: LoanTerms, **members: Any) -> dict[str, Any]:
    """`terms` as they are proposed, with `members` in place of its own."""
    source = {**terms.as_json(), **members}
    rows = [{k: v for k, v in row.items() if k != "number"} for row in source["instalments"]]
    return {"terms": {**source, "instalments": rows}}
