"""Writes loans and their rows in bulk, inside the one commit of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete

from tallystick.store.bulk import chunks, insert_rows, update_rows
from tallystick.store.loan_records import (
    LOAN_CHANGING,
    LOAN_FIXED,
    LoanRecord,
    changing_members,
    fixed_members,
)
from tallystick.store.loan_tables import (
    accelerations,
    allocations,
    claims_assigned,
    disbursements,
    instalments,
    loans,
    notices_served,
    payouts_held,
    purposes,
    reimbursements,
    repayments,
    restructurings,
    uses_of_proceeds,
    write_offs,
)
from tallystick.store.session import Session

Row = Sequence[Any]


@dataclass(slots=True)
class LoanRows:
    """What a run of events adds to the loans' tables.

    `new`, `changed` and `assigned` (whose lender changed) are loan ids, `spent` loan id and
    purpose. `repaid_on` maps a loan's surrogate and an instalment's number to interest and
    principal repaid and whether it is settled, `amounts` to interest and principal as they stand
    after a prepayment. The lists are named for tables, their rows in the order of the columns.
    """

    new: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    assigned: set[str] = field(default_factory=set)
    spent: set[tuple[str, str]] = field(default_factory=set)
    repaid_on: dict[tuple[int, int], list[Any]] = field(default_factory=dict)
    amounts: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    disbursements: list[Row] = field(default_factory=list)
    uses_of_proceeds: list[list[Any]] = field(default_factory=list)
    repayments: list[Row] = field(default_factory=list)
    allocations: list[Row] = field(default_factory=list)
    accelerations: list[Row] = field(default_factory=list)
    write_offs: list[Row] = field(default_factory=list)
    restructurings: list[Row] = field(default_factory=list)
    claims_assigned: list[Row] = field(default_factory=list)
    reimbursements: list[Row] = field(default_factory=list)
    payouts_held: list[Row] = field(default_factory=list)
    notices_served: list[Row] = field(default_factory=list)


_LIFE = (
    disbursements,
    uses_of_proceeds,
    repayments,
    allocations,
    accelerations,
    write_offs,
    restructurings,
    claims_assigned,
    reimbursements,
    payouts_held,
    notices_served,
)
# Deleting a repayment deletes its allocations.
_OF_LOANS = (*(table for table in _LIFE if table is not allocations), instalments, purposes)
_NOTHING_REPAID = (0, 0, False)


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
        (*LOAN_FIXED, "lender_id", *LOAN_CHANGING),
        (
            (
                *fixed_members(record, party_ids),
                party_ids[record.loan.lender],
                *changing_members(record),
            )
            for record in new
        ),
    )
    changing = ((*changing_members(record), record.id) for record in old)
    update_rows(session, loans, ["id"], LOAN_CHANGING, changing)
    assigned = [records[loan_id] for loan_id in rows.assigned - rows.new]
    _write_lenders(session, assigned, party_ids)
    _insert_instalments(session, new, rows)
    _insert_purposes(session, new)
    new_ids = {record.id for record in new}
    _update_instalments(session, rows, new_ids)
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
    _insert_life(session, rows)


def rewrite_loans(
    session: Session,
    records: Sequence[LoanRecord],
    rows: LoanRows,
    party_ids: Mapping[str, int],
) -> None:
    """Replaces all rows of loans that were replayed from their first event on."""
    for chunk in chunks(record.id for record in records):
        for table in _OF_LOANS:
            session.execute(delete(table).where(table.c.loan_id.in_(chunk)))
    changing = ((*changing_members(record), record.id) for record in records)
    update_rows(session, loans, ["id"], LOAN_CHANGING, changing)
    _write_lenders(session, records, party_ids)
    _insert_instalments(session, records, rows)
    _insert_purposes(session, records)
    _insert_life(session, rows)


def delete_loans(session: Session, surrogates: Iterable[int]) -> None:
    """Deletes loans with all their rows."""
    for chunk in chunks(surrogates):
        session.execute(delete(loans).where(loans.c.id.in_(chunk)))


def _write_lenders(
    session: Session, records: Iterable[LoanRecord], party_ids: Mapping[str, int]
) -> None:
    lenders = ((party_ids[record.loan.lender], record.id) for record in records)
    update_rows(session, loans, ["id"], ["lender_id"], lenders)


def _insert_instalments(session: Session, records: Iterable[LoanRecord], rows: LoanRows) -> None:
    """The schedules of loans, with what `rows` did to them."""
    insert_rows(
        session,
        instalments,
        (
            "loan_id",
            "number",
            "due_on",
            "signed_interest_minor",
            "signed_principal_minor",
            "interest_minor",
            "principal_minor",
            "interest_repaid_minor",
            "principal_repaid_minor",
            "is_settled",
        ),
        (
            (
                record.id,
                row.number,
                row.due_on,
                row.interest_minor,
                row.principal_minor,
                *rows.amounts.get(
                    (record.id, row.number), (row.interest_minor, row.principal_minor)
                ),
                *rows.repaid_on.get((record.id, row.number), _NOTHING_REPAID),
            )
            for record in records
            for row in record.loan.terms.instalments
        ),
    )


def _update_instalments(session: Session, rows: LoanRows, new_ids: set[int]) -> None:
    """Of loans that were there before."""
    keys = ["loan_id", "number"]
    update_rows(
        session,
        instalments,
        keys,
        ["+interest_repaid_minor", "+principal_repaid_minor", "is_settled"],
        ((*repaid, *key) for key, repaid in rows.repaid_on.items() if key[0] not in new_ids),
    )
    update_rows(
        session,
        instalments,
        keys,
        ["interest_minor", "principal_minor"],
        ((*stands, *key) for key, stands in rows.amounts.items() if key[0] not in new_ids),
    )


def _insert_purposes(session: Session, records: Iterable[LoanRecord]) -> None:
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


def _insert_life(session: Session, rows: LoanRows) -> None:
    for table in _LIFE:
        if added := getattr(rows, table.name):
            insert_rows(session, table, table.columns.keys(), added)
