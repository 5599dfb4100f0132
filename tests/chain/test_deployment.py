"""Deployed contracts are the package's, wired up, and recorded; anything else is noticed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tallystick.chain import calls
from tallystick.chain.deployment import (
    ROLES,
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
from tallystick.parties.roles import PartyRole
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
        "guardian": [calls.freeze(on, party, digest_of("x"))],
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


def test_the_administration_can_be_handed_over(world: World) -> None:
    deployer = world.key("another deployer")
    on = deploy(
        world.node,
        deployer,
        currency="JPY",
        roles=staff(world) | {"admin": world.address("guardian")},
        mine=world.chain.mine,
    )
    assert on.decimals == 0
    for role, is_admin in (("another deployer", False), ("guardian", True)):
        has_role = (
            bytes.fromhex("d1f856ee")
            + bytes(32)
            + bytes(12)
            + bytes.fromhex(world.address(role)[2:])
        )
        answer = world.node.call(on.access_manager, has_role)
        assert bool(int.from_bytes(answer[:32])) is is_admin


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
