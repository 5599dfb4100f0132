"""What an ordinary loan does without, by the command line alone."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.lending import PRINCIPAL_MINOR, Lending, lending_in

COLLATERAL = "0x" + hashlib.sha256(b"a lathe").hexdigest()


@pytest.fixture
def document(tmp_path: Path) -> Path:
    file = tmp_path / "extension.txt"
    file.write_text("three months more")
    return file


def used_loan(lending: Lending, document: Path, **members: object) -> str:
    """Loan id of a loan whose proceeds are used up."""
    loan_id = lending.active_loan(**members)
    lending.mined("loan", "pay", loan_id, "--payee", lending.address("pia"), "--amount",
                  "9000.00", "--purpose", "supplies", "--evidence", document)  # fmt: skip
    lending.mined("loan", "withdraw", loan_id, "--amount", "3000.00")
    return loan_id


def test_collected_prepaid_guaranteed_and_paid_off(founded_home: Path, document: Path) -> None:
    with lending_in(founded_home) as lending:
        lending.take_part()
        guarantor = lending.register("gus", "guarantor")
        lending.allow_ledger("gus")
        lending.fund("gus", "9000.00")
        terms = lending.terms(
            guarantor=guarantor,
            guarantee_minor_max=600_000,
            guarantee_after_days=5,
            mandate_minor_max=PRINCIPAL_MINOR,
            collectable_by="servicer",
            prepayment="smaller_instalments",
            prepayment_fee_ppm=10_000,
            collateral_hash=COLLATERAL,
        )
        told = lending.done("loan", "propose", lending.proposal(terms))
        assert told["awaited"] == ["lender", "borrower", "guarantor"]
        loan_id = told["loan_id"]
        for name in ("lena", "bo", "gus"):
            lending.done("loan", "sign", loan_id, "--signer", lending.address(name))
        lending.mined("loan", "originate", loan_id)
        lending.mined("loan", "disburse", loan_id)
        lending.mined("loan", "pay", loan_id, "--payee", lending.address("pia"), "--amount",
                      "9000.00", "--purpose", "supplies", "--evidence", document)  # fmt: skip
        lending.mined("loan", "withdraw", loan_id, "--amount", "3000.00")

        # Part of the first instalment is collected, as far as the money goes; once a day.
        lending.go_to(lending.today() + timedelta(days=30))
        lending.done("mirror", "follow", "--once")
        collected = lending.done("collect")
        assert (collected["collected"], collected["failed"]) == (1, [])
        again = lending.done("collect")
        assert again["collected"] == 0
        assert again["failed"][0]["error"]["type"] == "nothing_to_collect"
        closed = lending.done("day-close", "--no-deliver")
        assert [row["loan_id"] for row in closed["collection"]["failed"]] == [loan_id]

        # The guarantor is called on for the rest.
        order = ("loan", "call-guarantee", loan_id, "--amount", "9000.00")
        lending.told(*order).refused(5, "not_late_enough")
        lending.go_to(lending.today() + timedelta(days=6))
        lending.mined(*order)
        account = lending.done("loan", "show", loan_id)["account"]
        assert account["collected_minor"] == 300_000
        assert 104_000 < account["guaranteed_minor"] < 105_000

        # The borrower comes into money, gives back what the guarantor paid, and prepays.
        lending.fund("bo", "20000.00")
        lending.mined("loan", "reimburse", loan_id, "--amount", "2000.00")
        quote = lending.done("loan", "quote", loan_id, "--principal", "2000.00")
        assert quote["fee_minor"] == 2_000
        cents = str(quote["amount_minor"] - 1).rjust(3, "0")
        little = ("loan", "prepay", loan_id, "--principal", "2000.00", "--amount",
                  f"{cents[:-2]}.{cents[-2:]}")  # fmt: skip
        lending.told(*little).refused(5, "amount_above_max")
        lending.mined(*little[:-1], "3000.00")
        quote = lending.done("loan", "quote", loan_id)
        assert quote["principal_minor"] == 600_000
        lending.mined("loan", "revoke-mandate", loan_id)
        lending.mined("loan", "payoff", loan_id, "--amount", "9000.00")
        events = [row["event"] for row in lending.done("loan", "show", loan_id)["history"]]
        assert events[-2:] == ["LoanClosed", "CollateralReleased"]
        assert lending.done("reconcile")["is_matching"]


def test_extended_sold_and_accelerated(founded_home: Path, document: Path) -> None:
    with lending_in(founded_home) as lending:
        lending.take_part()
        lending.register("lars", "lender")
        lending.allow_ledger("lars")
        lending.fund("lars", "15000.00")
        loan_id = used_loan(lending, document, accelerate_after_days=10)
        lending.go_to(lending.today() + timedelta(days=35))
        lending.done("mirror", "follow", "--once")
        today = lending.today().isoformat()
        order = ("loan", "extend", loan_id, "--agreement", "CLI-1-R", "--effective-on", today,
                 "--document", document)  # fmt: skip
        lending.told(*order, "--months", 0).refused(2, "extension_invalid")
        lending.told(*order[:-3], "soon", *order[-2:], "--months", 3).refused(2, "day_invalid")
        proposed = lending.done(*order, "--months", 3)
        new_id = proposed["loan_id"]
        lending.told("loan", "restructure", new_id).refused(5, "agreement_not_signed")
        lending.sign(new_id)
        lending.told("loan", "originate", new_id).refused(5, "agreement_replaces_loan")
        lending.mined("loan", "restructure", new_id)
        assert lending.done("loan", "show", loan_id)["status"] == "restructured"

        offer = ("assignment", "propose", new_id, "--assignee", lending.address("lars"),
                 "--price", "11000.00", "--sign-by")  # fmt: skip
        lending.told(*offer, "2020-01-01").refused(2, "assignment_invalid")
        assignment = lending.done(*offer, today)["assignment_id"]
        message = lending.done("assignment", "message", assignment)
        assert message["primaryType"] == "Assignment"
        lending.told("assignment", "assign", assignment).refused(5, "assignment_not_signed")
        for name in ("lena", "lars"):
            told = lending.done("assignment", "sign", assignment, "--signer", lending.address(name))
        assert told["awaited"] == []
        assert lending.done("assignment", "list", "--loan", new_id) == [told]
        lending.mined("assignment", "assign", assignment)
        shown = lending.done("loan", "show", new_id)
        assert shown["lender"] == lending.address("lars")
        assert lending.balance_minor("lars") == 400_000

        reason = ("--reason", "three times late")
        lending.told("loan", "accelerate", new_id, *reason).refused(5, "not_late_enough")
        lending.go_to(lending.today() + timedelta(days=100))
        lending.mined("loan", "accelerate", new_id, *reason)
        shown = lending.done("loan", "show", new_id)
        assert shown["is_accelerated"] is True
        assert shown["owed"]["due_minor"] == shown["owed"]["payoff_minor"] > PRINCIPAL_MINOR
        assert lending.done("reconcile")["is_matching"]


def test_given_up_before_anything_moved(founded_home: Path) -> None:
    with lending_in(founded_home) as lending:
        lending.take_part()
        first = lending.propose(lending.terms())
        lending.sign(first)
        bo = lending.address("bo")
        lending.told("loan", "revoke-signature", first, "--signer", lending.address("pia")
                     ).refused(2, "signer_not_party")  # fmt: skip
        lending.mined("loan", "revoke-signature", first, "--signer", bo)
        lending.told("loan", "originate", first).refused(5, "signature_is_revoked")

        second = lending.propose(lending.terms(agreement="CLI-2"))
        lending.sign(second)
        lending.mined("loan", "originate", second)
        lending.told("loan", "cancel", second, "--party", lending.address("pia")
                     ).refused(5, "caller_not_permitted")  # fmt: skip
        lending.mined("loan", "cancel", second, "--party", bo)
        assert lending.done("loan", "show", second)["status"] == "cancelled"

        third = lending.propose(lending.terms(agreement="CLI-3"))
        lending.sign(third)
        lending.mined("party", "cancel-signatures", bo)
        assert lending.done("party", "show", bo)["signature_nonce"] == 1
        lending.told("loan", "originate", third).refused(5, "signature_nonce_invalid")
        stale = lending.proposal(lending.terms(agreement="CLI-4"))
        error = lending.told("loan", "propose", stale).refused(2, "terms_invalid")
        assert error["field"] == "borrower_nonce"


def test_stopped_and_let_go_on(founded_home: Path) -> None:
    with lending_in(founded_home) as lending:
        lending.take_part()
        loan_id = lending.propose(lending.terms())
        lending.sign(loan_id)
        lending.mined("ledger", "pause")
        assert lending.done("ledger", "show")["is_paused"] is True
        lending.told("loan", "originate", loan_id).refused(5, "is_paused")
        # What was stopped is let go on after it was announced.
        lending.told("ledger", "unpause").refused(5, "access_manager_not_scheduled")
        lending.mined("ledger", "unpause", "--announce")
        lending.chain.set_time(lending.chain.now() + timedelta(hours=2))
        lending.chain.mine()
        lending.mined("ledger", "unpause")
        assert lending.done("ledger", "show")["is_paused"] is False
        lending.mined("loan", "originate", loan_id)

        pia = lending.address("pia")
        lending.mined("party", "freeze", pia, "--reason", "asked by the court")
        transfer = ("party", "transfer", lending.address("lena"), pia, "--amount", "1.00",
                    "--purpose", "gift")  # fmt: skip
        lending.told(*transfer).refused(5, "party_not_active")
        reason = ("--reason", "the court has lifted it")
        lending.mined("party", "unfreeze", pia, *reason, "--announce")
        lending.chain.set_time(lending.chain.now() + timedelta(hours=2))
        lending.chain.mine()
        lending.mined("party", "unfreeze", pia, *reason)
        lending.mined(*transfer)
        assert lending.balance_minor("pia") == 100
        lending.told("party", "claim", pia).refused(5, "nothing_to_claim")

        lending.mined("party", "update", pia, "--role", "payee", "--payee-category", 4)
        shown = lending.done("party", "show", pia)
        assert shown["payee_category"] == 4
        update = ("party", "update", pia, "--role", "payee", "--payee-category", 4)
        lending.told(*update, "--email", "pia@example.com").refused(2, "name_missing")
        lending.told(*update, "--name", "").refused(2, "name_invalid")
        lending.mined(*update, "--name", "Pia", "--email", "pia@example.com")

        adopted = lending.done("lane", "adopt", lending.address("lena"))
        assert adopted["next_nonce"] > 0
        stranger = "0x" + "11" * 20
        lending.told("lane", "adopt", stranger).refused(5, "lane_unknown")
