"""A party's record in the registry: what it is, whether it may send and receive."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tallystick.actions.cancel_signatures import cancel_signatures as order_cancellation
from tallystick.actions.desk import Order
from tallystick.actions.freeze import freeze as order_freezing
from tallystick.actions.unfreeze import unfreeze as order_unfreezing
from tallystick.actions.update_party import Identity, update_party
from tallystick.chain.addresses import address_of
from tallystick.cli.console import HomeOption, JsonOption
from tallystick.cli.opening import ReasonOption, text_hash
from tallystick.cli.sending import AnnounceOption, KeyOption, place_order
from tallystick.delivery.mail import check_mailbox
from tallystick.kernel.errors import Invalid
from tallystick.office.office import Office
from tallystick.parties.roles import roles_from_names
from tallystick.store.commands import Command

app = typer.Typer()

_NAME_MAX = 200
_PAYEE_CATEGORY_MAX = 2**16 - 1

PartyArgument = Annotated[str, typer.Argument(metavar="PARTY", help="The party's address.")]
CategoryOption = Annotated[
    int, typer.Option(min=0, max=_PAYEE_CATEGORY_MAX, help="What a payee sells; 0 for others.")
]


class Language(StrEnum):
    """Of the notices a party gets."""

    ZH = "zh"
    EN = "en"


class NameInvalid(Invalid):
    title = "Not a name"


class NameMissing(Invalid):
    title = "Name missing"


def check_identity(name: str, email: str | None) -> None:
    """Raises NameInvalid, MailboxUnusable."""
    if not 0 < len(name) <= _NAME_MAX or not name.isprintable():
        raise NameInvalid(f"a name is 1 to {_NAME_MAX} printable characters", field="name")
    if email is not None:
        check_mailbox(name, email)


@app.command()
def update(
    party: PartyArgument,
    role: Annotated[
        list[str], typer.Option(help="lender, borrower, payee, guarantor; repeat for more.")
    ],
    payee_category: CategoryOption = 0,
    name: Annotated[
        str | None, typer.Option(help="Who it says it is; stays as it is if not given.")
    ] = None,
    email: Annotated[str | None, typer.Option(help="Where notices go; with a name only.")] = None,
    language: Annotated[Language, typer.Option(help="Of its notices.")] = Language.ZH,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replace a party's roles and category, and who it says it is if a name is given."""
    address = address_of(party, field="party")
    roles = roles_from_names(role)
    if name is not None:
        check_identity(name, email)
    elif email is not None:
        raise NameMissing("an e-mail address is told together with the name", field="name")
    identity = None if name is None else Identity(name, email, language)

    def make(office: Office, order: Order) -> Command:
        return update_party(
            office,
            order,
            address=address,
            roles=roles,
            payee_category=payee_category,
            identity=identity,
        )

    place_order(home, key, make, as_json=as_json)


@app.command()
def freeze(
    party: PartyArgument,
    reason: ReasonOption,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop a party from sending and receiving settlement tokens."""
    address = address_of(party, field="party")

    def make(office: Office, order: Order) -> Command:
        return order_freezing(office, order, address, reason_hash=text_hash(reason))

    place_order(home, key, make, as_json=as_json)


@app.command()
def unfreeze(
    party: PartyArgument,
    reason: ReasonOption,
    announce: AnnounceOption = False,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a frozen party send and receive again."""
    address = address_of(party, field="party")

    def make(office: Office, order: Order) -> Command:
        return order_unfreezing(
            office, order, address, reason_hash=text_hash(reason), announce=announce
        )

    place_order(home, key, make, as_json=as_json)


@app.command("cancel-signatures")
def cancel_signatures(
    party: PartyArgument,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make void what a party, whose key the house must hold, has signed and was not used yet."""
    address = address_of(party, field="party")
    place_order(
        home,
        key,
        lambda office, order: order_cancellation(office, order, address),
        as_json=as_json,
    )
