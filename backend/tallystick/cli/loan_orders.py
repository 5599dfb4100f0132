"""Orders about a loan, from its origination to its last repayment."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer

from tallystick.actions.desk import Order
from tallystick.actions.disburse import disburse as order_disburse
from tallystick.actions.originate import originate as order_originate
from tallystick.actions.pay import pay as order_pay
from tallystick.actions.payoff import payoff as order_payoff
from tallystick.actions.repay import repay as order_repay
from tallystick.actions.withdraw import withdraw as order_withdraw
from tallystick.actions.write_off import write_off as order_write_off
from tallystick.chain.addresses import address_of
from tallystick.cli.console import HomeOption, JsonOption
from tallystick.cli.opening import LoanArgument
from tallystick.cli.sending import KeyOption, place_order
from tallystick.kernel.errors import Invalid
from tallystick.kernel.money import amount_minor_of
from tallystick.loans.terms import LoanTerms
from tallystick.office.office import Office
from tallystick.store.commands import Command
from tallystick.store.loans import find_loan

app = typer.Typer()

AmountOption = Annotated[str, typer.Option(help='In the loan\'s currency, like "1500.00".')]
PayerOption = Annotated[
    str | None,
    typer.Option(help="Who pays; the borrower if not given. The house must hold the key."),
]


class EvidenceUnreadable(Invalid):
    title = "Evidence cannot be read"


@app.command()
def originate(
    loan_id: LoanArgument,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a loan both sides signed to the ledger."""
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
        return order_disburse(office, order, _terms(office, loan_id))

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
    try:
        evidence_hash = "0x" + sha256(evidence.read_bytes()).hexdigest()
    except OSError as error:
        raise EvidenceUnreadable(f"{evidence}: {error.strerror}", field="evidence") from None

    def make(office: Office, order: Order) -> Command:
        terms = _terms(office, loan_id)
        return order_pay(
            office,
            order,
            terms,
            payee=receiver,
            amount_minor=_minor(terms, amount),
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
        terms = _terms(office, loan_id)
        return order_withdraw(office, order, terms, amount_minor=_minor(terms, amount))

    place_order(home, key, make, as_json=as_json)


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
        terms = _terms(office, loan_id)
        return order_repay(
            office, order, terms, amount_minor_max=_minor(terms, amount), payer=sender
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
        terms = _terms(office, loan_id)
        return order_payoff(
            office, order, terms, amount_minor_max=_minor(terms, amount), payer=sender
        )

    place_order(home, key, make, as_json=as_json)


@app.command("write-off")
def write_off(
    loan_id: LoanArgument,
    reason: Annotated[str, typer.Option(help="Only its SHA-256 is kept, on chain.")],
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop carrying a loan in arrears; the debt survives."""
    reason_hash = "0x" + sha256(reason.encode()).hexdigest()

    def make(office: Office, order: Order) -> Command:
        return order_write_off(office, order, _terms(office, loan_id), reason_hash=reason_hash)

    place_order(home, key, make, as_json=as_json)


def _terms(office: Office, loan_id: str) -> LoanTerms:
    with office.store.read() as session:
        return find_loan(session, loan_id).terms


def _minor(terms: LoanTerms, amount: str) -> int:
    return amount_minor_of(amount, terms.currency, field="amount")
