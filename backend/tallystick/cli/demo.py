"""`tallystick demo`: the whole life of a portfolio, on real cases."""

from __future__ import annotations

import shlex
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.table import Table

from tallystick.cli.console import DIFFERENCE, HomeOption, JsonOption, answer
from tallystick.cli.progress import progress
from tallystick.cli.render_funds import render_trace
from tallystick.cli.render_loan import render_history, render_terms
from tallystick.cli.render_portfolio import render_portfolio
from tallystick.cli.render_reconciliation import render_reconciliation
from tallystick.demo.cases import CASES_MAX
from tallystick.demo.outcome import DemoOutcome
from tallystick.demo.staging import run_demo
from tallystick.office.settings import load_settings

app = typer.Typer()


@app.command()
def demo(
    loans: Annotated[int, typer.Option(help=f"How many of the {CASES_MAX} cases to run.")] = 60,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a portfolio of real loans through the whole house and print what happened.

    Parties are registered, loans signed by both sides, disbursed, spent, repaid or not, month by
    month on an embedded chain; misuse is tried and has to be refused; days are closed and notices
    served; at the end funds are traced and the halves compared. Run again, it shows the same
    outcome; killed, it goes on where it stopped.
    """
    settings = load_settings(home=home)
    with progress(f"{loans} loans", "months") as advance:
        outcome = run_demo(settings, loans, advance)

    def render(console: Console) -> None:
        _render(console, outcome)
        told_home = f" --home {shlex.quote(str(home))}" if home else ""
        console.print("\nLook further:")
        for command in ("serve", "loan list", f"funds {outcome.loan.loan_id}", "reconcile"):
            console.print(f"  [bold]tallystick {escape(command + told_home)}[/]", soft_wrap=True)

    answer(outcome.as_json(), render, as_json=as_json)
    if not outcome.reconciliation.is_matching:
        raise typer.Exit(DIFFERENCE)


def _render(console: Console, outcome: DemoOutcome) -> None:
    names = {address: escape(name) for address, name in outcome.names.items()}
    console.print(Rule("Portfolio"))
    render_portfolio(console, outcome.report)

    told = ", ".join(
        f"{count} {name.replace('_', ' ')}" for name, count in outcome.happened.items() if count
    )
    console.print(f"Also: {told}.")

    console.print(Rule("Misuse tried, and refused by the contracts"))
    table = Table("what was tried", "the contracts' answer")
    table.add_column("times", justify="right")
    for refusal in outcome.refusals:
        table.add_row(refusal.misuse, refusal.error, str(refusal.count))
    console.print(table)

    console.print(Rule("One loan's life"))
    render_terms(console, outcome.loan, names)
    render_history(console, outcome.loan.terms, outcome.history, "What happened to it")

    console.print(Rule("Where its money went"))
    render_trace(console, outcome.trace, names)

    console.print(Rule("Chain and mirror"))
    render_reconciliation(console, outcome.reconciliation)
    console.print(
        f"{outcome.counts.logs} events mirrored, {outcome.counts.repayments} repayments, "
        f"{outcome.counts.notices_served} notices served and anchored."
    )
    parts = dict(outcome.seconds)
    chain, total = parts.pop("chain"), parts.pop("total")
    spent = ", ".join(f"{part.replace('_', ' ')} {seconds:.1f}" for part, seconds in parts.items())
    console.print(f"[dim]{total:.1f} s ({spent}), of which {chain:.1f} s waiting for the chain[/]")
