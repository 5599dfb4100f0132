"""One key, one command, one effect: whoever sends it how often, and however many at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tallystick.access.permissions import Role
from tallystick.actions.register_party import identity_commitment_of
from tallystick.parties.roles import PartyRole
from tallystick.store.profiles import Profile
from tests.fixtures.chain import digest_of
from tests.fixtures.house import House, key_header, problem_in

THREADS = 8


def payment(house: House, amount_minor: int = 100_000) -> dict[str, Any]:
    return {
        "payee": house.world.address("supplier"),
        "amount_minor": amount_minor,
        "purpose": "supplies",
        "evidence_hash": digest_of("invoice"),
    }


def count(house: House, table: str) -> int:
    with house.store.read() as session:
        return int(session.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def at_once(house: House, secret: str, path: str, requests: list[tuple[str, Any]]) -> list[Any]:
    """Sends all (key, body) at the same moment, each from a thread of its own."""
    barrier = Barrier(len(requests))

    def send(request: tuple[str, Any]) -> Any:
        key, body = request
        with house.client_with(secret) as client:
            barrier.wait()
            return client.post(path, json=body, headers=key_header(key))

    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(send, requests))


def test_same_key_same_request_is_the_same_command_before_and_after_it_is_mined(
    any_house: House,
) -> None:
    house = any_house
    loan_id = house.active_loan()
    borrower = house.client(Role.BORROWER)
    path, key = f"/v1/loans/{loan_id}/pay", key_header("once")
    first = borrower.post(path, json=payment(house), headers=key).json()
    again = borrower.post(path, json=payment(house), headers=key)
    assert again.status_code == 202
    assert again.json() == first
    house.settle()
    after = borrower.post(path, json=payment(house), headers=key)
    assert after.status_code == 202
    assert after.json()["id"] == first["id"]
    assert after.json()["status"] == "mined"
    assert after.headers["location"] == f"/v1/commands/{first['id']}"
    assert (count(house, "commands"), count(house, "audit_trail")) == (1, 1)
    balance = house.desk.ledger.balances([house.world.address("supplier")])
    assert balance == {house.world.address("supplier"): 100_000}


def test_same_key_replays_what_could_not_be_ordered_anew(any_house: House) -> None:
    """A disbursement asked for twice: the second answer is the first command, not a refusal."""
    house = any_house
    terms = house.world.terms()
    loan_id = house.world.originate(terms)
    house.follower.catch_up()
    treasurer = house.client(Role.TREASURER)
    key = key_header("disburse")
    first = treasurer.post(f"/v1/loans/{loan_id}/disburse", headers=key).json()
    house.settle()
    again = treasurer.post(f"/v1/loans/{loan_id}/disburse", headers=key)
    assert (again.status_code, again.json()["id"]) == (202, first["id"])
    other = treasurer.post(f"/v1/loans/{loan_id}/disburse", headers=key_header())
    problem_in(other, 409, "loan_status_invalid")


def test_same_key_other_request_is_refused(any_house: House) -> None:
    house = any_house
    loan_id, other_loan = house.active_loan(), house.active_loan()
    borrower = house.client(Role.BORROWER)
    key = key_header("reused")
    path = f"/v1/loans/{loan_id}/pay"
    assert borrower.post(path, json=payment(house), headers=key).is_success
    for at, body in (
        (path, payment(house, 100_001)),
        (path, {**payment(house), "evidence_hash": digest_of("other invoice")}),
        (f"/v1/loans/{other_loan}/pay", payment(house)),
        (f"/v1/loans/{loan_id}/withdraw", {"amount_minor": 100_000}),
        (f"/v1/loans/{loan_id}/repay", {"amount_minor_max": 100_000}),
    ):
        problem_in(borrower.post(at, json=body, headers=key), 409, "idempotency_key_reused")
    assert count(house, "commands") == 1


def test_key_of_a_refused_order_is_not_used_up(any_house: House) -> None:
    house = any_house
    loan_id = house.active_loan()
    borrower = house.client(Role.BORROWER)
    key = "second-try"
    path = f"/v1/loans/{loan_id}/pay"
    refused = borrower.post(path, json=payment(house, 10**7), headers=key_header(key))
    problem_in(refused, 409, "purpose_cap_exceeded")
    assert borrower.post(path, json=payment(house), headers=key_header(key)).status_code == 202


def test_keys_are_each_callers_own(any_house: House) -> None:
    house = any_house
    loan_id = house.active_loan()
    path = f"/v1/loans/{loan_id}/pay"
    key = key_header("mine")
    ids = {
        house.client(role).post(path, json=payment(house, amount), headers=key).json()["id"]
        for role, amount in ((Role.BORROWER, 1), (Role.TREASURER, 2), (Role.BORROWER, 3))
    }
    assert len(ids) == 3


def test_same_request_many_times_at_once(any_house: House) -> None:
    house = any_house
    loan_id = house.active_loan()
    secret = house.secret(Role.BORROWER)
    answers = at_once(
        house, secret, f"/v1/loans/{loan_id}/pay", [("race", payment(house))] * THREADS
    )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (count(house, "commands"), count(house, "audit_trail")) == (1, 1)


def test_other_requests_under_one_key_at_once(any_house: House) -> None:
    house = any_house
    loan_id = house.active_loan()
    secret = house.secret(Role.BORROWER)
    requests = [("race", payment(house, 1 + number)) for number in range(THREADS)]
    answers = at_once(house, secret, f"/v1/loans/{loan_id}/pay", requests)
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * (THREADS - 1)
    assert count(house, "commands") == 1


def test_many_keys_at_once_are_as_many_commands_and_all_have_their_effect(any_house: House) -> None:
    house = any_house
    loan_id = house.active_loan()
    secret = house.secret(Role.BORROWER)
    requests = [(f"race-{number}", payment(house, 1 + number)) for number in range(THREADS)]
    answers = at_once(house, secret, f"/v1/loans/{loan_id}/pay", requests)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == THREADS
    house.settle()
    supplier = house.world.address("supplier")
    total = THREADS * (THREADS + 1) // 2
    assert house.desk.ledger.balances([supplier]) == {supplier: total}


@pytest.mark.parametrize("is_same_body", [True, False])
def test_registering_a_party_many_times_at_once(any_house: House, is_same_body: bool) -> None:
    house = any_house
    secret = house.secret(Role.OFFICER)
    address = "0x" + "64" * 20
    requests = [
        (
            "race",
            {
                "address": address,
                "roles": ["borrower"],
                "name": "A" if is_same_body else f"A{number}",
            },
        )
        for number in range(THREADS)
    ]
    answers = at_once(house, secret, "/v1/parties", requests)
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == ([202] * THREADS if is_same_body else [202] + [409] * (THREADS - 1))
    assert (count(house, "commands"), count(house, "profiles")) == (1, 1)
    house.settle()
    # The salt that was kept opens the commitment that was registered.
    shown = house.client(Role.OFFICER).get(f"/v1/parties/{address}").json()
    party = house.desk.ledger.parties([address])[address]
    assert party is not None
    assert party.roles == PartyRole.BORROWER
    profile = Profile(address, **shown["profile"])
    assert identity_commitment_of(profile) == party.identity_commitment
