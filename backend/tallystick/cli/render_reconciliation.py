"""Whether chain and mirror match, and where they do not."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tallystick.mirror.reconcile import Reconciliation

_SHOWN = 50


def render_reconciliation(console: Console, found: Reconciliation) -> None:
    compared = (
        f"{found.loans} loans, {found.addresses} balances, {found.parties} parties and "
        f"{found.notices} notices compared at block {found.block_number}"
    )
    if found.is_matching:
        console.print(f"[bold green]The halves match[/]: {compared}, no difference.")
        return
    console.print(f"[bold red]The halves differ[/] in {len(found.differences)} places: {compared}.")
    table = Table("what", "whose", "member", "mirror", "chain")
    for one in found.differences[:_SHOWN]:
        table.add_row(
            *(escape(text) for text in (one.kind, one.subject, one.member, one.mirror, one.chain))
        )
    console.print(table)
    if len(found.differences) > _SHOWN:
        console.print(f"… and {len(found.differences) - _SHOWN} more; --json shows them all.")
