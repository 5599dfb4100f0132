"""Fund traces over a mirror of random histories, among many commingled loans."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.actions.trace_funds import trace_funds
from tallystick.funds.flow import End
from tallystick.funds.movements import BANK, MovementKind, controlled_account, party_of_held
from tallystick.funds.trace import FundTrace
from tallystick.store.parties import balance_of, claimable_of
from tallystick.store.session import Session, Store, open_store
from tests.fixtures.store import new_sqlite
from tests.mirror.event_model import EventModel
from tests.mirror.mirrored import mirror


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("traces")


def check_traces(store: Store, model: EventModel) -> int:
    """Holds every trace against the balances the mirror knows; how many there were."""
    traced = 0
    with store.read() as session:
        for loan in model.loans.values():
            if loan.disbursed_at is None or loan.terms.prior_loan_id is not None:
                continue
            trace = trace_funds(session, loan.loan_id)
            resting = trace.resting()
            assert sum(row.amount_minor for row in resting) == loan.terms.principal_minor
            rests = {row.account: row.amount_minor for row in resting if row.end is End.RESTS}
            controlled = rests.pop(controlled_account(loan.loan_id), 0)
            assert controlled == loan.controlled_minor
            for account, amount_minor in rests.items():
                assert amount_minor <= _holds(session, account, model), account
            _check_nodes(trace)
            traced += 1
    return traced


def _holds(session: Session, account: str, model: EventModel) -> int:
    if party := party_of_held(account):
        return claimable_of(session, party)
    for loan in model.loans.values():
        if account == controlled_account(loan.loan_id):
            return loan.controlled_minor
    return balance_of(session, account)


def _check_nodes(trace: FundTrace) -> None:
    for depth, node in trace.root.walk():
        movement = node.movement
        assert (movement.kind == "disbursed") or depth
        assert (node.end is End.LEFT_AT_BANK) == (movement.receiver == BANK)
        assert (movement.bank_reference is not None) == (
            BANK in (movement.sender, movement.receiver)
        )
        if movement.kind == "paid":
            assert movement.purpose
            assert movement.evidence_hash
        for child in node.children:
            assert child.movement.sender == movement.receiver
            assert child.movement.position > movement.position


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_trace_agrees_with_the_balances(
    seed: int, sqlite_template: Path, folder: Path
) -> None:
    model = EventModel(seed).run(120)
    store = open_store(new_sqlite(sqlite_template, folder))
    mirror(store, model)
    check_traces(store, model)
    store.close()


def test_both_databases_trace_alike(store: Store) -> None:
    model = EventModel(20260301).run(400)
    mirror(store, model)
    assert check_traces(store, model) > 5


def test_the_histories_reach_every_account(sqlite_template: Path, folder: Path) -> None:
    """Otherwise the tests above would say little."""
    kinds: set[str] = set()
    accounts: set[str] = set()
    for seed in range(12):
        model = EventModel(seed).run(300)
        store = open_store(new_sqlite(sqlite_template, folder))
        mirror(store, model)
        with store.read() as session:
            for loan in model.loans.values():
                if loan.disbursed_at is not None and loan.terms.prior_loan_id is None:
                    for _, node in trace_funds(session, loan.loan_id).root.walk():
                        kinds.add(node.movement.kind)
                        accounts.add(node.movement.receiver.partition(":")[0])
        store.close()
    assert kinds >= set(MovementKind) - {MovementKind.MINTED, MovementKind.CLAIMED}
    assert {"controlled", "held", BANK} <= accounts
