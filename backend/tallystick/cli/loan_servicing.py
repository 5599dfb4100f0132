"""Orders that change what a loan is."""

from __future__ import annotations

import typer

from tallystick.actions.accelerate import accelerate as order_acceleration
from tallystick.actions.desk import Order
from tallystick.actions.restructure import restructure as order_restructuring
from tallystick.actions.write_off import write_off as order_write_off
from tallystick.cli.console import HomeOption, JsonOption
from tallystick.cli.opening import LoanArgument, ReasonOption, terms_in, text_hash
from tallystick.cli.sending import KeyOption, place_order
from tallystick.office.office import Office
from tallystick.store.commands import Command

app = typer.Typer()


@app.command()
def accelerate(
    loan_id: LoanArgument,
    reason: ReasonOption,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make everything due, beyond the agreed days past due."""

    def make(office: Office, order: Order) -> Command:
        terms = terms_in(office, loan_id)
        return order_acceleration(office, order, terms, reason_hash=text_hash(reason))

    place_order(home, key, make, as_json=as_json)


@app.command()
def restructure(
    loan_id: LoanArgument,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Replace a loan by LOAN_ID, whose signed terms name the one that ends."""
    place_order(
        home,
        key,
        lambda office, order: order_restructuring(office, order, loan_id),
        as_json=as_json,
    )


@app.command("write-off")
def write_off(
    loan_id: LoanArgument,
    reason: ReasonOption,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop carrying a loan in arrears; the debt survives."""

    def make(office: Office, order: Order) -> Command:
        terms = terms_in(office, loan_id)
        return order_write_off(office, order, terms, reason_hash=text_hash(reason))

    place_order(home, key, make, as_json=as_json)
