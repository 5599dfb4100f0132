"""Bodies have a largest size, counted as they arrive and not only as they are announced."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """Refuses with 413 to read on; FastAPI's own limit answers in plain text."""

    def __init__(self, app: ASGIApp, bytes_max: int) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        is_too_large = announced.isdigit() and int(announced[:20]) > self._bytes_max
        arrived = 0

        async def receive_counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if is_too_large or arrived > self._bytes_max:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_counted, send)
