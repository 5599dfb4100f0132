"""The Python development chain: the same house runs on it, and it lasts."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tallystick.chain import calls
from tallystick.chain.embedded import EmbeddedChain, embedded_chain
from tallystick.chain.failures import NodeRefused
from tallystick.chain.ledger import LedgerReader
from tallystick.chain.refusals import LedgerRefused
from tallystick.chain.sending import SendStatus
from tallystick.chain.signers import Tx
from tallystick.loans.loan import Status
from tests.fixtures.chain import STARTS_AT, World


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedChain]:
    with embedded_chain(tmp_path_factory.mktemp("empty"), kind="eth-tester") as chain:
        yield chain


def test_a_loan_lives_on_it_and_outlasts_kill_and_restart(tmp_path: Path) -> None:
    with embedded_chain(tmp_path / "chain", kind="eth-tester", starts_at=STARTS_AT) as chain:
        world = World(chain)
        terms = world.terms(instalments=2)
        loan_id = world.originate(terms)
        world.disburse(terms)
        with pytest.raises(LedgerRefused) as refused:
            world.pay(terms, "supplier", 1_000, "securities")
        assert refused.value.type == "purpose_not_agreed"
        world.pay(terms, "supplier", 1_000)
        head = chain.node.header("latest")
        os.kill(chain.pid, signal.SIGKILL)
    with embedded_chain(tmp_path / "chain", kind="eth-tester") as chain:
        assert chain.node.header("latest") == head
        reader = LedgerReader(chain.node, world.deployment)
        loan = reader.loan(loan_id)
        assert loan is not None
        assert (loan.status, loan.account.controlled_minor) == (Status.ACTIVE, 1_200_000 - 1_000)
        logs = chain.node.logs(0, head.number, world.deployment.addresses)
        assert [log.block_number for log in logs] == sorted(log.block_number for log in logs)
        assert int(chain.now().timestamp()) == head.timestamp


def test_txs_of_one_account_share_a_block_and_gaps_wait(tmp_path: Path) -> None:
    with embedded_chain(tmp_path / "chain", kind="eth-tester", starts_at=STARTS_AT) as chain:
        world = World(chain)
        key = world.key("borrower")
        (nonce,) = chain.node.nonces([key.address])
        approve = calls.approve(world.deployment, world.address("lender"), 5)
        txs = [
            key.sign_tx(Tx(chain.chain_id, nonce + n, approve.target, approve.calldata, 100_000))
            for n in (0, 1, 3)
        ]
        outcomes = chain.node.send_raw([tx.raw for tx in txs])
        assert {outcome.status for outcome in outcomes} == {SendStatus.ACCEPTED}
        assert chain.node.send_raw([txs[0].raw])[0].status is SendStatus.KNOWN
        assert chain.node.nonces([key.address], "pending") == [nonce + 2]
        chain.mine()
        receipts = chain.node.receipts([tx.hash for tx in txs])
        first, second = receipts[0], receipts[1]
        assert first is not None
        assert second is not None
        assert first.block_number == second.block_number
        assert receipts[2] is None
        assert chain.node.send_raw([txs[0].raw])[0].status is SendStatus.KNOWN
        gap = key.sign_tx(Tx(chain.chain_id, nonce + 2, approve.target, approve.calldata, 100_000))
        chain.node.send_raw([gap.raw])
        chain.mine()
        assert None not in chain.node.receipts([txs[2].hash, gap.hash])


def test_its_clock_goes_on_and_never_back(tmp_path: Path) -> None:
    with embedded_chain(tmp_path / "chain", kind="eth-tester", starts_at=STARTS_AT) as chain:
        chain.set_time(STARTS_AT + timedelta(days=30))
        chain.mine()
        assert chain.now() == STARTS_AT + timedelta(days=30)
        chain.mine()
        assert chain.now() < STARTS_AT + timedelta(days=30, minutes=1)
        with pytest.raises(NodeRefused):
            chain.node.rpc("evm_setNextBlockTimestamp", [int(STARTS_AT.timestamp())])


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("eth_accounts", []),
        ("eth_getBlockByNumber", ["tomorrow", False]),
        ("eth_call", [{}, "latest"]),
        ("eth_getCode", []),
        ("eth_sendRawTransaction", ["0x00"]),
        ("eth_getTransactionCount", ["no address", "latest"]),
    ],
)
def test_a_wrong_question_is_refused(
    empty: EmbeddedChain, method: str, params: list[object]
) -> None:
    with pytest.raises(NodeRefused):
        empty.node.rpc(method, params)
    assert empty.node.header("latest").number == 0
