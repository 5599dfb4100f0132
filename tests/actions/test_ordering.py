"""The rhythm of commands: one commit holds command, trail and whatever goes with them, or none."""

from __future__ import annotations

import pytest

from tallystick.actions.desk import Order
from tallystick.actions.disburse import disburse
from tallystick.actions.lanes import LaneUnknown
from tallystick.actions.ordering import order_call
from tallystick.actions.register_party import ProfileDiffers, register_party
from tallystick.actions.repay import repay
from tallystick.actions.withdraw import withdraw
from tallystick.chain import calls
from tallystick.chain.refusals import LedgerRefused
from tallystick.kernel.errors import Conflict
from tallystick.parties.roles import PartyRole
from tallystick.store.audit import list_audit_trail
from tallystick.store.commands import CommandStatus, IdempotencyKeyReused, commands_of
from tallystick.store.session import Session
from tests.fixtures.house import House


def order(house: House, key: str = "k") -> Order:
    return Order("tester", key, house.world.now())


def written(house: House) -> tuple[int, int]:
    """How many commands and entries of the trail there are."""
    with house.store.read() as session:
        return len(commands_of(session, "tester")), len(list_audit_trail(session))


def test_command_and_trail_are_written_together(any_house: House) -> None:
    house = any_house
    terms = house.world.terms()
    loan_id = house.world.originate(terms)
    command = disburse(house.desk, order(house), terms)
    assert (command.status, command.kind, command.subject) == ("pending", "disburse", loan_id)
    with house.store.read() as session:
        (entry,) = list_audit_trail(session)
    assert (entry.caller, entry.verb, entry.subject, entry.outcome) == (
        "tester",
        "disburse",
        loan_id,
        "accepted",
    )
    assert entry.at == house.world.now()


def test_nothing_is_written_when_what_goes_with_it_fails(any_house: House) -> None:
    house = any_house

    class Mishap(Conflict):
        pass

    def fail(_session: Session) -> None:
        raise Mishap("no")

    call = calls.approve(house.desk.deployment, house.desk.deployment.loan_ledger, 1)
    with pytest.raises(Mishap):
        order_call(house.desk, order(house), call, lane=house.world.address("borrower"), also=fail)
    assert written(house) == (0, 0)


def test_nothing_is_written_when_the_chain_would_refuse(any_house: House) -> None:
    house = any_house
    terms = house.world.terms()
    with pytest.raises(LedgerRefused) as refused:
        disburse(house.desk, order(house), terms)
    assert refused.value.type == "loan_unknown"
    assert written(house) == (0, 0)


def test_nothing_is_written_without_a_key_to_sign_with(house: House) -> None:
    terms = house.world.terms(borrower=house.world.address("stranger"))
    with pytest.raises(LaneUnknown) as refused:
        withdraw(house.desk, order(house), terms, amount_minor=1)
    assert refused.value.data == {"address": house.world.address("stranger")}
    assert written(house) == (0, 0)


def test_replay_is_answered_though_the_key_to_sign_with_is_gone(house: House) -> None:
    """The order was taken; whether it could be taken again is not the question."""
    terms = house.world.terms()
    house.active_loan(terms)
    first = repay(house.desk, order(house), terms, amount_minor_max=100)
    del house.desk.lanes._held[terms.borrower]
    assert repay(house.desk, order(house), terms, amount_minor_max=100) == first
    with pytest.raises(IdempotencyKeyReused):
        repay(house.desk, order(house), terms, amount_minor_max=101)
    assert written(house) == (1, 1)


def test_party_is_registered_once_and_its_salt_is_its_own(any_house: House) -> None:
    house = any_house
    register = {"roles": PartyRole.BORROWER, "name": "甲"}
    one, two = "0x" + "01" * 20, "0x" + "02" * 20
    first = register_party(house.desk, order(house, "1"), address=one, **register)  # type: ignore[arg-type]  # the test's own dict
    again = register_party(house.desk, order(house, "1"), address=one, **register)  # type: ignore[arg-type]  # likewise
    assert again == first
    register_party(house.desk, order(house, "2"), address=two, **register)  # type: ignore[arg-type]  # likewise
    house.settle()
    records = house.desk.ledger.parties([one, two]).values()
    # The same name under another salt is another commitment: nobody can tell they are namesakes.
    assert len({record.identity_commitment for record in records if record is not None}) == 2
    with pytest.raises(ProfileDiffers):
        register_party(
            house.desk, order(house, "3"), address=one, roles=PartyRole.LENDER, name="乙"
        )


def test_commands_of_one_lane_are_sent_in_the_order_they_were_given(house: House) -> None:
    terms = house.world.terms()
    house.active_loan(terms)
    ids = [
        repay(house.desk, order(house, str(n)), terms, amount_minor_max=100 + n).id
        for n in range(5)
    ]
    house.settle()
    with house.store.read() as session:
        commands = commands_of(session, "tester")
    assert [command.id for command in commands] == ids
    assert {command.status for command in commands} == {CommandStatus.MINED}
    nonces = [command.nonce for command in commands]
    assert nonces == sorted(nonces, key=lambda nonce: nonce or 0)
    paid = house.desk.ledger.loan(house_loan(house))
    assert paid is not None
    assert paid.repaid is not None
    assert paid.repaid.paid_on_next_minor == 100 + 101 + 102 + 103 + 104


def house_loan(house: House) -> str:
    with house.store.read() as session:
        return str(commands_of(session, "tester")[0].subject)
