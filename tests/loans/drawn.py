"""Terms and lives drawn at random, for hypothesis: small schedules under every agreed rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from hypothesis import strategies as st

from tallystick.loans.instalment import Instalment
from tallystick.loans.reduction import credited
from tallystick.loans.repaid import DueAtOnce, Repaid
from tallystick.loans.repayment import (
    Repayment,
    payoff,
    prepay,
    prepayable_minor,
    repay,
)
from tallystick.loans.terms import (
    ALLOCATIONS,
    COLLECTABLE_BY,
    PREPAYMENTS,
    ROUNDINGS,
    LoanTerms,
)
from tallystick.loans.waterfall import owed_on

DISBURSED_ON = date(2026, 1, 1)
LENDER = "0x" + "11" * 20
BORROWER = "0x" + "22" * 20
GUARANTOR = "0x" + "33" * 20


@st.composite
def schedules(draw: st.DrawFn, rows_max: int = 7) -> tuple[Instalment, ...]:
    """Some principal in the last instalment, anything but nothing in those before."""
    scale = draw(st.sampled_from([3, 100, 1_000_000]))
    drawn = draw(
        st.lists(
            st.tuples(
                st.integers(1, 60), st.one_of(st.just(0), st.integers(1, scale)),
                st.integers(0, scale // 3),
            ),
            min_size=1,
            max_size=rows_max,
        )
    )  # fmt: skip
    due_on, rows = DISBURSED_ON, []
    for number, (days, principal, interest) in enumerate(drawn, start=1):
        due_on += timedelta(days=days)
        is_last = number == len(drawn)
        least = int(is_last or interest == 0)
        rows.append(Instalment(number, due_on, max(least, principal), interest))
    return tuple(rows)


@st.composite
def terms(draw: st.DrawFn, prepayments: tuple[str, ...] = PREPAYMENTS) -> LoanTerms:
    rows = draw(schedules())
    principal = sum(row.principal_minor for row in rows)
    collectable_by = draw(st.sampled_from(COLLECTABLE_BY))
    guarantor = draw(st.sampled_from([None, GUARANTOR]))
    made = LoanTerms(
        agreement="A-1",
        lender=LENDER,
        borrower=BORROWER,
        guarantor=guarantor,
        currency="CNY",
        principal_minor=principal,
        method="custom",
        day_count="act/360",
        annual_rate_ppm=120_000,
        rounding=draw(st.sampled_from(ROUNDINGS)),
        allocation=draw(st.sampled_from(ALLOCATIONS)),
        penalty_rate_ppm=draw(st.sampled_from([0, 1, 180_000, 1_000_000])),
        penalty_year_days=draw(st.sampled_from([360, 365])),
        grace_days=draw(st.sampled_from([0, 1, 10, 40])),
        prepayment=draw(st.sampled_from(prepayments)),
        prepayment_fee_ppm=draw(st.sampled_from([0, 5_000, 333_333, 1_000_000])),
        accelerate_after_days=draw(st.sampled_from([0, 1, 30])),
        mandate_minor_max=0 if collectable_by == "nobody" else draw(st.integers(1, 10**6)),
        collectable_by=collectable_by,
        guarantee_minor_max=0 if guarantor is None else draw(st.integers(1, 10**6)),
        guarantee_after_days=0 if guarantor is None else draw(st.sampled_from([0, 30])),
        utc_offset_minutes=480,
        sign_by=DISBURSED_ON,
        disburse_on=DISBURSED_ON,
        disburse_by=DISBURSED_ON,
        self_paid_minor_max=principal,
        document_hash="0x" + "d0" * 32,
        purposes=(),
        instalments=rows,
    )
    made.check_originable()
    return made


@dataclass(frozen=True)
class Move:
    """Wait, then do; `share` of what can be paid, in thousandths."""

    days: int
    verb: str
    share: int


moves = st.builds(
    Move,
    days=st.one_of(st.just(0), st.integers(0, 70)),
    verb=st.sampled_from(["repay", "repay", "repay", "prepay", "payoff", "accelerate"]),
    share=st.integers(1, 1000),
)
lives = st.lists(moves, max_size=10)


@st.composite
def beginnings(draw: st.DrawFn, of: LoanTerms) -> Repaid:
    """Disbursed, or come of a restructuring with anything carried over."""
    if draw(st.booleans()):
        return Repaid(accrued_on=DISBURSED_ON)
    return Repaid(
        accrued_on=DISBURSED_ON,
        reduction=credited(of, draw(st.integers(1, of.principal_minor))),
        due_at_once=DueAtOnce(
            carried_penalty_minor=draw(st.integers(0, 1000)),
            carried_interest_minor=draw(st.integers(0, 1000)),
        ),
    )


def accelerate(terms: LoanTerms, repaid: Repaid, today: date) -> Repaid:
    """As the contract does it, without asking whether it may."""
    owed, unit_days = owed_on(terms, repaid, today)
    due = repaid.due_at_once
    return replace(
        repaid,
        accrued_on=today,
        penalty_unit_days=unit_days,
        next_instalment=len(terms.instalments),
        paid_on_next_minor=0,
        is_accelerated=True,
        due_at_once=replace(
            due,
            accelerated_interest_minor=owed.interest_minor
            - due.carried_interest_minor
            + owed.payoff_interest_minor,
            accelerated_principal_minor=owed.outstanding_principal_minor,
            oldest_due_on=today - timedelta(days=owed.days_past_due),
        ),
    )


def moved(
    terms: LoanTerms, repaid: Repaid, today: date, move: Move
) -> tuple[Repaid, Repayment | None]:
    """What a move makes of a loan; nothing where the rules do not allow it."""
    made: Repayment | None = None
    owed, _ = owed_on(terms, repaid, today)
    match move.verb:
        case "repay" if owed.repayable_minor:
            amount = max(1, owed.repayable_minor * move.share // 1000)
            made = repay(terms, repaid, today, amount)
        case "prepay" if most := prepayable_minor(terms, repaid, today):
            made = prepay(terms, repaid, today, max(1, most * move.share // 1000))
        case "payoff" if move.share > 900:
            made = payoff(terms, repaid, today)
        case "accelerate" if owed.arrears_minor and not repaid.is_accelerated:
            return accelerate(terms, repaid, today), None
    return (made.repaid, made) if made else (repaid, None)
