"""One loan: what was agreed, what is owed, what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tallystick.kernel.money import amount_text
from tallystick.loans.loan import Loan
from tallystick.loans.terms import LoanTerms
from tallystick.loans.waterfall import Owed
from tallystick.mirror.history import HistoryEntry
from tallystick.store.loan_life import InstalmentState


def render_terms(console: Console, loan: Loan, names: Mapping[str, str]) -> None:
    """`names` says whose an address is, where that is known; they are printed as markup."""
    terms = loan.terms
    facts = Table.grid(padding=(0, 2))
    for label, value in (
        ("loan", loan.loan_id),
        ("agreement", escape(terms.agreement)),
        ("status", _standing(loan)),
        ("lender", names.get(loan.lender, loan.lender)),
        ("borrower", names.get(terms.borrower, terms.borrower)),
        ("principal", _money(terms, terms.principal_minor)),
        ("rate", f"{_pct(terms.annual_rate_ppm)} % a year, {escape(terms.day_count)}"),
        ("method", escape(terms.method.replace("_", " "))),
        ("penalty", f"{_pct(terms.penalty_rate_ppm)} % a year after {terms.grace_days} days"),
        ("purposes", escape(", ".join(_purposes(loan)) or "none")),
        ("matures on", str(terms.matures_on)),
        *_agreed_besides(loan, names),
    ):
        facts.add_row(f"[dim]{label}[/]", value)
    console.print(facts)


def render_owed(console: Console, terms: LoanTerms, owed: Owed, at: datetime) -> None:
    console.print(
        f"Owed at {at:%Y-%m-%d %H:%M} UTC: penalty {_money(terms, owed.penalty_minor)}, interest "
        f"{_money(terms, owed.interest_minor)}, principal {_money(terms, owed.principal_minor)}; "
        f"{owed.days_past_due} days past due; payoff {_money(terms, owed.payoff_minor)}"
    )


def render_instalments(
    console: Console, terms: LoanTerms, instalments: Iterable[InstalmentState]
) -> None:
    table = Table(title="Schedule", title_justify="left")
    for name in ("no.", "due on", "principal", "interest", "repaid"):
        table.add_column(name, justify="right")
    for row in instalments:
        repaid_minor = row.principal_repaid_minor + row.interest_repaid_minor
        table.add_row(
            str(row.number),
            str(row.due_on),
            _money(terms, row.principal_minor),
            _money(terms, row.interest_minor),
            f"{_money(terms, repaid_minor)}{' settled' if row.is_settled else ''}",
        )
    console.print(table)


def render_history(
    console: Console, terms: LoanTerms, history: Iterable[HistoryEntry], title: str
) -> None:
    table = Table("at (UTC)", "what happened", "block", title=title, title_justify="left")
    for entry in history:
        table.add_row(
            f"{entry.at:%Y-%m-%d %H:%M}", _sentence(terms, entry), str(entry.block_number)
        )
    console.print(table)


def _sentence(terms: LoanTerms, entry: HistoryEntry) -> str:
    parts = [f"[bold]{_words(entry.event)}[/]"]
    for name, value in entry.details.items():
        if name.endswith("_minor"):
            if value:
                parts.append(f"{name.removesuffix('_minor')} {amount_text(value, terms.currency)}")
        elif isinstance(value, str) and not value.startswith("0x"):
            parts.append(f"{name.replace('_', ' ')} {escape(value)}")
        elif value is True:
            parts.append(name.removeprefix("is_"))
    return ", ".join(parts)


def _words(event: str) -> str:
    """LoanOriginated is "loan originated"."""
    spaced = "".join(f" {char.lower()}" if char.isupper() else char for char in event)
    return spaced.replace("_", " ").strip()


def _standing(loan: Loan) -> str:
    words = loan.status.replace("_", " ")
    return f"{words}, all made due" if loan.repaid.is_accelerated else words


def _agreed_besides(loan: Loan, names: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """What an ordinary loan does without."""
    terms, account = loan.terms, loan.account
    if terms.prior_loan_id is not None:
        yield "replaces", terms.prior_loan_id
    if loan.assignee is not None:
        yield "lent by", names.get(terms.lender, terms.lender)
    if terms.guarantor is not None:
        guarantee = (
            f"{names.get(terms.guarantor, terms.guarantor)}, up to "
            f"{_money(terms, terms.guarantee_minor_max)} after {terms.guarantee_after_days} days; "
            f"paid {_money(terms, account.guaranteed_minor)}, "
            f"got back {_money(terms, account.reimbursed_minor)}"
        )
        yield "guarantor", guarantee
    if terms.mandate_minor_max:
        revoked = ", revoked" if loan.is_mandate_revoked else ""
        mandate = (
            f"collectable by {terms.collectable_by}, {_money(terms, account.collected_minor)} of "
            f"{_money(terms, terms.mandate_minor_max)} collected{revoked}"
        )
        yield "mandate", mandate
    if terms.prepayment != "not_allowed":
        rule = terms.prepayment.replace("_", " ")
        yield "prepayment", f"{rule}, fee {_pct(terms.prepayment_fee_ppm)} %"
    if terms.accelerate_after_days:
        yield "acceleration", f"after {terms.accelerate_after_days} days past due"
    if terms.collateral_hash is not None:
        yield "collateral", terms.collateral_hash


def _purposes(loan: Loan) -> Iterable[str]:
    for cap in loan.terms.purposes:
        spent = _money(loan.terms, loan.spent_minor.get(cap.purpose, 0))
        yield f"{cap.purpose} {spent} of {_money(loan.terms, cap.cap_minor)}"
    if loan.terms.self_paid_minor_max:
        withdrawn = _money(loan.terms, loan.account.withdrawn_minor)
        yield f"self-paid {withdrawn} of {_money(loan.terms, loan.terms.self_paid_minor_max)}"


def _pct(rate_ppm: int) -> str:
    """118800 is "11.88"."""
    return f"{Decimal(rate_ppm).scaleb(-4).normalize():f}"


def _money(terms: LoanTerms, amount_minor: int) -> str:
    return f"{amount_text(amount_minor, terms.currency)} {terms.currency}"
