"""`tallystick assignment`: the claim of a loan moves to another lender."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console

from tallystick.actions.assign import assign as order_assignment
from tallystick.actions.propose_assignment import message_of, propose_assignment
from tallystick.actions.sign_assignment import sign_assignment
from tallystick.chain.addresses import address_of
from tallystick.chain.messages import assignment_typed_data
from tallystick.cli.console import HomeOption, JsonOption, answer
from tallystick.cli.opening import LoanArgument, day_of, hash_of, minor_in, office_at
from tallystick.cli.sending import CALLER, KeyOption, place_order
from tallystick.office.office import Office
from tallystick.store.assignments import (
    ProposedAssignment,
    find_assignment,
    list_assignments,
)
from tallystick.store.loans import find_loan

app = typer.Typer(no_args_is_help=True, help="Move claims of loans to other lenders.")

AssignmentArgument = Annotated[
    str,
    typer.Argument(
        metavar="ASSIGNMENT_ID",
        help="0x and 64 hex digits.",
        parser=lambda text: hash_of(text, field="assignment_id"),
    ),
]


@app.command()
def propose(
    loan_id: LoanArgument,
    assignee: Annotated[str, typer.Option(help="The lender to whom the claim goes.")],
    price: Annotated[str, typer.Option(help="What the assignee pays the lender.")],
    sign_by: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Last day of signing.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put an assignment out for the signatures of the present lender and of the assignee."""
    taker = address_of(assignee, field="assignee")
    last_on = day_of(sign_by, field="sign_by")
    with office_at(home) as office:
        with office.store.read() as session:
            loan = find_loan(session, loan_id)
        proposed = propose_assignment(
            office,
            loan,
            assignee=taker,
            price_minor=minor_in(loan.terms, price, field="price"),
            sign_by=last_on,
            caller=CALLER,
            now=office.chain_now(),
        )
    _tell(proposed, as_json=as_json)


@app.command("list")
def list_(
    loan: Annotated[str | None, typer.Option(help="Only those of this loan.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Assignments that were proposed, and whose signatures they await."""
    of_loan = hash_of(loan, field="loan") if loan else None
    with office_at(home) as office, office.store.read() as session:
        found = list_assignments(session, loan_id=of_loan, limit=1_000)

    def render(console: Console) -> None:
        for one in found:
            console.print(_sentence(one), soft_wrap=True)

    answer([_facts(one) for one in found], render, as_json=as_json)


@app.command()
def message(
    assignment_id: AssignmentArgument, home: HomeOption = None, _as_json: JsonOption = False
) -> None:
    """Print the EIP-712 message of a proposed assignment, as wallets take it: JSON."""
    with office_at(home) as office:
        data = _message(office, assignment_id)
    typer.echo(json.dumps(data, indent=2))


@app.command()
def sign(
    assignment_id: AssignmentArgument,
    signer: Annotated[str, typer.Option(help="Address of the present lender or the assignee.")],
    signature: Annotated[
        str | None,
        typer.Option(help="0x and hex digits; made with the key the house holds if not given."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand in a side's signature of a proposed assignment."""
    address = address_of(signer, field="signer")
    with office_at(home) as office:
        if signature is None:
            data = _message(office, assignment_id)
            signature = "0x" + office.lanes.signer(address).sign_typed_data(data).hex()
        proposed = sign_assignment(
            office,
            assignment_id,
            signer=address,
            signature=signature,
            caller=CALLER,
            now=office.chain_now(),
        )
    _tell(proposed, as_json=as_json)


@app.command()
def assign(
    assignment_id: AssignmentArgument,
    key: KeyOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move the claim, against its price, as both sides have signed."""
    place_order(
        home,
        key,
        lambda office, order: order_assignment(office, order, assignment_id),
        as_json=as_json,
    )


def _message(office: Office, assignment_id: str) -> dict[str, Any]:
    with office.store.read() as session:
        proposed = find_assignment(session, assignment_id)
    deployment = office.deployment
    return assignment_typed_data(message_of(proposed), deployment.chain_id, deployment.loan_ledger)


def _facts(proposed: ProposedAssignment) -> dict[str, Any]:
    return {
        "assignment_id": proposed.assignment_id,
        "loan_id": proposed.loan_id,
        "lender": proposed.lender,
        "assignee": proposed.assignee,
        "price_minor": proposed.price_minor,
        "assignment_count": proposed.assignment_count,
        "sign_by": proposed.sign_by.isoformat(),
        "awaited": list(proposed.awaited),
    }


def _sentence(proposed: ProposedAssignment) -> str:
    awaited = " and ".join(proposed.awaited)
    return (
        f"Assignment {proposed.assignment_id} of loan {proposed.loan_id}: "
        f"{f'awaiting {awaited}' if awaited else 'signed'}"
    )


def _tell(proposed: ProposedAssignment, *, as_json: bool) -> None:
    answer(
        _facts(proposed),
        lambda console: console.print(_sentence(proposed), soft_wrap=True),
        as_json=as_json,
    )
