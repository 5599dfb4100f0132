"""Deployed contracts are the package's, wired up, and recorded; anything else is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tallystick.chain import calls, staff_calls
from tallystick.chain.authority import AuthorityReader
from tallystick.chain.deployment import (
    DeployerIsStaff,
    Deployment,
    DeploymentFailed,
    DeploymentMismatch,
    DeploymentUnknown,
    RolesIncomplete,
    deploy,
    read_record,
    verify,
    write_record,
)
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.staff_roles import NO_DELAYS, ROLES, Delays
from tallystick.mirror.follow import Follower
from tallystick.mirror.reconcile import reconcile
from tallystick.parties.roles import PartyRole
from tallystick.store.session import Store
from tests.fixtures.chain import World, digest_of


def staff(world: World) -> dict[str, str]:
    return {role: world.address(role) for role in ROLES}


def test_the_contracts_are_wired_up(world: World) -> None:
    on = world.deployment
    verify(world.node, on)
    assert (on.currency, on.decimals) == ("CNY", 2)
    reader = LedgerReader(world.node, on)
    (record,) = reader.parties([on.loan_ledger]).values()
    assert record is not None
    assert record.roles == PartyRole.LEDGER
    # Nothing of the contracts is in the block named or before it.
    assert world.node.code(on.access_manager, on.block_number) == b""
    assert world.node.code(on.access_manager, on.block_number + 1) != b""


def test_each_role_may_do_its_own_and_nothing_else(world: World) -> None:
    on = world.deployment
    party, terms = world.address("supplier"), world.terms()
    world.originate(terms)
    world.disburse(terms)
    world.send(calls.freeze(on, world.address("school"), digest_of("x")), "guardian")
    own = {
        "registrar": [
            calls.register_party(on, world.address("stranger"), 1, 0, digest_of("x")),
            calls.update_party(on, party, 4, 3, digest_of("x")),
        ],
        "settlement_bank": [calls.mint(on, party, 1, digest_of("x"))],
        "servicer": [
            calls.serve_notice(on, calls.disburse(on, terms).subject, "step", digest_of("x")),
            calls.pay(on, terms, party, 1, "supplies", digest_of("x")),
        ],
        "guardian": [calls.freeze(on, party, digest_of("x")), calls.pause(on)],
        "resumer": [calls.unfreeze(on, world.address("school"), digest_of("x"))],
    }
    for role, allowed in own.items():
        for call in allowed:
            for other in (*ROLES, "deployer", "stranger"):
                if other != role:
                    with pytest.raises(LedgerRefused) as refused:
                        world.node.call(call.target, call.calldata, world.address(other))
                    assert refused.value.type in (
                        "access_managed_unauthorized", "caller_not_permitted"
                    )  # fmt: skip
            world.node.call(call.target, call.calldata, world.address(role))


def test_the_deployer_keeps_nothing(world: World) -> None:
    on = world.deployment
    deployer = world.key("deployer").address
    reader = AuthorityReader(world.node, on)
    assert reader.grants([(number, deployer) for number in ROLES.values()]) == [None] * len(ROLES)
    held = reader.grants([(number, world.address(role)) for role, number in ROLES.items()])
    assert None not in held
    with pytest.raises(DeployerIsStaff, match="guardian"):
        deploy(
            world.node,
            world.key("guardian"),
            currency="CNY",
            roles=staff(world),
            mine=world.chain.mine,
        )


def guarded(world: World, delays: Delays | None = None) -> Deployment:
    """A deployment of its own, with a registered party named `school`."""
    on = deploy(
        world.node,
        world.key("another deployer"),
        currency="JPY",
        roles=staff(world),
        delays=delays,
        mine=world.chain.mine,
    )
    school = world.address("school")
    world.send(calls.register_party(on, school, 4, 3, digest_of("school")), "registrar")
    return on


def test_what_stops_is_at_once_and_what_goes_on_is_announced(world: World) -> None:
    on, school, why = guarded(world), world.address("school"), digest_of("why")
    assert on.decimals == 0
    unfreeze = calls.unfreeze(on, school, why)
    world.send(calls.freeze(on, school, why), "guardian")
    world.send(calls.pause(on), "guardian")
    for call in (unfreeze, calls.unpause(on)):
        for sender in ("resumer", "guardian"):
            with pytest.raises(LedgerRefused) as refused:
                world.send(call, sender)
            assert refused.value.type in (
                "access_manager_not_scheduled", "access_managed_unauthorized"
            )  # fmt: skip
        world.send(staff_calls.schedule(on, call), "resumer")
    world.go_to(world.now() + timedelta(minutes=59))
    with pytest.raises(LedgerRefused) as refused:
        world.send(unfreeze, "resumer")
    assert refused.value.type == "access_manager_not_ready"
    # Who froze it can see to it that it stays so.
    withdrawn = staff_calls.cancel_scheduled(on, world.address("resumer"), unfreeze)
    world.send(withdrawn, "guardian")
    world.go_to(world.now() + timedelta(minutes=2))
    with pytest.raises(LedgerRefused):
        world.send(unfreeze, "resumer")
    world.send(calls.unpause(on), "resumer")
    reader = LedgerReader(world.node, on)
    assert not reader.is_paused()
    (party,) = reader.parties([school]).values()
    assert party is not None
    assert party.is_frozen


def test_the_administrator_announces_what_it_does(world: World) -> None:
    on, stranger = guarded(world), world.address("stranger")
    grant = staff_calls.grant_role(on, "settlement_bank", stranger)
    with pytest.raises(LedgerRefused) as refused:
        world.send(grant, "admin")
    assert refused.value.type == "access_manager_not_scheduled"
    with pytest.raises(LedgerRefused):
        world.send(staff_calls.schedule(on, grant), "guardian")
    world.send(staff_calls.schedule(on, grant), "admin")
    world.go_to(world.now() + timedelta(hours=23))
    with pytest.raises(LedgerRefused):
        world.send(grant, "admin")
    world.go_to(world.now() + timedelta(hours=2))
    world.send(grant, "admin")
    world.send(calls.mint(on, world.address("school"), 5, digest_of("in")), "stranger")


def test_delays_on_the_contracts_count_from_the_fifth_day_on(
    world: World, sqlite_store: Store
) -> None:
    """And a new administrator waits from then on; the mirror knows when, and agrees."""
    on = guarded(world)
    ledger = LedgerReader(world.node, on)
    follow = Follower(sqlite_store, world.node, on)
    for day, expected in ((0, 0), (5, Delays().admin_seconds)):
        world.go_to(world.now() + timedelta(days=day, minutes=1))
        reader = AuthorityReader(world.node, on)
        assert {one.admin_delay_seconds for one in reader.contracts(on.guarded)} == {expected}
        (admin,) = reader.roles([ROLES["admin"]])
        assert admin.grant_delay_seconds == expected
        follow.catch_up()
        assert reconcile(sqlite_store, ledger).differences == ()


def test_delays_can_be_left_out(world: World) -> None:
    on = guarded(world, NO_DELAYS)
    world.send(calls.pause(on), "guardian")
    world.send(calls.unpause(on), "resumer")
    world.send(staff_calls.revoke_role(on, "servicer", world.address("servicer")), "admin")


def test_all_roles_need_an_address(world: World) -> None:
    roles = staff(world)
    del roles["guardian"]
    with pytest.raises(RolesIncomplete, match="guardian"):
        deploy(world.node, world.key("deployer"), currency="CNY", roles=roles)


def test_a_chain_that_does_not_mine_is_told(world: World) -> None:
    with pytest.raises(DeploymentFailed, match="mined"):
        deploy(
            world.node,
            world.key("one more deployer"),
            currency="CNY",
            roles=staff(world),
            timeout_seconds=0.2,
        )
    world.node.rpc("anvil_dropAllTransactions")


def test_the_record_is_kept_by_chain(world: World, tmp_path: Path) -> None:
    path = write_record(world.deployment, tmp_path)
    assert path.name == "31337.json"
    assert json.loads(path.read_text())["loan_ledger"] == world.deployment.loan_ledger
    assert read_record(tmp_path, 31337) == world.deployment
    with pytest.raises(DeploymentUnknown, match="init"):
        read_record(tmp_path, 1)
    path.write_text("{}")
    with pytest.raises(DeploymentMismatch):
        read_record(tmp_path, 31337)


def test_what_is_not_there_or_otherwise_wired_is_noticed(world: World) -> None:
    on = world.deployment
    second = deploy(
        world.node,
        world.key("second deployer"),
        currency="CNY",
        roles=staff(world),
        mine=world.chain.mine,
    )
    verify(world.node, second)
    for wrong in (
        replace(on, chain_id=1),
        replace(on, block_hash=digest_of("another chain")),
        replace(on, currency="EUR"),
        replace(on, decimals=3),
        replace(on, loan_ledger=world.address("stranger")),
        replace(on, loan_ledger=on.settlement_token),
        replace(on, loan_ledger=second.loan_ledger),
        replace(on, loan_servicing=second.loan_servicing),
        replace(on, loan_servicing=on.loan_ledger),
        replace(on, settlement_token=second.settlement_token),
        replace(on, party_registry=second.party_registry),
        replace(on, access_manager=second.access_manager),
    ):
        with pytest.raises(DeploymentMismatch):
            verify(world.node, wrong)


def test_changed_code_is_noticed(world: World) -> None:
    ledger = world.deployment.loan_ledger
    code = bytearray(world.node.code(ledger))
    at = code.index(0x63)
    code[at + 1] ^= 1
    world.node.rpc("anvil_setCode", [ledger, "0x" + code.hex()])
    with pytest.raises(DeploymentMismatch, match="LoanLedger"):
        verify(world.node, world.deployment)
