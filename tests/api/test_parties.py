"""A party's record, what is held for it, and the ledger as a whole, through the API."""

from __future__ import annotations

from typing import Any

from tallystick.access.permissions import Role
from tallystick.actions.register_party import identity_commitment_of
from tallystick.chain.signers import Tx
from tallystick.store.profiles import find_profile
from tests.api.bodies import plan_body, terms_body
from tests.api.ordering import mined, refused
from tests.fixtures.chain import digest_of
from tests.fixtures.house import House, key_header, problem_in

REASON = {"reason_hash": digest_of("decided")}


def test_a_record_is_replaced(house: House) -> None:
    officer = house.client(Role.OFFICER)
    address = "0x" + "46" * 20
    body: dict[str, Any] = {"address": address, "roles": ["borrower"], "name": "某人"}
    mined(house, officer, "/parties", body)
    before = officer.get(f"/v1/parties/{address}").json()

    def put(body: dict[str, Any], key: dict[str, str] | None = None) -> Any:
        return officer.put(f"/v1/parties/{address}", json=body, headers=key or key_header())

    # Roles alone: the identity stays.
    assert put({"roles": ["borrower", "guarantor"]}).status_code == 202
    house.settle()
    shown = officer.get(f"/v1/parties/{address}").json()
    assert shown["roles"] == ["borrower", "guarantor"]
    assert shown["identity_commitment"] == before["identity_commitment"]
    assert shown["profile"] == before["profile"]
    # A new name is a new commitment, under a new salt; the same order again is the same.
    key = key_header()
    told = {"roles": ["payee"], "payee_category": 7, "identity": {"name": "新名"}}
    first = put(told, key).json()
    assert put(told, key).json()["id"] == first["id"]
    house.settle()
    shown = officer.get(f"/v1/parties/{address}").json()
    assert (shown["roles"], shown["payee_category"]) == (["payee"], 7)
    assert shown["profile"]["name"] == "新名"
    assert shown["profile"]["salt"] != before["profile"]["salt"]
    with house.store.read() as session:
        profile = find_profile(session, address)
    assert profile is not None
    assert shown["identity_commitment"] == identity_commitment_of(profile)
    for wrong, status, name in (
        ({"roles": []}, 422, "request_invalid"),
        ({"roles": ["king"]}, 422, "request_invalid"),
        ({"roles": ["payee"]}, 409, "payee_category_invalid"),
        ({"roles": ["borrower"], "name": "x"}, 422, "request_invalid"),
        ({"roles": ["borrower"], "identity": {"name": ""}}, 422, "request_invalid"),
    ):
        problem_in(put(wrong), status, name)
    nobody = officer.put(
        f"/v1/parties/0x{'47' * 20}", json={"roles": ["borrower"]}, headers=key_header()
    )
    problem_in(nobody, 404, "party_not_found")


def test_a_frozen_lender_is_paid_later(house: House) -> None:
    world = house.world
    terms = world.terms()
    loan_id = house.active_loan(terms)
    lender, address = house.client(Role.LENDER), world.address("lender")
    approver, treasurer = house.client(Role.APPROVER), house.client(Role.TREASURER)
    refused(lender, f"/parties/{address}/claim", None, 409, "nothing_to_claim")
    mined(house, approver, f"/parties/{address}/freeze", REASON)
    assert lender.get(f"/v1/parties/{address}").json()["is_frozen"] is True
    refused(approver, f"/parties/{address}/freeze", REASON, 409, "frozen_unchanged")
    world.go_to(terms.instalments[0].due_on)
    house.follower.catch_up()
    mined(house, treasurer, f"/loans/{loan_id}/repay", {"amount_minor_max": 10_000})
    assert lender.get(f"/v1/parties/{address}").json()["claimable_minor"] == 10_000
    (line,) = [
        one
        for one in house.client(Role.AUDITOR).get("/v1/parties").json()["parties"]
        if one["address"] == address
    ]
    assert line["claimable_minor"] == 10_000
    refused(lender, f"/parties/{address}/claim", None, 409, "party_not_active")
    mined(house, approver, f"/parties/{address}/unfreeze", REASON)
    mined(house, lender, f"/parties/{address}/claim")
    assert lender.get(f"/v1/parties/{address}").json()["claimable_minor"] == 0
    borrower = house.client(Role.BORROWER)
    refused(borrower, f"/parties/{address}/claim", None, 404, "party_not_found")
    refused(approver, f"/parties/{address}/freeze", {}, 422, "request_invalid")


def test_new_loans_are_stopped_and_repayments_go_on(house: House) -> None:
    approver, treasurer = house.client(Role.APPROVER), house.client(Role.TREASURER)
    terms = house.world.terms()
    loan_id = house.active_loan(terms)
    signed = house.signed_agreement()
    assert approver.get("/v1/ledger").json()["is_paused"] is False
    mined(house, approver, "/ledger/pause")
    ledger = approver.get("/v1/ledger").json()
    assert ledger["is_paused"] is True
    assert ledger["loan_ledger"] == house.world.deployment.loan_ledger
    refused(approver, "/ledger/pause", None, 409, "pause_unchanged")
    refused(approver, "/loans", {"loan_id": signed}, 409, "is_paused")
    mined(house, treasurer, f"/loans/{loan_id}/repay", {"amount_minor_max": 1_000})
    # These contracts ask for no delay, so there is nothing to announce.
    announced = {"announce": True}
    refused(approver, "/ledger/unpause", announced, 409, "access_manager_unauthorized_call")
    mined(house, approver, "/ledger/unpause", {})
    assert approver.get("/v1/ledger").json()["is_paused"] is False
    refused(approver, "/ledger/unpause", {}, 409, "pause_unchanged")
    mined(house, approver, "/loans", {"loan_id": signed})


def test_a_lane_goes_on_after_its_key_was_used_elsewhere(house: House) -> None:
    world = house.world
    treasurer, admin = house.client(Role.TREASURER), house.client(Role.ADMIN)
    lane = world.address("settlement_bank")
    payment = {
        "direction": "in",
        "party": world.address("borrower"),
        "amount_minor": 1,
        "bank_reference": "1",
    }
    mined(house, treasurer, "/bank-payments", payment)
    (nonce,) = world.node.nonces([lane])
    tx = Tx(world.chain.chain_id, nonce, lane, b"", 21_000)
    world.node.send_raw([world.key("settlement_bank").sign_tx(tx).raw])
    world.chain.mine()
    answer = treasurer.post(
        "/v1/bank-payments", json={**payment, "bank_reference": "2"}, headers=key_header()
    )
    house.settle()
    command = f"/v1/commands/{answer.json()['id']}"
    assert treasurer.get(command).json()["status"] == "pending"
    adopted = admin.post(f"/v1/lanes/{lane}/adopt")
    assert adopted.json() == {"address": lane, "next_nonce": nonce + 1}
    house.settle()
    assert treasurer.get(command).json()["status"] == "mined"
    problem_in(admin.post(f"/v1/lanes/{world.address('stranger')}/adopt"), 409, "lane_unknown")
    problem_in(admin.post("/v1/lanes/0x12/adopt"), 422, "request_invalid")


# ---------------------------------------------------------------- terms


def test_three_sides_sign(house: House) -> None:
    world = house.world
    body = plan_body(house)
    body["conditions"] |= {
        "guarantor": world.address("guarantor"),
        "guarantee_minor_max": 600_000,
        "guarantee_after_days": 30,
        "prepayment": "shorter_term",
        "prepayment_fee_ppm": 5_000,
        "allocation": "penalty_last",
        "accelerate_after_days": 90,
        "mandate_minor_max": 2_000_000,
        "collectable_by": "servicer",
        "collateral_hash": digest_of("a lathe"),
    }
    officer, approver = house.client(Role.OFFICER), house.client(Role.APPROVER)
    proposed = officer.post("/v1/plans", json=body)
    assert proposed.status_code == 201, proposed.text
    agreement = proposed.json()
    loan_id = agreement["loan_id"]
    for member, value in body["conditions"].items():
        assert agreement["terms"][member] == value, member
    assert agreement["typed_data"]["message"]["guarantor"] == world.address("guarantor")
    assert agreement["awaited"] == ["lender", "borrower", "guarantor"]
    for name in ("lender", "borrower"):
        signature = "0x" + world.key(name).sign_typed_data(agreement["typed_data"]).hex()
        signing = {"signer": world.address(name), "signature": signature}
        answer = officer.post(f"/v1/agreements/{loan_id}/signatures", json=signing)
    assert answer.json()["awaited"] == ["guarantor"]
    problem = refused(approver, "/loans", {"loan_id": loan_id}, 409, "agreement_not_signed")
    assert problem["data"]["awaited"] == ["guarantor"]
    guarantor = house.client(Role.GUARANTOR)
    (seen,) = guarantor.get("/v1/agreements").json()["agreements"]
    assert seen["loan_id"] == loan_id
    message = guarantor.get(f"/v1/agreements/{loan_id}/typed-data").json()
    signature = "0x" + world.key("guarantor").sign_typed_data(message).hex()
    signing = {"signer": world.address("guarantor"), "signature": signature}
    signed = guarantor.post(f"/v1/agreements/{loan_id}/signatures", json=signing)
    assert signed.json()["awaited"] == []
    mined(house, approver, "/loans", {"loan_id": loan_id})
    assert guarantor.get(f"/v1/loans/{loan_id}").json()["terms"] == agreement["terms"]


def test_members_that_contradict_each_other(house: House) -> None:
    world = house.world
    guarantor = world.address("guarantor")
    officer = house.client(Role.OFFICER)
    invalid, unfit = "terms_invalid", "request_invalid"
    for members, name, field in (
        ({"guarantor": guarantor}, invalid, "guarantee_minor_max"),
        ({"guarantee_minor_max": 5}, invalid, "guarantee_minor_max"),
        ({"guarantee_after_days": 5}, invalid, "guarantee_after_days"),
        ({"guarantor": world.address("lender"), "guarantee_minor_max": 5}, invalid, "guarantor"),
        ({"mandate_minor_max": 5}, invalid, "mandate_minor_max"),
        ({"collectable_by": "anyone"}, invalid, "mandate_minor_max"),
        ({"collectable_by": "everyone"}, unfit, "collectable_by"),
        ({"prepayment": "sometimes"}, unfit, "prepayment"),
        ({"prepayment_fee_ppm": 1_000_001}, unfit, "prepayment_fee_ppm"),
        ({"allocation": "interest_first"}, unfit, "allocation"),
        ({"accelerate_after_days": 65_536}, unfit, "accelerate_after_days"),
        ({"collateral_hash": "0x" + "00" * 32}, invalid, "collateral_hash"),
        ({"collateral_hash": "a car"}, unfit, "collateral_hash"),
        ({"lender_nonce": -1}, unfit, "lender_nonce"),
        ({"lender_nonce": 1}, invalid, "lender_nonce"),
        ({"guarantor_nonce": 2**32}, unfit, "guarantor_nonce"),
        ({"method": "balloon"}, unfit, "method"),
        ({"day_count": "act/366"}, unfit, "day_count"),
    ):
        answer = officer.post("/v1/agreements", json=terms_body(world.terms(), **members))
        assert problem_in(answer, 422, name)["field"] == f"terms.{field}", members
    stranger = {"guarantor": world.address("stranger"), "guarantee_minor_max": 5}
    answer = officer.post("/v1/agreements", json=terms_body(world.terms(), **stranger))
    assert problem_in(answer, 409, "party_not_active_as")["field"] == "guarantor"
    plain = terms_body(world.terms())
    for left_out in ("guarantor", "prepayment", "mandate_minor_max", "prior_loan_id"):
        del plain["terms"][left_out]
    assert officer.post("/v1/agreements", json=plain).status_code == 201
