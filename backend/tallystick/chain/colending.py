"""Co-lendings on chain: where they are, how members agree, what is sent.

    lender = co_lending_address(factory, members, salt)       to be registered and named in terms
    create_co_lending(factory, members, salt)                 makes it; anyone sends it
    joint_signature(signatures)                               the lender's signature of the terms
    disburse(lender, members, calls.disburse(...))            funds the loan and disburses it
    act_typed_data(call, act_by, chain_id, lender)            what members sign to have it call
    act(lender, members, call, act_by, joint_signature(...))  the ledger; anyone sends it
    distribute(lender, members)                               pays on what came in; anyone sends it

The formulas are those of the contracts `CoLending` and `CoLendingFactory`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import rlp
from eth_abi.abi import decode, encode
from eth_hash.auto import keccak

from tallystick.chain.bindings import selector
from tallystick.chain.calldata import CONTRACT_SIGNATURE_GAS, Call
from tallystick.chain.words import address_bytes, hash_bytes
from tallystick.loans.colending import Member

_MEMBERS = "(address,uint8,uint48,uint48,uint48)[]"
_DOMAIN = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_ACT = (("call", "bytes"), ("actBy", "uint256"))

_CREATE_GAS, _CREATE_GAS_EACH = 150_000, 70_000
_PAYOUT_GAS, _PAYOUT_GAS_EACH = 150_000, 110_000
_FUND_GAS_EACH = 80_000
_CONSENT_GAS, _READ_GAS_EACH = 90_000, 15_000
# The floor of EIP-7623.
_GAS_PER_BYTE = 40


def co_lending_address(factory: str, members: Sequence[Member], salt: str) -> str:
    """Where the co-lending of `members` is, made or not yet. Raises HexInvalid."""
    # The factory's constructor makes the clones' original, as the first thing it creates.
    original = keccak(rlp.encode([address_bytes(factory), 1]))[12:]
    agreed = encode([_MEMBERS], [_rows(members)])
    # ERC-1167 with what the members agreed behind its 45 bytes of code.
    clone = (
        b"\x61"
        + (len(agreed) + 45).to_bytes(2)
        + bytes.fromhex("3d81600a3d39f3363d3d373d3d3d363d73")
        + original
        + bytes.fromhex("5af43d82803e903d91602b57fd5bf3")
        + agreed
    )
    salted = b"\xff" + address_bytes(factory) + hash_bytes(salt, "salt")
    return "0x" + keccak(salted + keccak(clone))[12:].hex()


def create_co_lending(factory: str, members: Sequence[Member], salt: str) -> Call:
    """Makes the co-lending; changes nothing where it is there already."""
    calldata = selector("CoLendingFactory", "create") + encode(
        [_MEMBERS, "bytes32"], [_rows(members), hash_bytes(salt, "salt")]
    )
    gas_limit = _CREATE_GAS + _CREATE_GAS_EACH * len(members)
    subject = co_lending_address(factory, members, salt)
    return Call("create_co_lending", subject, factory, calldata, gas_limit)


def decode_members(data: bytes) -> tuple[Member, ...]:
    """Members as `members()` returns them."""
    (rows,) = decode([_MEMBERS], data)
    return tuple(
        Member(party, commitment_minor, share, rank, priority_minor)
        for party, rank, commitment_minor, priority_minor, share in rows
    )


# ---------------------------------------------------------------- consent


def joint_signature(signatures: Sequence[bytes]) -> bytes:
    """The co-lending's signature: its members' in order, empty for consents given on chain."""
    return encode(["bytes[]"], [list(signatures)])


def act_typed_data(call: Call, act_by: datetime, chain_id: int, co_lending: str) -> dict[str, Any]:
    """The EIP-712 message members sign to have `co_lending` call the ledger."""
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in _DOMAIN],
            "Act": [{"name": name, "type": kind} for name, kind in _ACT],
        },
        "primaryType": "Act",
        "domain": {
            "name": "Tallystick CoLending",
            "version": "1",
            "chainId": chain_id,
            "verifyingContract": co_lending,
        },
        "message": {"call": "0x" + call.calldata.hex(), "actBy": int(act_by.timestamp())},
    }


def give_consent(co_lending: str, members: Sequence[Member], digest: str) -> Call:
    """Sent by a member, in place of its signature of `digest`."""
    return _about(co_lending, "give_consent", "giveConsent", members, digest)


def withdraw_consent(co_lending: str, members: Sequence[Member], digest: str) -> Call:
    """Sent by a member; its signature of `digest` counts no more either."""
    return _about(co_lending, "withdraw_consent", "withdrawConsent", members, digest)


# ---------------------------------------------------------------- lending


def disburse(co_lending: str, members: Sequence[Member], call: Call) -> Call:
    """The ledger's `call` of disbursement, made by the co-lending with its members' money.

    Sent by a member or a servicer; each member has let the co-lending take its commitment.
    """
    calldata = selector("CoLending", "disburse") + call.calldata[4:]
    gas_limit = call.gas_limit + _PAYOUT_GAS + _FUND_GAS_EACH * len(members)
    return Call("disburse", call.subject, co_lending, calldata, gas_limit)


def act(
    co_lending: str, members: Sequence[Member], call: Call, act_by: datetime, signature: bytes
) -> Call:
    """The ledger's `call`, made by the co-lending; `signature` is a joint one, or empty."""
    calldata = selector("CoLending", "act") + encode(
        ["bytes", "uint256", "bytes"], [call.calldata, int(act_by.timestamp()), signature]
    )
    # A contract can pass on all but a 64th of its gas.
    gas_limit = (
        _CONSENT_GAS
        + _READ_GAS_EACH * len(members)
        + (CONTRACT_SIGNATURE_GAS if signature else 0)
        + call.gas_limit * 64 // 63
        + _GAS_PER_BYTE * len(calldata)
    )
    return Call("act", co_lending, co_lending, calldata, gas_limit)


# ---------------------------------------------------------------- what comes in


def distribute(co_lending: str, members: Sequence[Member]) -> Call:
    """Pays every member what it is owed; anyone may send this."""
    gas_limit = _PAYOUT_GAS + _PAYOUT_GAS_EACH * len(members)
    calldata = selector("CoLending", "distribute")
    return Call("distribute", co_lending, co_lending, calldata, gas_limit)


def claim(co_lending: str, members: Sequence[Member], member: str) -> Call:
    """Sent by `member` itself, for what it is owed."""
    gas_limit = _PAYOUT_GAS + _PAYOUT_GAS_EACH + _READ_GAS_EACH * len(members)
    return Call("claim", member, co_lending, selector("CoLending", "claim"), gas_limit)


def _about(
    co_lending: str, kind: str, function: str, members: Sequence[Member], digest: str
) -> Call:
    calldata = selector("CoLending", function) + hash_bytes(digest, "digest")
    gas_limit = _CONSENT_GAS + _READ_GAS_EACH * len(members)
    return Call(kind, co_lending, co_lending, calldata, gas_limit)


def _rows(members: Sequence[Member]) -> list[tuple[bytes, int, int, int, int]]:
    return [
        (address_bytes(one.party), one.rank, one.commitment_minor, one.priority_minor, one.share)
        for one in members
    ]
