"""Misuse and mishaps: each a clear problem of its own, and each changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tallystick.access.permissions import Role
from tallystick.chain import calls
from tallystick.chain.client import Node
from tallystick.chain.messages import typed_data
from tallystick.chain.signers import LocalKey
from tallystick.loans.terms import LoanTerms
from tallystick.store.session import open_store
from tests.api.bodies import plan_body, terms_body
from tests.fixtures.chain import digest_of
from tests.fixtures.house import House, key_header, problem_in

OFFICE_TABLES = ("agreements", "commands", "profiles")


def state_of(house: House) -> dict[str, Any]:
    """Everything a caller can change: the office's rows and the chain's head."""
    with house.store.read() as session:
        rows = {
            table: [tuple(row) for row in session.exec_driver_sql(f"SELECT * FROM {table}")]
            for table in OFFICE_TABLES
        }
        accepted = session.exec_driver_sql(
            "SELECT count(*) FROM audit_trail WHERE outcome = 'accepted'"
        ).scalar_one()
    return {**rows, "accepted": accepted, "head": house.world.node.header("latest").number}


@contextmanager
def nothing_changed(house: House) -> Iterator[None]:
    before = state_of(house)
    yield
    house.submitter.drain()
    assert state_of(house) == before


# ---------------------------------------------------------------- use of proceeds


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"purpose": "gambling"}, "purpose_not_agreed"),
        ({"payee": "stranger"}, "payee_not_registered"),
        ({"payee": "lender"}, "payee_is_party"),
        ({"payee": "borrower"}, "payee_is_party"),
        ({"payee": "school"}, "payee_category_not_agreed"),
        ({"amount_minor": 960_001}, "purpose_cap_exceeded"),
        ({"evidence_hash": "0x" + "00" * 32}, "evidence_missing"),
    ],
)
def test_payment_outside_the_agreement(house: House, change: dict[str, Any], name: str) -> None:
    loan_id = house.active_loan()
    borrower = house.client(Role.BORROWER)
    body = {
        "payee": "supplier",
        "amount_minor": 1_000,
        "purpose": "supplies",
        "evidence_hash": digest_of("invoice"),
        **change,
    }
    body["payee"] = house.world.address(body["payee"])
    with nothing_changed(house):
        answer = borrower.post(f"/v1/loans/{loan_id}/pay", json=body, headers=key_header())
        problem = problem_in(answer, 409, name)
    assert problem["title"] == "Refused by the chain"
    trail = house.client(Role.AUDITOR).get("/v1/audit-trail").json()["entries"]
    assert [(e["verb"], e["subject"], e["outcome"]) for e in trail] == [("pay", loan_id, name)]


def test_withdrawal_above_the_self_paid_share(house: House) -> None:
    loan_id = house.active_loan()
    body = {"amount_minor": 300_001}
    with nothing_changed(house):
        answer = house.client(Role.BORROWER).post(
            f"/v1/loans/{loan_id}/withdraw", json=body, headers=key_header()
        )
        problem = problem_in(answer, 409, "self_paid_share_exceeded")
    assert problem["data"]["args"]["maxMinor"] == 300_000


def test_unknown_loan(house: House) -> None:
    unknown = "0x" + "5a" * 32
    treasurer = house.client(Role.TREASURER)
    with nothing_changed(house):
        for path in ("", "/schedule", "/owed", "/history", "/funds", "/notices"):
            problem_in(treasurer.get(f"/v1/loans/{unknown}{path}"), 404, "loan_not_found")
        answer = treasurer.post(f"/v1/loans/{unknown}/disburse", headers=key_header())
        problem_in(answer, 404, "loan_not_found")
        approver = house.client(Role.APPROVER)
        answer = approver.post("/v1/loans", json={"loan_id": unknown}, headers=key_header())
        problem_in(answer, 404, "agreement_not_found")


def test_disbursing_what_was_signed_but_not_originated(house: House) -> None:
    loan_id = house.signed_agreement()
    with nothing_changed(house):
        answer = house.client(Role.TREASURER).post(
            f"/v1/loans/{loan_id}/disburse", headers=key_header()
        )
        problem_in(answer, 409, "loan_unknown")


def test_disbursing_twice(house: House) -> None:
    loan_id = house.active_loan()
    with nothing_changed(house):
        answer = house.client(Role.TREASURER).post(
            f"/v1/loans/{loan_id}/disburse", headers=key_header()
        )
        problem_in(answer, 409, "loan_status_invalid")


def test_account_whose_key_the_house_does_not_hold(house: House) -> None:
    house.active_loan()
    stranger = house.world.address("stranger")
    body = {"owner": stranger, "spender": "loan_ledger", "amount_minor": 1}
    with nothing_changed(house):
        answer = house.client(Role.TREASURER).post(
            "/v1/allowances", json=body, headers=key_header()
        )
        problem = problem_in(answer, 409, "lane_unknown")
    assert "wallet" in problem["detail"]


def test_bank_payment_booked_twice(house: House) -> None:
    treasurer = house.client(Role.TREASURER)
    body = {
        "direction": "in",
        "party": house.world.address("borrower"),
        "amount_minor": 5,
        "bank_reference": "ICBC 0001",
    }
    assert treasurer.post("/v1/bank-payments", json=body, headers=key_header()).is_success
    house.settle()
    with nothing_changed(house):
        answer = treasurer.post("/v1/bank-payments", json=body, headers=key_header())
        problem_in(answer, 409, "bank_reference_used")


def test_party_registered_twice(house: House) -> None:
    officer = house.client(Role.OFFICER)
    body = {"address": house.world.address("borrower"), "roles": ["borrower"], "name": "A"}
    with nothing_changed(house):
        answer = officer.post("/v1/parties", json=body, headers=key_header())
        problem_in(answer, 409, "party_already_registered")


@pytest.mark.parametrize(
    ("roles", "category"), [(["payee"], 0), (["borrower"], 5), (["lender", "borrower"], 1)]
)
def test_payee_category_without_payee(house: House, roles: list[str], category: int) -> None:
    officer = house.client(Role.OFFICER)
    body = {"address": "0x" + "31" * 20, "roles": roles, "payee_category": category, "name": "A"}
    with nothing_changed(house):
        answer = officer.post("/v1/parties", json=body, headers=key_header())
        problem_in(answer, 409, "payee_category_invalid")


def test_command_refused_when_it_is_mined_says_why(house: House) -> None:
    """Two payments in order each, but not both together: the chain decides at its time."""
    loan_id = house.active_loan()
    borrower = house.client(Role.BORROWER)
    body = {
        "payee": house.world.address("supplier"),
        "amount_minor": 700_000,
        "purpose": "supplies",
        "evidence_hash": digest_of("invoice"),
    }
    ids = []
    for _ in range(2):
        answer = borrower.post(f"/v1/loans/{loan_id}/pay", json=body, headers=key_header())
        assert answer.status_code == 202
        ids.append(answer.json()["id"])
    house.settle()
    first, second = (borrower.get(f"/v1/commands/{one}").json() for one in ids)
    assert (first["status"], first["error"]) == ("mined", None)
    assert second["status"] == "refused"
    assert second["error"]["type"] == "purpose_cap_exceeded"
    assert second["error"]["detail"]


# ---------------------------------------------------------------- signatures


def sign(house: House, loan_id: str, signer: str, signature: bytes) -> Any:
    body = {"signer": house.world.address(signer), "signature": "0x" + signature.hex()}
    return house.client(Role.OFFICER).post(f"/v1/agreements/{loan_id}/signatures", json=body)


@pytest.fixture
def proposal(house: House) -> tuple[LoanTerms, str]:
    terms = house.world.terms()
    answer = house.client(Role.OFFICER).post("/v1/agreements", json=terms_body(terms))
    assert answer.status_code == 201, answer.text
    assert answer.json()["terms"] == terms.as_json()
    return terms, answer.json()["loan_id"]


def test_wrong_signatures(house: House, proposal: tuple[LoanTerms, str]) -> None:
    terms, loan_id = proposal
    world = house.world
    by_lender, by_borrower = world.signatures(terms)
    other_terms, _ = world.signatures(replace(terms, annual_rate_ppm=1))
    other_chain = world.key("lender").sign_typed_data(_typed_data(house, terms, chain_id=1))
    other_ledger = world.key("lender").sign_typed_data(
        _typed_data(house, terms, ledger="0x" + "12" * 20)
    )
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    flipped_s = (order - int.from_bytes(by_lender[32:64])).to_bytes(32)
    malleable = by_lender[:32] + flipped_s + bytes([27 + 28 - by_lender[64]])
    wrong = {
        "the other side's": by_borrower,
        "of other terms": other_terms,
        "on another chain": other_chain,
        "on another ledger": other_ledger,
        "by nobody": LocalKey(b"\x01" * 32).sign_typed_data(_typed_data(house, terms)),
        "malleable": malleable,
        "too short": by_lender[:64],
        "too long": by_lender + b"\x00",
        "v of 0 or 1": by_lender[:64] + bytes([by_lender[64] - 27]),
        "zero": bytes(65),
        "no point": b"\xff" * 64 + b"\x1b",
    }
    with nothing_changed(house):
        for what, signature in wrong.items():
            answer = sign(house, loan_id, "lender", signature)
            problem = problem_in(answer, 422, "signature_invalid")
            assert problem["field"] == "signature", what
        problem = problem_in(
            sign(house, loan_id, "other_lender", by_lender), 422, "signer_not_party"
        )
        assert problem["field"] == "signer"
    assert sign(house, loan_id, "lender", by_lender).json()["awaited"] == ["borrower"]
    # And what is refused here is refused there.
    for what, signature in wrong.items():
        call = calls.originate(world.deployment, terms, [signature, by_borrower])
        with pytest.raises(Exception, match="signature") as refused:
            world.send(call, "servicer")
        assert refused.value.type == "signature_invalid", what  # type: ignore[attr-defined]  # the chain's


def test_originating_with_one_signature(house: House, proposal: tuple[LoanTerms, str]) -> None:
    terms, loan_id = proposal
    by_lender, _ = house.world.signatures(terms)
    assert sign(house, loan_id, "lender", by_lender).is_success
    with nothing_changed(house):
        answer = house.client(Role.APPROVER).post(
            "/v1/loans", json={"loan_id": loan_id}, headers=key_header()
        )
        problem = problem_in(answer, 409, "agreement_not_signed")
    assert problem["data"] == {"awaited": ["borrower"]}


def test_expired_signatures(house: House, proposal: tuple[LoanTerms, str]) -> None:
    terms, loan_id = proposal
    by_lender, by_borrower = house.world.signatures(terms)
    assert sign(house, loan_id, "lender", by_lender).is_success
    house.world.go_to(terms.sign_by)
    assert sign(house, loan_id, "borrower", by_borrower).is_success
    house.world.go_to(terms.sign_by + timedelta(days=1))
    with nothing_changed(house):
        problem_in(sign(house, loan_id, "borrower", by_borrower), 409, "signature_expired")
        answer = house.client(Role.APPROVER).post(
            "/v1/loans", json={"loan_id": loan_id}, headers=key_header()
        )
        problem_in(answer, 409, "signature_expired")


def test_replayed_signatures(house: House) -> None:
    loan_id = house.signed_agreement(terms := house.world.terms())
    by_lender, _ = house.world.signatures(terms)
    approver = house.client(Role.APPROVER)
    # The same signature again changes nothing but the trail.
    assert sign(house, loan_id, "lender", by_lender).json()["awaited"] == []
    first = approver.post("/v1/loans", json={"loan_id": loan_id}, headers=key_header())
    assert first.status_code == 202
    house.settle()
    with nothing_changed(house):
        again = approver.post("/v1/loans", json={"loan_id": loan_id}, headers=key_header())
        problem_in(again, 409, "loan_already_originated")
        problem_in(sign(house, loan_id, "lender", by_lender), 409, "loan_already_originated")


def test_revoked_signature(house: House) -> None:
    terms = house.world.terms()
    loan_id = house.signed_agreement(terms)
    house.world.send(calls.revoke_signature(house.world.deployment, terms), "borrower")
    by_lender, _ = house.world.signatures(terms)
    with nothing_changed(house):
        problem_in(sign(house, loan_id, "lender", by_lender), 409, "signature_is_revoked")
        answer = house.client(Role.APPROVER).post(
            "/v1/loans", json={"loan_id": loan_id}, headers=key_header()
        )
        problem_in(answer, 409, "signature_is_revoked")


def _typed_data(
    house: House, terms: LoanTerms, *, chain_id: int | None = None, ledger: str | None = None
) -> Any:
    deployment = house.world.deployment
    return typed_data(
        terms,
        deployment.chain_id if chain_id is None else chain_id,
        deployment.loan_ledger if ledger is None else ledger,
    )


# ---------------------------------------------------------------- terms and plans


def test_terms_the_ledger_would_refuse(house: House) -> None:
    terms = house.world.terms()
    officer = house.client(Role.OFFICER)
    rows = terms.as_json()["instalments"]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"borrower": terms.lender}, "terms.borrower"),
        ({"document_hash": "0x" + "00" * 32}, "terms.document_hash"),
        ({"principal_minor": 1_200_001}, "terms.instalments"),
        ({"instalments": [*rows[1:], rows[0]]}, "terms.instalments[5].due_on"),
        ({"self_paid_minor_max": 1_200_001}, "terms.self_paid_minor_max"),
        ({"purposes": [], "self_paid_minor_max": 5}, "terms.purposes"),
        ({"currency": "USD"}, "terms.currency"),
        ({"sign_by": "2025-12-31"}, "terms.sign_by"),
        ({"disburse_by": "2025-12-31"}, "terms.disburse_by"),
    ]
    with nothing_changed(house):
        for members, field in wrong:
            answer = officer.post("/v1/agreements", json=terms_body(terms, **members))
            assert problem_in(answer, 422, "terms_invalid")["field"] == field


def test_terms_of_parties_that_are_none(house: House) -> None:
    officer, world = house.client(Role.OFFICER), house.world
    with nothing_changed(house):
        for members, field in (
            ({"lender": world.address("stranger")}, "lender"),
            ({"lender": world.address("borrower"), "borrower": world.address("lender")}, "lender"),
            ({"borrower": world.address("supplier")}, "borrower"),
        ):
            answer = officer.post("/v1/agreements", json=terms_body(world.terms(), **members))
            assert problem_in(answer, 409, "party_not_active_as")["field"] == field


NOT_FOR_METHOD, GROWING = "field_not_for_method", "negative_amortisation"
BEYOND_9999 = "date_out_of_range"


@pytest.mark.parametrize(
    ("change", "name", "field"),
    [
        ({"annual_rate_pct": "x"}, "request_invalid", "plan.annual_rate_pct"),
        ({"annual_rate_pct": 7}, "request_invalid", "plan.annual_rate_pct"),
        ({"annual_rate_pct": "1e1"}, "request_invalid", "plan.annual_rate_pct"),
        ({"annual_rate_pct": "NaN"}, "request_invalid", "plan.annual_rate_pct"),
        ({"annual_rate_pct": "1000.1"}, "rate_out_of_range", "plan.annual_rate_pct"),
        ({"annual_rate_pct": "7.00001"}, "terms_invalid", "plan.annual_rate_pct"),
        ({"method": "balloon"}, "request_invalid", "plan.method"),
        ({"rounding": "up"}, "request_invalid", "plan.rounding"),
        ({"day_count": "30/365"}, "request_invalid", "plan.day_count"),
        ({"instalments": 0}, "request_invalid", "plan.instalments"),
        ({"instalments": 10**30}, "request_invalid", "plan.instalments"),
        ({"disbursed_on": "2026-02-30"}, "request_invalid", "plan.disbursed_on"),
        ({"disbursed_on": "20260201"}, "request_invalid", "plan.disbursed_on"),
        ({"disbursed_on": 1767225600}, "request_invalid", "plan.disbursed_on"),
        ({"first_due_on": "2020-01-01"}, "invalid_plan", "plan.first_due_on"),
        ({"principal_grace": 12}, "invalid_plan", "plan.principal_grace"),
        ({"rows": [{"due_on": "2026-05-01", "principal_minor": 1}]}, NOT_FOR_METHOD, "plan.rows"),
        ({"calendar": "CN"}, "invalid_plan", "plan.business_day"),
        ({"business_day": "following", "calendar": "XX"}, "unknown_calendar", "plan.calendar"),
        ({"currency": "XXX"}, "unknown_currency", "plan.currency"),
        ({"currency": "USD"}, "terms_invalid", "plan.currency"),
        ({"instalment_override_minor": 1}, GROWING, "plan.instalment_override_minor"),
        ({"unit": "years", "every": 1200, "instalments": 900}, BEYOND_9999, "plan.instalments"),
        ({"principal": "1.00"}, "request_invalid", "plan.principal"),
    ],
)  # fmt: skip
def test_malformed_plan(house: House, change: dict[str, Any], name: str, field: str) -> None:
    body = plan_body(house)
    body["plan"].update(change)
    with nothing_changed(house):
        answer = house.client(Role.OFFICER).post("/v1/plans", json=body)
        assert problem_in(answer, 422, name)["field"] == field


# ---------------------------------------------------------------- parts that do not answer


def test_node_down(house: House) -> None:
    loan_id = house.active_loan()
    borrower = house.client(Role.BORROWER)
    body = {
        "payee": house.world.address("supplier"),
        "amount_minor": 1,
        "purpose": "supplies",
        "evidence_hash": digest_of("invoice"),
    }
    with nothing_changed(house), Node("http://127.0.0.1:9", timeout_seconds=0.5) as down:
        house.app.state.office = replace(house.desk, node=down)
        house.app.state.clock = lambda: down.header("latest")
        answer = borrower.post(f"/v1/loans/{loan_id}/pay", json=body, headers=key_header())
        problem = problem_in(answer, 503, "node_unavailable")
        assert answer.headers["retry-after"]
        assert "127.0.0.1" not in answer.text
        assert problem["data"] == {}
        # Reads come from the mirror and go on.
        for read in ("", "/schedule", "/history", "/notices", "/owed?at=2026-01-02T00:00:00Z"):
            assert borrower.get(f"/v1/loans/{loan_id}{read}").status_code == 200
        problem_in(borrower.get(f"/v1/loans/{loan_id}/owed"), 503, "node_unavailable")
        # And a refusal is a refusal, though no time can be told for the trail.
        problem_in(house.client(Role.AUDITOR).post("/v1/parties"), 403, "not_permitted")
        house.app.state.office = house.desk


def test_locked_database(house: House, tmp_path: Path) -> None:
    loan_id = house.active_loan()
    (file,) = tmp_path.glob("*.db")
    impatient = open_store(f"sqlite:///{file}", lock_timeout_seconds=0.1)
    borrower = house.client(Role.BORROWER)
    body = {"amount_minor": 1}
    with nothing_changed(house):
        house.app.state.office = replace(house.desk, store=impatient)
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            answer = borrower.post(f"/v1/loans/{loan_id}/withdraw", json=body, headers=key_header())
            problem_in(answer, 503, "store_locked")
            assert answer.headers["retry-after"]
            assert str(tmp_path) not in answer.text
        finally:
            other.execute("ROLLBACK")
            other.close()
            house.app.state.office = house.desk
            impatient.close()
    key = key_header()
    retried = borrower.post(f"/v1/loans/{loan_id}/withdraw", json=body, headers=key)
    assert retried.status_code == 202


def test_database_gone(house: House, tmp_path: Path) -> None:
    gone = open_store(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    auditor = house.client(Role.AUDITOR)
    house.app.state.office = replace(house.desk, store=gone)
    answer = auditor.get("/v1/loans")
    problem_in(answer, 503, "store_unreachable")
    assert "folder" not in answer.text
    gone.close()
