"""Whatever is sent, the answer is a problem: never a stack trace, never a 5xx for bad input."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tallystick.access.permissions import Role
from tallystick.api.app import BODY_BYTES_MAX
from tests.fixtures.house import House, key_header, problem_in

LOAN_ID = "0x" + "00" * 32
PAY = f"/v1/loans/{LOAN_ID}/pay"
PAYMENT: dict[str, Any] = {
    "payee": "0x" + "12" * 20,
    "amount_minor": 100,
    "purpose": "supplies",
    "evidence_hash": "0x" + "ab" * 32,
}


@pytest.fixture
def treasurer(house: House) -> Any:
    return house.client(Role.TREASURER)


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/loan", "/v1/loans/", "/v2/loans", "/%00", "/é"])
def test_unknown_path(treasurer: Any, path: str) -> None:
    problem_in(treasurer.get(path), 404, "path_unknown")


def test_unknown_method_says_which_are_taken(treasurer: Any) -> None:
    for path, allowed in (("/v1/portfolio", "GET"), ("/v1/loans", "GET, POST"), ("/livez", "GET")):
        answer = treasurer.put(path)
        problem_in(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("{", "body_not_json"),
        ("", "request_invalid"),
        ("null", "request_invalid"),
        ("[]", "request_invalid"),
        ("7", "request_invalid"),
        ('"text"', "request_invalid"),
        ("{'a': 1}", "body_not_json"),
    ],
)
def test_body_that_is_no_object(treasurer: Any, body: str, name: str) -> None:
    headers = {**key_header(), "Content-Type": "application/json"}
    problem_in(treasurer.post(PAY, content=body, headers=headers), 422, name)


def test_body_nested_beyond_reason(treasurer: Any) -> None:
    headers = {**key_header(), "Content-Type": "application/json"}
    answer = treasurer.post(PAY, content="[" * 200_000, headers=headers)
    problem_in(answer, 422, "body_not_json")


@pytest.mark.parametrize("body", [b"\xff\xfe", b'{"payee": "\xff"}'])
def test_body_that_is_not_utf_8(treasurer: Any, body: bytes) -> None:
    headers = {**key_header(), "Content-Type": "application/json"}
    answer = treasurer.post(PAY, content=body, headers=headers)
    problem_in(answer, 422, "body_not_json")


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "multipart/form-data",
        "",
    ],
)
def test_body_of_another_media_type(treasurer: Any, content_type: str) -> None:
    headers = {**key_header(), "Content-Type": content_type}
    answer = treasurer.post(PAY, content=json.dumps(PAYMENT), headers=headers)
    problem_in(answer, 415, "media_type_not_taken")


def test_body_larger_than_any_that_is_taken(treasurer: Any) -> None:
    def in_pieces() -> Any:
        yield b'{"payee": "'
        for _ in range(BODY_BYTES_MAX // 10_000 + 1):
            yield b"x" * 10_000

    headers = {**key_header(), "Content-Type": "application/json"}
    whole = treasurer.post(PAY, content=b" " * (BODY_BYTES_MAX + 1), headers=headers)
    problem_in(whole, 413, "body_too_large")
    problem_in(treasurer.post(PAY, content=in_pieces(), headers=headers), 413, "body_too_large")


def test_unknown_member_is_refused_not_ignored(treasurer: Any) -> None:
    body = {**PAYMENT, "amount": "1.00", "payee_name": "A"}
    problem = problem_in(
        treasurer.post(PAY, json=body, headers=key_header()), 422, "request_invalid"
    )
    assert {error["field"] for error in problem["errors"]} == {"amount", "payee_name"}


def test_every_wrong_member_is_told_with_its_path(treasurer: Any) -> None:
    body = {**PAYMENT, "amount_minor": 0, "purpose": "é"}
    answer = treasurer.post(PAY, json=body, headers=key_header())
    problem = problem_in(answer, 422, "request_invalid")
    assert [error["field"] for error in problem["errors"]] == ["amount_minor", "purpose"]
    assert problem["field"] == "amount_minor"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("amount_minor", 0),
        ("amount_minor", -1),
        ("amount_minor", 1.0),
        ("amount_minor", 1.5),
        ("amount_minor", "100"),
        ("amount_minor", True),
        ("amount_minor", None),
        ("amount_minor", 2**53),
        ("amount_minor", 2**64),
        ("amount_minor", 10**400),
        ("amount_minor", float("nan")),
        ("amount_minor", float("inf")),
        ("amount_minor", [1]),
        ("payee", "0x" + "12" * 19),
        ("payee", "0x" + "12" * 21),
        ("payee", "12" * 20),
        ("payee", "0x" + "1g" * 20),
        ("payee", ""),
        ("payee", "' OR 1=1 --"),
        ("payee", "0x" + "１２" * 20),
        ("purpose", ""),
        ("purpose", "x" * 32),
        ("purpose", "装修"),
        ("purpose", "a\nb"),
        ("purpose", "a\x00"),
        ("purpose", "\ud800"),
        ("evidence_hash", "0x"),
        ("evidence_hash", "0x" + "ab" * 31),
        ("evidence_hash", {"$ne": ""}),
    ],
)
def test_values_that_are_not_what_they_should_be(
    treasurer: Any, member: str, value: object
) -> None:
    headers = {**key_header(), "Content-Type": "application/json"}
    body = json.dumps({**PAYMENT, member: value})
    answer = treasurer.post(PAY, content=body, headers=headers)
    assert problem_in(answer, 422, "request_invalid")["field"] == member
    if isinstance(value, str) and len(value) > 8:
        assert value not in answer.text


def test_number_with_more_digits_than_python_reads(treasurer: Any) -> None:
    headers = {**key_header(), "Content-Type": "application/json"}
    body = json.dumps(PAYMENT).replace("100", "1" * 10_000)
    problem_in(treasurer.post(PAY, content=body, headers=headers), 422, "body_not_json")


def test_member_named_by_half_a_character(treasurer: Any) -> None:
    headers = {**key_header(), "Content-Type": "application/json"}
    body = json.dumps(PAYMENT)[:-1] + ', "\\ud800": 1}'
    problem_in(treasurer.post(PAY, content=body, headers=headers), 422, "request_invalid")


def test_sql_in_text_is_text(house: House) -> None:
    officer = house.client(Role.OFFICER)
    name = 'Robert\'); DROP TABLE parties;-- 农业银行 "%s" {0} \\'
    body = {
        "address": "0x" + "78" * 20,
        "roles": ["payee"],
        "payee_category": 1,
        "name": name,
    }
    assert officer.post("/v1/parties", json=body, headers=key_header()).status_code == 202
    house.settle()
    assert officer.get(f"/v1/parties/{body['address']}").json()["profile"]["name"] == name


@pytest.mark.parametrize(
    "loan_id",
    ["1", "0x", "0x" + "0" * 63, "0x" + "g" * 64, "%27%20OR%201=1", "..%2fetc", "%ff"],
)
def test_loan_id_that_is_none(treasurer: Any, loan_id: str) -> None:
    answer = treasurer.get(f"/v1/loans/{loan_id}")
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "after=1", "status=open", "lender=me", "limit=1e2"],
)
def test_query_that_does_not_fit(treasurer: Any, query: str) -> None:
    problem = problem_in(treasurer.get(f"/v1/loans?{query}"), 422, "request_invalid")
    assert problem["field"] == query.split("=")[0]


@pytest.mark.parametrize("value", [None, "", " ", "a b", "é", "x" * 129])
def test_idempotency_key_is_required_and_plain(treasurer: Any, value: str | None) -> None:
    headers = {} if value is None else {"Idempotency-Key": value.encode()}
    problem = problem_in(treasurer.post(PAY, json=PAYMENT, headers=headers), 422, "request_invalid")
    assert problem["field"].lower() == "idempotency-key"


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Basic dHNrXzp4", "tsk_x", "Bearer \xff", "Bearer a b", "bearer tsk_é"],
)
def test_authorization_that_is_no_key(house: House, header: str) -> None:
    nobody = house.client_with(None)
    answer = nobody.get("/v1/loans", headers={b"Authorization": header.encode("latin-1")})
    problem_in(answer, 401, "key_not_valid")


def test_address_in_any_case_with_a_right_checksum(house: House) -> None:
    officer = house.client(Role.OFFICER)
    checksummed = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # from EIP-55
    body = {"roles": ["payee"], "payee_category": 1, "name": "A", "address": checksummed}
    accepted = officer.post("/v1/parties", json=body, headers=key_header())
    assert accepted.json()["subject"] == checksummed.lower()
    house.settle()
    for written in (checksummed, checksummed.lower(), "0x" + checksummed[2:].upper()):
        found = officer.get(f"/v1/parties/{written}")
        assert found.json()["address"] == checksummed.lower()
    mistyped = checksummed.replace("aAeb", "aaeb")
    problem = problem_in(
        officer.post("/v1/parties", json={**body, "address": mistyped}, headers=key_header()),
        422,
        "request_invalid",
    )
    assert "checksum" in problem["detail"]
    assert officer.get(f"/v1/parties/{mistyped}").status_code == 422


def test_crash_says_nothing_of_the_inside(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("secret path /home/someone, password hunter2")

    monkeypatch.setattr("tallystick.api.loans.list_loans", crash)
    answer = house.client(Role.AUDITOR).get("/v1/loans")
    problem_in(answer, 500, "internal_error")
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
