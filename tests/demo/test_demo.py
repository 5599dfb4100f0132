"""The demo as its user runs it: to its end, again, on both chains, and where it must not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tallystick.demo.drafts import MISUSER
from tallystick.demo.story import Misuse
from tallystick.office.office import open_office
from tallystick.office.settings import load_settings
from tallystick.store.commands import commands_of
from tests.cli.homes import DEMO_LOANS
from tests.cli.lending import database_digest
from tests.cli.running import run, run_apart
from tests.demo.business import business_of, comparable_business_of

PROMISED = {
    *("loans", "disbursed", "repaid", "written_off", "misuse_reverted", "notices_served"),
    *("par30", "par90", "events_mirrored", "reconciled", "seconds"),
    *("happened",),
}


def without_seconds(outcome: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in outcome.items() if name != "seconds"}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The home and what the demo told about it."""
    home = tmp_path_factory.mktemp("undisturbed") / "home"
    told = run_apart("demo", "--loans", DEMO_LOANS, "--json", home=home)
    assert told.err == ""
    return home, told.json


def test_one_object_of_what_happened(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    home, outcome = undisturbed
    assert outcome.keys() == PROMISED | {"currency", "repayments"}
    assert outcome["reconciled"] is True
    assert outcome["loans"] == DEMO_LOANS
    assert outcome["currency"] == "CNY"
    assert outcome["misuse_reverted"] == len(Misuse)
    assert 0 <= outcome["par90"] <= outcome["par30"] <= 1
    parts = {"draft", "submit", "mirror", "day_close", "reconcile", "total", "chain"}
    assert outcome["seconds"].keys() == parts
    assert 0 < outcome["seconds"]["chain"] < outcome["seconds"]["total"]

    business = business_of(home)
    assert outcome["repayments"] == len(business["repayments"])
    assert outcome["repaid"] == sum(amount for _, _, amount, *_ in business["repayments"])
    assert outcome["notices_served"] == len(business["anchored"]) > 0
    statuses = Counter(status for _, _, status, *_ in business["loans"])
    assert statuses.keys() == {"active", "closed", "written_off", "restructured", "cancelled"}
    # The first ten cases borrow 49,099 in all.
    assert outcome["disbursed"] == 4_909_900
    assert 0 < outcome["written_off"] < outcome["repaid"] < 2 * outcome["disbursed"]
    assert outcome["events_mirrored"] > 3 * outcome["repayments"]


def test_even_a_small_demo_shows_what_an_ordinary_loan_does_without(
    undisturbed: tuple[Path, dict[str, Any]],
) -> None:
    home, outcome = undisturbed
    happened = outcome["happened"]
    assert {name for name, count in happened.items() if not count} == {"payoffs"}
    for once in ("guarantee_calls", "reimbursements", "accelerations", "restructurings"):
        assert happened[once] == 1
    for once in ("assignments", "cancellations", "co_lendings"):
        assert happened[once] == 1
    # One by each rule.
    assert happened["prepayments"] == 2
    business = business_of(home)
    refused = [key for key, _, status, _ in business["commands"] if status == "refused"]
    assert len(refused) == outcome["misuse_reverted"]
    assert all("/misuse/" in key for key in refused)


def test_every_kind_of_misuse_is_refused_by_its_own_error(
    undisturbed: tuple[Path, dict[str, Any]],
) -> None:
    home, _ = undisturbed
    with open_office(load_settings(home=home)) as office, office.store.read() as session:
        answers = {
            one.idempotency_key.split("/")[-2]: (one.error or {})["type"]
            for one in commands_of(session, MISUSER)
        }
    assert answers == {
        Misuse.PURPOSE_NOT_AGREED: "purpose_not_agreed",
        Misuse.PAYEE_NOT_REGISTERED: "payee_not_registered",
        Misuse.PAYEE_OF_OTHER_TRADE: "payee_category_not_agreed",
        Misuse.OVER_CAP: "purpose_cap_exceeded",
        Misuse.OVER_SELF_PAID_SHARE: "self_paid_share_exceeded",
        Misuse.CHANGED_TERMS: "loan_unknown",
        Misuse.FORGED_SIGNATURE: "signature_invalid",
        Misuse.REPLAYED_SIGNATURES: "loan_already_originated",
        Misuse.EXPIRED_SIGNATURES: "signature_expired",
    }


def test_every_notice_is_a_mail_and_anchored(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    home, outcome = undisturbed
    business = business_of(home)
    assert {status for *_, status, _ in business["notices"]} == {"served"}
    written = [(loan, content, step) for loan, _, step, _, content, _, _ in business["notices"]]
    anchored = [(loan, content, step) for loan, content, step, _ in business["anchored"]]
    assert sorted(written) == sorted(anchored)
    assert len(list((home / "mail").glob("*.eml"))) == outcome["notices_served"]


def test_people_are_shown_what_a_lender_wants_to_see(
    undisturbed: tuple[Path, dict[str, Any]],
) -> None:
    home, _ = undisturbed
    told = run("demo", "--loans", DEMO_LOANS, "--home", home, env={"COLUMNS": "120"})
    assert told.code == 0
    for heading in ("Portfolio", "Misuse tried", "One loan's life", "Where its money went"):
        assert heading in told.out
    for words in ("PAR30", "PAR90", "The halves match", "waiting for the chain", "1 assignments"):
        assert words in " ".join(told.out.split())
    assert f"tallystick serve --home {home}" in told.out
    for misuse in Misuse:
        assert misuse in told.out


def test_again_is_the_same_and_orders_nothing(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    home, outcome = undisturbed
    before = database_digest(home)
    again = run("demo", "--loans", DEMO_LOANS, "--json", home=home).json
    assert without_seconds(again) == without_seconds(outcome)
    assert database_digest(home) == before


def test_on_the_chain_in_python_it_comes_to_the_same(tmp_path: Path) -> None:
    outcomes = []
    for kind in ("anvil", "eth-tester"):
        env = {"TALLYSTICK_CHAIN_KIND": kind}
        told = run("demo", "--loans", 2, "--json", home=tmp_path / kind, env=env)
        outcomes.append(without_seconds(told.json))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0]["reconciled"] is True
    on_anvil, on_eth_tester = (
        comparable_business_of(tmp_path / kind) for kind in ("anvil", "eth-tester")
    )
    assert on_anvil == on_eth_tester


@pytest.mark.parametrize("loans", [0, -1, 1001])
def test_no_more_loans_than_cases(loans: int, tmp_path: Path) -> None:
    run("demo", "--loans", loans, "--json", home=tmp_path / "home").refused(2, "too_many_loans")
    assert not (tmp_path / "home").exists()


def test_a_home_is_of_one_demo(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    home, _ = undisturbed
    before = database_digest(home)
    for loans in (DEMO_LOANS - 1, DEMO_LOANS + 1):
        told = run("demo", "--loans", loans, "--json", home=home)
        assert f"a demo of {DEMO_LOANS} loans" in told.refused(5, "home_taken")["detail"]
    assert database_digest(home) == before


def test_one_run_at_a_time(undisturbed: tuple[Path, dict[str, Any]]) -> None:
    home, _ = undisturbed
    with FileLock(home / "demo.lock"):
        told = run_apart("demo", "--loans", DEMO_LOANS, "--json", home=home)
    told.refused(5, "demo_running")


def test_it_runs_on_no_other_chain(tmp_path: Path) -> None:
    env = {"TALLYSTICK_CHAIN_URL": "http://127.0.0.1:1"}
    told = run("demo", "--json", home=tmp_path / "home", env=env)
    told.refused(2, "demo_needs_embedded_chain")
    assert not (tmp_path / "home").exists()
