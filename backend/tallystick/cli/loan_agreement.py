"""Agreeing on a loan: terms are drafted, proposed, shown as the message to sign, and signed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tallystick.actions.desk import Order
from tallystick.actions.extend import Extension, extended_terms
from tallystick.actions.propose_loan import propose_loan, with_signature_nonces
from tallystick.actions.revoke_signature import revoke_signature as order_revocation
from tallystick.actions.sign_loan import sign_loan
from tallystick.chain.addresses import address_of
from tallystick.chain.messages import typed_data
from tallystick.cli.console import HomeOption, JsonOption, answer
from tallystick.cli.opening import LoanArgument, day_of, file_hash, office_at
from tallystick.cli.sending import CALLER, KeyOption, place_order
from tallystick.kernel.errors import Invalid
from tallystick.loans.loan import local_day
from tallystick.loans.terms import LoanTerms
from tallystick.office.office import Office
from tallystick.store.agreements import Agreement, find_agreement
from tallystick.store.commands import Command
from tallystick.store.loans import find_loan

app = typer.Typer()


class TermsUnreadable(Invalid):
    title = "Terms cannot be read"


@app.command()
def propose(
    terms_file: Annotated[
        Path,
        typer.Argument(help="JSON with the terms, in the form `loan show --json` shows them."),
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put terms out for signature.

    Terms that an ordinary loan does without may be left out: guarantor,
    allocation, prepayment, mandate, acceleration, guarantee, collateral,
    prior loan, signature nonces. Terms with a prior_loan_id replace that
    loan, by `loan restructure`.
    """
    try:
        source = json.loads(terms_file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise TermsUnreadable(f"{terms_file}: {error}", field="terms_file") from None
    terms = LoanTerms.from_json(source)
    with office_at(home) as office:
        agreement = propose_loan(office, terms, caller=CALLER, now=office.chain_now())
    _tell(agreement, as_json=as_json)


@app.command()
def extend(
    loan_id: LoanArgument,
    agreement: Annotated[str, typer.Option(help="Number of the new terms.")],
    months: Annotated[int, typer.Option(help="How much later every unpaid instalment is due.")],
    effective_on: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help="The one day on which it can take place.")
    ],
    document: Annotated[
        Path, typer.Option(help="The agreement's text; its SHA-256 is one of the terms.")
    ],
    sign_by: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="Last day of signing; effective-on if not given."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put terms out for signature that give the borrower more time and change little else."""
    effective = day_of(effective_on, field="effective_on")
    extension = Extension(
        agreement=agreement,
        months=months,
        effective_on=effective,
        sign_by=day_of(sign_by, field="sign_by") if sign_by else effective,
        document_hash=file_hash(document, field="document"),
    )
    with office_at(home) as office:
        now = office.chain_now()
        with office.store.read() as session:
            loan = find_loan(session, loan_id)
        today = local_day(now, loan.terms.utc_offset_minutes)
        terms = with_signature_nonces(office, extended_terms(loan, extension, today))
        proposed = propose_loan(office, terms, caller=CALLER, now=now)
    _tell(proposed, as_json=as_json)


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
    signer: Annotated[str, typer.Option(help="Address of the lender, borrower or guarantor.")],
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


@app.command("revoke-signature")
def revoke_signature(
    loan_id: LoanArgument,
    signer: Annotated[str, typer.Option(help="Who signed; the house must hold the key.")],
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Withdraw a side's signature from terms that are not a loan yet, for good."""
    address = address_of(signer, field="signer")

    def make(office: Office, order: Order) -> Command:
        with office.store.read() as session:
            terms = find_agreement(session, loan_id).terms
        return order_revocation(office, order, terms, signer=address)

    place_order(home, key, make, as_json=as_json)


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
