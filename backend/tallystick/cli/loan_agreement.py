"""Agreeing on a loan: terms are drafted, proposed, shown as the message to sign, and signed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tallystick.actions.propose_loan import propose_loan
from tallystick.actions.sign_loan import sign_loan
from tallystick.chain.addresses import address_of
from tallystick.chain.terms import typed_data
from tallystick.cli.console import HomeOption, JsonOption, answer
from tallystick.cli.opening import LoanArgument, office_at
from tallystick.cli.sending import CALLER
from tallystick.kernel.errors import Invalid
from tallystick.loans.terms import LoanTerms
from tallystick.office.office import Office
from tallystick.store.agreements import Agreement, find_agreement

app = typer.Typer()


class TermsUnreadable(Invalid):
    title = "Terms cannot be read"


@app.command()
def propose(
    terms_file: Annotated[
        Path,
        typer.Argument(help="JSON with every term, in the form `loan show --json` shows them."),
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put terms out for signature."""
    try:
        source = json.loads(terms_file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise TermsUnreadable(f"{terms_file}: {error}", field="terms_file") from None
    terms = LoanTerms.from_json(source)
    with office_at(home) as office:
        agreement = propose_loan(office, terms, caller=CALLER, now=office.chain_now())
    _tell(agreement, as_json=as_json)


@app.command()
def message(
    loan_id: LoanArgument,
    home: HomeOption = None,
    _as_json: JsonOption = False,
) -> None:
    """Print the EIP-712 message of proposed terms, as wallets take it: JSON."""
    with office_at(home) as office:
        data = _message(office, loan_id)
    typer.echo(json.dumps(data, indent=2))


@app.command()
def sign(
    loan_id: LoanArgument,
    signer: Annotated[str, typer.Option(help="Address of the lender or the borrower.")],
    signature: Annotated[
        str | None,
        typer.Option(help="0x and hex digits; made with the key the house holds if not given."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand in a side's signature of proposed terms."""
    address = address_of(signer, field="signer")
    with office_at(home) as office:
        if signature is None:
            data = _message(office, loan_id)
            signature = "0x" + office.lanes.signer(address).sign_typed_data(data).hex()
        agreement = sign_loan(
            office,
            loan_id,
            signer=address,
            signature=signature,
            caller=CALLER,
            now=office.chain_now(),
        )
    _tell(agreement, as_json=as_json)


def _message(office: Office, loan_id: str) -> dict[str, Any]:
    with office.store.read() as session:
        terms = find_agreement(session, loan_id).terms
    return typed_data(terms, office.deployment.chain_id, office.deployment.loan_ledger)


def _tell(agreement: Agreement, *, as_json: bool) -> None:
    payload = {"loan_id": agreement.loan_id, "awaited": list(agreement.awaited)}

    def render(console: Console) -> None:
        awaited = " and ".join(agreement.awaited)
        console.print(
            f"Loan {agreement.loan_id}: {f'awaiting {awaited}' if awaited else 'signed'}",
            soft_wrap=True,
        )

    answer(payload, render, as_json=as_json)
