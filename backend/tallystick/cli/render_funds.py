"""A fund trace as a tree and a table of where the money is."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from tallystick.funds.flow import FundNode
from tallystick.funds.movements import BANK
from tallystick.funds.trace import FundTrace
from tallystick.kernel.money import amount_text


def render_trace(console: Console, trace: FundTrace, names: Mapping[str, str]) -> None:
    """`names` says whose an address is, where that is known; they are printed as markup."""

    def name(account: str) -> str:
        if account == BANK:
            return "settlement bank"
        if account == trace.root.movement.receiver:
            return "controlled account"
        return names.get(account, account)

    def line(node: FundNode) -> str:
        movement = node.movement
        facts = [amount_text(node.amount_minor, trace.currency), f"[bold]{movement.kind}[/] to"]
        facts.append(name(movement.receiver))
        if movement.purpose:
            facts.append(f"for {escape(movement.purpose)}")
        if movement.evidence_hash:
            facts.append(f"[dim]evidence {movement.evidence_hash[:10]}…[/]")
        if movement.bank_reference:
            facts.append(f"[dim]bank reference {movement.bank_reference[:10]}…[/]")
        facts.append(f"[dim]{movement.moved_at:%Y-%m-%d}[/]")
        return " ".join(facts)

    tree = Tree(f"{name(trace.root.movement.sender)}: {line(trace.root)}")
    branches = [tree]
    for depth, node in trace.root.walk():
        if depth:
            del branches[depth:]
            branches.append(branches[-1].add(line(node)))
    console.print(tree)

    table = Table("where it is now", "how", title="All of it", title_justify="left")
    table.add_column(trace.currency, justify="right")
    for resting in trace.resting():
        table.add_row(
            name(resting.account),
            resting.end.replace("_", " "),
            amount_text(resting.amount_minor, trace.currency),
        )
    console.print(table)
    for finding in trace.findings:
        console.print(f"[yellow]{finding.code}[/]: {finding.sentence(trace.currency, 'en')}")
