"""`elsom payments`: through the payments API, as the shop sees them."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.context import of
from cli.screen import table

app = typer.Typer(no_args_is_help=True)
Id = Annotated[str, typer.Argument(help="The payment's id.")]


@app.command("list")
def list_payments(
    context: typer.Context,
    status: Annotated[str | None, typer.Option(help="Only this status.")] = None,
    order: Annotated[str | None, typer.Option(help="Only this orderId.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="Started from then on: 2026-11-24T00:00:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Started until then.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 25,
) -> None:
    """The newest payments."""
    ours = of(context)
    given = {"status": status, "orderId": order, "from": since, "to": until}
    query = {name: value for name, value in given.items() if value is not None}
    with ours.screen.working("Reading payments"):
        found = ours.target.newest("/payments", query, limit)
    columns = ("id", "orderId", "status", "amount", "createdAt", "paidAt")
    rows = [[one[name] for name in columns] for one in found]
    ours.screen.result({"items": found}, table(f"{len(found)} payments", columns, rows))


@app.command()
def show(context: typer.Context, payment_id: Id) -> None:
    """One payment."""
    _show(context, of(context).target.call_api("GET", f"/payments/{quote(payment_id)}"))


@app.command()
def check(context: typer.Context, payment_id: Id) -> None:
    """Query Elsom about a payment now (at most once in 2 s and six times in 60 s)."""
    ours = of(context)
    with ours.screen.working("Asking Elsom"):
        payment = ours.target.call_api("POST", f"/payments/{quote(payment_id)}/check")
    _show(context, payment)


@app.command()
def timeline(context: typer.Context, payment_id: Id) -> None:
    """What happened to a payment, oldest first."""
    ours = of(context)
    found = ours.target.call_api("GET", f"/payments/{quote(payment_id)}/timeline")
    rows = [
        (
            entry["at"],
            entry["what"],
            ", ".join(
                f"{key}={value}" for key, value in entry.items() if key not in {"at", "what"}
            ),
        )
        for entry in found["items"]
    ]
    ours.screen.result(found, table(payment_id, ("at", "what", "details"), rows))


def _show(context: typer.Context, payment: dict[str, Any]) -> None:
    # Whoever has the signed link may see the customer's page: it stays off the screen.
    shown = [(name, value) for name, value in payment.items() if name != "checkoutUrl"]
    of(context).screen.result(payment, table(payment["id"], ("field", "value"), shown))
