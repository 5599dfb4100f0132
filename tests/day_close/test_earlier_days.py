"""Loans taken back to the end of an earlier day are what they were, whatever happened since."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from tallystick.loans.events import LoanEvent
from tallystick.loans.loan import CARRIED, Loan, local_day
from tallystick.loans.waterfall import owed_on
from tallystick.store.day_closes import carried_loans_on
from tallystick.store.session import Store
from tests.mirror.event_model import STARTS_AT, EventModel
from tests.mirror.mirrored import mirror


class RememberingModel(EventModel):
    """Knows what each loan was after each of its events."""

    def __init__(self, seed: int) -> None:
        self.past: dict[str, list[tuple[datetime, Loan]]] = {}
        super().__init__(seed)

    def _happen(self, event: LoanEvent, loan_id: str | None = None) -> None:
        super()._happen(event, loan_id)
        loan = self.loans[loan_id or event.loan_id]
        self.past.setdefault(loan.loan_id, []).append((self.at, loan))

    def carried_on(self, day: date) -> dict[str, Loan]:
        """By loan id, those carried at the end of `day` where each counts its days."""
        found = {}
        for loan_id, past in self.past.items():
            then = [
                loan for at, loan in past if local_day(at, loan.terms.utc_offset_minutes) <= day
            ]
            if then and then[-1].status in CARRIED:
                found[loan_id] = then[-1]
        return found


def test_every_earlier_day_is_as_it_was(store: Store) -> None:
    model = RememberingModel(11).run(350)
    mirror(store, model)
    days = (model.at - STARTS_AT).days
    seen: set[bool] = set()
    with store.read() as session:
        for offset in range(0, days + 2, 11):
            day = STARTS_AT.date() + timedelta(days=offset)
            expected = model.carried_on(day)
            told = [loan for loan, _ in carried_loans_on(session, day)]
            in_order = [loan_id for loan_id in model.loans if loan_id in expected]
            assert [loan.loan_id for loan in told] == in_order
            for loan in told:
                then = expected[loan.loan_id]
                assert loan.status is then.status
                owed, _ = owed_on(loan.terms, loan.repaid, day)
                assert owed == owed_on(then.terms, then.repaid, day)[0]
                seen.add(loan.repaid.is_accelerated)
    assert seen == {False, True}
