"""Readers give back what the mirror wrote, page by page, filtered as asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tallystick.chain.bindings import event_topics
from tallystick.funds.movements import (
    BANK,
    MovementKind,
    Position,
    controlled_account,
    held_account,
)
from tallystick.loans.loan import CARRIED, Loan, Status
from tallystick.loans.reduction import lines_from
from tallystick.parties.staff import OperationStatus
from tallystick.store.cursor import read_cursor
from tallystick.store.ledger_life import (
    batch_failures_of,
    is_paused,
    list_pauses,
    revoked_signature,
)
from tallystick.store.loan_life import (
    acceleration_of,
    claims_assigned_of,
    disbursement_of,
    instalments_of,
    notices_served_of,
    payouts_held_of,
    reimbursements_of,
    repayments_of,
    restructurings_of,
    uses_of,
    write_off_of,
)
from tallystick.store.loans import (
    LoanNotFound,
    carried_loans,
    find_loan,
    list_loans,
    loan_summary,
)
from tallystick.store.movements import disbursement_movement, movements_from
from tallystick.store.parties import (
    PartyNotFound,
    balance_of,
    claimables_of,
    find_party,
    list_parties,
)
from tallystick.store.session import Session, Store, open_store
from tallystick.store.staff import grants, operations
from tests.fixtures.store import new_postgres, new_sqlite
from tests.mirror.event_model import DEPLOYMENT, EventModel
from tests.mirror.mirrored import mirror

START = Position(0, 0)
NOBODY = "0x" + "99" * 20
_LEDGER_TOPICS = {name: topic for topic, name in event_topics("LoanLedger").items()}
_BATCH_ITEM_FAILED = _LEDGER_TOPICS["BatchItemFailed"]
_SIGNATURE_REVOKED = _LEDGER_TOPICS["SignatureRevoked"]


@pytest.fixture(scope="module")
def model() -> EventModel:
    """A long one, at whose end the ledger holds money for somebody."""
    models = (EventModel(seed).run(700) for seed in range(36, 60))
    return next(model for model in models if any(model.claims.values()))


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
        assert (row.lender, row.first_lender) == (loan.lender, loan.terms.lender)
        assert row.guarantor == loan.terms.guarantor
        assert row.borrower == loan.terms.borrower
        assert row.status is loan.status
        received = loan.received
        assert row.principal_repaid_minor == received.principal_minor
        assert row.interest_repaid_minor == received.interest_minor
        assert row.penalty_repaid_minor == received.penalty_minor
        assert row.fee_repaid_minor == received.fee_minor
        assert row.is_accelerated == loan.repaid.is_accelerated
        assert row.is_mandate_revoked == loan.is_mandate_revoked
        assert row.prior_loan_id == loan.terms.prior_loan_id
        if row.next_loan_id is not None:
            assert model.loans[row.next_loan_id].terms.prior_loan_id == row.loan_id
        assert (row.next_loan_id is not None) == (loan.status is Status.RESTRUCTURED)
        assert loan_summary(session, row.loan_id) == row
        assert row.matures_on == loan.terms.matures_on


def test_loans_are_filtered(session: Session, model: EventModel) -> None:
    for status in Status:
        expected = [one.loan_id for one in model.loans.values() if one.status is status]
        assert [row.loan_id for row in list_loans(session, status=status)] == expected
    some = next(iter(model.loans.values())).terms
    by_lender = [one.loan_id for one in model.loans.values() if one.lender == some.lender]
    assert [row.loan_id for row in list_loans(session, lender=some.lender.upper())] != []
    assert [row.loan_id for row in list_loans(session, lender=some.lender)] == by_lender
    assert {row.borrower for row in list_loans(session, borrower=some.borrower)} == {some.borrower}
    assert list_loans(session, lender=NOBODY) == []
    guarantor = next(one.terms.guarantor for one in model.loans.values() if one.terms.guarantor)
    by_guarantor = [one.loan_id for one in model.loans.values() if one.terms.guarantor == guarantor]
    assert [row.loan_id for row in list_loans(session, guarantor=guarantor)] == by_guarantor


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
        assert sum(row.interest_minor for row in repayments) == loan.received.interest_minor
        assert sum(row.fee_minor for row in repayments) == loan.received.fee_minor
        for row in repayments:
            assert row.principal_minor == sum(part.principal_minor for part in row.allocations)
            assert row.interest_minor == sum(part.interest_minor for part in row.allocations)
        paid = [use for use in uses_of(session, loan_id) if use.kind == "paid"]
        assert sum(use.amount_minor for use in paid) == sum(loan.spent_minor.values())
        disbursement = disbursement_of(session, loan_id)
        came_of = [row for row in restructurings_of(session, loan_id) if row.loan_id == loan_id]
        begun = [row.restructured_at for row in came_of]
        begun += [disbursement.disbursed_at] if disbursement else []
        assert begun == ([loan.disbursed_at] if loan.disbursed_at else [])
        check_turns(session, loan)


def check_turns(session: Session, loan: Loan) -> None:
    """What only some loans have in their lives."""
    acceleration = acceleration_of(session, loan.loan_id)
    assert (acceleration is not None) == loan.repaid.is_accelerated
    if loan.status is Status.WRITTEN_OFF:
        assert write_off_of(session, loan.loan_id) is not None
    assigned = claims_assigned_of(session, loan.loan_id)
    assert [row.assignment_count for row in assigned] == list(
        range(1, loan.account.assignment_count + 1)
    )
    assert (assigned[-1].assignee if assigned else None) == loan.assignee
    reimbursed = reimbursements_of(session, loan.loan_id)
    assert sum(row.amount_minor for row in reimbursed) == loan.account.reimbursed_minor
    assert {row.party for row in payouts_held_of(session, loan.loan_id)} <= {
        loan.terms.borrower,
        loan.terms.lender,
        loan.terms.guarantor,
        *(row.assignee for row in assigned),
    }
    lines = lines_from(loan.terms, loan.repaid.reduction, loan.repaid.next_instalment)
    rows = instalments_of(session, loan.loan_id)[loan.repaid.next_instalment :]
    stands = [(line.principal_minor, line.interest_minor) for line in lines]
    assert [(row.principal_minor, row.interest_minor) for row in rows] == [
        *stands,
        *[(0, 0)] * (len(rows) - len(stands)),
    ]
    assert [(row.signed_principal_minor, row.signed_interest_minor) for row in rows] == [
        (row.principal_minor, row.interest_minor)
        for row in loan.terms.instalments[loan.repaid.next_instalment :]
    ]


@pytest.mark.parametrize(
    "read",
    [
        find_loan,
        loan_summary,
        instalments_of,
        repayments_of,
        uses_of,
        disbursement_of,
        acceleration_of,
        write_off_of,
        restructurings_of,
        claims_assigned_of,
        reimbursements_of,
        payouts_held_of,
        notices_served_of,
    ],
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
    assert {party.address: party.signature_nonce for party in pages} == model.nonces
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
        is_lent = loan.disbursed_at is not None and loan.terms.prior_loan_id is None
        assert (movement is not None) == is_lent
        if movement is not None:
            assert movement.sender == loan.terms.lender
            assert movement.receiver == controlled_account(loan.loan_id)
            assert movement.amount_minor == loan.terms.principal_minor


def test_nobody_holds_nothing(session: Session) -> None:
    assert balance_of(session, NOBODY) == 0
    assert list(movements_from(session, NOBODY, START).movements) == []
    assert claimables_of(session, [NOBODY]) == {NOBODY: 0}


def test_what_is_in_no_loans_name(session: Session, model: EventModel) -> None:
    assert claimables_of(session, model.claims) == model.claims
    pauses = list_pauses(session)
    assert is_paused(session) == model.is_paused == pauses[-1].is_paused
    failures = [log for log in model.logs() if log.topics[:32] == _BATCH_ITEM_FAILED]
    for log in failures:
        told = batch_failures_of(session, log.tx_hash)
        assert log.log_index in {one.log_index for one in told}
        assert {one.selector for one in told} == {"0x371fd8e6"}
    assert failures
    revoked = [log for log in model.logs() if log.topics[:32] == _SIGNATURE_REVOKED]
    for log in revoked:
        one = revoked_signature(session, "0x" + log.topics[32:64].hex())
        assert one is not None
        assert one.tx_hash == log.tx_hash
    assert revoked
    assert revoked_signature(session, "0x" + "00" * 32) is None


def test_staff_are_listed(session: Session, model: EventModel) -> None:
    held = grants(session)
    assert {(one.role, one.account) for one in held} == model.grants
    assert held
    for role in {one.role for one in held}:
        assert grants(session, role) == [one for one in held if one.role == role]
    waiting = operations(session, OperationStatus.SCHEDULED)
    assert {(one.operation_id, one.nonce) for one in waiting} == set(model.waiting.items())
    assert {one.status for one in operations(session)} >= {
        OperationStatus.EXECUTED,
        OperationStatus.CANCELLED,
    }


def _net(account: str, movements: object) -> int:
    assert isinstance(movements, list)
    return sum(
        (m.amount_minor if m.receiver == account else 0)
        - (m.amount_minor if m.sender == account else 0)
        for m in movements
    )
