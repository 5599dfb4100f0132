"""`tallystick key`: API keys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tallystick.access.keys import issue_key
from tallystick.access.permissions import Role
from tallystick.chain.addresses import address_of
from tallystick.cli.console import HomeOption, JsonOption, answer
from tallystick.cli.opening import office_at
from tallystick.store.keys import list_keys, revoke_key

app = typer.Typer(no_args_is_help=True, help="Issue, list and revoke API keys.")


@app.command()
def issue(
    name: Annotated[str, typer.Argument(help="Whose key it is; commands are booked to it.")],
    role: Annotated[Role, typer.Option(help="What it may do.")],
    party: Annotated[
        str | None, typer.Option(help="Address a lender's or borrower's key speaks for.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Issue a key and show its secret, this once."""
    address = address_of(party, field="party") if party else None
    with office_at(home) as office, office.store.begin() as session:
        issued = issue_key(session, name=name, role=role, party=address, now=datetime.now(UTC))
    answer(
        {"name": name, "role": role, "party": address, "secret": issued.secret},
        lambda console: console.print(f"{name} ({role}): [bold]{issued.secret}[/]", soft_wrap=True),
        as_json=as_json,
    )


@app.command("list")
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """All keys ever issued, without their secrets."""
    with office_at(home) as office, office.store.read() as session:
        keys = list_keys(session)

    def render(console: Console) -> None:
        table = Table("name", "role", "party", "issued", "revoked")
        for key in keys:
            revoked = f"{key.revoked_at:%Y-%m-%d}" if key.revoked_at else ""
            table.add_row(
                key.name, key.role, key.party or "", f"{key.created_at:%Y-%m-%d}", revoked
            )
        console.print(table)

    payload = [
        {
            "name": key.name,
            "role": key.role,
            "party": key.party,
            "created_at": key.created_at.isoformat(),
            "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
        }
        for key in keys
    ]
    answer(payload, render, as_json=as_json)


@app.command()
def revoke(
    name: Annotated[str, typer.Argument()], home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Make a key worthless."""
    with office_at(home) as office, office.store.begin() as session:
        revoke_key(session, name, datetime.now(UTC))
    answer({"revoked": name}, lambda console: console.print(f"{name} is revoked."), as_json=as_json)
