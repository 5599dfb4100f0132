"""Commands that look: what they answer with --json, and what they draw for people."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.homes import DEMO_LOANS
from tests.cli.running import run

WIDE = {"COLUMNS": "200"}


def loans_in(home: Path, *options: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run("loan", "list", "--json", *options, home=home).json
    return found


def test_loans_are_listed(open_demo_home: Path) -> None:
    loans = loans_in(open_demo_home)
    # One was cancelled and signed anew, and one was replaced by another.
    assert len(loans) == DEMO_LOANS + 2
    assert set(loans[0]) == {
        *("loan_id", "agreement", "lender", "borrower", "guarantor", "currency", "status"),
        *("principal_minor", "principal_repaid_minor", "matures_on"),
    }
    numbers = [loan["agreement"].removeprefix("DEMO-")[7:] for loan in loans]
    assert numbers == [*(f"{n:04}" for n in range(1, 6)), "0006-C", "0006", *numbers[7:]]
    assert sorted(numbers[7:]) == ["0002-R", *(f"{n:04}" for n in range(7, 11))]
    drawn = run("loan", "list", home=open_demo_home).out
    assert all(loan["loan_id"] in drawn for loan in loans)
    assert "1169.00" in drawn


def test_loans_are_listed_in_pages_and_by_what_they_are(open_demo_home: Path) -> None:
    loans = loans_in(open_demo_home)
    first = loans_in(open_demo_home, "--limit", 4)
    rest = loans_in(open_demo_home, "--after", first[-1]["loan_id"])
    assert first + rest == loans
    closed = loans_in(open_demo_home, "--status", "closed")
    assert 0 < len(closed) < len(loans)
    assert closed == [loan for loan in loans if loan["status"] == "closed"]
    lender = loans[0]["lender"]
    of_lender = [loan for loan in loans if loan["lender"] == lender]
    assert loans_in(open_demo_home, "--lender", lender.upper().replace("0X", "0x")) == of_lender
    (of_borrower,) = loans_in(open_demo_home, "--borrower", loans[3]["borrower"])
    assert of_borrower == loans[3]


def test_a_loan_is_shown_whole(open_demo_home: Path) -> None:
    for listed in loans_in(open_demo_home):
        shown = run("loan", "show", listed["loan_id"], "--json", home=open_demo_home).json
        assert set(shown) == {
            *("loan_id", "status", "lender", "is_accelerated", "is_mandate_revoked", "account"),
            *("terms", "instalments", "owed", "history"),
        }
        assert shown["lender"] == listed["lender"]
        terms = shown["terms"]
        assert terms["principal_minor"] == listed["principal_minor"]
        if shown["status"] in ("active", "closed") and terms["prior_loan_id"] is None:
            outstanding = shown["owed"]["outstanding_principal_minor"]
            assert listed["principal_minor"] == outstanding + listed["principal_repaid_minor"]
        events = [entry["event"] for entry in shown["history"]]
        begins = {"cancelled": "LoanCancelled", "restructured": "FundsDisbursed"}
        if terms["prior_loan_id"] is not None:
            begins["active"] = "LoanRestructured"
        assert events[:2] == ["LoanOriginated", begins.get(shown["status"], "FundsDisbursed")]
        assert ("LoanClosed" in events) == (shown["status"] == "closed")
        assert [entry["block_number"] for entry in shown["history"]] == sorted(
            entry["block_number"] for entry in shown["history"]
        )


def test_a_loan_is_drawn_for_people(open_demo_home: Path) -> None:
    loan_id = loans_in(open_demo_home)[0]["loan_id"]
    drawn = run("loan", "show", loan_id, home=open_demo_home, env=WIDE).out
    for told in (loan_id, "Lender 1", "Borrower 0001", "11.88 % a year", "17.82 % a year"):
        assert told in drawn
    for told in ("electronics 1169.00 CNY of 1169.00 CNY", "repayment received", "settled"):
        assert told in drawn


def test_funds_are_traced(open_demo_home: Path) -> None:
    for listed in loans_in(open_demo_home):
        if listed["status"] == "cancelled" or listed["agreement"].endswith("-R"):
            continue
        loan_id = listed["loan_id"]
        trace = run("funds", loan_id, "--json", home=open_demo_home).json
        resting = sum(row["amount_minor"] for row in trace["resting"])
        assert resting == trace["root"]["amount_minor"] == listed["principal_minor"]
    drawn = run("funds", loan_id, home=open_demo_home, env=WIDE).out
    assert "disbursed to controlled account" in drawn
    assert "burned to settlement bank" in drawn
    shallow = run("funds", loan_id, "--depth-max", 1, "--json", home=open_demo_home).json
    assert [row["end"] for row in shallow["resting"]] != [row["end"] for row in trace["resting"]]
    run("funds", loan_id, "--depth-max", 0, "--json", home=open_demo_home).refused(
        2, "depth_out_of_range"
    )


def test_parties_are_listed_and_shown(open_demo_home: Path) -> None:
    parties = run("party", "list", "--json", home=open_demo_home).json
    facts = {
        *("address", "roles", "payee_category", "is_frozen", "signature_nonce", "registered_at"),
    }
    assert all(set(party) == facts for party in parties)
    lenders = run("party", "list", "--role", "lender", "--json", home=open_demo_home).json
    assert lenders == [party for party in parties if party["roles"] == ["lender"]]
    # The two together lend as a third.
    assert len(lenders) == 3
    after = parties[2]["address"]
    rest = run("party", "list", "--after", after, "--limit", 5, "--json", home=open_demo_home)
    assert rest.json == parties[3:8]

    address = lenders[0]["address"]
    shown = run("party", "show", address, "--json", home=open_demo_home).json
    assert set(shown) == facts | {"identity_commitment", "balance_minor", "claimable_minor"}
    assert shown["balance_minor"] > 0
    drawn = run("party", "show", address, home=open_demo_home).out
    assert f"Lender 1 {address}" in drawn
    assert "Lender 1" in run("party", "list", home=open_demo_home).out


def test_the_mirror_tells_where_it_stands(open_demo_home: Path) -> None:
    told = run("mirror", "status", "--digest", "--json", home=open_demo_home).json
    assert set(told) == {"head_block_number", "lag_blocks", "cursor", "digest"}
    assert told["lag_blocks"] == 0
    assert told["cursor"]["block_number"] == told["head_block_number"] > 0
    assert told["digest"]["whole"] in run("mirror", "status", "--digest", home=open_demo_home).out
    assert "digest" not in run("mirror", "status", "--json", home=open_demo_home).json


def test_halves_that_match_are_told_so(open_demo_home: Path) -> None:
    found = run("reconcile", "--json", home=open_demo_home).json
    assert found["is_matching"] is True
    assert found["loans"] == DEMO_LOANS + 2
    assert found["differences"] == []
    assert "The halves match" in run("reconcile", home=open_demo_home).out


@pytest.mark.parametrize(
    "arguments",
    [
        ["loan", "show", "0x" + "00" * 32],
        ["loan", "message", "0x" + "00" * 32],
        ["loan", "sign", "0x" + "00" * 32, "--signer", "0x" + "11" * 20],
        ["loan", "originate", "0x" + "00" * 32],
        ["loan", "disburse", "0x" + "00" * 32],
        ["loan", "withdraw", "0x" + "00" * 32, "--amount", "1.00"],
        ["loan", "repay", "0x" + "00" * 32, "--amount", "1.00"],
        ["loan", "payoff", "0x" + "00" * 32, "--amount", "1.00"],
        ["loan", "write-off", "0x" + "00" * 32, "--reason", "none"],
        ["loan", "cancel", "0x" + "00" * 32],
        ["loan", "collect", "0x" + "00" * 32],
        ["loan", "quote", "0x" + "00" * 32],
        ["loan", "restructure", "0x" + "00" * 32],
        ["loan", "revoke-signature", "0x" + "00" * 32, "--signer", "0x" + "11" * 20],
        ["assignment", "message", "0x" + "00" * 32],
        ["assignment", "sign", "0x" + "00" * 32, "--signer", "0x" + "11" * 20],
        ["assignment", "assign", "0x" + "00" * 32],
        ["funds", "0x" + "00" * 32],
        ["party", "show", "0x" + "11" * 20],
        ["key", "revoke", "nobody"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_what_is_not_there_is_not_found(arguments: list[str], open_demo_home: Path) -> None:
    told = run(*arguments, "--json", home=open_demo_home)
    kinds = {
        "loan": ("loan_not_found", "agreement_not_found"),
        "funds": ("loan_not_found",),
        "assignment": ("assignment_not_found",),
        "party": ("party_not_found",),
        "key": ("key_not_found",),
    }
    assert any(f"({kind})" in told.err for kind in kinds[arguments[0]]), told
    assert told.refused(4, told.err.split("(")[1].split(")")[0])["detail"]


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["loan", "show", "0x12"], "loan_id_invalid"),
        (["loan", "show", "0x" + "zz" * 32], "loan_id_invalid"),
        (["loan", "show", "00" * 33], "loan_id_invalid"),
        (["funds", "loan"], "loan_id_invalid"),
        (["loan", "repay", "", "--amount", "1"], "loan_id_invalid"),
        (["loan", "list", "--lender", "0x12"], "address_invalid"),
        (["loan", "list", "--borrower", "me"], "address_invalid"),
        (["party", "show", "0x" + "12" * 21], "address_invalid"),
        (["party", "show", "0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed"], "address_invalid"),
        (["party", "list", "--role", "banker"], "role_unknown"),
        (["party", "register", "0x12", "--role", "payee", "--name", "x"], "address_invalid"),
        (["party", "register", "0x" + "11" * 20, "--role", "boss", "--name", "x"], "role_unknown"),
        (["party", "register", "0x" + "11" * 20, "--role", "payee", "--name", ""], "name_invalid"),
        (
            ["party", "register", "0x" + "11" * 20, "--role", "payee", "--name", "a\x1b[31m"],
            "name_invalid",
        ),
        (
            [
                *("party", "register", "0x" + "11" * 20, "--role", "payee", "--name", "x"),
                *("--email", "nobody"),
            ],
            "mailbox_unusable",
        ),
        (["day-close", "tomorrow"], "day_invalid"),
        (["day-close", "2026-02-30"], "day_invalid"),
        (["key", "issue", "a b", "--role", "admin"], "key_name_invalid"),
        (["key", "issue", "lena", "--role", "lender"], "key_party_mismatch"),
        (["key", "issue", "lena", "--role", "lender", "--party", "0x1"], "address_invalid"),
        (["party", "hold-key", "--private-key", "/no/such/file"], "key_invalid"),
        (["party", "hold-key", "--private-key", "-"], "key_invalid"),
        (["party", "allow-spending", "x", "--spender", "loan_ledger", "--amount", "1"],
         "address_invalid"),
        (["party", "bank-payment", "in", "x", "--amount", "1", "--reference", "r"],
         "address_invalid"),
    ],
)  # fmt: skip
def test_malformed_input_is_told(arguments: list[str], kind: str, open_demo_home: Path) -> None:
    told = run(*arguments, "--json", home=open_demo_home, stdin="not a key")
    assert "not a key" not in told.out + told.err
    told.refused(2, kind)


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--loans", "many"],
        ["loan", "list", "--status", "lost"],
        ["loan", "list", "--limit", "0"],
        ["party", "register"],
        ["key", "issue", "x", "--role", "king"],
        ["mirror", "follow", "--poll-seconds", "0"],
        ["reconcile", "now"],
    ],
)
def test_a_wrong_use_of_a_command_is_wrong_input(
    arguments: list[str], open_demo_home: Path
) -> None:
    told = run(*arguments, home=open_demo_home)
    assert told.code == 2
    assert "Usage: tallystick" in told.err
    assert told.out == ""


def test_keys_are_issued_listed_and_revoked(founded_home: Path) -> None:
    lender = "0x" + "aB" * 20
    issued = run("key", "issue", "lena", "--role", "auditor", "--json", home=founded_home).json
    assert issued["secret"].startswith("tsk_")
    bound = run("key", "issue", "len", "--role", "lender", "--party", lender.lower(),
                "--json", home=founded_home).json  # fmt: skip
    assert bound["party"] == lender.lower()
    run("key", "issue", "lena", "--role", "admin", home=founded_home).refused(5, "key_name_taken")
    revoked = run("key", "revoke", "lena", "--json", home=founded_home).json
    assert revoked == {"revoked": "lena"}
    keys = run("key", "list", "--json", home=founded_home).json
    assert [(key["name"], key["role"]) for key in keys] == [
        *(("first-admin", "admin"), ("lena", "auditor"), ("len", "lender"))
    ]
    assert [key["revoked_at"] is not None for key in keys] == [False, True, False]
    listed = run("key", "list", "--json", home=founded_home).out
    assert issued["secret"] not in listed
    assert bound["secret"] not in listed
    assert "auditor" in run("key", "list", home=founded_home).out


def test_reading_changes_nothing(demo_home: Path, tmp_path: Path) -> None:
    before = shutil.copytree(demo_home, tmp_path / "before")
    loan_id = loans_in(demo_home)[0]["loan_id"]
    for arguments in (["loan", "show", loan_id], ["funds", loan_id], ["reconcile"]):
        assert run(*arguments, home=demo_home).code == 0
    digest = run("mirror", "status", "--digest", "--json", home=demo_home).json["digest"]
    assert run("mirror", "status", "--digest", "--json", home=before).json["digest"] == digest
    assert {path.name for path in demo_home.iterdir()} == {path.name for path in before.iterdir()}
