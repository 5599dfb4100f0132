"""Writes loans and their rows in bulk, inside the one commit of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete

from tallystick.loans.loan import Status
from tallystick.store.bulk import chunks, insert_rows, json_text, update_rows
from tallystick.store.loan_records import LoanRecord
from tallystick.store.session import Session
from tallystick.store.tables import (
    allocations,
    disbursements,
    instalments,
    loans,
    notices_served,
    purposes,
    repayments,
    uses_of_proceeds,
)


@dataclass(slots=True)
class LoanRows:
    """What a run of events adds to the loans' tables, in the columns' order.

    `new` and `changed` are loan ids, `spent` loan id and purpose; `repaid_on` maps a loan's
    surrogate and an instalment's number to interest and principal repaid and whether it is settled.
    """

    new: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    spent: set[tuple[str, str]] = field(default_factory=set)
    repaid_on: dict[tuple[int, int], list[Any]] = field(default_factory=dict)
    disbursements: list[Sequence[Any]] = field(default_factory=list)
    uses: list[list[Any]] = field(default_factory=list)
    repayments: list[Sequence[Any]] = field(default_factory=list)
    allocations: list[Sequence[Any]] = field(default_factory=list)
    notices: list[Sequence[Any]] = field(default_factory=list)


_LOAN_FIXED = (
    "id",
    "loan_id",
    "agreement",
    "lender_id",
    "borrower_id",
    "currency",
    "principal_minor",
    "interest_minor",
    "matures_on",
    "terms",
    "originated_at",
)
_LOAN_CHANGING = (
    "status",
    "disbursed_at",
    "written_off_at",
    "closed_at",
    "accrued_on",
    "next_instalment",
    "paid_on_next_minor",
    "principal_repaid_minor",
    "interest_repaid_minor",
    "penalty_repaid_minor",
    "penalty_unit_days",
    "controlled_minor",
    "withdrawn_minor",
    "written_off_minor",
    "block_number",
)
_INSTALMENT = (
    "loan_id",
    "number",
    "due_on",
    "principal_minor",
    "interest_minor",
    "interest_repaid_minor",
    "principal_repaid_minor",
    "is_settled",
)
# Deleting a repayment deletes its allocations.
_OF_LOANS = (disbursements, uses_of_proceeds, repayments, notices_served, instalments, purposes)
_NOTHING_REPAID = (0, 0, False)
_LIFE = {
    "disbursements": (
        "loan_id",
        "amount_minor",
        "disbursed_at",
        "block_number",
        "log_index",
        "tx_hash",
    ),
    "uses_of_proceeds": (
        "block_number",
        "log_index",
        "loan_id",
        "payee",
        "purpose",
        "kind",
        "amount_minor",
        "evidence_hash",
        "used_at",
        "tx_hash",
    ),
    "repayments": (
        "block_number",
        "log_index",
        "loan_id",
        "payer",
        "amount_minor",
        "penalty_minor",
        "interest_minor",
        "principal_minor",
        "is_payoff",
        "received_at",
        "tx_hash",
    ),
    "allocations": (
        "block_number",
        "log_index",
        "number",
        "interest_minor",
        "principal_minor",
    ),
    "notices_served": (
        "loan_id",
        "content_hash",
        "step",
        "served_at",
        "block_number",
        "tx_hash",
    ),
}


def write_loans(
    session: Session,
    records: Mapping[str, LoanRecord],
    rows: LoanRows,
    party_ids: Mapping[str, int],
) -> None:
    """Writes new and changed loans and all their rows. Raises KeyError for an unknown party."""
    new = sorted((records[loan_id] for loan_id in rows.new), key=lambda record: record.id)
    old = [records[loan_id] for loan_id in rows.changed - rows.new]
    insert_rows(
        session,
        loans,
        _LOAN_FIXED + _LOAN_CHANGING,
        (_fixed(record, party_ids) + _changing(record) for record in new),
    )
    update_rows(
        session, loans, ["id"], _LOAN_CHANGING, ((*_changing(record), record.id) for record in old)
    )
    insert_instalments(session, new, rows)
    insert_purposes(session, new)
    new_ids = {record.id for record in new}
    update_rows(
        session,
        instalments,
        ["loan_id", "number"],
        ["+interest_repaid_minor", "+principal_repaid_minor", "is_settled"],
        ((*repaid, *key) for key, repaid in rows.repaid_on.items() if key[0] not in new_ids),
    )
    update_rows(
        session,
        purposes,
        ["loan_id", "purpose"],
        ["spent_minor"],
        (
            (records[loan_id].loan.spent_minor[purpose], records[loan_id].id, purpose)
            for loan_id, purpose in rows.spent
            if loan_id not in rows.new
        ),
    )
    insert_life(session, rows)


def rewrite_loans(session: Session, records: Sequence[LoanRecord], rows: LoanRows) -> None:
    """Replaces all rows of loans that were replayed from their first event on."""
    for chunk in chunks(record.id for record in records):
        for table in _OF_LOANS:
            session.execute(delete(table).where(table.c.loan_id.in_(chunk)))
    changed = ((*_changing(record), record.id) for record in records)
    update_rows(session, loans, ["id"], _LOAN_CHANGING, changed)
    insert_instalments(session, records, rows)
    insert_purposes(session, records)
    insert_life(session, rows)


def delete_loans(session: Session, surrogates: Iterable[int]) -> None:
    """Deletes loans with all their rows."""
    for chunk in chunks(surrogates):
        session.execute(delete(loans).where(loans.c.id.in_(chunk)))


def insert_instalments(session: Session, records: Iterable[LoanRecord], rows: LoanRows) -> None:
    """The schedules of loans, with what `rows` repaid on them."""
    insert_rows(
        session,
        instalments,
        _INSTALMENT,
        (
            (
                record.id,
                row.number,
                row.due_on,
                row.principal_minor,
                row.interest_minor,
                *rows.repaid_on.get((record.id, row.number), _NOTHING_REPAID),
            )
            for record in records
            for row in record.loan.terms.instalments
        ),
    )


def insert_purposes(session: Session, records: Iterable[LoanRecord]) -> None:
    insert_rows(
        session,
        purposes,
        ["loan_id", "purpose", "payee_category", "cap_minor", "spent_minor"],
        (
            (
                record.id,
                agreed.purpose,
                agreed.payee_category,
                agreed.cap_minor,
                record.loan.spent_minor.get(agreed.purpose, 0),
            )
            for record in records
            for agreed in record.loan.terms.purposes
        ),
    )


def insert_life(session: Session, rows: LoanRows) -> None:
    """Disbursements, uses, repayments, allocations and notices."""
    for table, added in (
        (disbursements, rows.disbursements),
        (uses_of_proceeds, rows.uses),
        (repayments, rows.repayments),
        (allocations, rows.allocations),
        (notices_served, rows.notices),
    ):
        insert_rows(session, table, _LIFE[table.name], added)


def _fixed(record: LoanRecord, party_ids: Mapping[str, int]) -> tuple[Any, ...]:
    terms = record.loan.terms
    return (
        record.id,
        record.loan.loan_id,
        terms.agreement,
        party_ids[terms.lender],
        party_ids[terms.borrower],
        terms.currency,
        terms.principal_minor,
        terms.interest_minor,
        terms.matures_on,
        json_text(terms.as_json()),
        record.originated_at,
    )


def _changing(record: LoanRecord) -> tuple[Any, ...]:
    loan = record.loan
    repaid = loan.repaid
    return (
        loan.status.value,
        loan.disbursed_at,
        record.written_off_at,
        record.closed_at,
        None if loan.status is Status.APPROVED else repaid.accrued_on,
        repaid.next_instalment,
        repaid.paid_on_next_minor,
        repaid.principal_repaid_minor,
        loan.interest_repaid_minor,
        repaid.penalty_repaid_minor,
        str(repaid.penalty_unit_days),
        loan.controlled_minor,
        loan.withdrawn_minor,
        record.written_off_minor,
        record.block_number,
    )
