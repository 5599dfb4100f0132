"""`tallystick loan`: from terms to the last repayment."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tallystick.actions.desk import Order
from tallystick.actions.disburse import disburse as order_disburse
from tallystick.actions.originate import originate as order_originate
from tallystick.actions.pay import pay as order_pay
from tallystick.actions.payoff import payoff as order_payoff
from tallystick.actions.propose_loan import propose_loan
from tallystick.actions.repay import repay as order_repay
from tallystick.actions.show_owed import owed_at
from tallystick.actions.sign_loan import sign_loan
from tallystick.actions.withdraw import withdraw as order_withdraw
from tallystick.actions.write_off import write_off as order_write_off
from tallystick.chain.addresses import address_of
from tallystick.chain.terms import typed_data
from tallystick.cli.console import HomeOption, JsonOption, answer, print_wide
from tallystick.cli.opening import office_at
from tallystick.cli.render_loan import (
    render_history,
    render_instalments,
    render_owed,
    render_terms,
)
from tallystick.cli.sending import KeyOption, order, place, tell_command
from tallystick.kernel.errors import Invalid
from tallystick.kernel.money import amount_minor_of, amount_text
from tallystick.loans.loan import Status
from tallystick.loans.terms import LoanTerms
from tallystick.mirror.history import loan_history
from tallystick.office.office import Office
from tallystick.store.agreements import Agreement, find_agreement
from tallystick.store.commands import Command
from tallystick.store.loan_life import instalments_of
from tallystick.store.loans import find_loan, list_loans
from tallystick.store.profiles import find_profiles

app = typer.Typer(no_args_is_help=True, help="Propose, sign, originate and follow loans.")

LoanArgument = Annotated[str, typer.Argument(metavar="LOAN_ID", help="0x and 64 hex digits.")]
AmountOption = Annotated[str, typer.Option(help='In the loan\'s currency, like "1500.00".')]
PayerOption = Annotated[
    str | None, typer.Option(help="Who pays; the borrower if not given. The house must hold the key.")
]


class TermsUnreadable(Invalid):
    title = "Terms cannot be read"


# ---------------------------------------------------------------- looking


@app.command("list")
def list_(
    status: Annotated[Status | None, typer.Option(help="Only loans of this status.")] = None,
    lender: Annotated[str | None, typer.Option(help="Only loans of this lender.")] = None,
    borrower: Annotated[str | None, typer.Option(help="Only loans of this borrower.")] = None,
    after: Annotated[str | None, typer.Option(help="Begin behind this loan id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Loans in order of origination."""
    with office_at(home) as office, office.store.read() as session:
        found = list_loans(
            session, status=status, lender=lender, borrower=borrower, after=after, limit=limit
        )

    def render(console: Console) -> None:
        table = Table("loan", "agreement", "status", "matures on")
        for name in ("principal", "repaid"):
            table.add_column(name, justify="right")
        for loan in found:
            table.add_row(
                loan.loan_id,
                loan.agreement,
                loan.status.replace("_", " "),
                str(loan.matures_on),
                amount_text(loan.principal_minor, loan.currency),
                amount_text(loan.principal_repaid_minor, loan.currency),
            )
        print_wide(console, table)

    payload = [
        {
            "loan_id": loan.loan_id,
            "agreement": loan.agreement,
            "lender": loan.lender,
            "borrower": loan.borrower,
            "currency": loan.currency,
            "status": loan.status,
            "principal_minor": loan.principal_minor,
            "principal_repaid_minor": loan.principal_repaid_minor,
            "matures_on": loan.matures_on.isoformat(),
        }
        for loan in found
    ]
    answer(payload, render, as_json=as_json)


@app.command()
def show(loan_id: LoanArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """One loan: terms, schedule, what is owed now, history."""
    with office_at(home) as office, office.store.read() as session:
        loan = find_loan(session, loan_id)
        instalments = instalments_of(session, loan_id)
        history = loan_history(session, loan_id)
        owed, at = owed_at(session, loan, at=None, now=datetime.now(UTC))
        profiles = find_profiles(session, [loan.terms.lender, loan.terms.borrower])
    names = {address: profile.name for address, profile in profiles.items()}
    payload: dict[str, Any] = {
        "loan_id": loan.loan_id,
        "status": loan.status,
        "terms": loan.terms.as_json(),
        "instalments": [
            {
                "number": row.number,
                "due_on": row.due_on.isoformat(),
                "principal_minor": row.principal_minor,
                "interest_minor": row.interest_minor,
                "principal_repaid_minor": row.principal_repaid_minor,
                "interest_repaid_minor": row.interest_repaid_minor,
                "is_settled": row.is_settled,
            }
            for row in instalments
        ],
        "owed": {
            "at": at.isoformat(),
            "penalty_minor": owed.penalty_minor,
            "interest_minor": owed.interest_minor,
            "principal_minor": owed.principal_minor,
            "outstanding_principal_minor": owed.outstanding_principal_minor,
            "arrears_minor": owed.arrears_minor,
            "days_past_due": owed.days_past_due,
            "repayable_minor": owed.repayable_minor,
            "payoff_minor": owed.payoff_minor,
        },
        "history": [
            {
                "at": entry.at.isoformat(),
                "block_number": entry.block_number,
                "tx_hash": entry.tx_hash,
                "event": entry.event,
                "details": dict(entry.details),
            }
            for entry in history
        ],
    }

    def render(console: Console) -> None:
        render_terms(console, loan, names)
        render_owed(console, loan.terms, owed, at)
        render_instalments(console, loan.terms, instalments)
        render_history(console, loan.terms, history, "History")

    answer(payload, render, as_json=as_json)


# ---------------------------------------------------------------- agreeing


@app.command()
def propose(
    terms_file: Annotated[
        Path, typer.Argument(help="JSON with every term; `loan show --json` shows the form.")
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put terms out for signature."""
    try:
        source = json.loads(terms_file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TermsUnreadable(f"{terms_file}: {error}", field="terms_file") from None
    terms = LoanTerms.from_json(source)
    with office_at(home) as office:
        agreement = propose_loan(office, terms, caller="cli", now=office.chain_now())
    _tell_agreement(agreement, as_json=as_json)


@app.command()
def message(loan_id: LoanArgument, home: HomeOption = None) -> None:
    """Print the EIP-712 message of proposed terms, as wallets take it."""
    with office_at(home) as office:
        with office.store.read() as session:
            terms = find_agreement(session, loan_id).terms
        data = typed_data(terms, office.deployment.chain_id, office.deployment.loan_ledger)
    typer.echo(json.dumps(data, indent=2))


@app.command()
def sign(
    loan_id: LoanArgument,
    signer: Annotated[str, typer.Option(help="Address of the lender or the borrower.")],
    signature: Annotated[
        str | None,
        typer.Option(help="0x and 130 hex digits; made with the house's key if not given."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand in a side's signature of proposed terms."""
    address = address_of(signer, field="signer")
    with office_at(home) as office:
        if signature is None:
            with office.store.read() as session:
                terms = find_agreement(session, loan_id).terms
            data = typed_data(terms, office.deployment.chain_id, office.deployment.loan_ledger)
            signature = "0x" + office.lanes.signer(address).sign_typed_data(data).hex()
        agreement = sign_loan(
            office,
            loan_id,
            signer=address,
            signature=signature,
            caller="cli",
            now=office.chain_now(),
        )
    _tell_agreement(agreement, as_json=as_json)


def _tell_agreement(agreement: Agreement, *, as_json: bool) -> None:
    payload = {"loan_id": agreement.loan_id, "awaited": list(agreement.awaited)}

    def render(console: Console) -> None:
        awaited = " and ".join(agreement.awaited)
        console.print(f"Loan {agreement.loan_id}: {f'awaiting {awaited}' if awaited else 'signed'}")

    answer(payload, render, as_json=as_json)


# ---------------------------------------------------------------- ordering


def _order(
    home: Path | None,
    key: str | None,
    as_json: bool,
    make: Callable[[Office, Order], Command],
) -> None:
    with office_at(home) as office:
        command = place(office, make(office, order(key)))
    tell_command(command, as_json=as_json)


def _terms(office: Office, loan_id: str) -> LoanTerms:
    with office.store.read() as session:
        return find_loan(session, loan_id).terms


def _amount(terms: LoanTerms, amount: str) -> int:
    return amount_minor_of(amount, terms.currency, field="amount")


@app.command()
def originate(
    loan_id: LoanArgument,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a loan both sides signed to the ledger."""
    _order(home, key, as_json, lambda office, given: order_originate(office, given, loan_id))


@app.command()
def disburse(
    loan_id: LoanArgument,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move the principal from the lender into the loan's controlled account."""
    _order(
        home,
        key,
        as_json,
        lambda office, given: order_disburse(office, given, _terms(office, loan_id)),
    )


@app.command()
def pay(
    loan_id: LoanArgument,
    payee: Annotated[str, typer.Option(help="Address of a registered payee.")],
    amount: AmountOption,
    purpose: Annotated[str, typer.Option(help="An agreed purpose.")],
    evidence: Annotated[Path, typer.Option(help="The invoice or contract; its SHA-256 goes on chain.")],
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pay a payee from the controlled account for an agreed purpose."""
    try:
        evidence_hash = "0x" + sha256(evidence.read_bytes()).hexdigest()
    except OSError as error:
        raise TermsUnreadable(f"{evidence}: {error.strerror}", field="evidence") from None

    def make(office: Office, given: Order) -> Command:
        terms = _terms(office, loan_id)
        return order_pay(
            office,
            given,
            terms,
            payee=address_of(payee, field="payee"),
            amount_minor=_amount(terms, amount),
            purpose=purpose,
            evidence_hash=evidence_hash,
        )

    _order(home, key, as_json, make)


@app.command()
def withdraw(
    loan_id: LoanArgument,
    amount: AmountOption,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Release part of the self-paid share to the borrower, whose key the house must hold."""

    def make(office: Office, given: Order) -> Command:
        terms = _terms(office, loan_id)
        return order_withdraw(office, given, terms, amount_minor=_amount(terms, amount))

    _order(home, key, as_json, make)


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

    def make(office: Office, given: Order) -> Command:
        terms = _terms(office, loan_id)
        return order_repay(
            office, given, terms, amount_minor_max=_amount(terms, amount), payer=_payer(payer)
        )

    _order(home, key, as_json, make)


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

    def make(office: Office, given: Order) -> Command:
        terms = _terms(office, loan_id)
        return order_payoff(
            office, given, terms, amount_minor_max=_amount(terms, amount), payer=_payer(payer)
        )

    _order(home, key, as_json, make)


def _payer(payer: str | None) -> str | None:
    return address_of(payer, field="payer") if payer else None


@app.command("write-off")
def write_off(
    loan_id: LoanArgument,
    reason: Annotated[str, typer.Option(help="Kept here as its SHA-256 on chain.")],
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop carrying a loan in arrears; the claim survives."""
    reason_hash = "0x" + sha256(reason.encode()).hexdigest()
    _order(
        home,
        key,
        as_json,
        lambda office, given: order_write_off(
            office, given, _terms(office, loan_id), reason_hash=reason_hash
        ),
    )
