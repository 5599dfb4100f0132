"""Draws up the terms that give a borrower more time: a restructuring in which little else changes.

Every instalment not yet repaid falls due some months later, with the principal it still has. Its
interest is counted anew, at the same rate, on the balance and over the longer time. What was
agreed in all and is used in part (mandate, guarantee, purposes, self-paid share) goes on with
what is left of it. Penalty and interest owed on the day are carried over by the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from tallystick.kernel.calendar import Unit, date_after
from tallystick.kernel.daycount import DayCount
from tallystick.kernel.errors import Conflict, Invalid
from tallystick.kernel.rounding import Rounding
from tallystick.loans.loan import Loan, Status
from tallystick.loans.plan import CustomRow, Method, Plan
from tallystick.loans.reduction import lines_from
from tallystick.loans.schedule import schedule_of
from tallystick.loans.terms import LoanTerms, PurposeCap
from tallystick.loans.waterfall import paid_on

MONTHS_MAX = 1200
_PPM_OF_PCT = 10_000


class LoanNotExtendable(Conflict):
    """The loan has no instalments ahead whose dates could be moved."""

    title = "Loan cannot be extended"


class ExtensionInvalid(Invalid):
    title = "Not an extension"


@dataclass(frozen=True, slots=True)
class Extension:
    """`effective_on` is the one day on which the restructuring can take place, at the loan's UTC
    offset; interest of the new schedule counts from it. `agreement` is the new terms' number,
    `document_hash` that of their text.
    """

    agreement: str
    months: int
    effective_on: date
    sign_by: date
    document_hash: str


def extended_terms(loan: Loan, extension: Extension, today: date) -> LoanTerms:
    """The terms of `loan` with its instalments moved; signature nonces are those it had.

    Raises LoanNotExtendable, ExtensionInvalid, and what `schedule_of` raises.
    """
    if loan.status is not Status.ACTIVE or loan.repaid.is_accelerated:
        standing = "accelerated" if loan.repaid.is_accelerated else loan.status.replace("_", " ")
        raise LoanNotExtendable(
            f"loan {loan.loan_id} is {standing}; only one with instalments ahead can be extended",
            loan_id=loan.loan_id,
        )
    if not 1 <= extension.months <= MONTHS_MAX:
        raise ExtensionInvalid(f"months must be 1 to {MONTHS_MAX}", field="months")
    if extension.effective_on < today:
        raise ExtensionInvalid("effective_on must not be past", field="effective_on")
    rows = tuple(_rows(loan, extension.months))
    if rows[0].due_on <= extension.effective_on:
        raise ExtensionInvalid(
            f"months must be more: the oldest unpaid instalment would fall due on "
            f"{rows[0].due_on}, not after {extension.effective_on}",
            field="months",
        )
    return replace(
        loan.terms,
        agreement=extension.agreement,
        lender=loan.lender,
        principal_minor=loan.outstanding_minor,
        method=Method.CUSTOM.value,
        sign_by=extension.sign_by,
        disburse_on=extension.effective_on,
        disburse_by=extension.effective_on,
        document_hash=extension.document_hash,
        prior_loan_id=loan.loan_id,
        instalments=schedule_of(_plan(loan, rows, extension)).instalments,
        **_what_is_left(loan),
    )


def _rows(loan: Loan, months: int) -> Iterator[CustomRow]:
    paid = loan.repaid.paid_on_next_minor
    for line in lines_from(loan.terms, loan.repaid.reduction, loan.repaid.next_instalment):
        _, principal_paid = paid_on(line, paid)
        paid = 0
        due_on = date_after(line.due_on, 1, Unit.MONTHS, months)
        yield CustomRow(due_on, line.principal_minor - principal_paid)


def _plan(loan: Loan, rows: tuple[CustomRow, ...], extension: Extension) -> Plan:
    terms = loan.terms
    return Plan(
        principal_minor=loan.outstanding_minor,
        currency=terms.currency,
        annual_rate_pct=Decimal(terms.annual_rate_ppm) / _PPM_OF_PCT,
        method=Method.CUSTOM,
        instalments=len(rows),
        every=1,
        unit=Unit.MONTHS,
        disbursed_on=extension.effective_on,
        day_count=DayCount(terms.day_count),
        rounding=Rounding(terms.rounding),
        rows=rows,
    )


def _what_is_left(loan: Loan) -> dict[str, Any]:
    terms, account = loan.terms, loan.account
    left: dict[str, Any] = {"purposes": tuple(_purposes_left(loan))}
    withdrawable = terms.self_paid_minor_max - account.withdrawn_minor
    usable = min(account.controlled_minor, loan.outstanding_minor)
    left["self_paid_minor_max"] = min(withdrawable, usable)
    collectable = terms.mandate_minor_max - account.collected_minor
    if collectable and not loan.is_mandate_revoked:
        left["mandate_minor_max"] = collectable
    else:
        left |= {"mandate_minor_max": 0, "collectable_by": "nobody"}
    guaranteed = terms.guarantee_minor_max - account.guaranteed_minor
    left["guarantee_minor_max"] = guaranteed
    if not guaranteed:
        left |= {"guarantor": None, "guarantor_nonce": 0, "guarantee_after_days": 0}
    return left


def _purposes_left(loan: Loan) -> Iterator[PurposeCap]:
    for cap in loan.terms.purposes:
        unspent = cap.cap_minor - loan.spent_minor.get(cap.purpose, 0)
        if most := min(unspent, loan.controlled_minor, loan.outstanding_minor):
            yield replace(cap, cap_minor=most)
