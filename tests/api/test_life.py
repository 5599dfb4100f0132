"""The whole life of a loan through the API alone, from registration to the last notice."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from fastapi.testclient import TestClient

from tallystick.access.permissions import Role
from tallystick.chain import calls
from tallystick.parties.roles import PartyRole
from tests.api.bodies import plan_body
from tests.fixtures.chain import digest_of
from tests.fixtures.house import House, key_header, problem_in


def order(client: TestClient, path: str, body: dict[str, Any] | None = None) -> int:
    """Orders a command; its id."""
    answer = client.post(f"/v1{path}", json=body, headers=key_header())
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/commands/{answer.json()['id']}"
    assert answer.json()["status"] == "pending"
    return int(answer.json()["id"])


def done(house: House, client: TestClient, command_id: int) -> dict[str, Any]:
    """The command once it is mined."""
    house.settle()
    command: dict[str, Any] = client.get(f"/v1/commands/{command_id}").json()
    assert command["status"] == "mined", command
    assert command["tx_hash"].startswith("0x")
    assert command["block_number"] > 0
    return command


def test_life_of_a_loan(house: House) -> None:
    world = house.world
    officer, approver = house.client(Role.OFFICER), house.client(Role.APPROVER)
    treasurer, auditor = house.client(Role.TREASURER), house.client(Role.AUDITOR)
    lender, borrower = house.client(Role.LENDER), house.client(Role.BORROWER)

    # A payee comes in.
    payee = world.address("workshop")
    house.desk.lanes.hold(world.key("workshop"))
    registration = {
        "address": payee,
        "roles": ["payee"],
        "payee_category": 1,
        "name": "第一工坊",
        "email": "workshop@example.com",
        "language": "zh",
    }
    registered = order(officer, "/parties", registration)
    done(house, officer, registered)
    shown = officer.get(f"/v1/parties/{payee}").json()
    assert shown["roles"] == ["payee"]
    assert shown["profile"]["name"] == "第一工坊"
    on_chain = house.desk.ledger.parties([payee])[payee]
    assert on_chain is not None
    assert on_chain.identity_commitment == shown["identity_commitment"]
    assert on_chain.roles == PartyRole.PAYEE
    assert auditor.get(f"/v1/parties/{payee}").json()["profile"] is None

    # Terms are proposed and signed by both sides.
    proposed = officer.post("/v1/plans", json=plan_body(house))
    assert proposed.status_code == 201, proposed.text
    agreement = proposed.json()
    loan_id = agreement["loan_id"]
    assert proposed.headers["location"] == f"/v1/agreements/{loan_id}"
    assert agreement["awaited"] == ["lender", "borrower"]
    # 1 % a month is 12 % simple and 12.6825 % compound, but for the rounding to whole fen.
    assert abs(Decimal(agreement["apr_pct"]) - 12) < Decimal("0.0002")
    assert abs(Decimal(agreement["ear_pct"]) - Decimal("12.6825")) < Decimal("0.0002")
    # 1,200,000 at 1 % a month over 12 months: the level amount is 106,618.55 (annuity formula).
    assert agreement["terms"]["instalments"][0] == {
        "number": 1,
        "due_on": "2026-02-01",
        "principal_minor": 94_619,
        "interest_minor": 12_000,
    }
    for name, client in (("lender", lender), ("borrower", borrower)):
        typed_data = client.get(f"/v1/agreements/{loan_id}/typed-data").json()
        assert typed_data == agreement["typed_data"]
        signature = "0x" + world.key(name).sign_typed_data(typed_data).hex()
        signed = client.post(
            f"/v1/agreements/{loan_id}/signatures",
            json={"signer": world.address(name), "signature": signature},
        )
        assert signed.status_code == 200, signed.text
    assert signed.json()["awaited"] == []

    # It is originated, disbursed and used.
    done(house, approver, order(approver, "/loans", {"loan_id": loan_id}))
    assert lender.get(f"/v1/loans/{loan_id}").json()["status"] == "approved"
    done(house, treasurer, order(treasurer, f"/loans/{loan_id}/disburse"))
    payment = {
        "payee": payee,
        "amount_minor": 700_000,
        "purpose": "supplies",
        "evidence_hash": digest_of("invoice 1"),
    }
    done(house, borrower, order(borrower, f"/loans/{loan_id}/pay", payment))
    done(house, borrower, order(borrower, f"/loans/{loan_id}/withdraw", {"amount_minor": 200_000}))
    balances = borrower.get(f"/v1/loans/{loan_id}").json()["balances"]
    assert balances["controlled_minor"] == 300_000
    assert balances["withdrawn_minor"] == 200_000
    assert balances["spent"] == [
        {"purpose": "supplies", "cap_minor": 1_000_000, "spent_minor": 700_000}
    ]

    # The payee is paid out at the bank.
    allowance = {"owner": payee, "spender": "settlement_bank", "amount_minor": 400_000}
    done(house, treasurer, order(treasurer, "/allowances", allowance))
    out = {
        "direction": "out",
        "party": payee,
        "amount_minor": 400_000,
        "bank_reference": "2026-01-01/工行/0001",
    }
    done(house, treasurer, order(treasurer, "/bank-payments", out))
    assert officer.get(f"/v1/parties/{payee}").json()["balance_minor"] == 300_000
    trace = auditor.get(f"/v1/loans/{loan_id}/funds").json()
    assert trace["root"]["amount_minor"] == 1_200_000
    assert sum(row["amount_minor"] for row in trace["resting"]) == 1_200_000
    assert [row["amount_minor"] for row in trace["resting"] if row["end"] == "left_at_bank"] == [
        400_000
    ]

    # The first instalment is repaid on its day.
    world.go_to(world.today().replace(year=2026, month=2, day=1))
    house.follower.catch_up()
    owed = borrower.get(f"/v1/loans/{loan_id}/owed").json()
    assert owed["repayable_minor"] == 106_619 * 2
    assert owed["days_past_due"] == 0
    repaid = order(borrower, f"/loans/{loan_id}/repay", {"amount_minor_max": 106_619})
    done(house, borrower, repaid)
    schedule = borrower.get(f"/v1/loans/{loan_id}/schedule").json()["instalments"]
    assert [row["is_settled"] for row in schedule] == [True] + [False] * 11
    assert schedule[0]["interest_repaid_minor"] == 12_000

    # And the rest is paid off.
    owed = borrower.get(f"/v1/loans/{loan_id}/owed").json()
    assert owed["payoff_minor"] == 1_200_000 - 94_619
    closing = {"amount_minor_max": owed["payoff_minor"]}
    done(house, borrower, order(borrower, f"/loans/{loan_id}/payoff", closing))
    assert borrower.get(f"/v1/loans/{loan_id}").json()["status"] == "closed"
    history = auditor.get(f"/v1/loans/{loan_id}/history").json()["events"]
    assert [entry["event"] for entry in history] == [
        "LoanOriginated",
        "FundsDisbursed",
        "ProceedsPaid",
        "ProceedsWithdrawn",
        "RepaymentReceived",
        "RepaymentReceived",
        "LoanClosed",
        "ControlledReleased",
    ]

    # What was done is in the trail, in the verbs' names.
    trail = auditor.get("/v1/audit-trail").json()["entries"]
    assert {entry["outcome"] for entry in trail} == {"accepted"}
    assert [entry["verb"] for entry in reversed(trail)] == [
        "register_party",
        "propose_loan",
        "sign_loan",
        "sign_loan",
        "originate",
        "disburse",
        "pay",
        "withdraw",
        "allow_spending",
        "book_bank_payment",
        "repay",
        "payoff",
    ]


def test_write_off_and_recovery(house: House) -> None:
    world = house.world
    terms = world.terms()
    loan_id = house.active_loan(terms)
    # All is used: what is left controlled would repay the debt when it is written off.
    world.pay(terms, "supplier", 900_000)
    world.send(calls.withdraw(world.deployment, terms, 300_000), "borrower")
    approver, treasurer = house.client(Role.APPROVER), house.client(Role.TREASURER)
    write_off = {"reason_hash": digest_of("credit committee, 12 May 2026")}
    early = approver.post(f"/v1/loans/{loan_id}/write-off", json=write_off, headers=key_header())
    problem_in(early, 409, "not_in_arrears")
    world.go_to(terms.instalments[0].due_on + timedelta(days=90))
    house.follower.catch_up()
    portfolio = approver.get("/v1/portfolio").json()
    assert portfolio["par30_ppm"] == 1_000_000
    assert [b["loans"] for b in portfolio["buckets"] if b["name"] == "61-90"] == [1]
    done(house, approver, order(approver, f"/loans/{loan_id}/write-off", write_off))
    assert approver.get("/v1/portfolio").json()["written_off_loans"] == 1
    # The claim survives: a repayment is still taken, penalty first.
    body = {"amount_minor_max": 10_000, "payer": world.address("borrower")}
    done(house, treasurer, order(treasurer, f"/loans/{loan_id}/repay", body))
    balances = treasurer.get(f"/v1/loans/{loan_id}").json()["balances"]
    assert balances["penalty_repaid_minor"] == 10_000


def test_erased_profile_is_gone_and_the_party_stays(house: House) -> None:
    officer = house.client(Role.OFFICER)
    address = "0x" + "45" * 20
    body = {"address": address, "roles": ["borrower"], "name": "某人", "email": "x@example.com"}
    done(house, officer, order(officer, "/parties", body))
    assert officer.delete(f"/v1/parties/{address}/profile").status_code == 204
    shown = officer.get(f"/v1/parties/{address}")
    assert shown.json()["profile"] is None
    assert "某人" not in shown.text
    problem_in(officer.delete(f"/v1/parties/{address}/profile"), 404, "profile_not_found")


def test_pages_of_loans_hold_each_loan_once(house: House) -> None:
    loan_ids = [house.active_loan() for _ in range(5)]
    auditor = house.client(Role.AUDITOR)
    seen: list[str] = []
    after = None
    for _ in range(10):
        query = {"limit": 2, **({"after": after} if after else {})}
        page = auditor.get("/v1/loans", params=query).json()
        seen += [line["loan_id"] for line in page["loans"]]
        after = page["next_after"]
        if after is None:
            break
    assert seen == loan_ids
    assert auditor.get("/v1/loans", params={"status": "closed"}).json()["loans"] == []
    lender = {"lender": house.world.address("lender")}
    assert len(auditor.get("/v1/loans", params=lender).json()["loans"]) == 5
    other = {"lender": house.world.address("other_lender")}
    assert auditor.get("/v1/loans", params=other).json()["loans"] == []


def test_owed_at_a_time(house: House) -> None:
    terms = house.world.terms()
    loan_id = house.active_loan(terms)
    auditor = house.client(Role.AUDITOR)
    due_on = terms.instalments[0].due_on
    path = f"/v1/loans/{loan_id}/owed"

    def owed(at: str) -> Any:
        return auditor.get(path, params={"at": at})

    # Days are counted at UTC+8: 16:00 UTC is the next day's beginning.
    last_second = f"{due_on + timedelta(days=3)}T15:59:59Z"
    assert owed(last_second).json()["days_past_due"] == 3
    assert owed(last_second).json()["penalty_minor"] == 0
    first_second = f"{due_on + timedelta(days=3)}T16:00:00Z"
    assert owed(first_second).json()["days_past_due"] == 4
    assert owed(first_second).json()["penalty_minor"] > 0
    same = f"{due_on + timedelta(days=4)}T00:00:00+08:00"
    assert owed(same).json()["at"] == first_second
    assert owed(same).json() == owed(first_second).json()
    problem = problem_in(owed("2025-12-31T00:00:00Z"), 422, "time_not_countable")
    assert problem["field"] == "at"
    for wrong in ("2026-03-01", "1767225600", "2026-03-01T00:00:00", "9999-12-31T23:59:59-23:59"):
        problem_in(owed(wrong), 422, "request_invalid")
    for beyond in ("9999-12-31T23:59:59Z", "9999-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z"):
        problem_in(owed(beyond), 422, "request_invalid")
        problem_in(auditor.get("/v1/portfolio", params={"at": beyond}), 422, "request_invalid")
    for edge in ("9998-12-31T23:59:59-12:00", "9998-12-31T23:59:59Z"):
        assert owed(edge).status_code == 200
        assert auditor.get("/v1/portfolio", params={"at": edge}).status_code == 200
    problem_in(owed("1970-01-01T00:00:00+14:00"), 422, "time_not_countable")
