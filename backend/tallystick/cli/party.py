"""`tallystick party`: who takes part."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tallystick.actions.register_party import register_party
from tallystick.chain.addresses import address_of
from tallystick.cli.console import HomeOption, JsonOption, answer, print_wide
from tallystick.cli.opening import office_at
from tallystick.cli.sending import KeyOption, order, place, tell_command
from tallystick.kernel.money import amount_text
from tallystick.parties.roles import role_names, roles_from_names
from tallystick.store.parties import Party, balances_of, claimable_of, find_party, list_parties
from tallystick.store.profiles import find_profiles

app = typer.Typer(no_args_is_help=True, help="Register and look up parties.")


@app.command()
def register(
    address: Annotated[str, typer.Argument(help="The party's address.")],
    role: Annotated[list[str], typer.Option(help="lender, borrower, payee, guarantor; repeat for more.")],
    name: Annotated[str, typer.Option(help="Kept in this database only, never on chain.")],
    email: Annotated[str | None, typer.Option(help="Where notices go.")] = None,
    language: Annotated[str, typer.Option(help="zh or en.")] = "zh",
    payee_category: Annotated[int, typer.Option(help="What a payee sells; 0 for others.")] = 0,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register a party; the chain gets a salted commitment, nothing else about it."""
    with office_at(home) as office:
        command = place(
            office,
            register_party(
                office,
                order(key),
                address=address_of(address, field="address"),
                roles=roles_from_names(role),
                payee_category=payee_category,
                name=name,
                email=email,
                language=language,
            ),
        )
    tell_command(command, as_json=as_json)


@app.command()
def show(
    address: Annotated[str, typer.Argument()],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """One party: roles, balance, what is held for it."""
    with office_at(home) as office, office.store.read() as session:
        party = find_party(session, address_of(address, field="address"))
        currency = office.deployment.currency
        payload = {
            **_facts(party),
            "identity_commitment": party.identity_commitment,
            "balance_minor": balances_of(session, [party.address])[party.address],
            "claimable_minor": claimable_of(session, party.address),
        }
        names = find_profiles(session, [party.address])

    def render(console: Console) -> None:
        name = names[party.address].name if party.address in names else "no profile kept"
        console.print(f"[bold]{name}[/] {party.address}")
        console.print(f"  {', '.join(role_names(party.roles))}{', frozen' if party.is_frozen else ''}")
        console.print(f"  holds {amount_text(payload['balance_minor'], currency)} {currency}")
        if payload["claimable_minor"]:
            console.print(f"  can claim {amount_text(payload['claimable_minor'], currency)} {currency}")

    answer(payload, render, as_json=as_json)


@app.command("list")
def list_(
    role: Annotated[list[str] | None, typer.Option(help="Only those with this role.")] = None,
    after: Annotated[str | None, typer.Option(help="Begin behind this address.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Parties in order of registration."""
    with office_at(home) as office, office.store.read() as session:
        found = list_parties(session, roles=roles_from_names(role or ()), after=after, limit=limit)
        profiles = find_profiles(session, [party.address for party in found])

    def render(console: Console) -> None:
        table = Table("address", "name", "roles", "category", "frozen")
        for party in found:
            name = profiles[party.address].name if party.address in profiles else ""
            table.add_row(
                party.address,
                name,
                ", ".join(role_names(party.roles)),
                str(party.payee_category or ""),
                "yes" if party.is_frozen else "",
            )
        print_wide(console, table)

    answer([_facts(party) for party in found], render, as_json=as_json)


def _facts(party: Party) -> dict[str, Any]:
    return {
        "address": party.address,
        "roles": role_names(party.roles),
        "payee_category": party.payee_category,
        "is_frozen": party.is_frozen,
        "registered_at": party.registered_at.isoformat(),
    }
