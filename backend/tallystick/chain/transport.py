"""Bytes to a node and back, over HTTP or a Unix socket.

web3's HTTP provider brings the connections (pooling, TLS, proxies, credentials in the URL). What
goes through them is encoded and decoded by the client: faster than through web3's middleware, and
nothing that a node answers is mended on the way.
"""

from __future__ import annotations

import socket
import threading
import time
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

import msgspec
import requests
from eth_typing import URI
from requests.adapters import HTTPAdapter
from web3.providers import HTTPProvider

from tallystick.chain.failures import NodeBusy, NodeRefused, NodeUnavailable

_CONNECTIONS_MAX = 16
_RECEIVE_BYTES = 1 << 18


class Transport(Protocol):
    """One JSON-RPC request, single or batch, for one answer. Safe to use from several threads."""

    def exchange(self, request: bytes) -> bytes:
        """Raises NodeUnavailable, NodeBusy or NodeRefused."""

    def close(self) -> None: ...


def open_transport(url: str, timeout_seconds: float) -> Transport:
    """The transport for `http://`, `https://`, or the path of a socket, plain or after `ipc://`."""
    if url.startswith(("http://", "https://")):
        return _Http(url, timeout_seconds)
    path = url.removeprefix("ipc://")
    if "://" in path or not path:
        raise NodeRefused(
            f"{_shown(url)!r} is not a node's address; "
            "use http://, https:// or the path of its IPC socket."
        )
    return _Ipc(path, timeout_seconds)


class _Http(HTTPProvider):
    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._session = requests.Session()
        self._session.trust_env = not _is_loopback(url)
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=_CONNECTIONS_MAX)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._url = URI(url)
        super().__init__(
            url,
            request_kwargs={"timeout": timeout_seconds},
            session=self._session,
            exception_retry_configuration=None,
        )
        self._shown = _shown(url)

    def exchange(self, request: bytes) -> bytes:
        try:
            answer: bytes = self._request_session_manager.make_post_request(
                self._url, request, **self.get_request_kwargs()
            )
        except requests.HTTPError as error:
            status = 0 if error.response is None else error.response.status_code
            if status == requests.codes.too_many_requests:
                raise NodeBusy(f"The node at {self._shown} asks for fewer requests.") from error
            # 413: the batch is larger than the node takes. 401 and 403: credentials.
            if 400 <= status < 500:
                raise NodeRefused(f"The node at {self._shown} answered HTTP {status}.") from error
            raise NodeUnavailable(f"The node at {self._shown} answered HTTP {status}.") from error
        except requests.RequestException as error:
            raise NodeUnavailable(
                f"No answer from the node at {self._shown} ({type(error).__name__}); "
                "is it running, and is the address right?"
            ) from error
        return answer

    def close(self) -> None:
        self._session.close()


class _Ipc:
    # web3's own provider spins while it waits, and for ever once the node has gone.
    def __init__(self, path: str, timeout_seconds: float) -> None:
        self._path = path
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def exchange(self, request: bytes) -> bytes:
        with self._lock:
            try:
                if self._socket is None:
                    self._socket = self._connected()
                self._socket.sendall(request)
                return self._receive(self._socket)
            except OSError as error:
                # The rest of a late answer must not be taken for the next one.
                self._disconnect()
                raise NodeUnavailable(
                    f"No answer from the node at {self._path} ({type(error).__name__}); "
                    "is it running, and is the path right?"
                ) from error

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    def _connected(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._timeout_seconds)
        try:
            connection.connect(self._path)
        except OSError:
            connection.close()
            raise
        return connection

    def _receive(self, connection: socket.socket) -> bytes:
        deadline = time.monotonic() + self._timeout_seconds
        answer = bytearray()
        while time.monotonic() < deadline:
            received = connection.recv(_RECEIVE_BYTES)
            if not received:
                raise ConnectionError("the node closed the socket")
            answer += received
            # JSON-RPC over a socket has no frame: it is complete when it is JSON.
            if answer.rstrip().endswith((b"}", b"]")):
                try:
                    msgspec.json.decode(answer)
                except msgspec.DecodeError:
                    continue
                return bytes(answer)
        raise TimeoutError

    def _disconnect(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _shown(url: str) -> str:
    """The address without credentials or path, either of which may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
