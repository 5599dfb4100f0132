"""The contract and the Python rules, to the unit: random loans lived through both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from tallystick.chain import calls
from tallystick.chain.ledger import LedgerReader
from tallystick.loans.events import (
    ControlledReleased,
    FundsDisbursed,
    LoanClosed,
    LoanOriginated,
    LoanWrittenOff,
    RepaymentReceived,
)
from tallystick.loans.instalment import Instalment
from tallystick.loans.loan import Loan, Status, apply, local_day, originated
from tallystick.loans.terms import LoanTerms
from tallystick.loans.waterfall import allocate
from tests.fixtures.chain import UTC_OFFSET_MINUTES, World, digest_of


@dataclass(frozen=True)
class Step:
    """Wait, then do; `share` of what can be repaid, in thousandths."""

    days: int
    seconds: int
    verb: str
    share: int


steps = st.builds(
    Step,
    days=st.integers(0, 70),
    seconds=st.integers(0, 86_399),
    verb=st.sampled_from(["repay"] * 6 + ["payoff", "write_off", "wait"]),
    share=st.integers(1, 1100),
)


@st.composite
def schedules(draw: st.DrawFn) -> list[tuple[int, int, int]]:
    """Days since the row before, principal and interest of each row; some principal in all."""
    rows = draw(
        st.lists(
            st.tuples(st.integers(1, 60), st.integers(0, 400_000), st.integers(0, 30_000)),
            min_size=1,
            max_size=6,
        )
    )
    rows = [(days, principal or (interest == 0), interest) for days, principal, interest in rows]
    days, principal, interest = rows[-1]
    return [*rows[:-1], (days, principal or 1, interest)]


def drawn_terms(
    world: World, rows: list[tuple[int, int, int]], utc_offset_minutes: int, **members: Any
) -> LoanTerms:
    today = local_day(world.now(), utc_offset_minutes)
    instalments = []
    due_on = today + timedelta(days=1)
    for number, (days, principal, interest) in enumerate(rows, start=1):
        due_on += timedelta(days=days)
        instalments.append(Instalment(number, due_on, int(principal), interest))
    total = sum(row.principal_minor for row in instalments)
    return replace(
        world.terms(),
        principal_minor=total,
        instalments=tuple(instalments),
        utc_offset_minutes=utc_offset_minutes,
        disburse_on=today,
        disburse_by=today + timedelta(days=1),
        purposes=(),
        self_paid_minor_max=total,
        **members,
    )


class Pair:
    """One loan on the ledger and in Python."""

    def __init__(self, world: World, terms: LoanTerms) -> None:
        self.world = world
        self.reader = LedgerReader(world.node, world.deployment)
        self.loan_id = world.originate(terms)
        world.disburse(terms)
        self.loan: Loan = originated(LoanOriginated(self.loan_id, terms))
        self._apply(FundsDisbursed(self.loan_id, terms.principal_minor))

    @property
    def is_carried(self) -> bool:
        return self.loan.status in (Status.ACTIVE, Status.WRITTEN_OFF)

    def do(self, step: Step) -> None:
        # The next block is the call's own, so that both sides take the same moment.
        at = self.world.now() + timedelta(days=step.days, seconds=step.seconds + 1)
        owed = self.loan.owed_at(at)
        terms, on = self.loan.terms, self.world.deployment
        match step.verb:
            case "repay" if owed.repayable_minor:
                most = max(1, owed.repayable_minor * step.share // 1000)
                self.world.chain.set_time(at)
                self.world.send(calls.repay(on, terms, most), "borrower")
                amount = min(most, owed.repayable_minor)
                penalty = min(amount, owed.penalty_minor)
                parts = allocate(terms, self.loan.repaid, amount - penalty)
                interest = sum(part.interest_minor for part in parts)
                self._received(amount, penalty, interest, is_payoff=False)
            case "payoff":
                self.world.chain.set_time(at)
                self.world.send(calls.payoff(on, terms, owed.payoff_minor), "borrower")
                interest = owed.interest_minor + owed.payoff_interest_minor
                self._received(owed.payoff_minor, owed.penalty_minor, interest, is_payoff=True)
            case "write_off" if owed.arrears_minor and self.loan.status is Status.ACTIVE:
                self.world.chain.set_time(at)
                reason = digest_of("reason")
                self.world.send(calls.write_off(on, terms, reason), "servicer")
                self._apply(
                    LoanWrittenOff(
                        self.loan_id,
                        owed.outstanding_principal_minor,
                        owed.interest_minor,
                        owed.penalty_minor,
                        reason,
                    )
                )
            case _:
                self.world.go_to(at)
        event(f"{step.verb} while {self.loan.status}")

    def compare(self) -> None:
        ledger = self.reader.loan(self.loan_id)
        assert ledger is not None
        loan, repaid = self.loan, self.loan.repaid
        assert (
            ledger.status,
            ledger.disbursed_at,
            ledger.accrued_on,
            ledger.next_instalment,
            ledger.paid_on_next_minor,
            ledger.principal_repaid_minor,
            ledger.penalty_unit_days,
            ledger.penalty_repaid_minor,
            ledger.controlled_minor,
            ledger.withdrawn_minor,
        ) == (
            loan.status,
            loan.disbursed_at,
            repaid.accrued_on,
            repaid.next_instalment,
            repaid.paid_on_next_minor,
            repaid.principal_repaid_minor,
            repaid.penalty_unit_days,
            repaid.penalty_repaid_minor,
            loan.controlled_minor,
            loan.withdrawn_minor,
        )
        now = self.world.now()
        times = [now + timedelta(days=days) for days in (0, 1, 2, 5, 17, 31, 90, 400)]
        answers = self.reader.owed_many([(loan.terms, at) for at in times])
        assert answers == [loan.owed_at(at) for at in times]

    def _received(self, amount: int, penalty: int, interest: int, *, is_payoff: bool) -> None:
        controlled = self.loan.controlled_minor
        self._apply(
            RepaymentReceived(
                self.loan_id,
                self.world.address("borrower"),
                amount,
                penalty,
                interest,
                amount - penalty - interest,
                is_payoff,
            )
        )
        if self.loan.repaid.next_instalment == len(self.loan.terms.instalments):
            self._apply(LoanClosed(self.loan_id))
            borrower = self.world.address("borrower")
            self._apply(ControlledReleased(self.loan_id, borrower, controlled))

    def _apply(
        self,
        told: FundsDisbursed | RepaymentReceived | LoanWrittenOff | LoanClosed | ControlledReleased,
    ) -> None:
        self.loan, _ = apply(self.loan, told, self.world.now())


@settings(
    max_examples=60,
    deadline=None,
    # Explaining a failure takes hundreds of further lives on a chain.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=schedules(),
    history=st.lists(steps, max_size=8),
    rounding=st.sampled_from(["half_even", "half_up"]),
    penalty_rate_ppm=st.integers(0, 1_000_000),
    penalty_year_days=st.sampled_from([360, 365]),
    grace_days=st.integers(0, 40),
    utc_offset_minutes=st.sampled_from([UTC_OFFSET_MINUTES, 0, -300, 330]),
)
def test_every_member_after_every_step(
    world: World,
    rows: list[tuple[int, int, int]],
    history: list[Step],
    rounding: str,
    penalty_rate_ppm: int,
    penalty_year_days: int,
    grace_days: int,
    utc_offset_minutes: int,
) -> None:
    beginning = world.chain.snapshot()
    try:
        terms = drawn_terms(
            world,
            rows,
            utc_offset_minutes,
            rounding=rounding,
            penalty_rate_ppm=penalty_rate_ppm,
            penalty_year_days=penalty_year_days,
            grace_days=grace_days,
            sign_by=date(2036, 1, 1),
        )
        pair = Pair(world, terms)
        pair.compare()
        for step in history:
            if not pair.is_carried:
                break
            pair.do(step)
            pair.compare()
    finally:
        world.chain.revert(beginning)
