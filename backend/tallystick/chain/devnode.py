"""The Python development node: `tallystick.chain.devchain` behind JSON-RPC on loopback.

    python -m tallystick.chain.devnode --directory DIR --chain-id N --port P [--timestamp T]

For machines without anvil: slow (some fifty txs a second), and for one machine only.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from eth.exceptions import VMError
from eth_utils.exceptions import ValidationError

from tallystick.chain.devchain import INVALID_PARAMS, SERVER_ERROR, DevChain, RpcError

_METHOD_UNKNOWN = -32601
_NOT_JSON = -32700
_NOT_A_REQUEST = -32600


class _Server:
    """JSON-RPC, single and in batches, one request at a time."""

    def __init__(self, chain: DevChain) -> None:
        self._chain = chain
        self._turn = threading.Lock()
        self._interval: threading.Timer | None = None
        self._methods: Mapping[str, Callable[..., Any]] = {
            "eth_chainId": chain.chain_id,
            "eth_blockNumber": chain.block_number,
            "eth_getBlockByNumber": chain.block_by_number,
            "eth_getBlockByHash": chain.block_by_hash,
            "eth_getLogs": chain.logs,
            "eth_getTransactionReceipt": chain.receipt,
            "eth_getTransactionCount": chain.nonce,
            "eth_getCode": chain.code,
            "eth_call": chain.call,
            "eth_gasPrice": lambda: "0x0",
            "eth_sendRawTransaction": chain.send,
            "evm_mine": chain.mine,
            "evm_setTime": chain.set_time,
            "evm_setNextBlockTimestamp": chain.set_next_timestamp,
            "evm_setIntervalMining": self._mine_every,
        }

    def answer(self, body: bytes) -> bytes:
        try:
            asked = json.loads(body)
        except ValueError:
            return json.dumps(_error(None, RpcError(_NOT_JSON, "not JSON"))).encode()
        with self._turn:
            if isinstance(asked, list):
                return json.dumps([self._one(one) for one in asked]).encode()
            return json.dumps(self._one(asked)).encode()

    def stop(self) -> None:
        with self._turn:
            self._mine_every(0)
            self._chain.close()

    def _one(self, asked: Any) -> dict[str, Any]:
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            return _error(None, RpcError(_NOT_A_REQUEST, "not a request"))
        method = self._methods.get(asked["method"])
        if method is None:
            error = RpcError(_METHOD_UNKNOWN, f"the method {asked['method']} is not known here")
            return _error(asked.get("id"), error)
        try:
            result = method(*asked.get("params", ()))
        except RpcError as error:
            return _error(asked.get("id"), error)
        except (ValidationError, VMError) as error:
            return _error(asked.get("id"), RpcError(SERVER_ERROR, str(error)))
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            return _error(asked.get("id"), RpcError(INVALID_PARAMS, f"invalid params: {error}"))
        return {"jsonrpc": "2.0", "id": asked.get("id"), "result": result}

    def _mine_every(self, seconds: int) -> None:
        if self._interval is not None:
            self._interval.cancel()
            self._interval = None
        if seconds:
            self._interval = threading.Timer(seconds, self._mine_in_turn, [seconds])
            self._interval.daemon = True
            self._interval.start()

    def _mine_in_turn(self, seconds: int) -> None:
        with self._turn:
            if self._interval is not None:
                self._chain.mine()
                self._mine_every(seconds)


def _error(asked_id: Any, error: RpcError) -> dict[str, Any]:
    told: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.data is not None:
        told["data"] = error.data
    return {"jsonrpc": "2.0", "id": asked_id, "error": told}


def main() -> None:
    parser = argparse.ArgumentParser(description="The Python development chain.")
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--chain-id", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--timestamp", type=int)
    options = parser.parse_args()
    server = _Server(DevChain(options.directory, options.chain_id, options.timestamp))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Answers go out in two writes; waiting for the first to be acknowledged costs 40 ms.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = server.answer(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", options.port), Handler) as http:
        http.daemon_threads = True

        def end(*_: object) -> None:
            threading.Thread(target=http.shutdown).start()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        http.serve_forever(poll_interval=0.05)
    server.stop()


if __name__ == "__main__":
    main()
