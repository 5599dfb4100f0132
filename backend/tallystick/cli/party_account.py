"""A party's account: its key, if the house holds it, its allowances and its bank payments."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from tallystick.actions.allow_spending import Spender, allow_spending
from tallystick.actions.book_bank_payment import (
    Direction,
    bank_reference_of,
    book_bank_payment,
)
from tallystick.actions.claim import claim as order_claim
from tallystick.actions.desk import Order
from tallystick.actions.transfer import NO_EVIDENCE
from tallystick.actions.transfer import transfer as order_transfer
from tallystick.chain.addresses import address_of
from tallystick.chain.signers import KeyInvalid, LocalKey
from tallystick.cli.console import HomeOption, JsonOption, answer
from tallystick.cli.opening import file_hash, office_at
from tallystick.cli.sending import KeyOption, place_order
from tallystick.kernel.money import amount_minor_of
from tallystick.office.office import Office
from tallystick.office.staff import open_keystore
from tallystick.store.commands import Command

app = typer.Typer()

AmountOption = Annotated[str, typer.Option(help='In the ledger\'s currency, like "1500.00".')]


@app.command("hold-key")
def hold_key(
    private_key: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-",
            help="A file with the key in hex, or '-' for standard input; a new key if not given.",
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep a party's key in the keystore, so that the house can sign for it.

    Parties who keep their keys themselves sign with their own wallets.
    """
    key = secrets.token_bytes(32) if private_key is None else _key_in(private_key)
    address = LocalKey(key).address
    with office_at(home) as office:
        open_keystore(office.settings).import_key(address, key)
    answer(
        {"address": address},
        lambda console: console.print(f"The house signs for {address}."),
        as_json=as_json,
    )


@app.command("allow-spending")
def allow(
    owner: Annotated[str, typer.Argument(help="Whose money; the house must hold the key.")],
    spender: Annotated[
        Spender,
        typer.Option(help="The ledger takes disbursements and repayments, the bank payouts."),
    ],
    amount: AmountOption,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let the ledger or the settlement bank take up to AMOUNT from now on; zero takes it back."""
    address = address_of(owner, field="owner")

    def make(office: Office, order: Order) -> Command:
        return allow_spending(
            office, order, owner=address, spender=spender, amount_minor=_minor(office, amount)
        )

    place_order(home, key, make, as_json=as_json)


@app.command("bank-payment")
def bank_payment(
    direction: Annotated[Direction, typer.Argument(help="in from the bank, or out to it.")],
    party: Annotated[str, typer.Argument(help="Address of the party that paid in or is paid.")],
    amount: AmountOption,
    reference: Annotated[str, typer.Option(help="The bank's own; it can be booked once.")],
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Book money that came in at the settlement bank or leaves there."""
    address = address_of(party, field="party")

    def make(office: Office, order: Order) -> Command:
        return book_bank_payment(
            office,
            order,
            direction=direction,
            party=address,
            amount_minor=_minor(office, amount),
            bank_reference=bank_reference_of(reference),
        )

    place_order(home, key, make, as_json=as_json)


@app.command()
def transfer(
    sender: Annotated[str, typer.Argument(help="Whose money; the house must hold the key.")],
    receiver: Annotated[str, typer.Argument(help="Address of another registered party.")],
    amount: AmountOption,
    purpose: Annotated[str, typer.Option(help="What for, in up to 31 ASCII characters.")],
    evidence: Annotated[
        Path | None, typer.Option(help="An invoice, say; its SHA-256 goes on chain.")
    ] = None,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Transfer settlement tokens from one party to another, saying what for."""
    giver, taker = address_of(sender, field="sender"), address_of(receiver, field="receiver")
    evidence_hash = file_hash(evidence, field="evidence") if evidence else NO_EVIDENCE

    def make(office: Office, order: Order) -> Command:
        return order_transfer(
            office,
            order,
            sender=giver,
            receiver=taker,
            amount_minor=_minor(office, amount),
            purpose=purpose,
            evidence_hash=evidence_hash,
        )

    place_order(home, key, make, as_json=as_json)


@app.command()
def claim(
    party: Annotated[str, typer.Argument(help="Whose money; the house must hold the key.")],
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch what the ledger held for a party that could not receive it."""
    address = address_of(party, field="party")
    place_order(
        home, key, lambda office, order: order_claim(office, order, address), as_json=as_json
    )


def _minor(office: Office, amount: str) -> int:
    return amount_minor_of(amount, office.deployment.currency, field="amount")


def _key_in(path: str) -> bytes:
    """Raises KeyInvalid, which never quotes what was read."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text()
        return bytes.fromhex(text.strip().removeprefix("0x"))
    except OSError as error:
        raise KeyInvalid(f"{path}: {error.strerror}", field="private_key") from None
    except ValueError:
        raise KeyInvalid("A private key is 64 hex digits.", field="private_key") from None
