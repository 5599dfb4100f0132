"""`tallystick init`: founds an office in an empty home."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console

from tallystick.access.keys import IssuedKey, issue_key
from tallystick.access.permissions import Role
from tallystick.cli.console import HomeOption, JsonOption, answer
from tallystick.office.office import found_office
from tallystick.office.settings import load_settings
from tallystick.store.keys import list_keys
from tallystick.store.session import Store

app = typer.Typer()

_FIRST_KEY = "first-admin"


@app.command()
def init(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Make keys, contracts and tables in the home; what is there stays as it is.

    The first time, an API key of the role admin is issued and shown, once.
    """
    settings = load_settings(home=home)
    with found_office(settings) as office:
        first_key = _first_key(office.store)
        deployment = office.deployment
        staff = {name: office.lanes.address(name) for name in office.lanes.staff_names}
    contracts = {
        "party_registry": deployment.party_registry,
        "settlement_token": deployment.settlement_token,
        "loan_ledger": deployment.loan_ledger,
        "access_manager": deployment.access_manager,
    }
    payload: dict[str, Any] = {
        "home": str(settings.home),
        "chain_id": deployment.chain_id,
        "currency": deployment.currency,
        "contracts": contracts,
        "staff": staff,
        "api_key": first_key.secret if first_key else None,
    }

    def render(console: Console) -> None:
        console.print(f"An office for {deployment.currency} is in", settings.home, soft_wrap=True)
        for name, address in {**contracts, **staff}.items():
            console.print(f"  {name:<18} {address}")
        if first_key:
            console.print(
                f"API key of the role admin, shown this once: [bold]{first_key.secret}[/]"
            )

    answer(payload, render, as_json=as_json)


def _first_key(store: Store) -> IssuedKey | None:
    with store.begin() as session:
        if list_keys(session):
            return None
        return issue_key(session, name=_FIRST_KEY, role=Role.ADMIN, now=datetime.now(UTC))
