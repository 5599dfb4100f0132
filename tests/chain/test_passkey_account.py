"""Accounts that passkeys sign for, on a real chain, with answers of real authenticators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode

from tallystick.chain import calls
from tallystick.chain.answers import Receipt
from tallystick.chain.bindings import abi, bytecode, event_topics, selector
from tallystick.chain.calls import Call
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.messages import signing_digest
from tallystick.chain.passkey import Passkey, encode_signature, read_assertion, read_passkey
from tallystick.chain.passkey_account import (
    AccountUnknown,
    account_address,
    account_nonce,
    add_passkey,
    create_account,
    execute,
    execute_challenge,
    remove_passkey,
    signature_challenge,
)
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.signatures import is_signed_by
from tallystick.chain.signers import Tx
from tallystick.parties.roles import PartyRole
from tests.chain.authenticators import (
    Authenticator,
    SoftwareAuthenticator,
    browser_authenticator,
    browser_path,
)
from tests.fixtures.chain import World, digest_of

DIGEST = bytes.fromhex(digest_of("what is agreed")[2:])
SECOND_ACCOUNT = digest_of("second account")
RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded_passkey.json").read_text())


@pytest.fixture(scope="module")
def chromium() -> Iterator[Authenticator]:
    path = browser_path()
    if path is None:
        pytest.skip("NO BROWSER: install chromium to test passkeys with a real one")
    with browser_authenticator(path) as authenticator:
        yield authenticator


@pytest.fixture
def software() -> Authenticator:
    return SoftwareAuthenticator()


@pytest.fixture(params=["software", "chromium"])
def authenticator(request: pytest.FixtureRequest) -> Authenticator:
    chosen: Authenticator = request.getfixturevalue(request.param)
    return chosen


@pytest.fixture
def factory(world: World) -> str:
    """A factory at the same address in every run."""
    deployer = world.key("deployer of passkey accounts")
    code = bytecode("PasskeyAccountFactory")
    tx = deployer.sign_tx(Tx(world.chain.chain_id, 0, None, code, 5_000_000))
    world.node.send_raw([tx.raw])
    world.chain.mine()
    (receipt,) = world.node.receipts([tx.hash])
    assert receipt is not None
    assert receipt.contract_address is not None
    return receipt.contract_address


@dataclass(frozen=True)
class Holder:
    """Someone with a passkey, who signs for an account."""

    world: World
    authenticator: Authenticator
    credential: str
    passkey: Passkey
    account: str

    def sign(self, challenge: bytes) -> bytes:
        answer = self.authenticator.sign(challenge, self.credential)
        return encode_signature(self.passkey, read_assertion(answer), challenge)

    def signature(self, digest: bytes) -> bytes:
        return self.sign(signature_challenge(digest, self.world.chain.chain_id, self.account))

    def signed(
        self, *batch: Call, expires_at: datetime | None = None, nonce: int | None = None
    ) -> Call:
        """The call by which anyone has the account make the calls of `batch`."""
        expires_at = expires_at or self.world.now() + timedelta(minutes=10)
        if nonce is None:
            nonce = account_nonce(self.world.node, self.account)
        chain_id = self.world.chain.chain_id
        challenge = execute_challenge(batch, nonce, expires_at, chain_id, self.account)
        return execute(self.account, batch, nonce, expires_at, self.sign(challenge))

    def execute(self, *batch: Call) -> Receipt:
        # The relayer has no part in it: no role, no money.
        return self.world.send(self.signed(*batch), "stranger")

    def is_signed(self, digest: bytes, signature: bytes) -> bool:
        return is_signed_by(self.world.node, self.account, digest, signature)


def new_holder(
    world: World, factory: str, authenticator: Authenticator, account: str | None = None
) -> Holder:
    """Registers a passkey; it is for `account`, or for one of its own that is made here."""
    registration = authenticator.register()
    passkey = read_passkey(registration)
    if account is None:
        account = account_address(factory, passkey)
        world.send(create_account(factory, passkey), "stranger")
    return Holder(world, authenticator, registration["id"], passkey, account)


def admit(world: World, account: str, amount_minor: int = 0) -> None:
    """Registers the account as a borrower with money."""
    on = world.deployment
    commitment = digest_of(account)
    world.send(calls.register_party(on, account, PartyRole.BORROWER, 0, commitment), "registrar")
    if amount_minor:
        reference = digest_of(f"money for {account}")
        world.send(calls.mint(on, account, amount_minor, reference), "settlement_bank")


def balance(world: World, party: str) -> int:
    return LedgerReader(world.node, world.deployment).balances([party])[party]


# ------------------------------------------------------------ with every authenticator


def test_a_passkey_signs_and_moves_money(
    world: World, factory: str, authenticator: Authenticator
) -> None:
    holder = new_holder(world, factory, authenticator)
    admit(world, holder.account, 1_000)

    signature = holder.signature(DIGEST)
    assert holder.is_signed(DIGEST, signature)
    assert not holder.is_signed(bytes(32), signature)

    on, supplier = world.deployment, world.address("supplier")
    batch = holder.signed(calls.approve(on, on.loan_ledger, 700), calls.transfer(on, supplier, 250))
    before = balance(world, supplier)
    receipt = world.send(batch, "stranger")
    assert balance(world, supplier) == before + 250
    assert balance(world, holder.account) == 750
    reader = LedgerReader(world.node, on)
    assert reader.allowance(holder.account, on.loan_ledger) == 700
    assert 0.2 < receipt.gas_used / batch.gas_limit < 0.8

    with pytest.raises(LedgerRefused) as refused:
        world.send(batch, "borrower")
    assert refused.value.type == "nonce_invalid"
    assert refused.value.arguments == {"nonce": 0, "expectedNonce": 1}
    assert balance(world, holder.account) == 750


def test_a_recorded_answer_of_a_browser(world: World, factory: str) -> None:
    """Made once by Chromium with its virtual authenticator, for this factory and chain."""
    assert RECORDED["chain_id"] == world.chain.chain_id
    passkey = read_passkey(RECORDED["registration"])
    account = account_address(factory, passkey)
    assert account == RECORDED["account"]
    world.send(create_account(factory, passkey), "stranger")

    digest = bytes.fromhex(RECORDED["digest"])
    challenge = signature_challenge(digest, world.chain.chain_id, account)
    signature = encode_signature(passkey, read_assertion(RECORDED["answer"]), challenge)
    assert is_signed_by(world.node, account, digest, signature)
    assert not is_signed_by(world.node, account, DIGEST, signature)


def test_a_loan_of_a_borrower_with_a_passkey(
    world: World, factory: str, authenticator: Authenticator
) -> None:
    holder = new_holder(world, factory, authenticator)
    admit(world, holder.account)
    on, chain_id = world.deployment, world.chain.chain_id
    terms = world.terms(instalments=3, borrower=holder.account)
    lender, _ = world.signatures(terms)
    borrower = holder.signature(signing_digest(terms, chain_id, on.loan_ledger))
    originate = calls.originate(on, terms, (lender, borrower))
    receipt = world.send(originate, "servicer")
    assert 0.2 < receipt.gas_used / originate.gas_limit < 0.9
    world.disburse(terms)

    holder.execute(calls.withdraw(on, terms, 250_000))
    assert balance(world, holder.account) == 250_000

    due = terms.instalments[0]
    world.go_to(due.due_on)
    holder.execute(calls.approve(on, on.loan_ledger, 250_000), calls.repay(on, terms, 200_000))
    assert balance(world, holder.account) == 50_000
    owed = LedgerReader(world.node, on).owed(terms, world.now())
    left = due.principal_minor + due.interest_minor - 200_000
    assert owed.principal_minor + owed.interest_minor == left


def test_another_passkey_signs_no_loan(world: World, factory: str, software: Authenticator) -> None:
    holder, other = (new_holder(world, factory, software) for _ in range(2))
    admit(world, holder.account)
    on = world.deployment
    terms = world.terms(borrower=holder.account)
    lender, _ = world.signatures(terms)
    digest = signing_digest(terms, world.chain.chain_id, on.loan_ledger)
    for wrong in (other.signature(digest), holder.sign(digest), holder.signature(bytes(32))):
        with pytest.raises(LedgerRefused) as refused:
            world.send(calls.originate(on, terms, (lender, wrong)), "servicer")
        assert refused.value.type == "signature_invalid"
        assert refused.value.arguments == {"signer": holder.account}


# ------------------------------------------------------------ addresses and challenges


def test_the_address_is_known_before_the_account_is(
    world: World, factory: str, software: Authenticator
) -> None:
    passkey = read_passkey(software.register())
    first, second = (
        account_address(factory, passkey),
        account_address(factory, passkey, SECOND_ACCOUNT),
    )
    assert first != second
    with pytest.raises(AccountUnknown):
        account_nonce(world.node, first)
    world.send(create_account(factory, passkey), "stranger")
    world.send(create_account(factory, passkey, SECOND_ACCOUNT), "stranger")
    for account in (first, second):
        assert account_nonce(world.node, account) == 0
    # Once more finds it made.
    call = create_account(factory, passkey)
    receipt = world.send(call, "stranger")
    assert receipt.gas_used < call.gas_limit / 2
    assert world.node.logs(receipt.block_number, receipt.block_number, [factory, first]) == []


def test_challenges_are_those_of_the_contract(
    world: World, factory: str, software: Authenticator
) -> None:
    account, chain_id = new_holder(world, factory, software).account, world.chain.chain_id
    asked = selector("PasskeyAccount", "challengeOf") + DIGEST
    assert world.node.call(account, asked) == signature_challenge(DIGEST, chain_id, account)

    expires_at = world.now()
    on = world.deployment
    batches: list[list[Call]] = [
        [],
        [calls.claim(on, account)],
        [calls.approve(on, account, 2**255), calls.repay(on, world.terms(instalments=5), 7)],
    ]
    for nonce, batch in enumerate(batches):
        asked = selector("PasskeyAccount", "challengeOfExecute") + encode(
            ["(address,bytes)[]", "uint256", "uint256"],
            [[(c.target, c.calldata) for c in batch], nonce, int(expires_at.timestamp())],
        )
        ours = execute_challenge(batch, nonce, expires_at, chain_id, account)
        assert world.node.call(account, asked) == ours


def test_one_passkey_signs_for_one_of_its_accounts_at_a_time(
    world: World, factory: str, software: Authenticator
) -> None:
    holder = new_holder(world, factory, software)
    world.send(create_account(factory, holder.passkey, SECOND_ACCOUNT), "stranger")
    second = account_address(factory, holder.passkey, SECOND_ACCOUNT)
    signature = holder.signature(DIGEST)
    assert is_signed_by(world.node, holder.account, DIGEST, signature)
    assert not is_signed_by(world.node, second, DIGEST, signature)

    batch = holder.signed()
    with pytest.raises(LedgerRefused) as refused:
        world.send(replace(batch, target=second), "stranger")
    assert refused.value.type == "assertion_invalid"


# ------------------------------------------------------------ batches


def test_a_failing_call_undoes_the_batch_and_says_why(
    world: World, factory: str, software: Authenticator
) -> None:
    holder = new_holder(world, factory, software)
    admit(world, holder.account, 100)
    on, supplier = world.deployment, world.address("supplier")
    with pytest.raises(LedgerRefused) as refused:
        holder.execute(calls.transfer(on, supplier, 60), calls.transfer(on, supplier, 60))
    assert refused.value.error == "ERC20InsufficientBalance"
    assert refused.value.arguments["balance"] == 40
    assert balance(world, holder.account) == 100
    assert account_nonce(world.node, holder.account) == 0


def test_a_batch_expires(world: World, factory: str, software: Authenticator) -> None:
    holder = new_holder(world, factory, software)
    batch = holder.signed(expires_at=world.now() + timedelta(minutes=1))
    world.go_to(world.now() + timedelta(minutes=2))
    with pytest.raises(LedgerRefused) as refused:
        world.send(batch, "stranger")
    assert refused.value.type == "deadline_passed"


def test_an_empty_batch_cancels_what_was_signed(
    world: World, factory: str, software: Authenticator
) -> None:
    holder = new_holder(world, factory, software)
    admit(world, holder.account, 100)
    pending = holder.signed(calls.transfer(world.deployment, world.address("supplier"), 60))
    holder.execute()
    with pytest.raises(LedgerRefused) as refused:
        world.send(pending, "stranger")
    assert refused.value.type == "nonce_invalid"


# ------------------------------------------------------------ passkeys


def test_a_passkey_is_replaced(world: World, factory: str, authenticator: Authenticator) -> None:
    old = new_holder(world, factory, authenticator)
    new = new_holder(world, factory, authenticator, old.account)
    before = old.signature(DIGEST)
    assert not new.is_signed(DIGEST, new.signature(DIGEST))

    old.execute(
        add_passkey(old.account, new.passkey), remove_passkey(old.account, old.passkey.passkey_id)
    )
    assert new.is_signed(DIGEST, new.signature(DIGEST))
    assert not old.is_signed(DIGEST, before)
    with pytest.raises(LedgerRefused) as refused:
        old.execute()
    assert refused.value.type == "assertion_invalid"
    with pytest.raises(LedgerRefused) as refused:
        new.execute(remove_passkey(new.account, new.passkey.passkey_id))
    assert refused.value.type == "passkey_is_last"
    assert refused.value.arguments == {"passkeyId": new.passkey.passkey_id}


def test_what_happened_is_in_the_events(
    world: World, factory: str, software: Authenticator
) -> None:
    holder = new_holder(world, factory, software)
    second = new_holder(world, factory, software, holder.account)
    receipt = holder.execute(add_passkey(holder.account, second.passkey))
    logs = world.node.logs(receipt.block_number, receipt.block_number, [holder.account])
    names = event_topics("PasskeyAccount")
    executed, added = logs
    assert [names[log.topics[:32]] for log in logs] == ["CallsExecuted", "PasskeyAdded"]
    assert "0x" + executed.topics[64:].hex() == holder.passkey.passkey_id
    assert "0x" + added.topics[32:].hex() == second.passkey.passkey_id
    assert added.data == second.passkey.words


def test_nobody_else_can_change_passkeys(
    world: World, factory: str, software: Authenticator
) -> None:
    holder = new_holder(world, factory, software)
    stranger = new_holder(world, factory, software)
    for sender in ("deployer", "registrar", "guardian", "stranger"):
        with pytest.raises(LedgerRefused) as refused:
            world.send(add_passkey(holder.account, stranger.passkey), sender)
        assert refused.value.type == "caller_not_account"
    with pytest.raises(LedgerRefused) as refused:
        stranger.execute(add_passkey(holder.account, stranger.passkey))
    assert refused.value.type == "caller_not_account"
    (initialize,) = (e for e in abi("PasskeyAccount") if e.get("name") == "initialize")
    assert [i["type"] for i in initialize["inputs"]] == ["bytes32", "bytes32"]
    again = Call(
        "initialize",
        holder.account,
        holder.account,
        selector("PasskeyAccount", "initialize") + stranger.passkey.words,
        100_000,
    )
    with pytest.raises(LedgerRefused) as refused:
        world.send(again, "deployer")
    assert refused.value.type == "caller_not_factory"
