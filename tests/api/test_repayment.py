"""Mandates, prepayments, payoffs and guarantees through the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi.testclient import TestClient

from tallystick.access.permissions import Role
from tallystick.chain import calls
from tallystick.loans.terms import LoanTerms
from tests.api.ordering import mined, ordered, refused
from tests.fixtures.chain import UNLIMITED
from tests.fixtures.house import House, key_header, problem_in

MANDATE: dict[str, Any] = {"mandate_minor_max": 500_000, "collectable_by": "servicer"}


def go_to_due(house: House, terms: LoanTerms, number: int = 1, days: int = 0) -> None:
    house.world.go_to(terms.instalments[number - 1].due_on + timedelta(days=days))
    house.follower.catch_up()


def shown(client: TestClient, loan_id: str) -> Any:
    return client.get(f"/v1/loans/{loan_id}").json()


# ---------------------------------------------------------------- collection


def test_what_is_due_is_collected_up_to_the_mandate(house: House) -> None:
    terms = house.world.terms(**MANDATE)
    loan_id = house.active_loan(terms)
    collector, borrower = house.client(Role.COLLECTOR), house.client(Role.BORROWER)
    refused(collector, f"/loans/{loan_id}/collect", None, 409, "nothing_to_collect")
    go_to_due(house, terms)
    due_minor = terms.instalments[0].total_minor
    mined(house, collector, f"/loans/{loan_id}/collect")
    assert shown(borrower, loan_id)["balances"]["collected_minor"] == due_minor
    go_to_due(house, terms, 3)
    mined(house, house.client(Role.LENDER), f"/loans/{loan_id}/collect")
    assert shown(borrower, loan_id)["balances"]["collected_minor"] == 500_000
    refused(collector, f"/loans/{loan_id}/collect", None, 409, "nothing_to_collect")


def test_a_revoked_mandate_is_over(house: House) -> None:
    terms = house.world.terms(**MANDATE)
    loan_id = house.active_loan(terms)
    borrower, collector = house.client(Role.BORROWER), house.client(Role.COLLECTOR)
    mined(house, borrower, f"/loans/{loan_id}/revoke-mandate")
    assert shown(borrower, loan_id)["is_mandate_revoked"] is True
    go_to_due(house, terms)
    refused(collector, f"/loans/{loan_id}/collect", None, 409, "mandate_is_revoked")
    refused(borrower, f"/loans/{loan_id}/revoke-mandate", None, 409, "mandate_is_revoked")
    plain = house.active_loan()
    refused(collector, f"/loans/{plain}/collect", None, 409, "not_agreed")
    refused(borrower, f"/loans/{plain}/revoke-mandate", None, 409, "not_agreed")


def test_all_mandates_at_once_each_loan_by_itself(any_house: House) -> None:
    """Two loans of one borrower who has money for one: the second fails in its batch alone."""
    house = any_house
    world = house.world
    collected = [house.active_loan(world.terms(**MANDATE)) for _ in range(2)]
    house.active_loan()
    poor = world.terms(**MANDATE, lender=world.address("other_lender"))
    world.go_to(world.today() + timedelta(days=30))
    house.follower.catch_up()
    due_minor = shown(house.client(Role.AUDITOR), collected[0])["terms"]["instalments"][0]
    due_minor = due_minor["principal_minor"] + due_minor["interest_minor"]
    balance = house.desk.ledger.balances([poor.borrower])[poor.borrower]
    world.send(
        calls.transfer(world.deployment, world.address("guarantor"), balance - due_minor),
        "borrower",
    )
    house.follower.catch_up()
    collector = house.client(Role.COLLECTOR)
    key = key_header()
    answer = collector.post("/v1/collections", headers=key)
    assert answer.status_code == 200, answer.text
    (command,) = answer.json()["commands"]
    assert answer.json()["refused"] == []
    house.settle()
    told = collector.get(f"/v1/commands/{command['id']}").json()
    assert told["status"] == "mined"
    assert [item["subject"] for item in told["items"]] == collected
    assert [item["status"] for item in told["items"]] == ["mined", "refused"]
    assert told["items"][1]["error"]["type"] == "nothing_to_collect"
    # Asked again under the same key nothing is ordered; under another it is known to fail.
    again = collector.post("/v1/collections", headers=key).json()
    assert [one["id"] for one in again["commands"]] == [command["id"]]
    anew = collector.post("/v1/collections", headers=key_header()).json()
    assert anew["commands"] == []
    assert [(row["loan_id"], row["error"]["type"]) for row in anew["refused"]] == [
        (collected[1], "nothing_to_collect")
    ]
    # A lender collects on its own loans only.
    other = house.client(Role.LENDER, "other_lender").post("/v1/collections", headers=key_header())
    assert other.json() == {"commands": [], "refused": []}


# ---------------------------------------------------------------- prepayment and payoff


def test_a_prepayment_takes_what_was_quoted(house: House) -> None:
    world = house.world
    for rule in ("shorter_term", "smaller_instalments"):
        terms = world.terms(prepayment=rule, prepayment_fee_ppm=10_000)
        loan_id = house.active_loan(terms)
        borrower = house.client(Role.BORROWER)
        path = f"/v1/loans/{loan_id}/prepayment-quote"
        world.go_to(world.today() + timedelta(days=10))
        house.follower.catch_up()
        quote = borrower.get(path, params={"principal_minor": 300_000}).json()
        assert quote["principal_minor"] == 300_000
        assert quote["fee_minor"] == 3_000
        assert quote["interest_minor"] > 0
        assert quote["valid_until"].endswith("T16:00:00Z")
        body = {"principal_minor": 300_000, "amount_minor_max": quote["amount_minor"]}
        less = {**body, "amount_minor_max": quote["amount_minor"] - 1}
        refused(borrower, f"/loans/{loan_id}/prepay", less, 409, "amount_above_max")
        mined(house, borrower, f"/loans/{loan_id}/prepay", body)
        balances = shown(borrower, loan_id)["balances"]
        assert balances["outstanding_principal_minor"] == terms.principal_minor - 300_000
        assert balances["fee_repaid_minor"] == 3_000


def test_what_cannot_be_prepaid(house: House) -> None:
    terms = house.world.terms(prepayment="shorter_term")
    loan_id = house.active_loan(terms)
    borrower = house.client(Role.BORROWER)
    path = f"/v1/loans/{loan_id}/prepayment-quote"
    too_much = borrower.get(path, params={"principal_minor": terms.principal_minor})
    assert problem_in(too_much, 409, "prepayment_not_possible")["field"] == "principal_minor"
    for wrong in ({}, {"principal_minor": 0}, {"principal_minor": "much"}):
        problem_in(borrower.get(path, params=wrong), 422, "request_invalid")
    body: dict[str, Any] = {"principal_minor": 1_100_000, "amount_minor_max": 10**9}
    refused(borrower, f"/loans/{loan_id}/prepay", body, 409, "prepayment_too_large")
    go_to_due(house, terms)
    refused(borrower, f"/loans/{loan_id}/prepay", body, 409, "due_amounts_first")
    body = {"principal_minor": 0, "amount_minor_max": 1}
    refused(borrower, f"/loans/{loan_id}/prepay", body, 422, "request_invalid")
    plain = house.active_loan()
    body = {"principal_minor": 1, "amount_minor_max": 10**6}
    refused(borrower, f"/loans/{plain}/prepay", body, 409, "not_agreed")


def test_a_payoff_takes_what_was_quoted(house: House) -> None:
    terms = house.world.terms(prepayment_fee_ppm=5_000)
    loan_id = house.active_loan(terms)
    borrower = house.client(Role.BORROWER)
    go_to_due(house, terms, 1, 10)
    quote = borrower.get(f"/v1/loans/{loan_id}/payoff-quote").json()
    assert quote["penalty_minor"] > 0
    assert quote["fee_minor"] == (terms.principal_minor - 200_000) * 5 // 1000
    parts = ("penalty_minor", "interest_minor", "principal_minor", "fee_minor")
    assert quote["amount_minor"] == sum(quote[part] for part in parts)
    before = house.desk.ledger.balances([terms.borrower])[terms.borrower]
    body = {"amount_minor_max": quote["amount_minor"]}
    refused(
        borrower,
        f"/loans/{loan_id}/payoff",
        {"amount_minor_max": quote["amount_minor"] - 1},
        409,
        "amount_above_max",
    )
    mined(house, borrower, f"/loans/{loan_id}/payoff", body)
    after = house.desk.ledger.balances([terms.borrower])[terms.borrower]
    released = terms.principal_minor
    assert before - after == quote["amount_minor"] - released
    gone = borrower.get(f"/v1/loans/{loan_id}/payoff-quote")
    problem_in(gone, 409, "loan_not_carried")
    past = {"at": "2026-01-01T00:00:00Z"}
    other = house.active_loan()
    problem_in(borrower.get(f"/v1/loans/{other}/payoff-quote", params=past), 422,
               "time_not_countable")  # fmt: skip


# ---------------------------------------------------------------- guarantee


def guaranteed(house: House) -> tuple[LoanTerms, str]:
    world = house.world
    terms = world.terms(
        guarantor=world.address("guarantor"),
        guarantee_minor_max=400_000,
        guarantee_after_days=20,
        collateral_hash="0x" + "c0" * 32,
    )
    world.mint("guarantor", 10**6)
    world.send(
        calls.approve(world.deployment, world.deployment.loan_ledger, UNLIMITED), "guarantor"
    )
    return terms, house.active_loan(terms)


def test_a_guarantor_is_called_on_and_gets_it_back(house: House) -> None:
    terms, loan_id = guaranteed(house)
    lender, borrower = house.client(Role.LENDER), house.client(Role.BORROWER)
    guarantor, auditor = house.client(Role.GUARANTOR), house.client(Role.AUDITOR)
    call = {"amount_minor_max": 10**6}
    go_to_due(house, terms, 1, 20)
    path = f"/loans/{loan_id}/call-guarantee"
    refused(lender, path, call, 409, "not_late_enough")
    # The guarantor itself may at any time.
    mined(house, guarantor, path, {"amount_minor_max": 50_000})
    assert shown(guarantor, loan_id)["balances"]["guaranteed_minor"] == 50_000
    due_first = {"amount_minor_max": 50_000}
    refused(borrower, f"/loans/{loan_id}/reimburse", due_first, 409, "due_amounts_first")
    go_to_due(house, terms, 1, 21)
    mined(house, lender, path, call)
    balances = shown(guarantor, loan_id)["balances"]
    due_minor = terms.instalments[0].total_minor
    assert due_minor < balances["guaranteed_minor"] < due_minor * 102 // 100
    # The borrower pays back half, and the rest after it has paid off the loan.
    mined(house, borrower, f"/loans/{loan_id}/reimburse", {"amount_minor_max": 100_000})
    mined(house, borrower, f"/loans/{loan_id}/payoff", {"amount_minor_max": 10**7})
    assert shown(guarantor, loan_id)["status"] == "closed"
    mined(house, borrower, f"/loans/{loan_id}/reimburse", {"amount_minor_max": 10**6})
    balances = shown(guarantor, loan_id)["balances"]
    assert balances["reimbursed_minor"] == balances["guaranteed_minor"]
    events = [row["event"] for row in auditor.get(f"/v1/loans/{loan_id}/history").json()["events"]]
    assert events[-2:] == ["GuarantorReimbursed", "CollateralReleased"]
    nothing = {"amount_minor_max": 1}
    refused(borrower, f"/loans/{loan_id}/reimburse", nothing, 409, "nothing_to_reimburse")


def test_a_guarantor_sees_what_it_guarantees_and_nothing_else(house: House) -> None:
    _terms, loan_id = guaranteed(house)
    other = house.active_loan()
    guarantor = house.client(Role.GUARANTOR)
    lines = guarantor.get("/v1/loans").json()["loans"]
    assert [(line["loan_id"], line["guarantor"]) for line in lines] == [
        (loan_id, house.world.address("guarantor"))
    ]
    for read in ("", "/schedule", "/owed", "/history", "/notices", "/payoff-quote"):
        assert guarantor.get(f"/v1/loans/{loan_id}{read}").status_code == 200
        problem_in(guarantor.get(f"/v1/loans/{other}{read}"), 404, "loan_not_found")
    body = {"amount_minor_max": 1}
    refused(guarantor, f"/loans/{other}/call-guarantee", body, 404, "loan_not_found")
    stranger = house.client(Role.GUARANTOR, "stranger")
    refused(stranger, f"/loans/{loan_id}/call-guarantee", body, 404, "loan_not_found")
    payer = {"amount_minor_max": 1, "payer": house.world.address("borrower")}
    refused(guarantor, f"/loans/{loan_id}/repay", payer, 403, "party_not_yours")
    # Without a payer told it pays itself.
    command = ordered(guarantor, f"/loans/{loan_id}/repay", {"amount_minor_max": 1_000})
    assert command["lane"] == house.world.address("guarantor")


def test_a_loan_without_guarantor(house: House) -> None:
    loan_id = house.active_loan()
    body = {"amount_minor_max": 1}
    lender, borrower = house.client(Role.LENDER), house.client(Role.BORROWER)
    refused(lender, f"/loans/{loan_id}/call-guarantee", body, 409, "not_agreed")
    refused(borrower, f"/loans/{loan_id}/reimburse", body, 409, "nothing_to_reimburse")
