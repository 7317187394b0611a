"""`elsom payments` and `elsom cases`: through the payments API, as the shop sees them."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from cli import screen
from cli.context import Command, Limit
from cli.errors import CliError
from cli.screen import Document, entries, fields
from payments.domain.events import view_case

app = typer.Typer(no_args_is_help=True)
cases = typer.Typer(no_args_is_help=True)
PaymentId = Annotated[str, typer.Argument(help="The payment's id.")]
CaseId = Annotated[str, typer.Argument(help="The case's id.")]


@app.command("list")
def list_payments(
    context: Command,
    status: Annotated[str | None, typer.Option(help="Only this status.")] = None,
    order: Annotated[str | None, typer.Option(help="Only this orderId.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Started from then on: 2026-11-24T00:00:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Started until then.")] = None,
    limit: Limit = 25,
) -> None:
    """The newest payments."""
    ours = context.obj
    query = {"status": status, "order_id": order, "since": since, "until": until}
    with ours.screen.working("Reading payments"):
        found = [one.document for one in ours.target.api.list(**query, limit=limit)]
    columns = ("id", "orderId", "status", "amount", "createdAt", "paidAt")
    ours.screen.result({"items": found}, entries(f"{len(found)} payments", columns, found))


@app.command()
def show(context: Command, payment_id: PaymentId) -> None:
    """One payment."""
    _show(context, context.obj.target.api.get(payment_id).document)


@app.command()
def check(context: Command, payment_id: PaymentId) -> None:
    """Have Elsom queried about a payment now (at most once in 2 s and six times in 60 s)."""
    with context.obj.screen.working("Querying Elsom"):
        payment = context.obj.target.api.check(payment_id)
    _show(context, payment.document)


@app.command()
def timeline(context: Command, payment_id: PaymentId) -> None:
    """What happened to a payment, oldest first."""
    items = context.obj.target.api.timeline(payment_id)
    context.obj.screen.result({"items": items}, screen.timeline(payment_id, items))


def _show(context: Command, payment: Document) -> None:
    # Whoever has the signed link may see the customer's page: it stays off the screen.
    shown = {name: value for name, value in payment.items() if name != "checkoutUrl"}
    context.obj.screen.result(payment, fields(payment["id"], shown))


@cases.command("list")
def list_cases(
    context: Command,
    state: Annotated[str, typer.Option(help="open or resolved.")] = "open",
    limit: Limit = 100,
) -> None:
    """The newest cases."""
    ours = context.obj
    with ours.screen.working("Reading cases"):
        found = [one.document for one in ours.target.api.cases(state, limit=limit)]
    columns = ("id", "kind", "paymentId", "orderId", "openedAt", "note")
    ours.screen.result({"items": found}, entries(f"{len(found)} {state} cases", columns, found))


@cases.command("show")
def show_case(context: Command, case_id: CaseId) -> None:
    """One case with its evidence."""
    case = context.obj.target.services.cases.get(case_id)
    if case is None:
        raise CliError(f"There is no case {case_id}.")
    _show_case(context, msgspec.to_builtins(view_case(case)))


@cases.command()
def resolve(
    context: Command,
    case_id: CaseId,
    note: Annotated[str, typer.Option(prompt=True, help="What was found and done.")],
) -> None:
    """Close a case with a note; one that is closed stays as it is."""
    _show_case(context, context.obj.target.api.resolve_case(case_id, note).document)


def _show_case(context: Command, case: Document) -> None:
    shown = {name: value for name, value in case.items() if name != "evidence"}
    evidence = {f"evidence.{name}": value for name, value in case["evidence"].items()}
    context.obj.screen.result(case, fields(case["id"], shown | evidence))
