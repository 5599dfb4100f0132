"""Every role against every endpoint, against a table written out by hand."""

from __future__ import annotations

from typing import Any

from tallystick.access.permissions import Role
from tallystick.api.app import V1_ROUTERS
from tallystick.api.openapi import routes_of, verb_of
from tests.fixtures.house import House, key_header, problem_in

EVERYBODY_BUT_ADMIN = "lender borrower guarantor auditor officer approver treasurer collector"
PARTIES = "lender borrower guarantor"
STAFF_BUT_ADMIN = "auditor officer approver treasurer collector"

MATRIX = {
    "POST /parties": "officer",
    "GET /parties": EVERYBODY_BUT_ADMIN,
    "GET /parties/{address}": EVERYBODY_BUT_ADMIN,
    "PUT /parties/{address}": "officer",
    "POST /parties/{address}/freeze": "approver",
    "POST /parties/{address}/unfreeze": "approver",
    "POST /parties/{address}/cancel-signatures": PARTIES,
    "POST /parties/{address}/claim": f"{PARTIES} treasurer",
    "DELETE /parties/{address}/profile": "officer",
    "POST /agreements": "lender officer",
    "POST /plans": "lender officer",
    "GET /agreements": EVERYBODY_BUT_ADMIN,
    "GET /agreements/{loan_id}": EVERYBODY_BUT_ADMIN,
    "GET /agreements/{loan_id}/typed-data": EVERYBODY_BUT_ADMIN,
    "POST /agreements/{loan_id}/signatures": f"{PARTIES} officer",
    "POST /agreements/{loan_id}/revoke-signature": PARTIES,
    "POST /loans/{loan_id}/extensions": "lender officer",
    "POST /assignments": "lender officer",
    "GET /assignments": EVERYBODY_BUT_ADMIN,
    "GET /assignments/{assignment_id}": EVERYBODY_BUT_ADMIN,
    "POST /assignments/{assignment_id}/signatures": "lender officer",
    "POST /assignments/{assignment_id}/assign": "lender approver",
    "GET /loans": EVERYBODY_BUT_ADMIN,
    "GET /loans/{loan_id}": EVERYBODY_BUT_ADMIN,
    "GET /loans/{loan_id}/schedule": EVERYBODY_BUT_ADMIN,
    "GET /loans/{loan_id}/owed": EVERYBODY_BUT_ADMIN,
    "GET /loans/{loan_id}/history": EVERYBODY_BUT_ADMIN,
    "GET /loans/{loan_id}/payoff-quote": EVERYBODY_BUT_ADMIN,
    "GET /loans/{loan_id}/prepayment-quote": EVERYBODY_BUT_ADMIN,
    "GET /ledger": EVERYBODY_BUT_ADMIN,
    "POST /ledger/pause": "approver",
    "POST /ledger/unpause": "approver",
    "POST /lanes/{address}/adopt": "admin",
    "GET /loans/{loan_id}/funds": "lender auditor officer approver treasurer",
    "GET /loans/{loan_id}/notices": EVERYBODY_BUT_ADMIN,
    "POST /loans": "lender approver",
    "POST /loans/{loan_id}/disburse": "lender treasurer",
    "POST /loans/{loan_id}/pay": "borrower treasurer",
    "POST /loans/{loan_id}/withdraw": "borrower",
    "POST /loans/{loan_id}/cancel": "lender borrower",
    "POST /loans/{loan_id}/repay": "borrower guarantor treasurer",
    "POST /loans/{loan_id}/collect": "lender collector",
    "POST /collections": "lender collector",
    "POST /loans/{loan_id}/revoke-mandate": "borrower",
    "POST /loans/{loan_id}/prepay": "borrower",
    "POST /loans/{loan_id}/payoff": "borrower guarantor treasurer",
    "POST /loans/{loan_id}/call-guarantee": "lender guarantor approver",
    "POST /loans/{loan_id}/reimburse": "borrower treasurer",
    "POST /loans/{loan_id}/accelerate": "lender approver",
    "POST /restructurings": "lender approver",
    "POST /loans/{loan_id}/write-off": "approver",
    "POST /bank-payments": "treasurer",
    "POST /transfers": f"{PARTIES} treasurer",
    "POST /allowances": f"{PARTIES} treasurer",
    "GET /commands/{command_id}": EVERYBODY_BUT_ADMIN,
    "GET /notices": EVERYBODY_BUT_ADMIN,
    "GET /portfolio": STAFF_BUT_ADMIN,
    "POST /keys": "admin",
    "GET /keys": "admin",
    "POST /keys/{name}/revoke": "admin",
    "GET /audit-trail": "auditor admin",
}
BODIES: dict[str, Any] = {
    "POST /parties": {
        "address": "0x" + "77" * 20,
        "roles": ["payee"],
        "payee_category": 3,
        "name": "Somebody",
    },
    "POST /keys": {"name": "from-the-matrix", "role": "auditor"},
}


def endpoints() -> dict[str, Any]:
    return {
        f"{method} {route.path}": route
        for route in routes_of(V1_ROUTERS)
        for method in route.methods or ()
    }


def test_table_names_every_endpoint() -> None:
    assert set(MATRIX) == set(endpoints())


def test_every_endpoint_asks_for_a_verb() -> None:
    assert [at for at, route in endpoints().items() if verb_of(route) is None] == []


def test_every_role_at_every_endpoint(house: House) -> None:
    clients = {role: house.client(role) for role in Role}
    wrong = []
    for endpoint, allowed in MATRIX.items():
        for role, client in clients.items():
            answer = ask(client, endpoint)
            is_let_in = answer.status_code not in (401, 403)
            if is_let_in != (role in allowed.split()):
                wrong.append(f"{endpoint} as {role}: {answer.status_code}")
            if answer.status_code >= 500:
                wrong.append(f"{endpoint} as {role}: {answer.text}")
            if answer.status_code == 403:
                problem_in(answer, 403, "not_permitted")
    assert wrong == []


def test_no_endpoint_answers_without_a_key(house: House) -> None:
    nobody = house.client_with(None)
    impostor = house.client_with("tsk_" + "A" * 43)
    for endpoint in MATRIX:
        for client in (nobody, impostor):
            answer = ask(client, endpoint)
            problem_in(answer, 401, "key_not_valid")
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_revoked_key_is_refused_at_once(house: House) -> None:
    secret = house.secret(Role.AUDITOR)
    auditor, admin = house.client_with(secret), house.client(Role.ADMIN)
    name = admin.get("/v1/keys").json()["keys"][0]["name"]
    assert auditor.get("/v1/loans").status_code == 200
    assert admin.post(f"/v1/keys/{name}/revoke").status_code == 200
    problem_in(auditor.get("/v1/loans"), 401, "key_not_valid")


def test_refused_commands_are_in_the_audit_trail_and_refused_reads_are_not(house: House) -> None:
    collector, auditor = house.client(Role.COLLECTOR), house.client(Role.AUDITOR)
    ask(collector, "POST /loans/{loan_id}/disburse")
    ask(collector, "GET /audit-trail")
    entries = auditor.get("/v1/audit-trail").json()["entries"]
    assert [(entry["verb"], entry["subject"], entry["outcome"]) for entry in entries] == [
        ("disburse", "/loans/{loan_id}/disburse", "not_permitted")
    ]


def ask(client: Any, endpoint: str) -> Any:
    method, path = endpoint.split()
    path = (
        path.replace("{loan_id}", "0x" + "00" * 32)
        .replace("{address}", "0x" + "77" * 20)
        .replace("{assignment_id}", "0x" + "00" * 32)
        .replace("{command_id}", "1")
        .replace("{name}", "nobody")
    )
    return client.request(method, f"/v1{path}", headers=key_header(), json=BODIES.get(endpoint))
