"""A node that does not tell the truth: a real one behind a server that changes its answers."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tallystick.chain.client import Node

Tamper = Callable[[str, Any, Any], Any]
"""Method, params and the true result, to the result that is told; raise Refuse for an error."""


class Refuse(Exception):
    """Answered as a JSON-RPC error of this code and message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@contextmanager
def tampering_node(url: str, tamper: Tamper) -> Iterator[Node]:
    """A node that answers as the one at `url` does, after `tamper`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the server's name for it
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = urllib.request.Request(
                url, data=body, headers={"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request) as answer:
                told = json.loads(answer.read())
            asked = json.loads(body)
            is_single = isinstance(asked, dict)
            questions = {one["id"]: one for one in ([asked] if is_single else asked)}
            answers = [told] if is_single else told
            for one in answers:
                question = questions[one["id"]]
                if "result" in one:
                    try:
                        one["result"] = tamper(
                            question["method"], question["params"], one["result"]
                        )
                    except Refuse as refuse:
                        del one["result"]
                        one["error"] = {"code": refuse.code, "message": refuse.message}
            out = json.dumps(answers[0] if is_single else answers).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        def log_message(self, format: str, *args: Any) -> None:  # silent
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with Node(f"http://127.0.0.1:{server.server_port}") as node:
            yield node
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
