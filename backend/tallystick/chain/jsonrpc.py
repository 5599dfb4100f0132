"""JSON-RPC 2.0: questions in batches, each answered once, by a result of the shape asked for."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tallystick.chain.failures import NodeAnswerInvalid, NodeUnavailable, failure_of
from tallystick.chain.transport import Transport
from tallystick.kernel.errors import TallystickError

# Nodes limit batches by number (geth 1,000, many providers 100) and by bytes (from 2 MB on).
BATCH_REQUESTS_MAX = 500
BATCH_BYTES_MAX = 1_500_000

Request = tuple[str, Sequence[Any]]
"""A method and its params."""


class _Error(msgspec.Struct):
    code: int
    message: str
    data: Any = None


class _Answer(msgspec.Struct):
    jsonrpc: str
    id: int | None
    result: msgspec.Raw = msgspec.Raw(b"")
    error: _Error | None = None


class JsonRpc:
    """Asks through `transport`; `waited_seconds` adds up how long, over all threads."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._ids = itertools.count(1)
        self.waited_seconds = 0.0

    def ask(self, method: str, params: Sequence[Any], shape: Any) -> Any:
        """The result of one method, of `shape`. Raises what the node's error stands for."""
        (answer,) = self._exchange([(method, params)])
        return unless_failed(_read(method, answer, shape))

    def ask_each(self, requests: Sequence[Request], shape: Any) -> list[Any]:
        """One result or exception per request, in as few batches as nodes take."""
        results: list[Any] = []
        for batch in self._batches(requests):
            answers = self._exchange(batch)
            results += [
                _read(method, answer, shape)
                for (method, _params), answer in zip(batch, answers, strict=True)
            ]
        return results

    def _batches(self, requests: Sequence[Request]) -> Iterator[list[Request]]:
        batch: list[Request] = []
        size = 0
        for request in requests:
            request_size = 100 + sum(_size(param) for param in request[1])
            if batch and (
                len(batch) == BATCH_REQUESTS_MAX or size + request_size > BATCH_BYTES_MAX
            ):
                yield batch
                batch, size = [], 0
            batch.append(request)
            size += request_size
        if batch:
            yield batch

    def _exchange(self, batch: Sequence[Request]) -> list[_Answer]:
        """The answers in the order of the questions, whatever order the node chose."""
        ids = [next(self._ids) for _ in batch]
        questions = [
            {"jsonrpc": "2.0", "id": one, "method": method, "params": params}
            for one, (method, params) in zip(ids, batch, strict=True)
        ]
        is_single = len(questions) == 1
        request = msgspec.json.encode(questions[0] if is_single else questions)
        started = time.perf_counter()
        raw = self._transport.exchange(request)
        self.waited_seconds += time.perf_counter() - started
        if not raw.strip():
            raise NodeUnavailable("The node answered nothing.")
        try:
            if is_single:
                answers = [msgspec.json.decode(raw, type=_Answer)]
            elif raw.lstrip()[:1] == b"{":
                # A node that refuses a batch as a whole answers one error.
                answer = msgspec.json.decode(raw, type=_Answer)
                if answer.error is None:
                    raise NodeAnswerInvalid("A batch was answered by a single result.")
                raise failure_of("a batch", msgspec.structs.asdict(answer.error))
            else:
                answers = msgspec.json.decode(raw, type=list[_Answer])
        except msgspec.DecodeError as error:
            raise NodeAnswerInvalid(f"The node's answer is not JSON-RPC: {error}.") from error
        by_id = {answer.id: answer for answer in answers}
        if len(by_id) != len(answers) or any(answer.jsonrpc != "2.0" for answer in answers):
            raise NodeAnswerInvalid("The node answered a question twice, or not in JSON-RPC 2.0.")
        try:
            ordered = [by_id.pop(one) for one in ids]
        except KeyError:
            raise NodeAnswerInvalid("The node left a question unanswered.") from None
        if by_id:
            raise NodeAnswerInvalid("The node answered a question nobody asked.")
        return ordered


def _read(method: str, answer: _Answer, shape: Any) -> Any:
    """The result, or the exception the error stands for."""
    if answer.error is not None:
        return failure_of(method, msgspec.structs.asdict(answer.error))
    try:
        return msgspec.json.decode(answer.result, type=shape)
    except msgspec.DecodeError as error:
        raise NodeAnswerInvalid(f"{method} was answered by something else: {error}.") from error


def unless_failed(answer: Any) -> Any:
    """The result, or raises the exception that came instead."""
    if isinstance(answer, TallystickError):
        raise answer
    return answer


def _size(param: Any) -> int:
    if isinstance(param, str):
        return len(param)
    if isinstance(param, Mapping):
        return sum(_size(value) for value in param.values())
    return 10
