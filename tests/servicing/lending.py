"""Loans for the tests of servicing: made by the rules of the ledger, not by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tallystick.loans.events import (
    FundsDisbursed,
    LoanAccelerated,
    LoanOriginated,
    LoanWrittenOff,
    RepaymentKind,
    RepaymentReceived,
)
from tallystick.loans.instalment import Instalment
from tallystick.loans.life import apply, originated
from tallystick.loans.loan import Loan
from tallystick.loans.repayment import payoff, prepay, repay
from tallystick.loans.terms import LoanTerms, PurposeCap
from tallystick.loans.waterfall import owed_on

LENDER = "0x" + "11" * 20
BORROWER = "0x" + "22" * 20
PAYEE = "0x" + "33" * 20
REASON = "0x" + "0f" * 32
UTC_OFFSET_MINUTES = 480
DISBURSED_ON = date(2026, 1, 1)


def due_on(number: int) -> date:
    """Instalments fall due every 30 days from 31 January 2026 on."""
    return DISBURSED_ON + timedelta(days=30 * number)


def terms(
    *,
    instalments: int = 3,
    grace_days: int = 0,
    agreement: str = "A-1",
    lender: str = LENDER,
    borrower: str = BORROWER,
    **members: Any,
) -> LoanTerms:
    """Instalments of 1,000.00 principal and 10.00 interest; `members` replace what is not so."""
    plain = LoanTerms(
        agreement=agreement,
        lender=lender,
        borrower=borrower,
        currency="CNY",
        principal_minor=100_000 * instalments,
        method="custom",
        day_count="30/360",
        annual_rate_ppm=120_000,
        rounding="half_even",
        penalty_rate_ppm=180_000,
        penalty_year_days=360,
        grace_days=grace_days,
        utc_offset_minutes=UTC_OFFSET_MINUTES,
        sign_by=DISBURSED_ON,
        disburse_on=DISBURSED_ON,
        disburse_by=DISBURSED_ON,
        self_paid_minor_max=50_000,
        document_hash="0x" + "d0" * 32,
        purposes=(PurposeCap("working_capital", 0, 100_000 * instalments),),
        instalments=tuple(
            Instalment(number, due_on(number), 100_000, 1_000)
            for number in range(1, instalments + 1)
        ),
    )
    made = replace(plain, **members)
    made.check_originable()
    return made


def at(day: date, hour: int = 12) -> datetime:
    """A UTC time that is `hour` o'clock of `day` where the loan's dates are counted."""
    return datetime.combine(day, time(hour), UTC) - timedelta(minutes=UTC_OFFSET_MINUTES)


def active_loan(loan_terms: LoanTerms | None = None, *, loan_id: str = "0x" + "aa" * 32) -> Loan:
    loan = originated(LoanOriginated(loan_id, loan_terms or terms()))
    disbursed = FundsDisbursed(loan_id, loan.terms.principal_minor)
    return apply(loan, disbursed, at(DISBURSED_ON))[0]


def repayment(
    loan: Loan,
    amount_minor: int,
    day: date,
    kind: RepaymentKind = RepaymentKind.REPAY,
    payer: str | None = None,
) -> RepaymentReceived:
    """What the ledger tells of a repayment of `amount_minor` on `day`; of principal, to prepay."""
    match kind:
        case RepaymentKind.PAYOFF:
            made = payoff(loan.terms, loan.repaid, day)
        case RepaymentKind.PREPAY:
            made = prepay(loan.terms, loan.repaid, day, amount_minor)
        case _:
            made = repay(loan.terms, loan.repaid, day, amount_minor)
    return RepaymentReceived(
        loan_id=loan.loan_id,
        payer=payer or loan.terms.borrower,
        kind=kind,
        penalty_minor=made.penalty_minor,
        interest_minor=made.interest_minor,
        principal_minor=made.principal_minor,
        fee_minor=made.fee_minor,
    )


def repaid(
    loan: Loan, amount_minor: int, day: date, kind: RepaymentKind = RepaymentKind.REPAY
) -> Loan:
    return apply(loan, repayment(loan, amount_minor, day, kind), at(day))[0]


def acceleration(loan: Loan, day: date) -> LoanAccelerated:
    owed, _ = owed_on(loan.terms, loan.repaid, day)
    carried = loan.repaid.due_at_once.carried_interest_minor
    return LoanAccelerated(
        loan.loan_id,
        owed.interest_minor - carried + owed.payoff_interest_minor,
        owed.outstanding_principal_minor,
        REASON,
    )


def accelerated(loan: Loan, day: date) -> Loan:
    return apply(loan, acceleration(loan, day), at(day))[0]


def write_off(loan: Loan, day: date) -> LoanWrittenOff:
    owed, _ = owed_on(loan.terms, loan.repaid, day)
    return LoanWrittenOff(
        loan.loan_id,
        owed.outstanding_principal_minor,
        owed.interest_minor,
        owed.penalty_minor,
        REASON,
    )


def written_off(loan: Loan, day: date) -> Loan:
    return apply(loan, write_off(loan, day), at(day))[0]
