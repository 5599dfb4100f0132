"""Readers give back what the mirror wrote, page by page, filtered as asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tallystick.funds.movements import (
    BANK,
    MovementKind,
    Position,
    controlled_account,
    held_account,
)
from tallystick.loans.loan import CARRIED, Status
from tallystick.store.cursor import read_cursor
from tallystick.store.loan_life import (
    disbursement_of,
    instalments_of,
    notices_served_of,
    repayments_of,
    uses_of,
)
from tallystick.store.loans import LoanNotFound, carried_loans, find_loan, list_loans
from tallystick.store.movements import disbursement_movement, movements_from
from tallystick.store.parties import PartyNotFound, balance_of, find_party, list_parties
from tallystick.store.session import Session, Store, open_store
from tests.fixtures.store import new_postgres, new_sqlite
from tests.mirror.event_model import DEPLOYMENT, EventModel
from tests.mirror.mirrored import mirror

START = Position(0, 0)
NOBODY = "0x" + "99" * 20


@pytest.fixture(scope="module")
def model() -> EventModel:
    return EventModel(37).run(700)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(
    request: pytest.FixtureRequest, model: EventModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """The model's mirror, which these tests only read."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        store = open_store(new_sqlite(template, tmp_path_factory.mktemp("filled")))
        mirror(store, model)
        yield store
        store.close()
        return
    with new_postgres(request.getfixturevalue("postgres_url")) as url:
        store = open_store(url)
        mirror(store, model)
        yield store
        store.close()


@pytest.fixture
def session(filled: Store) -> Iterator[Session]:
    with filled.read() as session:
        yield session


def test_the_cursor_is_at_the_last_block(session: Session, model: EventModel) -> None:
    cursor = read_cursor(session)
    last = model.blocks[-1]
    assert cursor is not None
    assert (cursor.block_number, cursor.block_hash, cursor.block_at) == (
        last.number, last.hash, last.at,
    )  # fmt: skip


def test_loans_are_listed_page_by_page(session: Session, model: EventModel) -> None:
    pages, last = [], None
    while page := list_loans(session, after=last, limit=7):
        pages += page
        last = page[-1].loan_id
    assert [row.loan_id for row in pages] == list(model.loans)
    for row in pages:
        loan = model.loans[row.loan_id]
        assert row.lender == loan.terms.lender
        assert row.borrower == loan.terms.borrower
        assert row.status is loan.status
        assert row.principal_repaid_minor == loan.repaid.principal_repaid_minor
        assert row.matures_on == loan.terms.matures_on


def test_loans_are_filtered(session: Session, model: EventModel) -> None:
    for status in Status:
        expected = [one.loan_id for one in model.loans.values() if one.status is status]
        assert [row.loan_id for row in list_loans(session, status=status)] == expected
    some = next(iter(model.loans.values())).terms
    by_lender = [one.loan_id for one in model.loans.values() if one.terms.lender == some.lender]
    assert [row.loan_id for row in list_loans(session, lender=some.lender.upper())] != []
    assert [row.loan_id for row in list_loans(session, lender=some.lender)] == by_lender
    assert {row.borrower for row in list_loans(session, borrower=some.borrower)} == {some.borrower}
    assert list_loans(session, lender=NOBODY) == []


def test_carried_loans_are_whole(session: Session, model: EventModel) -> None:
    expected = [loan for loan in model.loans.values() if loan.status in CARRIED]
    assert expected
    assert list(carried_loans(session)) == expected


def test_one_loan_and_its_life(session: Session, model: EventModel) -> None:
    for loan in model.loans.values():
        loan_id = loan.loan_id
        assert find_loan(session, loan_id.upper().replace("0X", "0x")) == loan
        rows = instalments_of(session, loan_id)
        assert [(row.number, row.due_on) for row in rows] == [
            (row.number, row.due_on) for row in loan.terms.instalments
        ]
        settled = [row.number for row in rows if row.is_settled]
        assert settled == list(range(1, loan.repaid.next_instalment + 1))
        repayments = repayments_of(session, loan_id)
        assert sum(row.interest_minor for row in repayments) == loan.interest_repaid_minor
        for row in repayments:
            assert row.principal_minor == sum(part.principal_minor for part in row.allocations)
            assert row.interest_minor == sum(part.interest_minor for part in row.allocations)
        paid = [use for use in uses_of(session, loan_id) if use.kind == "paid"]
        assert sum(use.amount_minor for use in paid) == sum(loan.spent_minor.values())
        disbursement = disbursement_of(session, loan_id)
        assert (disbursement is None) == (loan.status is Status.APPROVED)
        if disbursement is not None:
            assert disbursement.disbursed_at == loan.disbursed_at


@pytest.mark.parametrize(
    "read", [find_loan, instalments_of, repayments_of, uses_of, disbursement_of, notices_served_of]
)
def test_an_unknown_loan_is_said(session: Session, read: object) -> None:
    assert callable(read)
    with pytest.raises(LoanNotFound) as raised:
        read(session, "0x" + "00" * 32)
    assert raised.value.data == {"loan_id": "0x" + "00" * 32}


def test_parties_are_listed_and_found(session: Session, model: EventModel) -> None:
    pages, last = [], None
    while page := list_parties(session, after=last, limit=5):
        pages += page
        last = page[-1].address
    assert [party.address for party in pages] == list(model.parties)
    assert {party.address: party.is_frozen for party in pages} == model.parties
    for party in pages:
        assert find_party(session, party.address) == party
    with_roles = list_parties(session, roles=5, limit=1000)
    assert [p.address for p in with_roles] == [p.address for p in pages if p.roles & 5 == 5]
    assert {p.payee_category for p in list_parties(session, payee_category=2)} == {2}
    with pytest.raises(PartyNotFound):
        find_party(session, NOBODY)


def test_every_account_adds_up_to_what_it_holds(session: Session, model: EventModel) -> None:
    """Parties to their balances, controlled accounts to unused proceeds, held ones to claims."""
    expected = {party: model.balances.get(party, 0) for party in model.parties}
    expected |= {
        controlled_account(one.loan_id): one.controlled_minor for one in model.loans.values()
    }
    expected |= {held_account(party): amount for party, amount in model.claims.items()}
    expected[DEPLOYMENT.loan_ledger] = 0
    for account, held_minor in expected.items():
        statement = movements_from(session, account, START)
        assert statement.opening_minor == 0
        assert _net(account, statement.movements) == held_minor
    assert sum(amount for account, amount in expected.items() if account.startswith("held")) > 0


def test_a_statement_can_begin_anywhere(session: Session, model: EventModel) -> None:
    accounts = [
        *model.parties,
        *map(controlled_account, model.loans),
        *map(held_account, model.claims),
    ]
    for account in accounts:
        movements = movements_from(session, account, START).movements
        assert [m.position for m in movements] == sorted(m.position for m in movements)
        for index in range(0, len(movements), 5):
            statement = movements_from(session, account, movements[index].position)
            assert statement.opening_minor == _net(account, movements[:index])
            assert list(statement.movements) == list(movements[index + 1 :])


def test_what_leaves_one_account_reaches_another(session: Session, model: EventModel) -> None:
    accounts = [
        *model.parties,
        *map(controlled_account, model.loans),
        *map(held_account, model.claims),
    ]
    seen = [m for account in accounts for m in movements_from(session, account, START).movements]
    assert {movement.kind for movement in seen} == set(MovementKind)
    for movement in seen:
        for side in (movement.sender, movement.receiver):
            assert side == BANK or side in accounts


def test_a_disbursement_is_a_movement(session: Session, model: EventModel) -> None:
    for loan in model.loans.values():
        movement = disbursement_movement(session, loan.loan_id)
        assert (movement is None) == (loan.status is Status.APPROVED)
        if movement is not None:
            assert movement.sender == loan.terms.lender
            assert movement.receiver == controlled_account(loan.loan_id)
            assert movement.amount_minor == loan.terms.principal_minor


def test_nobody_holds_nothing(session: Session) -> None:
    assert balance_of(session, NOBODY) == 0
    assert list(movements_from(session, NOBODY, START).movements) == []


def _net(account: str, movements: object) -> int:
    assert isinstance(movements, list)
    return sum(
        (m.amount_minor if m.receiver == account else 0)
        - (m.amount_minor if m.sender == account else 0)
        for m in movements
    )
