"""Several lenders in one loan: the contract and the Python rules, to the unit, on a real chain.

Random agreements of lenders, then random money in, payouts, claims and freezes: after every step
what each member was paid and is owed is what the rules say, and what the logs alone tell.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from eth_abi.abi import encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tallystick.chain import calls, colending
from tallystick.chain.bindings import event_topics, selector
from tallystick.chain.client import CallRequest
from tallystick.chain.messages import typed_data
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.words import address_bytes
from tallystick.loans.colending import (
    MEMBERS_MAX,
    Member,
    MembersInvalid,
    check_members,
    committed_minor,
    entitlements,
)
from tallystick.parties.roles import PartyRole
from tests.fixtures.chain import World, digest_of

LENDERS = [f"bank {number}" for number in range(MEMBERS_MAX + 1)]
_salts = itertools.count(1)

amounts = st.one_of(st.integers(1, 9), st.integers(1, 10**6), st.integers(1, 10**9))
weights = st.one_of(st.integers(0, 9), st.integers(0, 10**6), st.integers(0, 2**48 - 1))


@dataclass(frozen=True)
class Row:
    """A member by the name of its key."""

    name: str
    rank: int
    commitment_minor: int
    priority_minor: int
    share: int


@st.composite
def agreements(draw: st.DrawFn, *, valid: bool = True) -> list[Row]:
    count = draw(st.integers(2, MEMBERS_MAX) if valid else st.integers(0, MEMBERS_MAX + 1))
    names = draw(st.permutations(LENDERS))[:count]
    rows = []
    rank = 0
    for index, name in enumerate(names):
        rank += draw(st.integers(0, 1)) if index else 0
        priority = draw(st.one_of(st.integers(0, 9), st.integers(0, 10**6)))
        share = draw(weights)
        if valid and (index == 0 or not priority):
            share = share or 1
        rows.append(Row(name, rank, draw(amounts), priority, share))
    return rows


@dataclass(frozen=True)
class Step:
    """`member` by place, modulo the members."""

    verb: str
    amount_minor: int
    member: int


steps = st.builds(
    Step,
    verb=st.sampled_from(["receive"] * 4 + ["distribute"] * 2 + ["claim", "freeze"]),
    amount_minor=amounts,
    member=st.integers(0, MEMBERS_MAX - 1),
)


class Lenders:
    """The factory, and lenders enough for any co-lending."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.send_all([(self._register(name), "registrar") for name in LENDERS])
        self.factory = world.deployment.co_lending_factory

    def members(self, rows: list[Row]) -> tuple[Member, ...]:
        return tuple(
            Member(
                self.world.address(row.name),
                row.commitment_minor,
                row.share,
                row.rank,
                row.priority_minor,
            )
            for row in rows
        )

    def create(self, members: tuple[Member, ...]) -> str:
        """The address, registered as a lender."""
        salt = digest_of(f"salt {next(_salts)}")
        self.world.send(colending.create_co_lending(self.factory, members, salt), "stranger")
        made = colending.co_lending_address(self.factory, members, salt)
        on = self.world.deployment
        register = calls.register_party(on, made, PartyRole.LENDER, 0, digest_of(made))
        self.world.send(register, "registrar")
        return made

    def _register(self, name: str) -> calls.Call:
        party = self.world.address(name)
        return calls.register_party(
            self.world.deployment, party, PartyRole.LENDER, 0, digest_of(name)
        )


class Pair:
    """One co-lending on chain and in Python."""

    def __init__(self, lenders: Lenders, rows: list[Row]) -> None:
        self.world = lenders.world
        self.names = [row.name for row in rows]
        self.members = lenders.members(rows)
        self.address = lenders.create(self.members)
        self.received = 0
        self.paid = [0] * len(rows)
        self.frozen: set[int] = set()

    @property
    def owed(self) -> list[int]:
        entitled = entitlements(self.members, self.received)
        return [due - paid for due, paid in zip(entitled, self.paid, strict=True)]

    def do(self, step: Step) -> None:
        world, on = self.world, self.world.deployment
        which = step.member % len(self.members)
        match step.verb:
            case "receive":
                world.send(calls.transfer(on, self.address, step.amount_minor), "borrower")
                self.received += step.amount_minor
            case "distribute" if sum(self.owed):
                world.send(colending.distribute(self.address, self.members), "stranger")
                for index in set(range(len(self.members))) - self.frozen:
                    self._pay(index)
            case "distribute":
                call = colending.distribute(self.address, self.members)
                self._refused(call, "stranger", "NothingToDistribute")
            case "claim":
                party = self.members[which].party
                call = colending.claim(self.address, self.members, party)
                if not self.owed[which]:
                    self._refused(call, self.names[which], "NothingToClaim")
                elif which in self.frozen:
                    self._refused(call, self.names[which], "PartyNotActive")
                else:
                    world.send(call, self.names[which])
                    self._pay(which)
            case "freeze":
                verb = calls.unfreeze if which in self.frozen else calls.freeze
                staff = "resumer" if which in self.frozen else "guardian"
                world.send(verb(on, self.members[which].party, digest_of("order")), staff)
                self.frozen ^= {which}

    def compare(self) -> None:
        told = self.world.node.call_many(
            [CallRequest(self.address, selector("CoLending", "receivedMinor"))]
            + [
                CallRequest(self.address, selector("CoLending", function) + _word(one.party))
                for function in ("paidMinor", "owedMinor")
                for one in self.members
            ]
        )
        numbers = [int.from_bytes(answer) for answer in told if isinstance(answer, bytes)]
        assert numbers == [self.received, *self.paid, *self.owed]

    def compare_logs(self) -> None:
        """Balance and payments, from the events alone."""
        on, node = self.world.deployment, self.world.node
        head = node.header("latest").number
        topics = {**event_topics("CoLending"), **event_topics("SettlementToken")}
        balance, paid = 0, Counter[str]()
        for log in node.logs(0, head, [self.address, on.settlement_token]):
            name = topics[log.topics[:32]]
            if log.address == self.address and name == "SharePaid":
                paid["0x" + log.topics[44:64].hex()] += int.from_bytes(log.data)
            if name == "Transfer":
                amount = int.from_bytes(log.data)
                balance -= amount * (log.topics[32:64] == _word(self.address))
                balance += amount * (log.topics[64:96] == _word(self.address))
        assert [paid[one.party] for one in self.members] == self.paid
        assert balance == sum(self.owed)
        assert balance + paid.total() == self.received

    def _pay(self, index: int) -> None:
        self.paid[index] += self.owed[index]

    def _refused(self, call: calls.Call, sender: str, error: str) -> None:
        with pytest.raises(LedgerRefused) as refused:
            self.world.send(call, sender)
        assert refused.value.error == error


@pytest.fixture
def lenders(world: World) -> Lenders:
    return Lenders(world)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=agreements(), history=st.lists(steps, max_size=10))
def test_every_member_after_every_step(
    lenders: Lenders, rows: list[Row], history: list[Step]
) -> None:
    chain = lenders.world.chain
    beginning = chain.snapshot()
    try:
        pair = Pair(lenders, rows)
        for step in history:
            pair.do(step)
            pair.compare()
        pair.compare_logs()
    finally:
        chain.revert(beginning)


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=agreements(valid=False), twice=st.booleans(), late=st.integers(0, 3))
def test_what_may_be_agreed(lenders: Lenders, rows: list[Row], twice: bool, late: int) -> None:
    """The factory and the rules refuse the same members, for the same reason."""
    if twice and len(rows) > 1:
        rows[-1] = replace(rows[-1], name=rows[0].name)
    if late == 1 and rows:
        rows[0] = replace(rows[0], rank=1)
    if late == 2 and rows:
        rows[-1] = replace(rows[-1], commitment_minor=0)
    if late == 3:
        rows = [replace(row, share=0) for row in rows]
    members = lenders.members(rows)
    call = colending.create_co_lending(lenders.factory, members, digest_of("salt"))
    (told,) = lenders.world.node.call_many([CallRequest(call.target, call.calldata)])
    if isinstance(told, LedgerRefused):
        with pytest.raises(MembersInvalid) as ours:
            check_members(members)
        assert ours.value.field == _field_of(told, members)
    else:
        check_members(members)
        assert "0x" + told[12:].hex() == call.subject


def test_a_loan_lent_together(lenders: Lenders) -> None:
    """Signed by all, funded in one tx, repaid, accelerated by the majority."""
    world, on = lenders.world, lenders.world.deployment
    rows = [
        Row(LENDERS[0], 0, 800_000, 820_000, 1),
        Row(LENDERS[1], 0, 300_000, 310_000, 1),
        Row(LENDERS[2], 1, 100_000, 0, 3),
    ]
    pair = Pair(lenders, rows)
    assert _members_of(world, pair.address) == pair.members
    terms = world.terms(lender=pair.address, accelerate_after_days=30)
    assert terms.principal_minor == committed_minor(pair.members)
    message = typed_data(terms, world.chain.chain_id, on.loan_ledger)
    signatures = [world.key(row.name).sign_typed_data(message) for row in rows]
    borrowers = world.key("borrower").sign_typed_data(message)
    for row in rows:
        world.mint(row.name, row.commitment_minor)
        world.send(calls.approve(on, pair.address, row.commitment_minor), row.name)

    joint = colending.joint_signature(signatures)
    world.send(calls.originate(on, terms, [joint, borrowers]), "stranger")
    call = colending.disburse(pair.address, pair.members, calls.disburse(on, terms))
    world.send(call, LENDERS[2])
    pair.compare()

    world.go_to(terms.instalments[0].due_on)
    world.send(calls.repay(on, terms, 212_000), "borrower")
    pair.received += 212_000
    pair.do(Step("distribute", 0, 0))
    pair.compare()

    world.go_to(terms.instalments[3].due_on)
    act_by = world.now() + timedelta(days=1)
    ask = calls.accelerate(on, terms, digest_of("reason"))
    wanted = colending.act_typed_data(ask, act_by, world.chain.chain_id, pair.address)
    alone = [world.key(LENDERS[0]).sign_typed_data(wanted), b"", b""]
    before = _balance(world, pair.address)
    call = colending.act(pair.address, pair.members, ask, act_by, colending.joint_signature(alone))
    world.send(call, "stranger")
    # Proceeds not used have repaid the debt.
    pair.received += _balance(world, pair.address) - before
    assert pair.received > 1_130_000, "the junior has its first"
    pair.compare()
    pair.do(Step("distribute", 0, 0))
    pair.compare()
    pair.compare_logs()


def test_consents_on_chain(lenders: Lenders) -> None:
    world = lenders.world
    pair = Pair(lenders, [Row(LENDERS[0], 0, 2, 0, 1), Row(LENDERS[1], 0, 1, 0, 1)])
    digest = digest_of("what they agree to")
    say = (colending.give_consent, colending.withdraw_consent)
    given, withdrawn = (verb(pair.address, pair.members, digest) for verb in say)
    world.send(given, LENDERS[0])
    assert not _is_signed(world, pair.address, digest)
    world.send(given, LENDERS[1])
    assert _is_signed(world, pair.address, digest)
    world.send(withdrawn, LENDERS[0])
    assert not _is_signed(world, pair.address, digest)


def _field_of(refused: LedgerRefused, members: Sequence[Member]) -> str:
    match refused.error:
        case "MemberCountInvalid" | "SharesMissing":
            return "members"
        case "MemberInvalid":
            name = {"commitmentMinor": "commitment_minor"}
            field = refused.arguments["field"]
            return f"members[{refused.arguments['index']}].{name.get(field, field)}"
    assert refused.error == "MemberRepeated"
    parties = [one.party for one in members]
    twice = str(refused.arguments["member"])
    return f"members[{parties.index(twice, parties.index(twice) + 1)}].party"


def _members_of(world: World, address: str) -> tuple[Member, ...]:
    return colending.decode_members(world.node.call(address, selector("CoLending", "members")))


def _is_signed(world: World, address: str, digest: str) -> bool:
    question = selector("CoLending", "isValidSignature")
    arguments = encode(["bytes32", "bytes"], [bytes.fromhex(digest[2:]), b""])
    return world.node.call(address, question + arguments)[:4] == question


def _balance(world: World, party: str) -> int:
    question = selector("SettlementToken", "balanceOf") + _word(party)
    return int.from_bytes(world.node.call(world.deployment.settlement_token, question))


def _word(party: str) -> bytes:
    return address_bytes(party).rjust(32, b"\0")
