"""Compares loans: all the ledger stores of each, what each owes, and that its rows add up to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tallystick.chain.bindings import event_topics
from tallystick.chain.ledger import OnChainLoan
from tallystick.chain.terms import loan_id as loan_id_of
from tallystick.loans.loan import CARRIED, Loan, Status
from tallystick.loans.reduction import lines_from
from tallystick.loans.waterfall import paid_on
from tallystick.mirror.comparison import Comparison
from tallystick.mirror.loan_conservation import sums_that_agree
from tallystick.store.loan_life import InstalmentState
from tallystick.store.loan_records import LoanRecord
from tallystick.store.loan_sums import sums_of_loans
from tallystick.store.reconcile_rows import (
    anchored_notices,
    instalments_of_loans,
    loan_pages,
    logged_topics,
    lost_loans,
    notices_of_loans,
    purposes_of_loans,
    revoked_terms,
    signed_columns,
)


def compare_loans(comparison: Comparison) -> tuple[int, int]:
    """How many loans and notices were compared."""
    loans = notices = 0
    for page in loan_pages(comparison.session):
        sound = [record for record in page if _has_its_terms(comparison, record)]
        _compare_states(comparison, sound)
        _compare_owed(comparison, sound)
        _compare_spent(comparison, sound)
        _compare_schedules(comparison, sound)
        _compare_sums(comparison, sound)
        notices += _compare_notices(comparison, page)
        loans += len(page)
    for loan_id in lost_loans(comparison.session):
        comparison.compare("loan", loan_id, "row", "missing", "logged")
    _compare_revoked(comparison)
    _compare_logged(comparison)
    return loans, notices


def _has_its_terms(comparison: Comparison, record: LoanRecord) -> bool:
    loan_id, told = record.loan.loan_id, loan_id_of(record.loan.terms)
    comparison.compare("loan", loan_id, "terms", told, loan_id)
    return told == loan_id


def _compare_states(comparison: Comparison, records: Sequence[LoanRecord]) -> None:
    ids = [record.loan.loan_id for record in records]
    answers = comparison.ledger.loans(ids, comparison.block)
    for record, told in zip(records, answers, strict=True):
        loan = record.loan
        if told is None:
            comparison.compare("loan", loan.loan_id, "status", loan.status, "unknown")
            continue
        comparison.compare_all("loan", loan.loan_id, _members(loan, told))


def _members(loan: Loan, told: OnChainLoan) -> Iterator[tuple[str, Any, Any]]:
    """Every member of the contract's `LoanState`."""
    for name in ("status", "is_mandate_revoked", "assignee"):
        yield name, getattr(loan, name), getattr(told, name)
    for name in told.account.__slots__:
        yield name, getattr(loan.account, name), getattr(told.account, name)
    repaid = None if loan.disbursed_at is None else loan.repaid
    if repaid is None or told.repaid is None:
        yield "accrued_on", repaid and repaid.accrued_on, told.repaid and told.repaid.accrued_on
        return
    for name in told.repaid.__slots__:
        ours, theirs = getattr(repaid, name), getattr(told.repaid, name)
        if name in ("reduction", "due_at_once"):
            for part in theirs.__slots__:
                yield f"{name}.{part}", getattr(ours, part), getattr(theirs, part)
        else:
            yield name, ours, theirs


def _compare_owed(comparison: Comparison, records: Sequence[LoanRecord]) -> None:
    carried = [record.loan for record in records if record.loan.status in CARRIED]
    at = comparison.at
    answers = comparison.ledger.owed_many([(loan.terms, at) for loan in carried], comparison.block)
    for loan, told in zip(carried, answers, strict=True):
        comparison.compare_members("loan", loan.loan_id, loan.owed_at(at), told, "owed.")


def _compare_spent(comparison: Comparison, records: Sequence[LoanRecord]) -> None:
    questions = [
        (record.loan.loan_id, agreed.purpose)
        for record in records
        for agreed in record.loan.terms.purposes
    ]
    told = comparison.ledger.spent(questions, comparison.block)
    mirrored = purposes_of_loans(comparison.session, [record.id for record in records])
    for record in records:
        loan_id = record.loan.loan_id
        rows = mirrored.get(record.id, {})
        for agreed in record.loan.terms.purposes:
            spent = told[(loan_id, agreed.purpose)]
            chain = (agreed.payee_category, agreed.cap_minor, spent, spent)
            comparison.compare(
                "loan", loan_id, f"purpose {agreed.purpose}", rows.get(agreed.purpose), chain
            )
        comparison.compare("loan", loan_id, "purposes", len(rows), len(record.loan.terms.purposes))


def _compare_schedules(comparison: Comparison, records: Sequence[LoanRecord]) -> None:
    """What rows repeat of the signed terms, and the instalments as they stand."""
    ids = [record.id for record in records]
    columns = signed_columns(comparison.session, ids)
    mirrored = instalments_of_loans(comparison.session, ids)
    for record in records:
        loan = record.loan
        comparison.compare_all("loan", loan.loan_id, _signed(loan, columns[record.id]))
        rows = mirrored.get(record.id, [])
        expected = list(_instalments(loan, rows))
        for row, told in zip(rows, expected, strict=False):
            comparison.compare("loan", loan.loan_id, f"instalment {told.number}", row, told)
        count = len(loan.terms.instalments)
        comparison.compare("loan", loan.loan_id, "instalments", len(rows), count)


def _signed(loan: Loan, columns: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    terms = loan.terms
    for name, ours in columns.items():
        match name:
            case "id" | "loan_id":
                continue
            case "first_lender_id":
                told: Any = terms.lender
            case "borrower_id" | "guarantor_id":
                told = getattr(terms, name.removesuffix("_id"))
            case _:
                told = getattr(terms, name)
        yield f"column {name}", ours, told


def _instalments(loan: Loan, rows: Sequence[InstalmentState]) -> Iterator[InstalmentState]:
    """Rows as they should be. What a settled one bore when it was is told by what was repaid of
    its principal; interest differs from what was repaid of it after payoffs and prepayments."""
    repaid = loan.repaid
    first = repaid.next_instalment
    lines = {line.index: line for line in lines_from(loan.terms, repaid.reduction, first)}
    for index, (signed, row) in enumerate(zip(loan.terms.instalments, rows, strict=False)):
        line = lines.get(index)
        is_settled = index < first
        principal, interest = (line.principal_minor, line.interest_minor) if line else (0, 0)
        principal_repaid = 0
        if line and index == first:
            principal_repaid = paid_on(line, repaid.paid_on_next_minor)[1]
        if is_settled:
            # Acceleration settled those that were not repaid.
            principal, interest = row.principal_minor, row.interest_minor
            principal_repaid = row.principal_repaid_minor
            if not repaid.is_accelerated:
                principal = principal_repaid
        yield InstalmentState(
            number=signed.number,
            due_on=signed.due_on,
            signed_principal_minor=signed.principal_minor,
            signed_interest_minor=signed.interest_minor,
            principal_minor=principal,
            interest_minor=interest,
            principal_repaid_minor=principal_repaid,
            interest_repaid_minor=row.interest_repaid_minor,
            is_settled=is_settled,
        )


def _compare_sums(comparison: Comparison, records: Sequence[LoanRecord]) -> None:
    session = comparison.session
    sums = sums_of_loans(session, {record.id: record.loan.loan_id for record in records})
    rows = instalments_of_loans(session, [record.id for record in records])
    for record in records:
        members = sums_that_agree(record, sums[record.id], rows.get(record.id, []))
        comparison.compare_all("loan", record.loan.loan_id, members)


def _compare_notices(comparison: Comparison, records: Sequence[LoanRecord]) -> int:
    loan_ids = {record.id: record.loan.loan_id for record in records}
    rows = notices_of_loans(comparison.session, list(loan_ids))
    questions = [(loan_ids[surrogate], content) for surrogate, content, _ in rows]
    told = comparison.ledger.notices_served_at(questions, comparison.block)
    for asked, (_, _, served_at) in zip(questions, rows, strict=True):
        loan_id, content_hash = asked
        comparison.compare("loan", loan_id, f"notice {content_hash}", served_at, told[asked])
    return len(rows)


def _compare_logged(comparison: Comparison) -> None:
    """Notices and revoked signatures that the raw logs tell of and no row does."""
    session = comparison.session
    logged = {topics[:2] for topics in logged_topics(session, _topic("NoticeServed"))}
    for loan_id, content_hash in sorted(logged - anchored_notices(session)):
        comparison.compare("loan", loan_id, f"notice {content_hash}", "missing", "logged")
    told = {topics[0] for topics in logged_topics(session, _topic("SignatureRevoked"))}
    for loan_id in sorted(told - revoked_terms(session)):
        comparison.compare("loan", loan_id, "revoked signature", "missing", "logged")


def _topic(event: str) -> bytes:
    return next(topic for topic, name in event_topics("LoanLedger").items() if name == event)


def _compare_revoked(comparison: Comparison) -> None:
    loan_ids = sorted(revoked_terms(comparison.session))
    answers = comparison.ledger.loans(loan_ids, comparison.block)
    for loan_id, told in zip(loan_ids, answers, strict=True):
        status = told.status if told is not None else "unknown"
        comparison.compare("loan", loan_id, "status", Status.REVOKED, status)
