"""What is not agreed, signed or readable is refused by a typed error and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tallystick.chain.signers import LocalKey
from tests.cli.homes import copy_of
from tests.cli.lending import Lending, lending_in


class Case:
    """A loan that was disbursed, one that is signed, and one that is proposed."""

    def __init__(self, lending: Lending) -> None:
        self.lending = lending
        lending.take_part()
        lending.register("otto", "payee", "--payee-category", 2)
        lending.hold_key("stranger")
        self.active = lending.active_loan()
        self.signed = lending.propose(lending.terms(agreement="CLI-2"))
        lending.sign(self.signed)
        self.proposed = lending.propose(lending.terms(agreement="CLI-3"))
        self.evidence = lending.home / "invoice.pdf"
        self.evidence.write_bytes(b"%PDF")

    def pay(self, payee: str, amount: str, purpose: str) -> tuple[object, ...]:
        address = self.lending.address(payee)
        return ("loan", "pay", self.active, "--payee", address, "--amount", amount,
                "--purpose", purpose, "--evidence", self.evidence)  # fmt: skip

    def sign(self, loan_id: str, name: str, signature: str | None = None) -> tuple[object, ...]:
        handed = () if signature is None else ("--signature", signature)
        return ("loan", "sign", loan_id, "--signer", self.lending.address(name), *handed)


@pytest.fixture(scope="module")
def case(kept_founded_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    """One for all tests, because none of them changes anything."""
    with lending_in(copy_of(kept_founded_home, tmp_path_factory.mktemp("case"))) as lending:
        yield Case(lending)


def refused(case: Case, code: int, kind: str, *arguments: object) -> dict[str, Any]:
    """The error of a command that must be refused and change nothing."""
    before = case.lending.state()
    error = case.lending.told(*arguments).refused(code, kind)
    assert case.lending.state() == before
    return error


def test_a_payment_that_is_not_agreed(case: Case) -> None:
    refused(case, 5, "purpose_not_agreed", *case.pay("pia", "1.00", "securities"))
    refused(case, 5, "payee_not_registered", *case.pay("stranger", "1.00", "supplies"))
    refused(case, 5, "payee_category_not_agreed", *case.pay("otto", "1.00", "supplies"))
    error = refused(case, 5, "purpose_cap_exceeded", *case.pay("pia", "10000.01", "supplies"))
    assert error["args"]["capMinor"] == 1_000_000
    withdrawal = ("loan", "withdraw", case.active, "--amount", "3000.01")
    refused(case, 5, "self_paid_share_exceeded", *withdrawal)


def test_a_signature_that_is_not_one(case: Case) -> None:
    lending = case.lending
    other = "0x" + "11" * 65
    refused(case, 2, "signature_invalid", *case.sign(case.proposed, "bo", other))
    refused(case, 2, "signature_invalid", *case.sign(case.proposed, "bo", "0x12"))
    refused(case, 2, "signature_invalid", *case.sign(case.proposed, "bo", "by hand"))
    refused(case, 2, "signer_not_party", *case.sign(case.proposed, "stranger"))
    # The borrower's own signature, but of other terms.
    message = lending.done("loan", "message", case.signed)
    key = LocalKey.generate()
    of_other_key = "0x" + key.sign_typed_data(message).hex()
    refused(case, 2, "signature_invalid", *case.sign(case.signed, "bo", of_other_key))


def test_a_loan_that_is_not_signed(case: Case) -> None:
    error = refused(case, 5, "agreement_not_signed", "loan", "originate", case.proposed)
    assert "lender" in error["detail"]


def test_signatures_are_used_once(case: Case) -> None:
    refused(case, 5, "loan_already_originated", "loan", "originate", case.active)
    refused(case, 5, "loan_already_originated", *case.sign(case.active, "bo"))
    refused(case, 5, "loan_status_invalid", "loan", "disburse", case.active)


def test_what_the_loan_is_not_ready_for(case: Case) -> None:
    refused(case, 5, "not_in_arrears", "loan", "write-off", case.active, "--reason", "none")
    refused(case, 4, "loan_not_found", "loan", "disburse", case.signed)
    refused(case, 5, "erc20_insufficient_balance",
            "loan", "repay", case.active, "--amount", "40.00")  # fmt: skip
    payer = case.lending.address("otto")
    refused(case, 5, "erc20_insufficient_allowance",
            "loan", "repay", case.active, "--amount", "40.00", "--payer", payer)  # fmt: skip
    refused(case, 5, "amount_above_max",
            "loan", "payoff", case.active, "--amount", "40.00")  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "kind"),
    [
        ("ten", "malformed_number"),
        ("", "malformed_number"),
        ("-1", "malformed_number"),
        ("1e3", "malformed_number"),
        ("NaN", "malformed_number"),
        ("1.001", "amount_too_fine"),
        ("99999999999999999999", "amount_out_of_range"),
        ("0", "amount_zero"),
    ],
)
def test_an_amount_that_is_not_one(amount: str, kind: str, case: Case) -> None:
    code = 5 if kind == "amount_zero" else 2
    refused(case, code, kind, "loan", "repay", case.active, f"--amount={amount}")


def test_evidence_that_is_not_there(case: Case) -> None:
    arguments = list(case.pay("pia", "1.00", "supplies"))
    arguments[-1] = case.lending.home / "nothing.pdf"
    refused(case, 2, "file_unreadable", *arguments)


def test_the_time_for_signatures_is_over(founded_home: Path) -> None:
    with lending_in(founded_home) as lending:
        case = Case(lending)
        lending.go_to(lending.today() + timedelta(days=8))
        lending.done("mirror", "follow", "--once")
        refused(case, 5, "signature_expired", *case.sign(case.proposed, "bo"))
        refused(case, 5, "signature_expired", "loan", "originate", case.signed)
        late = lending.terms(agreement="CLI-4", sign_by=str(lending.today() - timedelta(days=1)))
        refused(case, 2, "terms_invalid", "loan", "propose", lending.proposal(late))


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"principal_minor": "1200000"}, "principal_minor"),
        ({"principal_minor": 1_200_000.0}, "principal_minor"),
        ({"principal_minor": True}, "principal_minor"),
        ({"principal_minor": 1_200_001}, "instalments"),
        ({"sign_by": "soon"}, "sign_by"),
        ({"lender": "0x12"}, "lender"),
        ({"currency": "USD"}, "currency"),
        ({"purposes": {}}, "purposes"),
        ({"purposes": [{}]}, "purposes[0].purpose"),
        ({"instalments": []}, "instalments"),
        ({"document_hash": "0x00"}, "document_hash"),
        ({"interest": 5}, "interest"),
        ({"agreement": "借款合同"}, "agreement"),
    ],
)
def test_terms_that_are_malformed(members: dict[str, Any], field: str, case: Case) -> None:
    proposal = case.lending.proposal(case.lending.terms(**members))
    error = refused(case, 2, "terms_invalid", "loan", "propose", proposal)
    assert error["field"] == field


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "terms_unreadable"),
        (b"{", "terms_unreadable"),
        (b"\xff\xfe", "terms_unreadable"),
        (b"[" * 100_000, "terms_unreadable"),
        (b"[]", "terms_invalid"),
        (b"null", "terms_invalid"),
        (b"{}", "terms_invalid"),
    ],
)
def test_a_file_that_holds_no_terms(content: bytes, kind: str, case: Case, tmp_path: Path) -> None:
    file = tmp_path / "terms.json"
    file.write_bytes(content)
    refused(case, 2, kind, "loan", "propose", file)
    refused(case, 2, "terms_unreadable", "loan", "propose", tmp_path)
    refused(case, 2, "terms_unreadable", "loan", "propose", tmp_path / "none.json")


def test_a_missing_member_is_named(case: Case) -> None:
    terms = case.lending.terms()
    # Those an ordinary loan does without may be left out, and are in none of these.
    for name in terms:
        rest = {key: value for key, value in terms.items() if key != name}
        error = refused(case, 2, "terms_invalid", "loan", "propose", case.lending.proposal(rest))
        assert error["field"] == name, json.dumps(error)
