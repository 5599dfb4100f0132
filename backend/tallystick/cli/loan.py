"""`tallystick loan`: from terms to the last repayment."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tallystick.actions.show_owed import owed_at
from tallystick.chain.addresses import address_of
from tallystick.cli import loan_agreement, loan_orders, loan_repayment, loan_servicing
from tallystick.cli.console import HomeOption, JsonOption, answer, print_wide
from tallystick.cli.opening import LoanArgument, names_of, office_at
from tallystick.cli.render_loan import (
    render_history,
    render_instalments,
    render_owed,
    render_terms,
)
from tallystick.kernel.money import amount_text
from tallystick.loans.loan import Status
from tallystick.mirror.history import loan_history
from tallystick.store.loan_life import instalments_of
from tallystick.store.loans import find_loan, list_loans

app = typer.Typer(no_args_is_help=True, help="Propose, sign, originate and follow loans.")


@app.command("list")
def list_(
    status: Annotated[Status | None, typer.Option(help="Only loans of this status.")] = None,
    lender: Annotated[str | None, typer.Option(help="Only loans of this lender.")] = None,
    borrower: Annotated[str | None, typer.Option(help="Only loans of this borrower.")] = None,
    guarantor: Annotated[str | None, typer.Option(help="Only loans of this guarantor.")] = None,
    after: Annotated[str | None, typer.Option(help="Begin behind this loan id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Loans in order of origination, as mirrored."""
    of_lender = address_of(lender, field="lender") if lender else None
    of_borrower = address_of(borrower, field="borrower") if borrower else None
    of_guarantor = address_of(guarantor, field="guarantor") if guarantor else None
    with office_at(home) as office, office.store.read() as session:
        found = list_loans(
            session,
            status=status,
            lender=of_lender,
            borrower=of_borrower,
            guarantor=of_guarantor,
            after=after,
            limit=limit,
        )

    def render(console: Console) -> None:
        table = Table("loan", "agreement", "status", "matures on")
        for name in ("principal", "repaid"):
            table.add_column(name, justify="right")
        for loan in found:
            table.add_row(
                loan.loan_id,
                escape(loan.agreement),
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
            "guarantor": loan.guarantor,
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
    """One loan, as mirrored: terms, schedule, what is owed now, history."""
    with office_at(home) as office, office.store.read() as session:
        loan = find_loan(session, loan_id)
        instalments = instalments_of(session, loan_id)
        history = loan_history(session, loan_id)
        owed, at = owed_at(session, loan, at=None, now=office.chain_now())
        names = names_of(session, {loan.lender, *loan.terms.signers})
    payload: dict[str, Any] = {
        "loan_id": loan.loan_id,
        "status": loan.status,
        "lender": loan.lender,
        "is_accelerated": loan.repaid.is_accelerated,
        "is_mandate_revoked": loan.is_mandate_revoked,
        "account": asdict(loan.account),
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
            "due_minor": owed.due_minor,
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


app.add_typer(loan_agreement.app)
app.add_typer(loan_orders.app)
app.add_typer(loan_repayment.app)
app.add_typer(loan_servicing.app)
