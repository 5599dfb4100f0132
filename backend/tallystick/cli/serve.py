"""`tallystick serve`: the API and its docs, with the office's workers beside it."""

from __future__ import annotations

import threading
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from tallystick.api.app import create_app
from tallystick.cli.console import HomeOption, JsonOption, print_json
from tallystick.office.office import open_office
from tallystick.office.settings import load_settings
from tallystick.office.workers import follower_of, submitter_of

app = typer.Typer()

_BLOCK_SECONDS = 5


@app.command()
def serve(
    home: HomeOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the API and its docs, follow the chain and send what is ordered, until interrupted."""
    settings = load_settings(home=home, host=host, port=port)
    with open_office(settings) as office:
        follower, submitter = follower_of(office), submitter_of(office)

        def mirror(stop: threading.Event) -> None:
            follower.follow(stop)

        def submission(stop: threading.Event) -> None:
            submitter.run(stop)

        if office.chain is not None:
            office.chain.mine_every(_BLOCK_SECONDS)
        url = f"http://{settings.host}:{settings.port}"
        if as_json:
            print_json({"url": url, "docs": f"{url}/docs"})
        else:
            console = Console(stderr=True)
            console.print(f"API at [bold]{url}/v1[/], docs at [bold]{url}/docs[/]. Ctrl-C ends it.")
            console.print("Issue a key with: tallystick key issue NAME --role auditor")
        try:
            uvicorn.run(
                create_app(office, clock=office.chain_now, background=[mirror, submission]),
                host=settings.host,
                port=settings.port,
                log_level="warning",
            )
        finally:
            if office.chain is not None:
                office.chain.mine_every(0)
