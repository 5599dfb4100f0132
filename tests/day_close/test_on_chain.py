"""The way of a notice on a real chain: overdue, written, served, anchored, mirrored."""

from __future__ import annotations

from datetime import date, timedelta
from email import message_from_bytes
from email.policy import default as default_policy
from pathlib import Path

import pytest

from tallystick.actions.day_close import close_day
from tallystick.actions.deliver_notices import DeliveryReport, deliver_notices
from tallystick.actions.portfolio import NothingMirrored, PortfolioInThePast, portfolio
from tallystick.actions.submission import Submitter
from tallystick.chain import calls
from tallystick.chain.ledger import LedgerReader
from tallystick.delivery.folder import FolderMailer
from tallystick.mirror.follow import Follower
from tallystick.servicing.notices import Channel, NoticeContent
from tallystick.store.loan_life import notices_served_of
from tallystick.store.notices import list_notices
from tallystick.store.profiles import Profile, write_profile
from tallystick.store.session import Store
from tests.fixtures.chain import World, digest_of


class House:
    """A store beside the chain, and its workers."""

    def __init__(self, world: World, store: Store, mail: Path) -> None:
        self.world = world
        self.store = store
        self.mail = mail
        keys = {world.address(name): world.key(name) for name in ("servicer",)}
        self._submitter = Submitter(
            store, world.node, keys.__getitem__, mine=world.chain.mine, clock=world.now
        )
        self._follower = Follower(store, world.node, world.deployment)

    def settle(self) -> None:
        self._submitter.drain()
        self._follower.catch_up()

    def close(self, day: date) -> None:
        self.world.go_to(day)
        self.settle()
        close_day(self.store, day, now=self.world.now())

    def deliver(self) -> DeliveryReport:
        return deliver_notices(
            self.store,
            FolderMailer(self.mail),
            self.world.deployment,
            servicer=self.world.address("servicer"),
            mail_from="office@lender.example",
            clock=self.world.now,
        )


@pytest.fixture
def house(world: World, store: Store, tmp_path: Path) -> House:
    return House(world, store, tmp_path / "mail")


def test_a_served_notice_can_be_proved_from_the_mail_alone(house: House) -> None:
    world = house.world
    borrower = world.address("borrower")
    with house.store.begin() as session:
        profile = Profile(borrower, "借款人甲", "one@post.example", "zh", digest_of("salt"))
        write_profile(session, profile)
    terms = world.terms()
    loan_id = world.originate(terms)
    world.disburse(terms)
    due_on = terms.instalments[0].due_on
    house.close(due_on + timedelta(days=7))
    assert house.deliver() == DeliveryReport(1, 0, 0, 0, None)
    house.settle()
    house.close(due_on + timedelta(days=8))
    assert house.deliver() == DeliveryReport(0, 0, 0, 0, None)
    house.settle()

    [path] = house.mail.iterdir()
    message = message_from_bytes(path.read_bytes(), policy=default_policy)
    content = NoticeContent(
        loan_id=loan_id,
        instalment=1,
        step="overdue_7",
        recipient=borrower,
        channel=Channel.MAIL,
        subject=message["Subject"],
        body=message.get_content().replace("\r\n", "\n"),
    )
    asked = (loan_id, content.content_hash)
    served_at = LedgerReader(world.node, world.deployment).notices_served_at([asked])[asked]
    assert served_at is not None
    with house.store.read() as session:
        [anchored] = notices_served_of(session, loan_id)
        [notice] = list_notices(session)
    assert (anchored.content_hash, anchored.step) == (content.content_hash, "overdue_7")
    assert (anchored.served_at, notice.content_hash) == (served_at, content.content_hash)


def test_the_figures_of_a_close_are_the_ledgers(house: House) -> None:
    world = house.world
    terms = world.terms()
    loan_id = world.originate(terms)
    world.disburse(terms)
    world.go_to(terms.instalments[0].due_on + timedelta(days=3))
    world.repay(terms, 150_000)
    day = terms.instalments[1].due_on + timedelta(days=35)
    house.close(day)
    owed = LedgerReader(world.node, world.deployment).owed(terms, world.now())
    with house.store.read() as session:
        report = portfolio(session)
    told = report.portfolio
    assert (told.loans, told.outstanding_minor) == (1, owed.outstanding_principal_minor)
    assert (told.arrears_minor, told.penalty_minor) == (owed.arrears_minor, owed.penalty_minor)
    assert told.interest_due_minor == owed.interest_minor
    assert told.par30 == 1
    assert (report.disbursed_minor, report.repaid_minor) == (1_200_000, 150_000)
    by_status = {total["status"]: total for total in report.as_json()["by_status"]}
    assert by_status["active"] == {
        "status": "active",
        "loans": 1,
        "disbursed_minor": 1_200_000,
        "principal_repaid_minor": 138_000,
        "interest_repaid_minor": 12_000,
        "penalty_repaid_minor": 0,
        "fee_repaid_minor": 0,
        "written_off_minor": 0,
    }

    world.send(calls.write_off(world.deployment, terms, digest_of("reason")), "servicer")
    house.settle()
    with house.store.read() as session:
        after = portfolio(session)
    assert (after.portfolio.loans, after.portfolio.written_off_loans) == (0, 1)
    assert after.written_off_minor == 1_200_000 - 138_000
    assert loan_id


def test_there_is_no_portfolio_of_the_past_nor_of_nothing(house: House) -> None:
    with house.store.read() as session, pytest.raises(NothingMirrored):
        portfolio(session)
    house.settle()
    with house.store.read() as session:
        at = portfolio(session).at
        assert portfolio(session, at).portfolio.loans == 0
        with pytest.raises(PortfolioInThePast):
            portfolio(session, at - timedelta(seconds=1))
