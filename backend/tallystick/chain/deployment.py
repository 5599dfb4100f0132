"""One set of contracts on one chain: deployed, recorded, and checked to be what they should be."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import rlp
from eth_abi.abi import encode
from eth_hash.auto import keccak

from tallystick.chain.bindings import (
    CONTRACTS,
    bytecode,
    bytecode_digest,
    deployed_bytecode,
    selector,
)
from tallystick.chain.client import Node
from tallystick.chain.fees import current_fees
from tallystick.chain.sending import SendStatus
from tallystick.chain.signers import SignedTx, Signer, Tx
from tallystick.chain.staff_roles import (
    GUARDED,
    ROLES,
    Delays,
    handing_over_calls,
    manager_call,
    opening_calls,
)
from tallystick.chain.words import address_bytes, text_word
from tallystick.kernel.currencies import minor_digits
from tallystick.kernel.errors import Corrupt, Invalid, NotFound, Unavailable
from tallystick.parties.roles import PartyRole

_CODE_GAS = 200
_CALLDATA_GAS = 16
_CONSTRUCTOR_GAS = 1_000_000
_CONFIGURE_GAS = 2_000_000


class DeploymentFailed(Unavailable):
    title = "Deployment failed"


class DeploymentUnknown(NotFound):
    title = "No deployment recorded"


class DeploymentMismatch(Corrupt):
    """The chain does not hold the contracts the record names."""

    title = "Deployment mismatch"


class RolesIncomplete(Invalid):
    title = "Staff roles incomplete"


class DeployerIsStaff(Invalid):
    """The deployer's key is used once and holds nothing afterwards."""

    title = "Deployer among the staff"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the contracts of one currency are. `loan_servicing` is code the ledger delegates to.

    `block_number` is the block before the first contract: nothing of theirs happened in it or
    earlier, and its `block_hash` tells this chain from another of the same id. `bytecode_digests`
    tell by contract which version was deployed.
    """

    chain_id: int
    block_number: int
    block_hash: str
    currency: str
    decimals: int
    access_manager: str
    party_registry: str
    settlement_token: str
    loan_servicing: str
    loan_ledger: str
    co_lending_factory: str
    bytecode_digests: Mapping[str, str]

    @property
    def addresses(self) -> tuple[str, ...]:
        """The contracts whose events the mirror follows."""
        return (
            self.access_manager,
            self.party_registry,
            self.settlement_token,
            self.loan_ledger,
            self.co_lending_factory,
        )

    @property
    def guarded(self) -> tuple[str, ...]:
        """The contracts that ask the access manager who may call what."""
        return tuple(self.address_of(contract) for contract in GUARDED)

    def address_of(self, contract: str) -> str:
        return {
            "AccessManager": self.access_manager,
            "PartyRegistry": self.party_registry,
            "SettlementToken": self.settlement_token,
            "LoanServicing": self.loan_servicing,
            "LoanLedger": self.loan_ledger,
            "CoLendingFactory": self.co_lending_factory,
        }[contract]


def deploy(
    node: Node,
    deployer: Signer,
    *,
    currency: str,
    roles: Mapping[str, str],
    delays: Delays | None = None,
    mine: Callable[[], object] | None = None,
    timeout_seconds: float = 60.0,
) -> Deployment:
    """Deploys and wires the contracts; `roles` names the address of each of `ROLES`.

    `deployer` holds no role afterwards. `delays` are `Delays()` unless told. `mine` is called once
    the txs are sent, on chains that mine on demand. Raises RolesIncomplete, DeployerIsStaff,
    DeploymentFailed.
    """
    if missing := ROLES.keys() - roles.keys():
        raise RolesIncomplete(f"Name an address for {', '.join(sorted(missing))}.", field="roles")
    if named := [role for role, address in roles.items() if address == deployer.address]:
        raise DeployerIsStaff(
            f"The deployer's key holds no role afterwards; name another for {named[0]}.",
            field="roles",
        )
    head = node.header("latest")
    if head.number == 0 and mine is not None:
        # A development chain makes block 0 anew whenever it starts.
        mine()
        head = node.header("latest")
    (nonce,) = node.nonces([deployer.address])
    # Created in this order by consecutive nonces, so every address is known beforehand.
    manager, registry, token, servicing, ledger, factory = (
        _created(deployer.address, nonce + index) for index in range(len(CONTRACTS))
    )
    deployment = Deployment(
        chain_id=node.chain_id,
        block_number=head.number,
        block_hash=head.hash,
        currency=currency,
        decimals=minor_digits(currency),
        access_manager=manager,
        party_registry=registry,
        settlement_token=token,
        loan_servicing=servicing,
        loan_ledger=ledger,
        co_lending_factory=factory,
        bytecode_digests={name: bytecode_digest(name) for name in CONTRACTS},
    )
    creations = [
        bytecode(name) + arguments
        for name, arguments in zip(
            CONTRACTS, _constructor_arguments(deployment, deployer), strict=True
        )
    ]
    calls = _configuration(deployment, deployer.address, roles, delays or Delays())
    fees = current_fees(node)
    txs = [
        Tx(
            chain_id=node.chain_id,
            nonce=nonce + index,
            to=to,
            data=data,
            gas_limit=gas_limit,
            max_fee=fees.max_fee,
            priority_fee=fees.priority_fee,
        )
        for index, (to, data, gas_limit) in enumerate(
            [(None, code, _creation_gas(code)) for code in creations]
            + [(to, data, _CONFIGURE_GAS) for to, data in calls]
        )
    ]
    _send(node, [deployer.sign_tx(tx) for tx in txs], mine, timeout_seconds)
    verify(node, deployment)
    return deployment


def verify(node: Node, deployment: Deployment) -> None:
    """Checks that the chain holds exactly these contracts, of this package's version, wired up.

    Raises DeploymentMismatch saying which one is wrong.
    """
    if node.chain_id != deployment.chain_id:
        raise DeploymentMismatch(
            f"The record is of chain {deployment.chain_id}, the node of chain {node.chain_id}."
        )
    if node.header(deployment.block_number).hash != deployment.block_hash:
        raise DeploymentMismatch(
            "The node's chain is another than the one recorded, though its id is the same. "
            "Connect to the right node, or start over with a fresh home."
        )
    for name in CONTRACTS:
        _verify_code(node, name, deployment.address_of(name))
    manager, registry, token, servicing = (
        deployment.access_manager, deployment.party_registry, deployment.settlement_token,
        deployment.loan_servicing,
    )  # fmt: skip
    currency = text_word(deployment.currency, "currency")
    for contract, function, expected in (
        ("PartyRegistry", "authority", _word(manager)),
        ("SettlementToken", "authority", _word(manager)),
        ("SettlementToken", "REGISTRY", _word(registry)),
        ("SettlementToken", "currency", currency),
        ("SettlementToken", "decimals", deployment.decimals.to_bytes(32)),
        ("LoanServicing", "REGISTRY", _word(registry)),
        ("LoanServicing", "TOKEN", _word(token)),
        ("LoanLedger", "authority", _word(manager)),
        ("LoanLedger", "REGISTRY", _word(registry)),
        ("LoanLedger", "TOKEN", _word(token)),
        ("LoanLedger", "SERVICING", _word(servicing)),
        ("CoLendingFactory", "REGISTRY", _word(registry)),
    ):
        told = node.call(deployment.address_of(contract), selector(contract, function))
        if told != expected:
            raise DeploymentMismatch(
                f"{contract} at {deployment.address_of(contract)} has another {function} "
                "than recorded.",
                contract=contract,
            )
    _verify_original(node, deployment)


def _verify_original(node: Node, deployment: Deployment) -> None:
    """Every co-lending is a clone of what the factory made first."""
    told = node.call(deployment.co_lending_factory, selector("CoLendingFactory", "ORIGINAL"))
    original = "0x" + told[-20:].hex()
    _verify_code(node, "CoLending", original)
    if node.call(original, selector("CoLending", "LEDGER")) != _word(deployment.loan_ledger):
        raise DeploymentMismatch(
            f"Co-lendings of {deployment.co_lending_factory} lend by another ledger.",
            contract="CoLendingFactory",
        )


def write_record(deployment: Deployment, home: Path) -> Path:
    """Keeps the record under `home`; the path."""
    path = _record_path(home, deployment.chain_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with draft.open("w") as out:
        out.write(json.dumps(asdict(deployment), indent=2) + "\n")
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
    return path


def read_record(home: Path, chain_id: int) -> Deployment:
    """The record of `chain_id` under `home`. Raises DeploymentUnknown, DeploymentMismatch."""
    path = _record_path(home, chain_id)
    try:
        return Deployment(**json.loads(path.read_text()))
    except FileNotFoundError:
        raise DeploymentUnknown(
            f"No deployment on chain {chain_id} is recorded; run `tallystick init`."
        ) from None
    except (ValueError, TypeError):
        raise DeploymentMismatch(f"The record {path.name} cannot be read; restore it.") from None


def _constructor_arguments(deployment: Deployment, deployer: Signer) -> list[bytes]:
    manager = deployment.access_manager
    name, symbol = f"{deployment.currency} bank money", f"t{deployment.currency}"
    ledger = [manager, deployment.party_registry, deployment.settlement_token]
    return [
        encode(["address"], [deployer.address]),
        encode(["address"], [manager]),
        encode(
            ["address", "address", "string", "string", "bytes32", "uint8"],
            [
                manager,
                deployment.party_registry,
                name,
                symbol,
                text_word(deployment.currency, "currency"),
                deployment.decimals,
            ],
        ),
        encode(["address"] * 3, ledger),
        encode(["address"] * 4, [*ledger, deployment.loan_servicing]),
        encode(
            ["address"] * 3,
            [deployment.loan_ledger, deployment.party_registry, deployment.settlement_token],
        ),
    ]


def _configuration(
    deployment: Deployment, deployer: str, roles: Mapping[str, str], delays: Delays
) -> list[tuple[str, bytes]]:
    """The calls after creation: who may call what, and the ledger's own record as a party."""
    manager = deployment.access_manager
    register = selector("PartyRegistry", "register") + encode(
        ["address", "uint32", "uint16", "bytes32"],
        [deployment.loan_ledger, int(PartyRole.LEDGER), 0, keccak(b"LoanLedger")],
    )
    opening = opening_calls(deployment.address_of, deployer, delays)
    handing_over = handing_over_calls(deployer, roles, delays)
    return [
        (manager, manager_call("multicall", ["bytes[]"], opening)),
        (deployment.party_registry, register),
        (manager, manager_call("multicall", ["bytes[]"], handing_over)),
    ]


def _send(
    node: Node,
    txs: Sequence[SignedTx],
    mine: Callable[[], object] | None,
    timeout_seconds: float,
) -> None:
    for outcome in node.send_raw([tx.raw for tx in txs]):
        if outcome.status not in (SendStatus.ACCEPTED, SendStatus.KNOWN):
            raise DeploymentFailed(f"The node did not take a deployment tx: {outcome.message}")
    deadline = time.monotonic() + timeout_seconds
    while True:
        if mine is not None:
            mine()
        receipts = node.receipts([tx.hash for tx in txs])
        if all(receipts):
            break
        if time.monotonic() > deadline:
            raise DeploymentFailed(
                "The deployment was sent but not mined in time; is the chain mining?"
            )
        time.sleep(0.05)
    for receipt in receipts:
        if receipt is not None and not receipt.is_successful:
            raise DeploymentFailed(f"Deployment tx {receipt.tx_hash} was refused by the chain.")


def _verify_code(node: Node, name: str, address: str) -> None:
    code, ours = node.code(address), deployed_bytecode(name)
    if not code:
        raise DeploymentMismatch(
            f"There is no contract at {address}, where {name} is recorded.", contract=name
        )
    # Immutables are zero in the artifact and set on chain.
    is_ours = len(code) == len(ours) and all(
        theirs == our or our == 0 for theirs, our in zip(code, ours, strict=True)
    )
    if not is_ours:
        raise DeploymentMismatch(
            f"The contract at {address} is not this version's {name}; "
            "use the version that deployed it, or deploy anew.",
            contract=name,
        )


def _creation_gas(code: bytes) -> int:
    return _CONSTRUCTOR_GAS + (_CODE_GAS + _CALLDATA_GAS) * len(code)


def _created(sender: str, nonce: int) -> str:
    return "0x" + keccak(rlp.encode([address_bytes(sender), nonce]))[12:].hex()


def _word(address: str) -> bytes:
    return address_bytes(address).rjust(32, b"\0")


def _record_path(home: Path, chain_id: int) -> Path:
    return home / "deployments" / f"{chain_id}.json"
