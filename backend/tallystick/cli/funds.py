"""`tallystick funds`: where a loan's money went."""

from __future__ import annotations

from typing import Annotated

import typer

from tallystick.actions.trace_funds import DEPTH_MAX, trace_funds
from tallystick.cli.console import HomeOption, JsonOption, answer
from tallystick.cli.opening import LoanArgument, names_of, office_at
from tallystick.cli.render_funds import render_trace

app = typer.Typer()


@app.command()
def funds(
    loan_id: LoanArgument,
    depth_max: Annotated[
        int, typer.Option(help="How many movements after the disbursement to follow.")
    ] = DEPTH_MAX,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Trace one disbursement: payments, onward transfers, what left through the bank.

    Money that accounts mix is attributed first in, first out.
    """
    with office_at(home) as office, office.store.read() as session:
        trace = trace_funds(session, loan_id, depth_max=depth_max)
        accounts = {trace.lender, trace.borrower} | {
            node.movement.receiver for _, node in trace.root.walk()
        }
        names = names_of(session, accounts)
    answer(trace.as_json(), lambda console: render_trace(console, trace, names), as_json=as_json)
