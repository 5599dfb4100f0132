"""Histories lived on the chain and in the model, block by block, and compared after each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random

from tallystick.chain import calls
from tallystick.chain.ledger import LedgerReader, OnChainLoan
from tallystick.loans.events import BatchItemFailed, RepaymentReceived
from tallystick.loans.loan import Loan, Status
from tallystick.parties.roles import PartyRole
from tests.differential.attempts import Attempt
from tests.differential.chain_side import Sent, refusal_of, send
from tests.differential.chances import ANYONE, BORROWERS, GUARANTORS, LENDERS
from tests.differential.histories import History
from tests.differential.ledger_model import LedgerModel
from tests.differential.money_model import UNLIMITED, Party, Refused
from tests.fixtures.chain import (
    BORROWER_MINOR,
    LENDER_MINOR,
    PARTIES,
    STARTS_AT,
    World,
    digest_of,
)

FUNDS_MINOR = 10**10
WAITS = (0, 0, 1, 1, 2, 4, 7, 12, 20, 35)
_STAFF = {
    "servicer": (
        "disburse", "pay", "collect", "callGuarantee", "accelerate", "writeOff", "serveNotice"
    ),
    "guardian": ("pause",),
    "resumer": ("unpause",),
}  # fmt: skip


class Lives:
    """Histories that live through the same blocks, and whatever else happens to their parties.

    `only` picks one of them by its number, to live it again alone.
    """

    def __init__(self, world: World, seed: str, count: int, only: int | None = None) -> None:
        self.world = world
        self.reader = LedgerReader(world.node, world.deployment)
        self.random = Random(seed)
        self.outcomes: Counter[str] = Counter()
        self.model = self._beginning()
        self.histories = [
            History(world, self.model, f"{seed}.{number}")
            for number in range(count)
            if only in (None, number)
        ]

    def step(self) -> None:
        """One block: each history tries something, and the model says what must come of it."""
        wait = timedelta(days=self.random.choice(WAITS), seconds=self.random.randrange(86_400))
        self.model.now += wait + timedelta(seconds=1)
        attempts = list(self._surroundings())
        by_attempt: dict[int, History] = {}
        for history in self.histories:
            if attempt := history.next():
                by_attempt[len(attempts)] = history
                attempts.append(attempt)
        self.world.chain.set_time(self.model.now)
        for sent, told in send(self.world, [(one.call, one.sender) for one in attempts]):
            self._check_tx(sent, told, attempts, by_attempt)
        self._check_loans([history for history in by_attempt.values() if history.loan])

    # ------------------------------------------------------------ what must be the same

    def _check_tx(
        self,
        sent: Sent,
        told: Sequence[object],
        attempts: Sequence[Attempt],
        by_attempt: dict[int, History],
    ) -> None:
        left = [_comparable(event) for event in told]
        for place, index in enumerate(sent.attempts):
            attempt, history = attempts[index], by_attempt.get(index)
            expected = self._expected(attempt, place)
            if not sent.is_batch:
                continue
            shown, left = left[: len(expected)], left[len(expected) :]
            line = f"{self.model.now} {attempt.sender}: {attempt.label} -> {expected}"
            if history:
                history.lived.append(line)
            assert shown == expected, _account(history, line, f"the ledger told {shown}")
        assert not left, f"the ledger told more: {left}"

    def _expected(self, attempt: Attempt, place: int) -> list[object]:
        try:
            events = self.model.attempt(attempt.act)
        except Refused as refused:
            self.outcomes[str(refused.told[0])] += 1
            return [(place, "0x" + attempt.call.calldata[:4].hex(), refused.told)]
        self.outcomes.update(_named(event) for event in events)
        return events

    def _check_loans(self, histories: Sequence[History]) -> None:
        ours = [history.loan for history in histories]
        loans = [loan for loan in ours if loan is not None]
        later = self.model.now + timedelta(days=self.random.randrange(120))
        states = self.reader.loans([loan.loan_id for loan in loans])
        owed_now = self.reader.owed_many([(loan.terms, self.model.now) for loan in loans])
        owed_later = self.reader.owed_many([(loan.terms, later) for loan in loans])
        for history, loan, state, now, then in zip(
            histories, loans, states, owed_now, owed_later, strict=True
        ):
            assert state == on_chain(loan), _account(history, str(loan), f"{state} is stored")
            for at, owed in ((self.model.now, now), (later, then)):
                expected = loan.owed_at(at)
                assert owed == expected, _account(history, f"{expected} at {at}", str(owed))

    def check_everything(self) -> None:
        """All loans there ever were, all money, all that was spent, held and served."""
        model, reader = self.model, self.reader
        states = reader.loans([*model.loans, *model.revoked])
        expected = [on_chain(loan) for loan in model.loans.values()]
        assert states[: len(expected)] == expected
        assert all(one and one.status is Status.REVOKED for one in states[len(expected) :])
        holders = [*map(self.world.address, ANYONE), model.address]
        assert reader.balances(holders) == {one: model.balances.get(one, 0) for one in holders}
        assert reader.claimable(holders) == {one: model.claimable.get(one, 0) for one in holders}
        spent = {
            (loan.loan_id, purpose): amount
            for loan in model.loans.values()
            for purpose, amount in loan.spent_minor.items()
        }
        assert reader.spent(list(spent)) == spent
        assert reader.notices_served_at(list(model.notices)) == model.notices
        held = sum(loan.controlled_minor for loan in model.loans.values())
        assert model.balances[model.address] == held + sum(model.claimable.values())

    # ------------------------------------------------------------ the world around

    def _beginning(self) -> LedgerModel:
        world, on = self.world, self.world.deployment
        others = [
            *((name, PartyRole.LENDER) for name in LENDERS),
            *((name, PartyRole.BORROWER) for name in BORROWERS),
            *((name, PartyRole.GUARANTOR) for name in GUARANTORS),
        ]
        for name, role in others:
            if name not in PARTIES:
                world.register(name, role)
            world.send(calls.approve(on, on.loan_ledger, UNLIMITED), name)
        staff = {world.address(name): frozenset(functions) for name, functions in _STAFF.items()}
        model = LedgerModel(on.loan_ledger, staff, world.now())
        model.parties = {
            world.address(name): Party(role, category)
            for name, (role, category) in (
                *PARTIES.items(),
                *((name, (role, 0)) for name, role in others),
            )
        }
        model.parties[on.loan_ledger] = Party(PartyRole.LEDGER, 0)
        model.balances = {
            world.address("lender"): LENDER_MINOR,
            world.address("borrower"): BORROWER_MINOR,
        }
        for name, _ in others:
            address = world.address(name)
            world.mint(name, FUNDS_MINOR)
            model.balances[address] = model.balances.get(address, 0) + FUNDS_MINOR
            model.allowances[address] = UNLIMITED
        # One moment for every run, so that the same seed is the same histories.
        model.now = STARTS_AT + timedelta(days=1)
        return model

    def _surroundings(self) -> Iterator[Attempt]:
        """Now and then a party is frozen or its allowance cut, or the guardian pauses."""
        random, world, model = self.random, self.world, self.model
        for name in (*LENDERS, *BORROWERS, *GUARANTORS, "supplier"):
            address = world.address(name)
            is_frozen = model.parties[address].is_frozen
            if random.random() < (0.6 if is_frozen else 0.02):
                yield self._freezing(address, not is_frozen)
        for name in (*BORROWERS, *GUARANTORS, "other_lender"):
            if random.random() < 0.1:
                amount = random.choice((UNLIMITED,) * 8 + (0, 1_000, 10**6))
                yield self._approving(name, amount)
        if random.random() < (0.7 if model.is_paused else 0.04):
            yield self._pausing(not model.is_paused)
        if random.random() < 0.1:
            yield self._cancelling(random.choice((*LENDERS, *BORROWERS, *GUARANTORS)))

    def _freezing(self, address: str, is_frozen: bool) -> Attempt:
        on, reason = self.world.deployment, digest_of("why")
        freezing = calls.freeze if is_frozen else calls.unfreeze
        return Attempt(
            "freeze" if is_frozen else "unfreeze",
            "guardian" if is_frozen else "resumer",
            freezing(on, address, reason),
            lambda model: model.set_frozen(address, is_frozen),
        )

    def _pausing(self, is_paused: bool) -> Attempt:
        on, sender = self.world.deployment, "guardian" if is_paused else "resumer"
        address = self.world.address(sender)
        return Attempt(
            "pause" if is_paused else "unpause",
            sender,
            calls.pause(on) if is_paused else calls.unpause(on),
            lambda model: model.set_paused(address, is_paused),
        )

    def _cancelling(self, name: str) -> Attempt:
        on, address = self.world.deployment, self.world.address(name)
        return Attempt(
            "cancel_signatures",
            name,
            calls.cancel_signatures(on, address),
            lambda model: model.cancel_signatures(address),
        )

    def _approving(self, name: str, amount: int) -> Attempt:
        on, address = self.world.deployment, self.world.address(name)
        return Attempt(
            "approve",
            name,
            calls.approve(on, on.loan_ledger, amount),
            lambda model: model.approve(address, amount),
        )


def on_chain(loan: Loan) -> OnChainLoan:
    """What the ledger stores of `loan`."""
    is_begun = loan.disbursed_at is not None
    return OnChainLoan(
        status=loan.status,
        is_mandate_revoked=loan.is_mandate_revoked,
        repaid=loan.repaid if is_begun else None,
        account=loan.account,
        assignee=loan.assignee,
    )


def _named(event: object) -> str:
    if isinstance(event, RepaymentReceived):
        return f"RepaymentReceived {event.kind}"
    return type(event).__name__


def _comparable(event: object) -> object:
    if isinstance(event, BatchItemFailed):
        return (event.index, event.selector, refusal_of(event))
    return event


def _account(history: History | None, expected: str, shown: str) -> str:
    """What a person needs to find out why the two disagree."""
    if history is None:
        return f"the rules say {expected}; {shown}"
    lived = "\n".join(history.lived)
    return f"history {history.seed}: the rules say {expected};\n{shown}\n{history.terms}\n{lived}"
