"""`tallystick party`: who takes part."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tallystick.actions.desk import Order
from tallystick.actions.register_party import register_party
from tallystick.chain.addresses import address_of
from tallystick.cli import party_account, party_record
from tallystick.cli.console import HomeOption, JsonOption, answer, print_wide
from tallystick.cli.opening import names_of, office_at
from tallystick.cli.party_record import CategoryOption, Language, check_identity
from tallystick.cli.sending import KeyOption, place_order
from tallystick.kernel.money import amount_text
from tallystick.office.office import Office
from tallystick.parties.roles import role_names, roles_from_names
from tallystick.store.commands import Command
from tallystick.store.parties import Party, balances_of, claimable_of, find_party, list_parties

app = typer.Typer(
    no_args_is_help=True, help="Register and look up parties, book their bank payments."
)


@app.command()
def register(
    address: Annotated[str, typer.Argument(help="The party's address.")],
    role: Annotated[
        list[str], typer.Option(help="lender, borrower, payee, guarantor; repeat for more.")
    ],
    name: Annotated[str, typer.Option(help="Kept in this database only, never on chain.")],
    email: Annotated[str | None, typer.Option(help="Where notices go.")] = None,
    language: Annotated[Language, typer.Option(help="Of its notices.")] = Language.ZH,
    payee_category: CategoryOption = 0,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register a party; the chain gets a salted commitment, nothing else about it."""
    registered = address_of(address, field="address")
    roles = roles_from_names(role)
    check_identity(name, email)

    def make(office: Office, order: Order) -> Command:
        return register_party(
            office,
            order,
            address=registered,
            roles=roles,
            payee_category=payee_category,
            name=name,
            email=email,
            language=language,
        )

    place_order(home, key, make, as_json=as_json)


@app.command()
def show(
    address: Annotated[str, typer.Argument()],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """One party, as mirrored: roles, balance, what is held for it."""
    with office_at(home) as office, office.store.read() as session:
        party = find_party(session, address_of(address, field="address"))
        currency = office.deployment.currency
        payload = {
            **_facts(party),
            "identity_commitment": party.identity_commitment,
            "balance_minor": balances_of(session, [party.address])[party.address],
            "claimable_minor": claimable_of(session, party.address),
        }
        names = names_of(session, [party.address])

    def render(console: Console) -> None:
        console.print(f"[bold]{names.get(party.address, 'no profile kept')}[/] {party.address}")
        frozen = ", frozen" if party.is_frozen else ""
        console.print(f"  {', '.join(role_names(party.roles))}{frozen}")
        console.print(f"  holds {amount_text(payload['balance_minor'], currency)} {currency}")
        if claimable_minor := payload["claimable_minor"]:
            console.print(f"  can claim {amount_text(claimable_minor, currency)} {currency}")

    answer(payload, render, as_json=as_json)


@app.command("list")
def list_(
    role: Annotated[list[str] | None, typer.Option(help="Only those with this role.")] = None,
    after: Annotated[str | None, typer.Option(help="Begin behind this address.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Parties in order of registration, as mirrored."""
    roles = roles_from_names(role or ())
    with office_at(home) as office, office.store.read() as session:
        found = list_parties(session, roles=roles, after=after, limit=limit)
        names = names_of(session, [party.address for party in found])

    def render(console: Console) -> None:
        table = Table("address", "name", "roles", "category", "frozen")
        for party in found:
            table.add_row(
                party.address,
                names.get(party.address, ""),
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
        "signature_nonce": party.signature_nonce,
        "registered_at": party.registered_at.isoformat(),
    }


app.add_typer(party_record.app)
app.add_typer(party_account.app)
