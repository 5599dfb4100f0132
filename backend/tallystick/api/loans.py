"""Loans as the mirror knows them: terms, schedule, balances, what is owed, history."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from tallystick.access.permissions import Verb
from tallystick.access.sight import is_loan_seen_by, loan_seen_by
from tallystick.actions.show_owed import owed_at
from tallystick.api.answers import TermsView, terms_view
from tallystick.api.values import Address, Hash32, Limit, LoanId, Moment
from tallystick.api.visit import Visit, visiting
from tallystick.loans.loan import Loan, Status
from tallystick.loans.waterfall import Owed
from tallystick.mirror.history import loan_history
from tallystick.store.loan_life import instalments_of
from tallystick.store.loans import list_loans

router = APIRouter(tags=["loans"])


class LoanLine(BaseModel):
    """One line of a list of loans."""

    loan_id: str
    agreement: str
    lender: str = Field(description="at present")
    borrower: str
    guarantor: str | None
    currency: str
    principal_minor: int
    interest_minor: int
    principal_repaid_minor: int
    interest_repaid_minor: int
    penalty_repaid_minor: int
    fee_repaid_minor: int
    controlled_minor: int
    written_off_minor: int
    matures_on: date
    status: Status
    originated_at: datetime
    disbursed_at: datetime | None
    closed_at: datetime | None


class LoanPage(BaseModel):
    loans: list[LoanLine]
    next_after: str | None = Field(description="`after` of the next page; none on the last")


class SpentView(BaseModel):
    purpose: str
    cap_minor: int
    spent_minor: int


class BalancesView(BaseModel):
    """Amounts in minor units since origination."""

    outstanding_principal_minor: int
    principal_repaid_minor: int
    interest_repaid_minor: int
    penalty_repaid_minor: int
    fee_repaid_minor: int = Field(description="fees of prepayments and of a payoff")
    controlled_minor: int = Field(description="disbursed and not yet used")
    withdrawn_minor: int
    collected_minor: int = Field(description="taken under the mandate")
    guaranteed_minor: int = Field(description="what the guarantor paid")
    reimbursed_minor: int = Field(description="what the guarantor got back of it")
    spent: list[SpentView] = Field(description="use of proceeds by agreed purpose")


class LoanView(BaseModel):
    loan_id: str
    status: Status
    lender: str = Field(description="at present: whom the claim was assigned to, or who lent")
    is_accelerated: bool = Field(description="everything was made due")
    is_mandate_revoked: bool
    terms: TermsView
    interest_minor: int = Field(description="all interest of the schedule")
    matures_on: date
    disbursed_at: datetime | None
    balances: BalancesView


class OwedView(BaseModel):
    """What is owed at a time if nothing is repaid before; amounts in minor units."""

    at: datetime
    penalty_minor: int
    interest_minor: int = Field(description="unpaid interest of instalments fallen due")
    principal_minor: int = Field(description="unpaid principal of instalments fallen due")
    current_minor: int = Field(description="unpaid part of the instalment that falls due next")
    payoff_interest_minor: int = Field(description="interest of the current period's elapsed days")
    payoff_fee_minor: int = Field(description="agreed fee for repaying now what is not due")
    outstanding_principal_minor: int
    arrears_minor: int
    days_past_due: int
    due_minor: int = Field(description="all that has fallen due: most that is collected")
    repayable_minor: int = Field(description="most that a repayment takes")
    payoff_minor: int = Field(description="what closes the loan")


class InstalmentStateView(BaseModel):
    number: int
    due_on: date
    principal_minor: int
    interest_minor: int
    principal_repaid_minor: int
    interest_repaid_minor: int
    is_settled: bool


class ScheduleView(BaseModel):
    loan_id: str
    instalments: list[InstalmentStateView]


class HistoryEntryView(BaseModel):
    at: datetime
    block_number: int
    tx_hash: str
    event: str = Field(description="name of the contract's event")
    details: dict[str, Any]


class HistoryView(BaseModel):
    loan_id: str
    events: list[HistoryEntryView]


@router.get("/loans")
def list_mirrored_loans(
    visit: Annotated[Visit, visiting(Verb.SHOW_LOANS)],
    lender: Annotated[Address | None, Query()] = None,
    borrower: Annotated[Address | None, Query()] = None,
    guarantor: Annotated[Address | None, Query()] = None,
    status: Annotated[Status | None, Query()] = None,
    after: Annotated[Hash32 | None, Query(description="last loan id already seen")] = None,
    limit: Limit = 100,
) -> LoanPage:
    """Loans in the order of their origination; a party's key sees its own."""
    caller = visit.caller
    own = {
        "lender": caller.as_lender,
        "borrower": caller.as_borrower,
        "guarantor": caller.as_guarantor,
    }
    asked = {"lender": lender, "borrower": borrower, "guarantor": guarantor}
    is_elsewhere = any(
        party is not None and asked[side] not in (None, party) for side, party in own.items()
    )
    sides = {side: party or asked[side] for side, party in own.items()}
    with visit.office.store.read() as session:
        if is_elsewhere or (after is not None and not is_loan_seen_by(session, caller, after)):
            return LoanPage(loans=[], next_after=None)
        found = list_loans(
            session,
            **sides,
            status=status,
            after=after,
            limit=limit,
        )
    return LoanPage(
        loans=[LoanLine(**asdict(line)) for line in found],
        next_after=found[-1].loan_id if len(found) == limit else None,
    )


@router.get("/loans/{loan_id}")
def show_loan(loan_id: LoanId, visit: Annotated[Visit, visiting(Verb.SHOW_LOANS)]) -> LoanView:
    """Terms, status and balances of one loan."""
    with visit.office.store.read() as session:
        loan = loan_seen_by(session, visit.caller, loan_id)
    return LoanView(
        loan_id=loan.loan_id,
        status=loan.status,
        lender=loan.lender,
        is_accelerated=loan.repaid.is_accelerated,
        is_mandate_revoked=loan.is_mandate_revoked,
        terms=terms_view(loan.terms),
        interest_minor=loan.terms.interest_minor,
        matures_on=loan.terms.matures_on,
        disbursed_at=loan.disbursed_at,
        balances=_balances(loan),
    )


@router.get("/loans/{loan_id}/schedule")
def show_schedule(
    loan_id: LoanId, visit: Annotated[Visit, visiting(Verb.SHOW_LOANS)]
) -> ScheduleView:
    """Every instalment and what was repaid on it."""
    with visit.office.store.read() as session:
        loan_seen_by(session, visit.caller, loan_id)
        states = instalments_of(session, loan_id)
    return ScheduleView(
        loan_id=loan_id, instalments=[InstalmentStateView(**asdict(state)) for state in states]
    )


@router.get("/loans/{loan_id}/owed")
def show_owed(
    loan_id: LoanId,
    visit: Annotated[Visit, visiting(Verb.SHOW_LOANS)],
    at: Annotated[Moment | None, Query(description="with its UTC offset; now if left out")] = None,
) -> OwedView:
    """What is owed at a time: for a repayment, for a payoff, and what is in arrears."""
    with visit.office.store.read() as session:
        loan = loan_seen_by(session, visit.caller, loan_id)
        owed, counted_at = owed_at(session, loan, at=at, now=at or visit.now)
    return _owed_view(owed, counted_at)


@router.get("/loans/{loan_id}/history")
def show_history(
    loan_id: LoanId, visit: Annotated[Visit, visiting(Verb.SHOW_LOANS)]
) -> HistoryView:
    """Everything the ledger told about the loan, oldest first."""
    with visit.office.store.read() as session:
        loan_seen_by(session, visit.caller, loan_id)
        entries = loan_history(session, loan_id)
    return HistoryView(
        loan_id=loan_id, events=[HistoryEntryView(**asdict(entry)) for entry in entries]
    )


def _balances(loan: Loan) -> BalancesView:
    received, account = loan.received, loan.account
    return BalancesView(
        outstanding_principal_minor=loan.outstanding_minor,
        principal_repaid_minor=received.principal_minor,
        interest_repaid_minor=received.interest_minor,
        penalty_repaid_minor=received.penalty_minor,
        fee_repaid_minor=received.fee_minor,
        controlled_minor=account.controlled_minor,
        withdrawn_minor=account.withdrawn_minor,
        collected_minor=account.collected_minor,
        guaranteed_minor=account.guaranteed_minor,
        reimbursed_minor=account.reimbursed_minor,
        spent=[
            SpentView(
                purpose=row.purpose,
                cap_minor=row.cap_minor,
                spent_minor=loan.spent_minor.get(row.purpose, 0),
            )
            for row in loan.terms.purposes
        ],
    )


def _owed_view(owed: Owed, at: datetime) -> OwedView:
    return OwedView(
        at=at,
        **asdict(owed),
        due_minor=owed.due_minor,
        repayable_minor=owed.repayable_minor,
        payoff_minor=owed.payoff_minor,
    )
