"""Acceleration, restructuring, assignment and cancellation through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tallystick.access.permissions import Role
from tallystick.chain import calls
from tests.api.bodies import terms_body
from tests.api.ordering import mined, refused
from tests.fixtures.chain import UNLIMITED, digest_of
from tests.fixtures.house import House, problem_in

REASON = {"reason_hash": digest_of("decided")}
UNKNOWN = "0x" + "5a" * 32


def sign_all(house: House, path: str, typed_data: Any, names: tuple[str, ...]) -> Any:
    """By each of them with its own key, as the officer hands it in; the last answer."""
    officer = house.client(Role.OFFICER)
    for name in names:
        signature = "0x" + house.world.key(name).sign_typed_data(typed_data).hex()
        body = {"signer": house.world.address(name), "signature": signature}
        answer = officer.post(f"{path}/signatures", json=body)
        assert answer.status_code == 200, answer.text
    return answer.json()


# ---------------------------------------------------------------- acceleration


def test_everything_is_made_due(house: House) -> None:
    terms = house.world.terms(accelerate_after_days=30)
    loan_id = house.active_loan(terms)
    house.world.pay(terms, "supplier", 900_000)
    lender, approver = house.client(Role.LENDER), house.client(Role.APPROVER)
    path = f"/loans/{loan_id}/accelerate"
    house.world.go_to(terms.instalments[0].due_on + timedelta(days=30))
    house.follower.catch_up()
    refused(lender, path, REASON, 409, "not_late_enough")
    house.world.go_to(terms.instalments[0].due_on + timedelta(days=31))
    house.follower.catch_up()
    mined(house, lender, path, REASON)
    shown = lender.get(f"/v1/loans/{loan_id}").json()
    assert (shown["status"], shown["is_accelerated"]) == ("active", True)
    # What was left of the proceeds repaid what it could.
    assert shown["balances"]["controlled_minor"] == 0
    owed = lender.get(f"/v1/loans/{loan_id}/owed").json()
    assert owed["current_minor"] == 0
    assert owed["due_minor"] == owed["repayable_minor"] == owed["payoff_minor"] > 900_000
    refused(approver, path, REASON, 409, "loan_already_accelerated")
    plain = house.active_loan()
    refused(approver, f"/loans/{plain}/accelerate", REASON, 409, "not_agreed")
    refused(approver, f"/loans/{plain}/accelerate", {}, 422, "request_invalid")


# ---------------------------------------------------------------- restructuring


def extension(house: House, **members: Any) -> dict[str, Any]:
    today = house.world.today().isoformat()
    return {
        "agreement": "EXT-1",
        "months": 3,
        "effective_on": today,
        "sign_by": today,
        "document_hash": digest_of("extension"),
        **members,
    }


def test_a_loan_is_extended(house: House) -> None:
    world = house.world
    terms = world.terms(mandate_minor_max=500_000, collectable_by="servicer")
    loan_id = house.active_loan(terms)
    world.pay(terms, "supplier", 900_000)
    world.go_to(terms.instalments[0].due_on + timedelta(days=15))
    house.follower.catch_up()
    officer, approver = house.client(Role.OFFICER), house.client(Role.APPROVER)
    before = officer.get(f"/v1/loans/{loan_id}/owed").json()
    proposed = officer.post(f"/v1/loans/{loan_id}/extensions", json=extension(house))
    assert proposed.status_code == 201, proposed.text
    new_id, new = proposed.json()["loan_id"], proposed.json()["terms"]
    assert new["prior_loan_id"] == loan_id
    assert new["principal_minor"] == terms.principal_minor
    assert len(new["instalments"]) == len(terms.instalments)
    assert new["instalments"][0]["due_on"] == "2026-04-30"  # of 2026-01-31
    assert new["purposes"] == [
        {"purpose": "supplies", "payee_category": 1, "cap_minor": 60_000},
        {"purpose": "tuition", "payee_category": 2, "cap_minor": 300_000},
    ]
    body = {"loan_id": new_id}
    refused(approver, "/restructurings", body, 409, "agreement_not_signed")
    signed = sign_all(
        house, f"/v1/agreements/{new_id}", proposed.json()["typed_data"], ("lender", "borrower")
    )
    assert signed["awaited"] == []
    refused(approver, "/loans", body, 409, "agreement_replaces_loan")
    mined(house, approver, "/restructurings", body)
    prior, now = (approver.get(f"/v1/loans/{one}").json() for one in (loan_id, new_id))
    assert (prior["status"], now["status"]) == ("restructured", "active")
    assert now["balances"]["controlled_minor"] == 300_000
    owed = approver.get(f"/v1/loans/{new_id}/owed").json()
    assert owed["interest_minor"] == before["interest_minor"] + before["payoff_interest_minor"]
    assert owed["penalty_minor"] == before["penalty_minor"] > 0
    assert owed["days_past_due"] == 0
    refused(approver, "/restructurings", body, 409, "loan_already_originated")


def test_what_cannot_be_extended(house: House) -> None:
    terms = house.world.terms()
    loan_id = house.active_loan(terms)
    officer, lender = house.client(Role.OFFICER), house.client(Role.LENDER)
    today = house.world.today()
    path = f"/v1/loans/{loan_id}/extensions"
    for members, status, name, field in (
        ({"months": 0}, 422, "request_invalid", "months"),
        ({"months": "3"}, 422, "request_invalid", "months"),
        ({"agreement": ""}, 422, "request_invalid", "agreement"),
        ({"effective_on": "tomorrow"}, 422, "request_invalid", "effective_on"),
        ({"effective_on": "2025-12-31"}, 422, "extension_invalid", "effective_on"),
        ({"effective_on": str(today + timedelta(days=300))}, 422, "extension_invalid", "months"),
        ({"sign_by": "2025-12-31"}, 422, "terms_invalid", "sign_by"),
        ({"months": 1200}, 422, "terms_invalid", None),
    ):
        answer = officer.post(path, json=extension(house, **members))
        if field is None:
            assert answer.status_code in (201, 422)
            continue
        assert problem_in(answer, status, name)["field"] == field, members
    other = house.client(Role.LENDER, "other_lender")
    there = other.post(path, json=extension(house))
    problem_in(there, 404, "loan_not_found")
    signed = house.signed_agreement()
    answer = lender.post(f"/v1/loans/{signed}/extensions", json=extension(house))
    problem_in(answer, 404, "loan_not_found")
    approved = house.world.originate(house.world.terms())
    house.follower.catch_up()
    answer = officer.post(f"/v1/loans/{approved}/extensions", json=extension(house))
    problem_in(answer, 409, "loan_not_extendable")
    refused(house.client(Role.APPROVER), "/restructurings", {"loan_id": signed}, 409,
            "agreement_replaces_nothing")  # fmt: skip
    refused(house.client(Role.APPROVER), "/restructurings", {"loan_id": UNKNOWN}, 404,
            "agreement_not_found")  # fmt: skip


def test_terms_that_do_not_continue_the_loan_they_name(house: House) -> None:
    world = house.world
    loan_id = house.active_loan()
    officer = house.client(Role.OFFICER)
    for members, field in (
        ({"lender": world.address("other_lender")}, "lender"),
        ({"principal_minor": 1_100_000}, "principal_minor"),
    ):
        terms = world.terms(prior_loan_id=loan_id, purposes=(), self_paid_minor_max=0, **members)
        answer = officer.post("/v1/agreements", json=terms_body(terms))
        assert problem_in(answer, 409, "restructuring_mismatch")["field"] == field
    approved = world.originate(world.terms())
    house.follower.catch_up()
    for prior, status, name in (
        (approved, 409, "restructuring_mismatch"),
        (UNKNOWN, 404, "loan_not_found"),
    ):
        terms = world.terms(prior_loan_id=prior)
        problem_in(officer.post("/v1/agreements", json=terms_body(terms)), status, name)
    # To a lender's key another's loan is none.
    other = world.terms(prior_loan_id=loan_id, lender=world.address("other_lender"))
    answer = house.client(Role.LENDER, "other_lender").post(
        "/v1/agreements", json=terms_body(other)
    )
    problem_in(answer, 404, "loan_not_found")


# ---------------------------------------------------------------- assignment


def offer(house: House, loan_id: str, **members: Any) -> dict[str, Any]:
    return {
        "loan_id": loan_id,
        "assignee": house.world.address("other_lender"),
        "price_minor": 1_100_000,
        "sign_by": house.world.today().isoformat(),
        **members,
    }


@pytest.fixture
def buyer(house: House) -> TestClient:
    """A lender with money, who lets the ledger take it."""
    house.world.mint("other_lender", 2_000_000)
    on = house.world.deployment
    house.world.send(calls.approve(on, on.loan_ledger, UNLIMITED), "other_lender")
    return house.client(Role.LENDER, "other_lender")


def test_a_claim_is_sold(house: House, buyer: TestClient) -> None:
    loan_id = house.active_loan()
    seller, officer = house.client(Role.LENDER), house.client(Role.OFFICER)
    approver = house.client(Role.APPROVER)
    problem_in(buyer.get(f"/v1/loans/{loan_id}"), 404, "loan_not_found")
    proposed = seller.post("/v1/assignments", json=offer(house, loan_id))
    assert proposed.status_code == 201, proposed.text
    assignment = proposed.json()
    path = f"/v1/assignments/{assignment['assignment_id']}"
    assert proposed.headers["location"] == path
    assert assignment["awaited"] == ["lender", "assignee"]
    same = officer.post("/v1/assignments", json=offer(house, loan_id)).json()
    assert same["assignment_id"] == assignment["assignment_id"]
    # Both sides see it, and no others.
    for client in (seller, buyer, officer):
        assert client.get(path).status_code == 200
        assert len(client.get("/v1/assignments").json()["assignments"]) == 1
    for client in (house.client(Role.BORROWER), house.client(Role.LENDER, "stranger")):
        problem_in(client.get(path), 404, "assignment_not_found")
        assert client.get("/v1/assignments").json()["assignments"] == []
    order = f"/assignments/{assignment['assignment_id']}/assign"
    refused(approver, order, None, 409, "assignment_not_signed")
    signed = sign_all(house, path, assignment["typed_data"], ("lender", "other_lender"))
    assert signed["awaited"] == []
    mined(house, approver, order)
    assert buyer.get(f"/v1/loans/{loan_id}").json()["lender"] == house.world.address("other_lender")
    assert [line["loan_id"] for line in buyer.get("/v1/loans").json()["loans"]] == [loan_id]
    assert house.desk.ledger.balances([house.world.address("other_lender")]) == {
        house.world.address("other_lender"): 900_000
    }
    # Who has sold it neither sees it nor commands it any more.
    problem_in(seller.get(f"/v1/loans/{loan_id}"), 404, "loan_not_found")
    refused(seller, f"/loans/{loan_id}/accelerate", REASON, 404, "loan_not_found")
    again = officer.post("/v1/assignments", json=offer(house, loan_id))
    assert problem_in(again, 422, "assignment_invalid")["field"] == "assignee"
    late = {"signer": house.world.address("lender"), "signature": "0x" + "11" * 65}
    problem_in(officer.post(f"{path}/signatures", json=late), 409, "assignment_outdated")
    refused(approver, order, None, 409, "assignee_invalid")


def test_what_is_no_assignment(house: House, buyer: TestClient) -> None:
    world = house.world
    loan_id = house.active_loan()
    seller, officer = house.client(Role.LENDER), house.client(Role.OFFICER)
    for members, status, name, field in (
        ({"assignee": world.address("lender")}, 422, "assignment_invalid", "assignee"),
        ({"assignee": world.address("borrower")}, 422, "assignment_invalid", "assignee"),
        ({"assignee": world.address("supplier")}, 409, "party_not_active_as", "assignee"),
        ({"assignee": world.address("stranger")}, 409, "party_not_active_as", "assignee"),
        ({"sign_by": "2025-12-31"}, 422, "assignment_invalid", "sign_by"),
        ({"price_minor": -1}, 422, "request_invalid", "price_minor"),
        ({"price_minor": "1"}, 422, "request_invalid", "price_minor"),
    ):
        answer = seller.post("/v1/assignments", json=offer(house, loan_id, **members))
        assert problem_in(answer, status, name)["field"] == field
    answer = buyer.post("/v1/assignments", json=offer(house, loan_id))
    problem_in(answer, 404, "loan_not_found")
    approved = world.originate(world.terms())
    house.follower.catch_up()
    answer = seller.post("/v1/assignments", json=offer(house, approved))
    problem_in(answer, 409, "claim_not_assignable")
    assignment = seller.post("/v1/assignments", json=offer(house, loan_id)).json()
    path = f"/v1/assignments/{assignment['assignment_id']}/signatures"
    wrong = world.key("borrower").sign_typed_data(assignment["typed_data"]).hex()
    body = {"signer": world.address("lender"), "signature": "0x" + wrong}
    problem_in(officer.post(path, json=body), 422, "signature_invalid")
    body = {"signer": world.address("borrower"), "signature": "0x" + wrong}
    problem_in(officer.post(path, json=body), 422, "signer_not_party")
    world.send(calls.cancel_signatures(world.deployment, world.address("lender")), "lender")
    body = {"signer": world.address("lender"), "signature": "0x" + wrong}
    problem_in(officer.post(path, json=body), 409, "signatures_cancelled")


# ---------------------------------------------------------------- before disbursement


@pytest.mark.parametrize("role", [Role.LENDER, Role.BORROWER])
def test_a_loan_is_given_up(house: House, role: Role) -> None:
    loan_id = house.world.originate(house.world.terms())
    house.follower.catch_up()
    side = house.client(role)
    stranger = house.client(role, "other_lender")
    refused(stranger, f"/loans/{loan_id}/cancel", None, 404, "loan_not_found")
    mined(house, side, f"/loans/{loan_id}/cancel")
    assert side.get(f"/v1/loans/{loan_id}").json()["status"] == "cancelled"
    refused(side, f"/loans/{loan_id}/cancel", None, 409, "loan_status_invalid")
    treasurer = house.client(Role.TREASURER)
    refused(treasurer, f"/loans/{loan_id}/disburse", None, 409, "loan_status_invalid")


def test_a_signature_is_taken_back(house: House) -> None:
    loan_id = house.signed_agreement()
    path = f"/agreements/{loan_id}/revoke-signature"
    refused(house.client(Role.LENDER, "other_lender"), path, None, 404, "agreement_not_found")
    refused(house.client(Role.GUARANTOR), path, None, 404, "agreement_not_found")
    borrower = house.client(Role.BORROWER)
    mined(house, borrower, path)
    refused(borrower, path, None, 409, "signature_is_revoked")
    approver = house.client(Role.APPROVER)
    refused(approver, "/loans", {"loan_id": loan_id}, 409, "signature_is_revoked")


def test_all_signatures_are_cancelled(house: House) -> None:
    world = house.world
    loan_id = house.signed_agreement()
    terms = world.terms()
    officer, lender = house.client(Role.OFFICER), house.client(Role.LENDER)
    open_id = officer.post("/v1/agreements", json=terms_body(terms)).json()["loan_id"]
    address = world.address("lender")
    assert lender.get(f"/v1/parties/{address}").json()["signature_nonce"] == 0
    other = world.address("borrower")
    refused(lender, f"/parties/{other}/cancel-signatures", None, 404, "party_not_found")
    mined(house, lender, f"/parties/{address}/cancel-signatures")
    assert lender.get(f"/v1/parties/{address}").json()["signature_nonce"] == 1
    approver = house.client(Role.APPROVER)
    refused(approver, "/loans", {"loan_id": loan_id}, 409, "signature_nonce_invalid")
    body = {"signer": address, "signature": "0x" + world.signatures(terms)[0].hex()}
    answer = officer.post(f"/v1/agreements/{open_id}/signatures", json=body)
    problem_in(answer, 409, "signatures_cancelled")
    # New terms carry the new nonce; a plan's are filled in.
    stale = officer.post("/v1/agreements", json=terms_body(world.terms()))
    assert problem_in(stale, 422, "terms_invalid")["field"] == "terms.lender_nonce"
    fresh = officer.post("/v1/agreements", json=terms_body(world.terms(), lender_nonce=1))
    assert fresh.status_code == 201
