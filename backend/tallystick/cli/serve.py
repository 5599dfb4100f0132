"""`tallystick serve`: the API and its docs, with the office's workers beside it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Annotated

import typer
import uvicorn

from tallystick.api.app import create_app
from tallystick.cli.console import HomeOption, JsonOption, console_on, print_json
from tallystick.kernel.errors import Unavailable
from tallystick.office.office import open_office
from tallystick.office.settings import load_settings
from tallystick.office.workers import follower_of, submitter_of

app = typer.Typer()

_BLOCK_SECONDS = 5
_BACKLOG = 128


class PortUnavailable(Unavailable):
    title = "Port cannot be listened on"


@app.command()
def serve(
    home: HomeOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 picks one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the API and its docs, follow the chain and send what is ordered, until interrupted."""
    settings = load_settings(home=home, host=host, port=port)
    with _listening(settings.host, settings.port) as listener, open_office(settings) as office:
        follower, submitter = follower_of(office), submitter_of(office, clock=office.chain_now)

        def mirror(stop: threading.Event) -> None:
            follower.follow(stop)

        def submission(stop: threading.Event) -> None:
            submitter.run(stop)

        api = create_app(office, clock=office.chain_now, background=[mirror, submission])
        server = uvicorn.Server(uvicorn.Config(api, log_level="warning"))
        if office.chain is not None:
            office.chain.mine_every(_BLOCK_SECONDS)
        try:
            _tell(listener, as_json=as_json)
            with suppress(KeyboardInterrupt):
                server.run(sockets=[listener])
        finally:
            if office.chain is not None:
                office.chain.mine_every(0)


def _listening(host: str, port: int) -> socket.socket:
    """Raises PortUnavailable."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise PortUnavailable(
            f"Port {port} of {host} cannot be listened on: {error.strerror}. Name another by "
            "--port, or see what listens there.",
            field="port",
        ) from None


def _tell(listener: socket.socket, *, as_json: bool) -> None:
    host, port = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    if as_json:
        print_json({"url": url, "docs": f"{url}/docs"})
        return
    console = console_on(stderr=True)
    console.print(f"API at [bold]{url}/v1[/], docs at [bold]{url}/docs[/]. Ctrl-C ends it.")
    console.print("Issue a key with: tallystick key issue NAME --role auditor")
