"""Staff roles on chain: who may call what, and what has to be announced before it is done.

OpenZeppelin's access manager knows roles by number. A member that has a delay first schedules its
call, which everybody can see, and can make it when the delay is over and within a week.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from eth_abi.abi import encode

from tallystick.chain.bindings import selector

ADMIN = 0
ROLES: Mapping[str, int] = {
    "admin": ADMIN,
    "registrar": 1,
    "settlement_bank": 2,
    "servicer": 3,
    "guardian": 4,
    "resumer": 5,
}
"""Staff roles by the number the access manager knows them by. The guardian stops, at once; the
resumer lets go on what was stopped, and announces it first."""

GRANTS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("registrar", "PartyRegistry", ("register", "update")),
    ("settlement_bank", "SettlementToken", ("mint", "burn")),
    (
        "servicer",
        "LoanLedger",
        (
            "disburse",
            "pay",
            "collect",
            "callGuarantee",
            "accelerate",
            "writeOff",
            "serveNotice",
        ),
    ),
    ("guardian", "PartyRegistry", ("freeze",)),
    ("guardian", "LoanLedger", ("pause",)),
    ("resumer", "PartyRegistry", ("unfreeze",)),
    ("resumer", "LoanLedger", ("unpause",)),
)
GUARDED = ("PartyRegistry", "SettlementToken", "LoanLedger")
"""The contracts that ask the access manager who may call what."""


@dataclass(frozen=True, slots=True)
class Delays:
    """How long staff announce what they do before they can do it, in seconds.

    `admin_seconds`: dealing out roles, opening and closing contracts, naming another authority; it
    is also how long a new administrator waits. `resume_seconds`: unfreezing and unpausing.
    """

    admin_seconds: int = 86_400
    resume_seconds: int = 3_600


NO_DELAYS = Delays(0, 0)


def opening_calls(address_of: Callable[[str], str], deployer: str, delays: Delays) -> list[bytes]:
    """What the deployer tells a new access manager first; it is then a registrar for a moment.

    `address_of` names the address of a contract of `GUARDED`.
    """
    calls = [
        manager_call(
            "setTargetFunctionRole",
            ["address", "bytes4[]", "uint64"],
            address_of(contract),
            [selector(contract, function) for function in functions],
            ROLES[role],
        )
        for role, contract, functions in GRANTS
    ]
    calls += [
        manager_call("labelRole", ["uint64", "string"], number, role)
        for role, number in ROLES.items()
        if number != ADMIN  # the access manager has its own name for it
    ]
    # Who stopped something can also stop that it goes on.
    calls.append(
        manager_call("setRoleGuardian", ["uint64", "uint64"], ROLES["resumer"], ROLES["guardian"])
    )
    if delays.admin_seconds:
        # By the access manager's own rule these count from its fifth day on; until then the
        # administrator's own delay alone holds.
        calls.append(
            manager_call("setGrantDelay", ["uint64", "uint32"], ADMIN, delays.admin_seconds)
        )
        calls += [
            manager_call(
                "setTargetAdminDelay",
                ["address", "uint32"],
                address_of(contract),
                delays.admin_seconds,
            )
            for contract in GUARDED
        ]
    return [*calls, grant_role(ROLES["registrar"], deployer)]


def handing_over_calls(deployer: str, roles: Mapping[str, str], delays: Delays) -> list[bytes]:
    """What the deployer tells the access manager last: `roles` to their holders, none to itself."""
    delay_of = {"admin": delays.admin_seconds, "resumer": delays.resume_seconds}
    return [
        revoke_role(ROLES["registrar"], deployer),
        *(grant_role(number, roles[role], delay_of.get(role, 0)) for role, number in ROLES.items()),
        manager_call("renounceRole", ["uint64", "address"], ADMIN, deployer),
    ]


def grant_role(role: int, account: str, delay_seconds: int = 0) -> bytes:
    """Calldata that makes `account` a member of `role`, or changes its delay."""
    return manager_call("grantRole", ["uint64", "address", "uint32"], role, account, delay_seconds)


def revoke_role(role: int, account: str) -> bytes:
    """Calldata that ends the membership of `account` in `role`."""
    return manager_call("revokeRole", ["uint64", "address"], role, account)


def manager_call(function: str, types: Sequence[str], *arguments: object) -> bytes:
    """Calldata for the access manager."""
    return selector("AccessManager", function) + encode(types, arguments)
