"""`tallystick schedule`: the schedule of a plan, or of every plan in a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tallystick.cli.console import JsonOption
from tallystick.kernel.errors import Invalid
from tallystick.kernel.exact_json import json_of
from tallystick.loans.plan_json import answer_to, plan_from_json, schedule_as_json
from tallystick.loans.schedule import schedule_of

app = typer.Typer()


class PlansUnreadable(Invalid):
    title = "Plans cannot be read"


@app.command()
def schedule(
    from_json: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-",
            help="Read one plan or a list of plans from a file, or from standard input with '-'.",
        ),
    ] = None,
    as_json: JsonOption = False,
    principal: Annotated[str | None, typer.Option(help='Like "1500.00".')] = None,
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "CNY",
    annual_rate_pct: Annotated[str | None, typer.Option(help='Per cent a year, like "7".')] = None,
    method: Annotated[
        str,
        typer.Option(help="equal_instalment, equal_principal, interest_only or single_repayment."),
    ] = "equal_instalment",
    instalments: Annotated[str | None, typer.Option(help="How many.")] = None,
    every: Annotated[str, typer.Option(help="How many units from one to the next.")] = "1",
    unit: Annotated[str, typer.Option(help="days, weeks, months or years.")] = "months",
    disbursed_on: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD")] = None,
    first_due_on: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="If not one period after disbursed-on."),
    ] = None,
    day_count: Annotated[
        str, typer.Option(help="30/360, act/360, act/365f or act/act.")
    ] = "30/360",
    rounding: Annotated[str, typer.Option(help="half_even, half_up, up or down.")] = "half_even",
    principal_grace: Annotated[
        str, typer.Option(help="How many first instalments bear interest only.")
    ] = "0",
    instalment_override: Annotated[
        str | None, typer.Option(help="An agreed level amount, instead of the computed one.")
    ] = None,
    business_day: Annotated[
        str,
        typer.Option(
            help="none, following, modified_following, preceding or modified_preceding: where a "
            "due date goes that is no business day."
        ),
    ] = "none",
    calendar: Annotated[
        str | None, typer.Option(help="weekdays, or a country code like CN.")
    ] = None,
    accrual_dates: Annotated[
        str, typer.Option(help="scheduled or moved: between which dates interest is counted.")
    ] = "scheduled",
) -> None:
    """Draw up the schedule of a plan: dates, amounts, annualised all-in cost.

    State one plan by the options, or give a file of plans in the same
    words with underscores; a custom plan gives its rows there.

    A plan in a file that leads to no schedule is answered in its place by
    {"error": {"type", "detail", "field"}}, and the others still come out:
    the exit code is 0 when every plan was answered. It is 2 when the file
    cannot be read, or the one plan stated by the options is bad.
    """
    stated = {
        "principal": principal,
        "annual_rate_pct": annual_rate_pct,
        "instalments": instalments,
        "disbursed_on": disbursed_on,
        "first_due_on": first_due_on,
        "instalment_override": instalment_override,
        "calendar": calendar,
    }
    if from_json is None:
        plan = stated | {
            "currency": currency,
            "method": method,
            "every": every,
            "unit": unit,
            "day_count": day_count,
            "rounding": rounding,
            "principal_grace": principal_grace,
            "business_day": business_day,
            "accrual_dates": accrual_dates,
        }
        _print([plan], [schedule_as_json(schedule_of(plan_from_json(plan)))], as_json, listed=False)
        return
    if given := [name for name, value in stated.items() if value is not None]:
        raise typer.BadParameter(
            f"a file of plans says it all; leave out {', '.join(given)}", param_hint="--from-json"
        )
    read = _plans_in(from_json)
    plans = read if isinstance(read, list) else [read]
    _print(plans, [answer_to(plan) for plan in plans], as_json, listed=read is plans)


def _plans_in(path: str) -> Any:
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        plans = json_of(content.decode("utf-8-sig"))
    except OSError as error:
        raise PlansUnreadable(f"{path}: {error.strerror or error}", field="from_json") from None
    except UnicodeDecodeError:
        raise PlansUnreadable(f"{path} is not UTF-8 text", field="from_json") from None
    if not isinstance(plans, list | dict):
        raise PlansUnreadable(f"{path} holds neither a plan nor a list of plans", field="from_json")
    return plans


def _print(plans: list[Any], answers: list[dict[str, Any]], as_json: bool, *, listed: bool) -> None:
    if as_json:
        lines = ",\n".join(json.dumps(answer) for answer in answers)
        typer.echo(f"[{lines}]" if listed else lines)
        return
    console = Console()
    for plan, answer in zip(plans, answers, strict=True):
        if error := answer.get("error"):
            at = error["field"] or "plan"
            console.print(f"[bold red]{escape(at)}[/]: {escape(error['detail'])}", soft_wrap=True)
        else:
            console.print(_table(plan, answer))


def _table(plan: dict[str, Any], answer: dict[str, Any]) -> Table:
    stated = [plan[name] for name in ("principal", "currency", "annual_rate_pct", "method")]
    table = Table(
        title=escape("{} {} at {} % a year, {}".format(*stated)),
        caption=f"all-in cost a year: {answer['apr_pct']} % simple, {answer['ear_pct']} % compound",
        show_footer=True,
    )
    footers = {"interest": answer["total_interest"], "due_on": "total"}
    for name in ("number", "due_on", "principal", "interest", "total", "balance"):
        table.add_column(name, footers.get(name, ""), justify="right")
    for instalment in answer["instalments"]:
        table.add_row(*(str(value) for value in instalment.values()))
    return table
