"""`tallystick lane`: the accounts the house signs by."""

from __future__ import annotations

from typing import Annotated

import typer

from tallystick.actions.adopt_lane import adopt_lane
from tallystick.chain.addresses import address_of
from tallystick.cli.console import HomeOption, JsonOption, answer
from tallystick.cli.opening import office_at
from tallystick.cli.sending import CALLER

app = typer.Typer(no_args_is_help=True, help="Look after the accounts the house signs by.")


@app.callback()
def lanes() -> None:
    """Look after the accounts the house signs by."""


@app.command()
def adopt(
    account: Annotated[str, typer.Argument(help="Address of the account.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let an account go on that sent txs which are not in this database.

    See first what those txs did: none of the account's pending commands
    must be among them, or it would be done twice.
    """
    address = address_of(account, field="account")
    with office_at(home) as office:
        nonce = adopt_lane(office, address, caller=CALLER, now=office.chain_now())
    answer(
        {"address": address, "next_nonce": nonce},
        lambda console: console.print(f"{address} goes on with nonce {nonce}."),
        as_json=as_json,
    )
