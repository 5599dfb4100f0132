"""The portfolio as a lender wants to see it."""

from __future__ import annotations

from fractions import Fraction

from rich.console import Console
from rich.table import Table

from tallystick.actions.portfolio import PortfolioReport
from tallystick.kernel.money import amount_text


def render_portfolio(console: Console, report: PortfolioReport) -> None:
    currency = report.portfolio.currency or "CNY"

    def money(amount_minor: int) -> str:
        return amount_text(amount_minor, currency)

    table = Table(title=f"Portfolio on {report.portfolio.day} ({currency})", title_justify="left")
    table.add_column("status")
    for name in ("loans", "disbursed", "principal", "interest", "penalty", "lost"):
        table.add_column(name, justify="right", no_wrap=True)
    for total in report.totals:
        table.add_row(
            total.status.replace("_", " "),
            str(total.loans),
            money(total.disbursed_minor),
            money(total.principal_repaid_minor),
            money(total.interest_repaid_minor),
            money(total.penalty_repaid_minor),
            money(total.written_off_minor),
        )
    console.print(table)
    console.print("[dim]principal, interest, penalty: repaid; lost: principal written off[/]\n")

    table = Table(title="Arrears", title_justify="left")
    table.add_column("days past due")
    for name in ("loans", "outstanding", "in arrears"):
        table.add_column(name, justify="right")
    for bucket in report.portfolio.buckets:
        table.add_row(
            bucket.name,
            str(bucket.loans),
            money(bucket.outstanding_minor),
            money(bucket.arrears_minor),
        )
    console.print(table)
    console.print(
        f"PAR30 [bold]{percent(report.portfolio.par30)}[/]  "
        f"PAR90 [bold]{percent(report.portfolio.par90)}[/] of "
        f"{amount_text(report.portfolio.outstanding_minor, currency)} {currency} outstanding"
    )


def percent(share: Fraction) -> str:
    """Two decimals, for reading."""
    return f"{round(share * 10_000) / 100:.2f} %"
