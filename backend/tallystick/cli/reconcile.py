"""`tallystick reconcile`: compares the halves."""

from __future__ import annotations

from dataclasses import asdict

import typer

from tallystick.cli.console import DIFFERENCE, HomeOption, JsonOption, answer
from tallystick.cli.opening import office_at
from tallystick.cli.render_reconciliation import render_reconciliation
from tallystick.mirror.reconcile import reconcile as compare

app = typer.Typer()


@app.command()
def reconcile(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Compare every loan, balance, party and notice of the mirror with the contracts.

    Ends with exit code 3 when anything differs, and names it.
    """
    with office_at(home) as office:
        found = compare(office.store, office.ledger)
    payload = {
        "is_matching": found.is_matching,
        "block_number": found.block_number,
        "block_hash": found.block_hash,
        "block_at": found.block_at.isoformat(),
        "loans": found.loans,
        "addresses": found.addresses,
        "parties": found.parties,
        "notices": found.notices,
        "differences": [asdict(one) for one in found.differences],
    }
    answer(payload, lambda console: render_reconciliation(console, found), as_json=as_json)
    if not found.is_matching:
        raise typer.Exit(DIFFERENCE)
