"""Collects under every mandate of which something is due: a few txs for all loans.

Each loan is an item of a batch, which fails alone: `batch_outcome` tells what became of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from tallystick.actions.desk import Desk, Order
from tallystick.chain import calls
from tallystick.chain.calls import Call
from tallystick.chain.client import CallRequest
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.terms import witness_for
from tallystick.loans.loan import Loan, local_day
from tallystick.store.audit import record
from tallystick.store.batch_items import write_batch_items
from tallystick.store.commands import Command, NewCommand, enqueue_many, find_command
from tallystick.store.cursor import read_cursor
from tallystick.store.loans import carried_under_mandate
from tallystick.store.session import Session

BATCH_GAS_MAX = 15_000_000
"""Below the most a tx may have on networks that limit it (EIP-7825)."""


@dataclass(frozen=True, slots=True)
class CollectionReport:
    """The batches ordered, and by loan id why nothing can be collected now."""

    commands: tuple[Command, ...]
    refused: tuple[tuple[str, LedgerRefused], ...]


def collect_due(desk: Desk, order: Order, *, lender: str | None = None) -> CollectionReport:
    """Orders the collection of all that is due under mandates, of one present lender's loans or
    of all; sent by the servicer.

    What was ordered under the key before is answered again, though other loans may be due by now.
    Raises IdempotencyKeyReused, LaneUnknown.
    """
    with desk.store.read() as session:
        ordered = tuple(_ordered_before(session, order.idempotency_key))
        due = [] if ordered else list(_due_under_mandate(session, order.now, lender))
    if ordered or not due:
        return CollectionReport(ordered, ())
    servicer = desk.lanes.address("servicer")
    desk.lanes.require(servicer)
    wanted = [
        calls.collect(
            desk.deployment,
            loan.terms,
            witness_for(loan, local_day(order.now, loan.terms.utc_offset_minutes)),
        )
        for loan in due
    ]
    answers = desk.node.call_many(
        [CallRequest(call.target, call.calldata, servicer) for call in wanted]
    )
    refused = []
    possible = []
    for call, answer in zip(wanted, answers, strict=True):
        if isinstance(answer, LedgerRefused):
            refused.append((call.subject, answer))
        else:
            possible.append(call)
    return CollectionReport(tuple(_write(desk, order, possible, servicer)), tuple(refused))


def batches_of(wanted: Sequence[Call]) -> Iterator[list[Call]]:
    """`wanted` in runs that fit one tx each."""
    run: list[Call] = []
    gas = 0
    for call in wanted:
        if run and gas + call.gas_limit > BATCH_GAS_MAX:
            yield run
            run, gas = [], 0
        run.append(call)
        gas += call.gas_limit
    if run:
        yield run


def _write(desk: Desk, order: Order, possible: Sequence[Call], lane: str) -> list[Command]:
    """All batches in one commit, so that the key stands for all of them or for none."""
    runs = list(batches_of(possible))
    keys = list(islice(_keys(order.idempotency_key), len(runs)))
    batches = [
        NewCommand(key, order.caller, lane, calls.batch(desk.deployment, run))
        for key, run in zip(keys, runs, strict=True)
    ]
    with desk.store.begin() as session:
        if enqueue_many(session, batches, order.now):
            for key, run in zip(keys, runs, strict=True):
                command = find_command(session, key)
                assert command is not None
                write_batch_items(session, command.id, run)
                record(
                    session,
                    at=order.now,
                    caller=order.caller,
                    verb="collect",
                    subject=command.subject,
                )
        return [command for key in keys if (command := find_command(session, key)) is not None]


def _due_under_mandate(session: Session, now: datetime, lender: str | None) -> Iterator[Loan]:
    cursor = read_cursor(session)
    at = now if cursor is None else max(now, cursor.block_at)
    for loan in carried_under_mandate(session):
        if lender in (None, loan.lender) and loan.owed_at(at).due_minor:
            yield loan


def _ordered_before(session: Session, key: str) -> Iterator[Command]:
    for one in _keys(key):
        command = find_command(session, one)
        if command is None:
            return
        yield command


def _keys(key: str) -> Iterator[str]:
    """By a blank, which callers' own keys cannot hold."""
    number = 1
    while True:
        yield f"{key} {number}"
        number += 1
