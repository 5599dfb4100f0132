"""A development chain in Python: eth-tester's py-evm, made to last.

It mines on demand, takes txs whose gas is free from accounts without ether, and keeps every block
on disk in the commit that ends its mining, so that a kill loses at most the block in the making.
Blocks are indexed as they come: eth-tester itself takes seconds to find some thousands of logs.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from eth.abc import BlockAPI, SignedTransactionAPI
from eth.db.atomic import AtomicDB
from eth.db.backends.memory import MemoryDB
from eth.exceptions import Revert
from eth.vm.spoof import SpoofTransaction
from eth_tester.backends.pyevm.main import PyEVMBackend, get_default_genesis_params

_GAS_LIMIT = 4_000_000_000
# py-evm takes an empty list of accounts for no list at all, and makes ten rich ones.
_NO_ACCOUNTS = {b"\x01" * 20: {"balance": 0, "nonce": 0, "code": b"", "storage": {}}}
_CALL_GAS = 100_000_000
_EXECUTION_REVERTED = 3
INVALID_PARAMS = -32602
SERVER_ERROR = -32000


class RpcError(Exception):
    """An answer that is an error."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class _KeptDatabase(MemoryDB):
    """The chain's key-value database in memory, with what changed since it was last kept."""

    def __init__(self, pairs: dict[bytes, bytes]) -> None:
        super().__init__(pairs)
        self.changed: set[bytes] = set()

    def __setitem__(self, key: bytes, value: bytes) -> None:
        super().__setitem__(key, value)
        self.changed.add(key)

    def __delitem__(self, key: bytes) -> None:
        super().__delitem__(key)
        self.changed.add(key)


class _File:
    """Where the database is kept: one SQLite table."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS pairs (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID"
        )

    def read(self) -> dict[bytes, bytes]:
        return dict(self._connection.execute("SELECT key, value FROM pairs"))

    def keep(self, database: _KeptDatabase) -> None:
        """Writes what changed, in one commit."""
        changed = [(key, database.kv_store.get(key)) for key in database.changed]
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT OR REPLACE INTO pairs VALUES (?, ?)", [p for p in changed if p[1] is not None]
        )
        self._connection.executemany(
            "DELETE FROM pairs WHERE key = ?", [(key,) for key, value in changed if value is None]
        )
        self._connection.execute("COMMIT")
        database.changed.clear()

    def close(self) -> None:
        self._connection.close()


class DevChain:
    """One chain on py-evm. Not safe for threads: the server lets one request in at a time."""

    def __init__(self, directory: Path, chain_id: int, starts_at: int | None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file = _File(directory / "chain.sqlite")
        self._clock_offset = 0
        self._next_timestamp: int | None = None
        self._pool: list[SignedTransactionAPI] = []
        self._headers: list[dict[str, Any]] = []
        self._numbers: dict[str, int] = {}
        self._logs: list[list[dict[str, Any]]] = []
        self._receipts: dict[str, dict[str, Any]] = {}

        pairs = self._file.read()
        params = get_default_genesis_params(
            {"gas_limit": _GAS_LIMIT, "timestamp": starts_at or int(time.time())}
        )
        # A block below half the gas limit leaves the base fee where it is: at nothing.
        params["base_fee_per_gas"] = 0
        self._backend = PyEVMBackend(genesis_parameters=params, genesis_state=_NO_ACCOUNTS)
        chain_class = type(self._backend.chain)
        chain_class.chain_id = chain_id
        self._database = _KeptDatabase(pairs or self._backend.chain.chaindb.db.wrapped_db.kv_store)
        self._chain = self._backend.chain = chain_class(AtomicDB(self._database))
        if not pairs:
            self._database.changed.update(self._database.kv_store)
            self._file.keep(self._database)
        for number in range(self._chain.get_canonical_head().block_number + 1):
            self._index(self._chain.get_canonical_block_by_number(number))
        if starts_at is not None:
            self.set_time(starts_at)

    def close(self) -> None:
        self._file.close()

    @property
    def head(self) -> int:
        return len(self._headers) - 1

    # ------------------------------------------------------------ reading

    def chain_id(self) -> str:
        return hex(self._chain.chain_id)

    def block_number(self) -> str:
        return hex(self.head)

    def block_by_number(self, block: str, _with_txs: bool = False) -> dict[str, Any] | None:
        number = self._number(block)
        return self._headers[number] if 0 <= number <= self.head else None

    def block_by_hash(self, block_hash: str, _with_txs: bool = False) -> dict[str, Any] | None:
        number = self._numbers.get(block_hash.lower())
        return None if number is None else self._headers[number]

    def logs(self, query: Mapping[str, Any]) -> list[dict[str, Any]]:
        if "blockHash" in query:
            number = self._numbers.get(str(query["blockHash"]).lower())
            if number is None:
                raise RpcError(SERVER_ERROR, "unknown block")
            numbers = range(number, number + 1)
        else:
            first = self._number(query.get("fromBlock", "latest"))
            last = self._number(query.get("toBlock", "latest"))
            numbers = range(max(first, 0), min(last, self.head) + 1)
        if query.get("topics"):
            raise RpcError(INVALID_PARAMS, "this node does not filter by topics")
        asked = query.get("address")
        wanted = {one.lower() for one in ([asked] if isinstance(asked, str) else asked or ())}
        return [
            log
            for number in numbers
            for log in self._logs[number]
            if not wanted or log["address"] in wanted
        ]

    def receipt(self, tx_hash: str) -> dict[str, Any] | None:
        return self._receipts.get(tx_hash.lower())

    def code(self, account: str, block: str = "latest") -> str:
        return _hex(self._state(block).get_code(_octets(account)))

    def nonce(self, account: str, block: str = "latest") -> str:
        sender = _octets(account)
        nonce = int(self._state(block).get_nonce(sender))
        if block == "pending":
            pooled = {tx.nonce for tx in self._pool if tx.sender == sender}
            while nonce in pooled:
                nonce += 1
        return hex(nonce)

    def call(self, call: Mapping[str, str], block: str | Mapping[str, str] = "latest") -> str:
        header = self._chain.get_canonical_block_header_by_number(self._block_of(block))
        vm = self._chain.get_vm(at_header=header)
        tx = vm.create_unsigned_transaction(
            nonce=0,
            gas_price=0,
            gas=int(call["gas"], 16) if "gas" in call else _CALL_GAS,
            to=_octets(call["to"]),
            value=0,
            data=_octets(call.get("data") or call.get("input") or "0x"),
        )
        sender = _octets(call.get("from") or "0x" + "00" * 20)
        computation = vm.state.apply_transaction(
            SpoofTransaction(tx, from_=sender, nonce=vm.state.get_nonce(sender))
        )
        if computation.is_error:
            error = computation.error
            if isinstance(error, Revert):
                reason = error.args[0] if error.args else b""
                raise RpcError(_EXECUTION_REVERTED, "execution reverted", _hex(bytes(reason)))
            raise RpcError(SERVER_ERROR, f"execution failed: {type(error).__name__}")
        return _hex(computation.output)

    # ------------------------------------------------------------ writing

    def send(self, raw: str) -> str:
        try:
            tx = self._chain.get_vm().get_transaction_builder().decode(_octets(raw))
            tx.validate()
            sender = tx.sender
        except Exception as error:
            raise RpcError(SERVER_ERROR, f"invalid transaction: {error}") from error
        tx_hash = _hex(tx.hash)
        if tx_hash in self._receipts or any(one.hash == tx.hash for one in self._pool):
            raise RpcError(SERVER_ERROR, "already known")
        if tx.chain_id not in (None, self._chain.chain_id):
            raise RpcError(SERVER_ERROR, "invalid chain id for signer")
        if tx.nonce < self._state("latest").get_nonce(sender):
            raise RpcError(SERVER_ERROR, "nonce too low")
        if any(one.sender == sender and one.nonce == tx.nonce for one in self._pool):
            raise RpcError(SERVER_ERROR, "replacement transaction underpriced")
        if tx.gas > _GAS_LIMIT:
            raise RpcError(SERVER_ERROR, "exceeds block gas limit")
        self._pool.append(tx)
        return tx_hash

    def mine(self) -> str:
        """Mines what is pending, in the order it came, into one block."""
        parent = self._chain.get_canonical_head().timestamp
        now = int(time.time()) + self._clock_offset
        timestamp = max(parent + 1, self._next_timestamp or now)
        self._next_timestamp = None
        self._clock_offset = timestamp - int(time.time())
        self._chain.header = self._chain.header.copy(timestamp=timestamp)
        waiting = self._pool
        while waiting:
            later = [tx for tx in waiting if not self._applied(tx)]
            if len(later) == len(waiting):
                break
            waiting = later
        # Those behind a gap of nonces wait for it to be filled.
        self._pool = [tx for tx in waiting if tx.nonce > self._pending_nonce(tx.sender)]
        self._backend.mine_blocks(1)
        self._file.keep(self._database)
        self._index(self._chain.get_canonical_block_by_number(self.head + 1))
        return "0x0"

    def set_next_timestamp(self, timestamp: int | str) -> None:
        wanted = _whole(timestamp)
        if wanted <= self._chain.get_canonical_head().timestamp:
            raise RpcError(INVALID_PARAMS, "timestamp is not after the latest block")
        self._next_timestamp = wanted

    def set_time(self, timestamp: int | str) -> int:
        self._clock_offset = _whole(timestamp) - int(time.time())
        return self._clock_offset

    def _applied(self, tx: SignedTransactionAPI) -> bool:
        if tx.nonce != self._pending_nonce(tx.sender):
            return False
        self._chain.apply_transaction(tx)
        return True

    def _pending_nonce(self, sender: bytes) -> int:
        return int(self._chain.get_vm().state.get_nonce(sender))

    # ------------------------------------------------------------ blocks

    def _number(self, block: object) -> int:
        if block == "earliest":
            return 0
        if isinstance(block, str) and block.startswith("0x"):
            return int(block, 16)
        if block in ("latest", "pending", "safe", "finalized"):
            return self.head
        raise RpcError(INVALID_PARAMS, f"not a block: {block!r}")

    def _block_of(self, block: str | Mapping[str, str]) -> int:
        if isinstance(block, Mapping):
            number = self._numbers.get(str(block.get("blockHash")).lower(), -1)
        else:
            number = self._number(block)
        if not 0 <= number <= self.head:
            raise RpcError(SERVER_ERROR, "header not found")
        return number

    def _state(self, block: str) -> Any:
        header = self._chain.get_canonical_block_header_by_number(self._block_of(block))
        return self._chain.get_vm(at_header=header).state

    def _index(self, block: BlockAPI) -> None:
        header = block.header
        number, block_hash = hex(header.block_number), _hex(header.hash)
        receipts = block.get_receipts(self._chain.chaindb)
        bloom = 0
        logs: list[dict[str, Any]] = []
        gas_before = 0
        for tx, receipt in zip(block.transactions, receipts, strict=True):
            tx_hash = _hex(tx.hash)
            bloom |= receipt.bloom
            for log in receipt.logs:
                logs.append(
                    {
                        "address": _hex(log.address),
                        "topics": ["0x" + topic.to_bytes(32).hex() for topic in log.topics],
                        "data": _hex(log.data),
                        "blockNumber": number,
                        "blockHash": block_hash,
                        "blockTimestamp": hex(header.timestamp),
                        "transactionHash": tx_hash,
                        "logIndex": hex(len(logs)),
                        "removed": False,
                    }
                )
            self._receipts[tx_hash] = {
                "transactionHash": tx_hash,
                "blockNumber": number,
                "blockHash": block_hash,
                "status": "0x1" if receipt.state_root == b"\x01" else "0x0",
                "gasUsed": hex(receipt.gas_used - gas_before),
            }
            gas_before = receipt.gas_used
        self._numbers[block_hash] = header.block_number
        self._logs.append(logs)
        self._headers.append(
            {
                "number": number,
                "hash": block_hash,
                "parentHash": _hex(header.parent_hash),
                "timestamp": hex(header.timestamp),
                "logsBloom": "0x" + bloom.to_bytes(256).hex(),
                "extraData": _hex(header.extra_data),
                "baseFeePerGas": "0x0",
                "gasLimit": hex(header.gas_limit),
                "gasUsed": hex(header.gas_used),
                "transactions": [_hex(tx.hash) for tx in block.transactions],
            }
        )


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _octets(text: str) -> bytes:
    if not text.startswith("0x"):
        raise ValueError(f"not hexadecimal: {text[:20]!r}")
    return bytes.fromhex(text[2:])


def _whole(value: int | str) -> int:
    return int(value, 16) if isinstance(value, str) else int(value)
