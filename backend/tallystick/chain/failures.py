"""What can go wrong between the house and a node.

Unavailable
 ├─ NodeUnavailable     no answer: refused, reset, timed out, or an HTTP error      retryable
 ├─ NodeBusy            the node limits how often it is asked                       retryable
 ├─ NodeLagging         the node lacks the block, or is changing it                 retryable
 ├─ RangeTooLarge       too many blocks or logs in one question           retryable, smaller
 └─ NodeRefused         the node will not answer this question                          fatal
Corrupt
 ├─ NodeAnswerInvalid   the answer is not what the protocol allows                      fatal
 └─ WrongChain          the node is of another chain                                    fatal
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tallystick.chain.bindings import decode_revert
from tallystick.chain.refusals import LedgerRefused
from tallystick.kernel.errors import Corrupt, TallystickError, Unavailable


class NodeUnavailable(Unavailable):
    title = "Node unavailable"
    is_retryable: ClassVar[bool] = True


class NodeBusy(Unavailable):
    title = "Node busy"
    is_retryable: ClassVar[bool] = True


class NodeLagging(Unavailable):
    title = "Node lagging"
    is_retryable: ClassVar[bool] = True


class RangeTooLarge(Unavailable):
    title = "Range too large"
    is_retryable: ClassVar[bool] = True


class NodeRefused(Unavailable):
    title = "Node refused"
    is_retryable: ClassVar[bool] = False


class NodeAnswerInvalid(Corrupt):
    title = "Invalid answer from the node"
    is_retryable: ClassVar[bool] = False


class WrongChain(Corrupt):
    title = "Wrong chain"
    is_retryable: ClassVar[bool] = False


_METHOD_UNKNOWN = -32601
_LIMIT_EXCEEDED = -32005
# Words nodes are known to use; compared in lower case.
_RANGE_WORDS = (
    "query returned more than",
    "block range",
    "range too large",
    "exceeds the range",
    "range is too",
    "response size",
    "response too",
    "too many blocks",
    "too many results",
    "max results",
    "batch too large",
    "too large",
    "query timeout",
    "logs matched by query exceeds",
)
_BUSY_WORDS = ("rate limit", "too many requests", "request limit", "limit exceeded", "overloaded")
_LAGGING_WORDS = (
    "header not found",
    "unknown block",
    "block not found",
    "blockoutofrange",
    "block is out of range",
    "beyond current head",
    "missing trie node",
    "state not available",
    "state is not available",
    "resource not found",
    "historical state",
)
_REVERT_WORDS = ("execution reverted", "vm execution error", "revert", "vm exception")


def failure_of(method: str, error: Mapping[str, Any]) -> TallystickError:
    """The exception a JSON-RPC `error` object to `method` stands for; revert data is decoded."""
    code, message = error["code"], error["message"]
    if method in ("eth_call", "eth_estimateGas") and (
        refusal := _refusal(code, message, error.get("data"))
    ):
        return refusal
    words = message.lower()
    told = f"{method} was answered by error {code}: {message}"
    if method == "eth_getLogs" and (
        code == _LIMIT_EXCEEDED or any(known in words for known in _RANGE_WORDS)
    ):
        return RangeTooLarge(f"{told}. Ask for fewer blocks.", method=method)
    if any(known in words for known in _LAGGING_WORDS):
        return NodeLagging(f"{told}. The node lacks the block; ask again.", method=method)
    if code in (_LIMIT_EXCEEDED, 429) or any(known in words for known in _BUSY_WORDS):
        return NodeBusy(f"{told}. Ask less often.", method=method)
    if code == _METHOD_UNKNOWN:
        return NodeRefused(
            f"The node does not know {method}; use a node that offers it.", method=method
        )
    return NodeRefused(f"{told}.", method=method, code=code)


def _refusal(code: int, message: str, data: object) -> LedgerRefused | None:
    """The revert in an error, wherever this kind of node puts its data."""
    if isinstance(data, dict):
        data = data.get("data", data.get("result"))
    if isinstance(data, str):
        # Some prefix the data with "Reverted ".
        digits = data[data.find("0x") + 2 :] if "0x" in data else ""
        try:
            return decode_revert(bytes.fromhex(digits))
        except ValueError:
            pass
    if code == 3 or any(known in message.lower() for known in _REVERT_WORDS):
        return decode_revert(b"")
    return None
