"""A lender's and a borrower's key reach their own loans; others answer as if they did not exist."""

from __future__ import annotations

from typing import Any

import pytest

from tallystick.access.permissions import Role
from tallystick.parties.roles import PartyRole
from tests.api.bodies import terms_body
from tests.fixtures.chain import digest_of
from tests.fixtures.house import House, key_header, problem_in

UNKNOWN = "0x" + "5a" * 32
PAYMENT = {"amount_minor": 1, "purpose": "supplies", "evidence_hash": digest_of("invoice")}

LOAN_READS = ("", "/schedule", "/owed", "/history", "/notices")


def said(answer: Any, loan_id: str) -> tuple[int, str]:
    """What an answer says, but for the id that was asked for."""
    return answer.status_code, answer.text.replace(loan_id, "<id>")


@pytest.mark.parametrize("role", [Role.LENDER, Role.BORROWER])
def test_reading_another_partys_loan_is_like_reading_none(house: House, role: Role) -> None:
    loan_id = house.active_loan()
    own = house.client(role)
    stranger = house.client(role, "other_lender")
    reads = (*LOAN_READS, "/funds") if role is Role.LENDER else LOAN_READS
    for read in reads:
        assert own.get(f"/v1/loans/{loan_id}{read}").status_code == 200
        there = stranger.get(f"/v1/loans/{loan_id}{read}")
        nowhere = stranger.get(f"/v1/loans/{UNKNOWN}{read}")
        problem_in(there, 404, "loan_not_found")
        assert said(there, loan_id) == said(nowhere, UNKNOWN)


def test_roles_do_not_mix(house: House) -> None:
    """The borrower's address with a lender's key sees nothing of what it borrowed."""
    loan_id = house.active_loan()
    as_lender = house.client(Role.LENDER, "borrower")
    problem_in(as_lender.get(f"/v1/loans/{loan_id}"), 404, "loan_not_found")
    assert as_lender.get("/v1/loans").json()["loans"] == []


def test_lists_hold_own_loans_only_and_filters_do_not_widen_them(house: House) -> None:
    loan_id = house.active_loan()
    own, stranger = house.client(Role.LENDER), house.client(Role.LENDER, "other_lender")
    assert [line["loan_id"] for line in own.get("/v1/loans").json()["loans"]] == [loan_id]
    lender, borrower = house.world.address("lender"), house.world.address("borrower")
    for query in ({}, {"lender": lender}, {"borrower": borrower}, {"after": loan_id}):
        page = stranger.get("/v1/loans", params=query).json()
        assert page == {"loans": [], "next_after": None}, query
    assert own.get("/v1/loans", params={"lender": lender}).json()["loans"] != []
    other = {"lender": house.world.address("other_lender")}
    assert own.get("/v1/loans", params=other).json()["loans"] == []


def test_paging_behind_anothers_loan_is_like_paging_behind_none(house: House) -> None:
    world = house.world
    others = house.active_loan()
    world.register("second", PartyRole.BORROWER)
    own = house.active_loan(borrower="second")
    second = house.client(Role.BORROWER, "second")
    assert [line["loan_id"] for line in second.get("/v1/loans").json()["loans"]] == [own]
    behind_others = second.get("/v1/loans", params={"after": others}).json()
    behind_none = second.get("/v1/loans", params={"after": UNKNOWN}).json()
    assert behind_others == behind_none == {"loans": [], "next_after": None}


def test_agreements_of_others(house: House) -> None:
    loan_id = house.signed_agreement()
    for role in (Role.LENDER, Role.BORROWER):
        own, stranger = house.client(role), house.client(role, "other_lender")
        for read in ("", "/typed-data"):
            assert own.get(f"/v1/agreements/{loan_id}{read}").status_code == 200
            there = stranger.get(f"/v1/agreements/{loan_id}{read}")
            nowhere = stranger.get(f"/v1/agreements/{UNKNOWN}{read}")
            problem_in(there, 404, "agreement_not_found")
            assert said(there, loan_id) == said(nowhere, UNKNOWN)
        assert len(own.get("/v1/agreements").json()["agreements"]) == 1
        assert stranger.get("/v1/agreements").json()["agreements"] == []
        signature = {"signer": house.world.address("lender"), "signature": "0x" + "11" * 65}
        there = stranger.post(f"/v1/agreements/{loan_id}/signatures", json=signature)
        nowhere = stranger.post(f"/v1/agreements/{UNKNOWN}/signatures", json=signature)
        assert said(there, loan_id) == said(nowhere, UNKNOWN)
        assert there.status_code == 404


def test_commanding_anothers_loan_is_like_commanding_none(house: House) -> None:
    agreed = house.signed_agreement()
    loan_id = house.active_loan()
    lender = house.client(Role.LENDER, "other_lender")
    borrower = house.client(Role.BORROWER, "supplier")
    payee = {"payee": house.world.address("supplier"), **PAYMENT}
    for client, at, path, body in (
        (lender, loan_id, "disburse", None),
        (borrower, loan_id, "pay", payee),
        (borrower, loan_id, "withdraw", {"amount_minor": 1}),
        (borrower, loan_id, "repay", {"amount_minor_max": 1}),
        (borrower, loan_id, "payoff", {"amount_minor_max": 10**9}),
        (borrower, agreed, "repay", {"amount_minor_max": 1}),
    ):
        there = client.post(f"/v1/loans/{at}/{path}", json=body, headers=key_header())
        nowhere = client.post(f"/v1/loans/{UNKNOWN}/{path}", json=body, headers=key_header())
        problem_in(there, 404, "loan_not_found")
        assert said(there, at) == said(nowhere, UNKNOWN)
    there = lender.post("/v1/loans", json={"loan_id": agreed}, headers=key_header())
    nowhere = lender.post("/v1/loans", json={"loan_id": UNKNOWN}, headers=key_header())
    problem_in(there, 404, "agreement_not_found")
    assert said(there, agreed) == said(nowhere, UNKNOWN)


def test_acting_with_anothers_money(house: House) -> None:
    loan_id = house.active_loan()
    world = house.world
    borrower = house.client(Role.BORROWER)
    other = world.address("lender")
    for path, body, field in (
        (f"/loans/{loan_id}/repay", {"amount_minor_max": 1, "payer": other}, "payer"),
        (f"/loans/{loan_id}/payoff", {"amount_minor_max": 10**9, "payer": other}, "payer"),
        (
            "/transfers",
            {
                "sender": other,
                "receiver": world.address("borrower"),
                "amount_minor": 1,
                "purpose": "gift",
            },
            "sender",
        ),
        ("/allowances", {"owner": other, "spender": "loan_ledger", "amount_minor": 1}, "owner"),
    ):
        answer = borrower.post(f"/v1{path}", json=body, headers=key_header())
        assert problem_in(answer, 403, "party_not_yours")["field"] == field
    with house.store.read() as session:
        assert session.exec_driver_sql("SELECT count(*) FROM commands").scalar_one() == 0


def test_lender_proposes_in_its_own_name_only(house: House) -> None:
    terms = house.world.terms(lender=house.world.address("other_lender"))
    body = terms_body(terms)
    answer = house.client(Role.LENDER).post("/v1/agreements", json=body)
    assert problem_in(answer, 403, "party_not_yours")["field"] == "lender"
    assert house.client(Role.LENDER, "other_lender").post("/v1/agreements", json=body).is_success


def test_parties_and_commands_of_others(house: House) -> None:
    borrower, lender = house.client(Role.BORROWER), house.client(Role.LENDER)
    house.follower.catch_up()
    own, other = house.world.address("borrower"), house.world.address("lender")
    assert borrower.get(f"/v1/parties/{own}").status_code == 200
    there, nowhere = (borrower.get(f"/v1/parties/{a}") for a in (other, "0x" + "99" * 20))
    problem_in(there, 404, "party_not_found")
    assert said(there, other) == said(nowhere, "0x" + "99" * 20)
    assert [p["address"] for p in borrower.get("/v1/parties").json()["parties"]] == [own]
    unregistered = house.client(Role.BORROWER, "stranger").get("/v1/parties")
    assert unregistered.json() == {"parties": [], "next_after": None}

    allowance = {"owner": own, "spender": "loan_ledger", "amount_minor": 5}
    ordered = borrower.post("/v1/allowances", json=allowance, headers=key_header()).json()
    assert borrower.get(f"/v1/commands/{ordered['id']}").status_code == 200
    there = lender.get(f"/v1/commands/{ordered['id']}")
    nowhere = lender.get("/v1/commands/987654321")
    problem_in(there, 404, "command_not_found")
    assert said(there, str(ordered["id"])) == said(nowhere, "987654321")
    assert house.client(Role.AUDITOR).get(f"/v1/commands/{ordered['id']}").status_code == 200
