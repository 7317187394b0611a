"""`elsom cases`: money that matches no open order, for a person to settle."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from cli.context import of
from cli.screen import table
from cli.target import CliError
from payments.domain.events import view_case

app = typer.Typer(no_args_is_help=True)
Id = Annotated[str, typer.Argument(help="The case's id.")]


@app.command("list")
def list_cases(
    context: typer.Context,
    state: Annotated[str, typer.Option(help="open or resolved.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 100,
) -> None:
    """The newest cases."""
    ours = of(context)
    with ours.screen.working("Reading cases"):
        found = ours.target.newest("/cases", {"state": state}, limit)
    columns = ("id", "kind", "paymentId", "orderId", "openedAt", "note")
    rows = [[one[name] for name in columns] for one in found]
    ours.screen.result({"items": found}, table(f"{len(found)} {state} cases", columns, rows))


@app.command()
def show(context: typer.Context, case_id: Id) -> None:
    """One case with its evidence."""
    ours = of(context)
    case = ours.target.services.cases.get(case_id)
    if case is None:
        raise CliError(f"There is no case {case_id}.")
    _show(context, msgspec.to_builtins(view_case(case)))


@app.command()
def resolve(
    context: typer.Context,
    case_id: Id,
    note: Annotated[str, typer.Option(prompt=True, help="What was found and done.")],
) -> None:
    """Close a case with a note; one that is closed stays as it is."""
    case = of(context).target.call_api("POST", f"/cases/{quote(case_id)}/resolve", {"note": note})
    _show(context, case)


def _show(context: typer.Context, case: dict[str, Any]) -> None:
    evidence = [(f"evidence.{name}", value) for name, value in case["evidence"].items()]
    shown = [(name, value) for name, value in case.items() if name != "evidence"]
    of(context).screen.result(case, table(case["id"], ("field", "value"), [*shown, *evidence]))
