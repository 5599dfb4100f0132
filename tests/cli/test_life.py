"""The whole life of a loan by the command line alone."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from eth_account import Account

from tests.cli.lending import PRINCIPAL_MINOR, lending_in
from tests.cli.running import run


@pytest.fixture
def invoice(tmp_path: Path) -> Path:
    file = tmp_path / "invoice.pdf"
    file.write_bytes(b"%PDF ten bags of cement")
    return file


def test_a_loan_that_is_repaid(founded_home: Path, invoice: Path) -> None:
    with lending_in(founded_home) as lending:
        lending.take_part()
        assert lending.balance_minor("lena") == 2_000_000
        terms = lending.terms()
        loan_id = lending.propose(terms)

        # The lender signs with a wallet of its own, over the message a wallet is shown.
        message = lending.done("loan", "message", loan_id)
        assert message["primaryType"] == "LoanTerms"
        assert message["message"]["principalMinor"] == PRINCIPAL_MINOR
        told = lending.done("loan", "sign", loan_id, "--signer", lending.address("bo"))
        assert told["awaited"] == ["lender"]
        lending.sign(loan_id)

        command = lending.mined("loan", "originate", loan_id)
        assert command["kind"] == "originate"
        assert command["subject"] == loan_id
        assert lending.done("loan", "show", loan_id)["status"] == "approved"
        lending.mined("loan", "disburse", loan_id)
        assert lending.balance_minor("lena") == 2_000_000 - PRINCIPAL_MINOR

        lending.mined("loan", "pay", loan_id, "--payee", lending.address("pia"), "--amount",
                      "9000.00", "--purpose", "supplies", "--evidence", invoice)  # fmt: skip
        lending.mined("loan", "withdraw", loan_id, "--amount", "3000.00")
        assert lending.balance_minor("pia") == 900_000
        assert lending.balance_minor("bo") == 300_000
        trace = lending.done("funds", loan_id)
        (paid,) = [node for node in trace["root"]["children"] if node["purpose"] == "supplies"]
        assert paid["evidence_hash"] == "0x" + hashlib.sha256(invoice.read_bytes()).hexdigest()

        lending.fund("bo", "10000.00")
        first, second, _third = terms["instalments"]
        lending.go_to(lending.today() + timedelta(days=30))
        lending.done("mirror", "follow", "--once")
        owed = lending.done("loan", "show", loan_id)["owed"]
        assert owed["principal_minor"] == first["principal_minor"]
        assert owed["interest_minor"] == first["interest_minor"]
        lending.mined("loan", "repay", loan_id, "--amount", "4040.00")
        shown = lending.done("loan", "show", loan_id)
        assert [row["is_settled"] for row in shown["instalments"]] == [True, False, False]

        lending.go_to(lending.today() + timedelta(days=30))
        lending.mined("loan", "payoff", loan_id, "--amount", "8100.00")
        shown = lending.done("loan", "show", loan_id)
        assert shown["status"] == "closed"
        assert shown["owed"]["payoff_minor"] == 0
        # The third instalment's interest is not charged: none of its days has passed.
        received = PRINCIPAL_MINOR + first["interest_minor"] + second["interest_minor"]
        assert lending.balance_minor("lena") == 2_000_000 - PRINCIPAL_MINOR + received
        assert [entry["event"] for entry in shown["history"]] == [
            *("LoanOriginated", "FundsDisbursed", "ProceedsPaid", "ProceedsWithdrawn"),
            *("RepaymentReceived", "RepaymentReceived", "LoanClosed"),
        ]
        assert lending.done("reconcile")["is_matching"]


def test_a_loan_that_is_not_repaid(founded_home: Path) -> None:
    with lending_in(founded_home) as lending:
        lending.take_part()
        loan_id = lending.active_loan()
        due_on = lending.today() + timedelta(days=30)

        lending.go_to(due_on + timedelta(days=8))
        closed = lending.done("day-close")
        assert closed["closed_on"] == (due_on + timedelta(days=8)).isoformat()
        assert closed["summary"]["loans"] == 1
        assert closed["summary"]["notices_written"] == closed["delivery"]["served"] == 1
        (file,) = (founded_home / "mail").glob("*.eml")
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        assert mail["To"] == "bo <bo@example.com>"
        assert "CLI-1" in mail.get_body().get_content()  # type: ignore[union-attr]  # it has one
        again = lending.done("day-close")
        assert again["summary"] == closed["summary"]
        assert again["delivery"]["served"] == 0
        history = lending.done("loan", "show", loan_id)["history"]
        assert history[-1]["event"] == "NoticeServed"
        assert lending.done("day-close", "--no-deliver")["delivery"] is None
        before = (due_on - timedelta(days=1)).isoformat()
        lending.told("day-close", before).refused(5, "day_before_last_close")
        lending.told("day-close", "2199-01-01").refused(5, "day_not_reached")

        lending.mined("loan", "write-off", loan_id, "--reason", "insolvent")
        shown = lending.done("loan", "show", loan_id)
        assert shown["status"] == "written_off"
        # What was not used repaid what it could: the due instalment and the current one.
        assert shown["owed"]["outstanding_principal_minor"] == PRINCIPAL_MINOR - 800_000
        assert lending.done("reconcile")["is_matching"]


def test_a_side_may_keep_its_key_to_itself(founded_home: Path) -> None:
    wallet = Account.create()
    with lending_in(founded_home) as lending:
        lending.take_part()
        lending.mined("party", "register", wallet.address, "--role", "borrower", "--name", "Wu")
        address = wallet.address.lower()
        loan_id = lending.propose(lending.terms(borrower=address))
        lending.told("loan", "sign", loan_id, "--signer", address).refused(5, "lane_unknown")
        message = lending.done("loan", "message", loan_id)
        signature = wallet.sign_typed_data(full_message=message).signature.to_0x_hex()
        lending.done("loan", "sign", loan_id, "--signer", address, "--signature", signature)
        lending.done("loan", "sign", loan_id, "--signer", lending.address("lena"))
        lending.mined("loan", "originate", loan_id)
        lending.mined("loan", "disburse", loan_id)
        lending.told("loan", "withdraw", loan_id, "--amount", "1.00").refused(5, "lane_unknown")
        # Anybody may repay for it.
        lending.go_to(lending.today() + timedelta(days=30))
        lending.fund("bo", "5000.00")
        lending.mined("loan", "repay", loan_id, "--amount", "4040.00", "--payer",
                      lending.address("bo"))  # fmt: skip


def test_a_key_is_taken_over(founded_home: Path, tmp_path: Path) -> None:
    wallet = Account.create()
    file = tmp_path / "key"
    file.write_text(wallet.key.to_0x_hex() + "\n")
    with lending_in(founded_home) as lending:
        told = lending.done("party", "hold-key", "--private-key", file)
        assert told == {"address": wallet.address.lower()}
        lending.told("party", "hold-key", "--private-key", file).refused(5, "key_exists")
    (kept,) = (founded_home / "keys").glob("0x*.json")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert wallet.key.hex() not in kept.read_text()


def test_the_same_key_orders_once(founded_home: Path) -> None:
    with lending_in(founded_home) as lending:
        address = lending.register("lena", "lender")
        order = ("party", "bank-payment", "in", address, "--amount", "10.00", "--reference", "r1",
                 "--idempotency-key", "pay-1")  # fmt: skip
        first = lending.mined(*order)
        assert lending.mined(*order) == first
        assert lending.balance_minor("lena") == 1_000
        other = [*order[:5], "11.00", *order[6:]]
        lending.told(*other).refused(5, "idempotency_key_reused")
        lending.told(*order[:-1], "x" * 201).refused(2, "idempotency_key_invalid")
        other = [*order[:-1], "pay-2"]
        lending.told(*other).refused(5, "bank_reference_used")
        assert lending.balance_minor("lena") == 1_000


def test_orders_are_told_to_people(founded_home: Path) -> None:
    with lending_in(founded_home) as lending:
        address = lending.hold_key("lena")
        order = ("party", "register", address, "--role", "lender", "--name", "Lena",
                 "--idempotency-key", "k")  # fmt: skip
        command = lending.mined(*order)
        assert run(*order, home=founded_home).out == (
            f"register_party of {address}: mined in block {command['block_number']}, "
            f"tx {command['tx_hash']}\n"
        )
