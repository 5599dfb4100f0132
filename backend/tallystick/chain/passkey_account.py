"""Accounts that passkeys sign for: where they are, what a passkey signs, what is sent.

    account = account_address(factory, passkey, salt)
    create_account(factory, passkey, salt)                       makes it; anyone sends it
    signature_challenge(digest, chain_id, account)               to sign an agreement (ERC-1271)
    execute_challenge(batch, nonce, expires_at, chain_id, account)
    execute(account, batch, nonce, expires_at, signature)        makes calls; anyone sends it

An authenticator signs a challenge; `tallystick.chain.passkey.encode_signature` makes a signature of
its answer. The formulas are those of the contracts `PasskeyAccount` and `PasskeyAccountFactory`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import rlp
from eth_abi.abi import encode
from eth_hash.auto import keccak

from tallystick.chain.bindings import selector
from tallystick.chain.calldata import CONTRACT_SIGNATURE_GAS, Call
from tallystick.chain.client import Block, Node
from tallystick.chain.passkey import Passkey
from tallystick.chain.words import address_bytes, hash_bytes
from tallystick.kernel.errors import NotFound

FIRST_ACCOUNT = "0x" + "00" * 32
"""The salt of a passkey's first account."""

_DOMAIN_TYPEHASH = keccak(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_NAME, _VERSION = keccak(b"Tallystick PasskeyAccount"), keccak(b"1")
_CALL_TYPE = b"Call(address target,bytes data)"
_CALL_TYPEHASH = keccak(_CALL_TYPE)
_EXECUTE_TYPEHASH = keccak(b"Execute(Call[] calls,uint256 nonce,uint256 deadline)" + _CALL_TYPE)
# ERC-7739: how an account of many purposes signs a digest that is not its own.
_PERSONAL_SIGN_TYPEHASH = keccak(b"PersonalSign(bytes prefixed)")

_CREATE_GAS = 200_000
_GAS_PER_CALL = 15_000
# The floor of EIP-7623.
_GAS_PER_BYTE = 40


class AccountUnknown(NotFound):
    """No account was created at the address."""

    title = "No such account"


def account_address(factory: str, passkey: Passkey, salt: str = FIRST_ACCOUNT) -> str:
    """Where the account of a first `passkey` is, made or not yet. Raises HexInvalid."""
    # The factory's constructor makes the clones' original, as the first thing it creates.
    original = keccak(rlp.encode([address_bytes(factory), 1]))[12:]
    # ERC-1167: code that forwards every call to the original.
    clone = (
        bytes.fromhex("3d602d80600a3d3981f3363d3d373d3d3d363d73")
        + original
        + bytes.fromhex("5af43d82803e903d91602b57fd5bf3")
    )
    salted = keccak(passkey.words + hash_bytes(salt, "salt"))
    return "0x" + keccak(b"\xff" + address_bytes(factory) + salted + keccak(clone))[12:].hex()


def create_account(factory: str, passkey: Passkey, salt: str = FIRST_ACCOUNT) -> Call:
    """Makes the account; changes nothing where it is there already."""
    return Call(
        "create_account",
        account_address(factory, passkey, salt),
        factory,
        selector("PasskeyAccountFactory", "create") + passkey.words + hash_bytes(salt, "salt"),
        _CREATE_GAS,
    )


def add_passkey(account: str, passkey: Passkey) -> Call:
    """To go in a batch of `account`: another passkey may sign for it."""
    calldata = selector("PasskeyAccount", "addPasskey") + passkey.words
    return Call("add_passkey", account, account, calldata, 80_000)


def remove_passkey(account: str, passkey_id: str) -> Call:
    """To go in a batch of `account`: a passkey signs for it no more."""
    calldata = selector("PasskeyAccount", "removePasskey") + hash_bytes(passkey_id, "passkey_id")
    return Call("remove_passkey", account, account, calldata, 60_000)


def signature_challenge(digest: bytes, chain_id: int, account: str) -> bytes:
    """What a passkey of `account` signs to sign `digest`, such as that of an agreement."""
    return _typed_data(keccak(_PERSONAL_SIGN_TYPEHASH + digest), chain_id, account)


def execute_challenge(
    batch: Sequence[Call], nonce: int, expires_at: datetime, chain_id: int, account: str
) -> bytes:
    """What a passkey of `account` signs to have it make the calls of `batch` in order."""
    calls = b"".join(
        keccak(_CALL_TYPEHASH + _word(call.target) + keccak(call.calldata)) for call in batch
    )
    numbers = nonce.to_bytes(32) + _unix(expires_at).to_bytes(32)
    return _typed_data(keccak(_EXECUTE_TYPEHASH + keccak(calls) + numbers), chain_id, account)


def execute(
    account: str, batch: Sequence[Call], nonce: int, expires_at: datetime, signature: bytes
) -> Call:
    """The calls of `batch`, made by `account` all or none; anyone may send this.

    An empty batch cancels what else was signed for this nonce.
    """
    calldata = selector("PasskeyAccount", "execute") + encode(
        ["(address,bytes)[]", "uint256", "uint256", "bytes"],
        [
            [(address_bytes(call.target), call.calldata) for call in batch],
            nonce,
            _unix(expires_at),
            signature,
        ],
    )
    # A contract can pass on all but a 64th of its gas.
    inside = sum(call.gas_limit + _GAS_PER_CALL for call in batch) * 64 // 63
    gas_limit = CONTRACT_SIGNATURE_GAS + inside + _GAS_PER_BYTE * len(calldata)
    return Call("execute", account, account, calldata, gas_limit)


def account_nonce(node: Node, account: str, block: Block = "latest") -> int:
    """The nonce the account's next batch carries. Raises AccountUnknown, and what `Node` does."""
    told = node.call(account, selector("PasskeyAccount", "nextNonce"), block=block)
    if len(told) != 32:
        raise AccountUnknown(f"There is no passkey account at {account}; create it first.")
    return int.from_bytes(told)


def _typed_data(message: bytes, chain_id: int, account: str) -> bytes:
    domain = keccak(_DOMAIN_TYPEHASH + _NAME + _VERSION + chain_id.to_bytes(32) + _word(account))
    return keccak(b"\x19\x01" + domain + message)


def _word(address: str) -> bytes:
    return address_bytes(address).rjust(32, b"\0")


def _unix(at: datetime) -> int:
    return int(at.timestamp())
