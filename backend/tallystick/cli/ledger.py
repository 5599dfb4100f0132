"""`tallystick ledger`: new loans stopped, and let go on."""

from __future__ import annotations

import typer
from rich.console import Console

from tallystick.actions.pause import pause as order_pause
from tallystick.actions.unpause import unpause as order_resumption
from tallystick.cli.console import HomeOption, JsonOption, answer
from tallystick.cli.opening import office_at
from tallystick.cli.sending import AnnounceOption, KeyOption, place_order
from tallystick.store.ledger_life import is_paused

app = typer.Typer(no_args_is_help=True, help="Stop new loans of the ledger, and let them go on.")


@app.command()
def show(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Where the contracts are, and whether new loans are stopped."""
    with office_at(home) as office, office.store.read() as session:
        is_stopped = is_paused(session)
        deployment = office.deployment
    payload = {
        "chain_id": deployment.chain_id,
        "loan_ledger": deployment.loan_ledger,
        "settlement_token": deployment.settlement_token,
        "party_registry": deployment.party_registry,
        "access_manager": deployment.access_manager,
        "currency": deployment.currency,
        "is_paused": is_stopped,
    }

    def render(console: Console) -> None:
        for name, value in payload.items():
            if name != "is_paused":
                console.print(f"[dim]{name.replace('_', ' ')}[/]  {value}", soft_wrap=True)
        console.print("New loans are stopped." if is_stopped else "New loans are taken.")

    answer(payload, render, as_json=as_json)


@app.command()
def pause(key: KeyOption = None, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Stop origination, restructuring and disbursement; repayments go on."""
    place_order(home, key, order_pause, as_json=as_json)


@app.command()
def unpause(
    announce: AnnounceOption = False,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let origination, restructuring and disbursement go on."""
    place_order(
        home,
        key,
        lambda office, order: order_resumption(office, order, announce=announce),
        as_json=as_json,
    )
