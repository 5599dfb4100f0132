"""Orders about a loan, from its origination to the use of its proceeds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.actions.cancel import cancel as order_cancel
from tallystick.actions.desk import Order
from tallystick.actions.disburse import disburse as order_disburse
from tallystick.actions.originate import originate as order_originate
from tallystick.actions.pay import pay as order_pay
from tallystick.actions.withdraw import withdraw as order_withdraw
from tallystick.chain.addresses import address_of
from tallystick.cli.console import HomeOption, JsonOption
from tallystick.cli.opening import (
    AmountOption,
    LoanArgument,
    file_hash,
    minor_in,
    terms_in,
)
from tallystick.cli.sending import KeyOption, place_order
from tallystick.office.office import Office
from tallystick.store.commands import Command

app = typer.Typer()


@app.command()
def originate(
    loan_id: LoanArgument,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a loan all sides signed to the ledger."""
    place_order(
        home, key, lambda office, order: order_originate(office, order, loan_id), as_json=as_json
    )


@app.command()
def disburse(
    loan_id: LoanArgument,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move the principal from the lender into the loan's controlled account."""

    def make(office: Office, order: Order) -> Command:
        return order_disburse(office, order, terms_in(office, loan_id))

    place_order(home, key, make, as_json=as_json)


@app.command()
def pay(
    loan_id: LoanArgument,
    payee: Annotated[str, typer.Option(help="Address of a registered payee.")],
    amount: AmountOption,
    purpose: Annotated[str, typer.Option(help="An agreed purpose.")],
    evidence: Annotated[
        Path, typer.Option(help="The invoice or contract; its SHA-256 goes on chain.")
    ],
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pay a payee from the controlled account for an agreed purpose."""
    receiver = address_of(payee, field="payee")
    evidence_hash = file_hash(evidence, field="evidence")

    def make(office: Office, order: Order) -> Command:
        terms = terms_in(office, loan_id)
        return order_pay(
            office,
            order,
            terms,
            payee=receiver,
            amount_minor=minor_in(terms, amount),
            purpose=purpose,
            evidence_hash=evidence_hash,
        )

    place_order(home, key, make, as_json=as_json)


@app.command()
def withdraw(
    loan_id: LoanArgument,
    amount: AmountOption,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Release part of the self-paid share to the borrower, whose key the house must hold."""

    def make(office: Office, order: Order) -> Command:
        terms = terms_in(office, loan_id)
        return order_withdraw(office, order, terms, amount_minor=minor_in(terms, amount))

    place_order(home, key, make, as_json=as_json)


@app.command()
def cancel(
    loan_id: LoanArgument,
    party: Annotated[
        str | None,
        typer.Option(help="The lender or the borrower, whose key the house must hold; the lender."),
    ] = None,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give up a loan before its disbursement."""
    address = address_of(party, field="party") if party else None

    def make(office: Office, order: Order) -> Command:
        terms = terms_in(office, loan_id)
        return order_cancel(office, order, terms, party=address or terms.lender)

    place_order(home, key, make, as_json=as_json)
