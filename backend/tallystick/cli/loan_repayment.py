"""Orders that bring money on a loan, and what they would take."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console

from tallystick.actions.call_guarantee import call_guarantee as order_guarantee
from tallystick.actions.collect import collect as order_collect
from tallystick.actions.desk import Order
from tallystick.actions.payoff import payoff as order_payoff
from tallystick.actions.prepay import prepay as order_prepay
from tallystick.actions.quote import quote_payoff, quote_prepayment
from tallystick.actions.reimburse import reimburse as order_reimbursement
from tallystick.actions.repay import repay as order_repay
from tallystick.actions.revoke_mandate import revoke_mandate as order_revocation
from tallystick.chain.addresses import address_of
from tallystick.cli.console import HomeOption, JsonOption, answer
from tallystick.cli.opening import (
    AmountOption,
    LoanArgument,
    minor_in,
    office_at,
    terms_in,
)
from tallystick.cli.sending import KeyOption, place_order
from tallystick.kernel.money import amount_text
from tallystick.office.office import Office
from tallystick.store.commands import Command
from tallystick.store.loans import find_loan

app = typer.Typer()

PayerOption = Annotated[
    str | None,
    typer.Option(help="Who pays; the borrower if not given. The house must hold the key."),
]


@app.command()
def quote(
    loan_id: LoanArgument,
    principal: Annotated[
        str | None, typer.Option(help="To be repaid early; everything if not given.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a payoff would take now, or the prepayment of PRINCIPAL."""
    with office_at(home) as office, office.store.read() as session:
        loan = find_loan(session, loan_id)
        now = office.chain_now()
        if principal is None:
            quoted = quote_payoff(session, loan, at=None, now=now)
        else:
            wanted = minor_in(loan.terms, principal, field="principal")
            quoted = quote_prepayment(session, loan, wanted, at=None, now=now)
    payload: dict[str, Any] = {
        "loan_id": loan_id,
        **asdict(quoted),
        "counted_at": quoted.counted_at.isoformat(),
        "valid_until": quoted.valid_until.isoformat(),
    }

    def render(console: Console) -> None:
        currency = loan.terms.currency
        parts = ", ".join(
            f"{name} {amount_text(getattr(quoted, f'{name}_minor'), currency)}"
            for name in ("penalty", "interest", "principal", "fee")
        )
        console.print(
            f"[bold]{amount_text(quoted.amount_minor, currency)} {currency}[/] until "
            f"{quoted.valid_until:%Y-%m-%d %H:%M} UTC: {parts}"
        )

    answer(payload, render, as_json=as_json)


@app.command()
def repay(
    loan_id: LoanArgument,
    amount: AmountOption,
    payer: PayerOption = None,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Repay at most AMOUNT: penalty, then the oldest instalment's interest and principal."""
    sender = address_of(payer, field="payer") if payer else None

    def make(office: Office, order: Order) -> Command:
        terms = terms_in(office, loan_id)
        return order_repay(
            office, order, terms, amount_minor_max=minor_in(terms, amount), payer=sender
        )

    place_order(home, key, make, as_json=as_json)


@app.command()
def payoff(
    loan_id: LoanArgument,
    amount: AmountOption,
    payer: PayerOption = None,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Repay everything, if that takes no more than AMOUNT, and close the loan."""
    sender = address_of(payer, field="payer") if payer else None

    def make(office: Office, order: Order) -> Command:
        terms = terms_in(office, loan_id)
        return order_payoff(
            office, order, terms, amount_minor_max=minor_in(terms, amount), payer=sender
        )

    place_order(home, key, make, as_json=as_json)


@app.command()
def collect(
    loan_id: LoanArgument,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take what is due from the borrower under its mandate."""

    def make(office: Office, order: Order) -> Command:
        return order_collect(office, order, terms_in(office, loan_id))

    place_order(home, key, make, as_json=as_json)


@app.command("revoke-mandate")
def revoke_mandate(
    loan_id: LoanArgument,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """End the borrower's mandate, for good; the house must hold the borrower's key."""

    def make(office: Office, order: Order) -> Command:
        return order_revocation(office, order, terms_in(office, loan_id))

    place_order(home, key, make, as_json=as_json)


@app.command()
def prepay(
    loan_id: LoanArgument,
    principal: Annotated[str, typer.Option(help="To be repaid ahead of schedule.")],
    amount: AmountOption,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Repay PRINCIPAL ahead of schedule, if that takes no more than AMOUNT in all."""

    def make(office: Office, order: Order) -> Command:
        terms = terms_in(office, loan_id)
        return order_prepay(
            office,
            order,
            terms,
            principal_minor=minor_in(terms, principal, field="principal"),
            amount_minor_max=minor_in(terms, amount),
        )

    place_order(home, key, make, as_json=as_json)


@app.command("call-guarantee")
def call_guarantee(
    loan_id: LoanArgument,
    amount: AmountOption,
    by_guarantor: Annotated[
        bool,
        typer.Option(
            "--by-guarantor", help="Sent by the guarantor, at any time; the house holds its key."
        ),
    ] = False,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take what is due, at most AMOUNT, from the guarantor."""

    def make(office: Office, order: Order) -> Command:
        terms = terms_in(office, loan_id)
        return order_guarantee(
            office,
            order,
            terms,
            amount_minor_max=minor_in(terms, amount),
            sender=terms.guarantor if by_guarantor else None,
        )

    place_order(home, key, make, as_json=as_json)


@app.command()
def reimburse(
    loan_id: LoanArgument,
    amount: AmountOption,
    payer: PayerOption = None,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pay the guarantor back, at most AMOUNT of what it paid."""
    sender = address_of(payer, field="payer") if payer else None

    def make(office: Office, order: Order) -> Command:
        terms = terms_in(office, loan_id)
        return order_reimbursement(
            office, order, terms, amount_minor_max=minor_in(terms, amount), payer=sender
        )

    place_order(home, key, make, as_json=as_json)
