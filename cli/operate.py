"""`elsom report`, `republish`, `webhooks` and `dead-letters`: the day's sums, and repairs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import report
from cli.context import Command, Yes
from cli.errors import CliError
from cli.screen import table
from cli.target import Target
from payments.domain.clock import DAY, HOUR, from_rfc3339, now_ms
from payments.use_cases.republish_events import RepublishDeps, republish

CALL_ELSOM: Final = ("StartPayment", "CheckPayment", "PaymentsApi", "CustomerPages")
QUEUES: Final = {
    "checks": "ChecksDeadLetterQueue",
    "webhooks": "WebhooksDeadLetterQueue",
    "unpublished": "UnpublishedQueue",
}
# Seconds for which a message that is only looked at stays hidden.
_LOOK: Final = 5
_WORK: Final = 60
app = typer.Typer()
webhooks = typer.Typer(no_args_is_help=True)
dead_lettered = typer.Typer(no_args_is_help=True)


def _known(queue: str) -> str:
    if queue not in QUEUES:
        raise CliError(f"There is no queue {queue}; there are {', '.join(QUEUES)}.")
    return queue


def _day(text: str) -> date:
    try:
        return report.today() if text == "today" else date.fromisoformat(text)
    except ValueError:
        raise CliError(f"{text} is not a day: write it as 2026-11-24.") from None


def _moment(text: str) -> int:
    try:
        return from_rfc3339(text)
    except ValueError as error:
        raise CliError(f"{text}: {error}") from error


Queue = Annotated[str, typer.Argument(help=f"One of: {', '.join(QUEUES)}.", callback=_known)]


@app.command("report")
def make_report(
    context: Command,
    day: Annotated[str, typer.Argument(help="The day in Bishkek: 2026-11-24, or today.")],
    out: Annotated[Path, typer.Option(help="The folder for the two files.")] = Path(),
) -> None:
    """A day's sums as CSV and as one HTML page, by Bishkek's clock."""
    ours = context.obj
    wanted = _day(day)
    made = report.make_report(wanted, ours.target.services.history, ours.screen.counted)
    out.mkdir(parents=True, exist_ok=True)
    lines, page = out / f"report-{wanted}.csv", out / f"report-{wanted}.html"
    with lines.open("w", newline="") as file:
        report.write_csv(made, file)
    page.write_text(report.page(made, ours.target.stack))
    rows = [(status, one.count, one.som) for status, one in made.by_status.items() if one.count]
    ours.screen.result(
        {**report.document(made), "files": [str(lines), str(page)]},
        f"Paid on {wanted}: {made.paid_total.count} payments, {made.paid_total.som} KGS",
        table("Started on this day, as they stand now", ("status", "payments", "KGS"), rows),
        f"Cases opened or resolved: {len(made.cases)}",
        f"{lines} and {page} are written.",
    )


@app.command("republish")
def republish_events(
    context: Command,
    since: Annotated[str, typer.Option("--from", help="From then on: 2026-11-24T00:00:00Z.")],
    until: Annotated[str | None, typer.Option("--to", help="Until then; else until now.")] = None,
    lookback: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=3_650,
            help="Days before --from in which the payments began or were paid."
            " Default: GiveUpAfterHours and 7 days. Each payment costs one or two read units.",
        ),
    ] = None,
) -> None:
    """Publish what changed in a range of time again, with the same event ids."""
    ours = context.obj
    first, last = _moment(since), _moment(until) if until else now_ms()
    with ours.screen.working("Republishing"):
        done = republish(first, last, republishing(ours.target, lookback))
    ours.screen.result(
        {"events": done.events, "casesOpened": done.cases, "refused": list(done.refused)},
        f"Republished {done.events} events; opened {done.cases} cases that were missing.",
        *(f"The bus does not take event {event_id}." for event_id in done.refused),
    )
    if done.refused:
        raise typer.Exit(1)


def republishing(target: Target, days: int | None = None) -> RepublishDeps:
    """What republishing works with, as the stack is set up; `days` to look back, if given."""
    hours = int(target.parameters.get("GiveUpAfterHours", "120"))
    # Elsom may not have answered for a while before a payment was given up.
    usual = hours * HOUR + 7 * DAY
    return target.services.republish_deps(days * DAY if days else usual)


@app.command()
def restart(context: Command) -> None:
    """Have the functions that call Elsom start again, as after a change of the CA bundle."""
    ours = context.obj
    with ours.screen.working("Restarting"):
        restart_functions(ours.target)
    message = f"{', '.join(CALL_ELSOM)} start again with their next call."
    ours.screen.result({"functions": list(CALL_ELSOM)}, message)


def restart_functions(target: Target) -> None:
    """End the workers of the functions that call Elsom: the next call begins with new ones."""
    client = target.client("lambda")
    for function in CALL_ELSOM:
        name = target.resource(f"{function}Function")
        now = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        # Any change of a function ends its workers; nothing reads this variable.
        changed = {**now, "RESTARTED_AT": str(now_ms())}
        client.update_function_configuration(FunctionName=name, Environment={"Variables": changed})


@webhooks.command()
def redrive(context: Command) -> None:
    """Send the webhooks that were given up again, each from its first try."""
    ours = context.obj
    sent = list(ours.screen.counted("Sending again", redrive_webhooks(ours.target)))
    ours.screen.result({"eventIds": sent}, f"{len(sent)} webhooks are on their way again.")


@dead_lettered.command()
def show(context: Command, queue: Queue) -> None:
    """Look at up to a hundred messages; they stay where they are."""
    found = [body for body, _ in islice(_receive(context.obj.target, queue, _LOOK), 100)]
    shown = table(f"{len(found)} dead letters", ("", "message"), enumerate(found, start=1))
    context.obj.screen.result({"items": found}, shown)


@dead_lettered.command()
def clear(context: Command, queue: Queue, yes: Yes = False) -> None:
    """Delete the messages of a queue, once they are understood."""
    ours = context.obj
    if not yes:
        typer.confirm(f"Delete all messages that {queue} gave up?", abort=True, err=True)
    number = 0
    for _, receipt in ours.screen.counted("Deleting", _receive(ours.target, queue, _WORK)):
        _delete(ours.target, queue, receipt)
        number += 1
    ours.screen.result({"deleted": number}, f"{number} messages are deleted.")


def redrive_webhooks(target: Target) -> Iterator[str]:
    """Send every webhook that was given up again from its first try; the event ids, one by one.

    One that is interrupted may be run again: an event is sent once more, under its id.
    """
    deliveries = target.services.deliveries
    sqs, url = target.client("sqs"), target.resource("WebhooksQueue")
    for body, receipt in _receive(target, "webhooks", _WORK):
        message = body if isinstance(body, dict) else {}
        event = message.get("detail", message)
        if "webhook" in message:
            # A note that a try is due; the table knows it too.
            _delete(target, "webhooks", receipt)
        if "eventId" in event:
            deliveries.want_again(event["eventId"])
            sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event, ensure_ascii=False))
            _delete(target, "webhooks", receipt)
            yield event["eventId"]


def _receive(target: Target, queue: str, hidden: int) -> Iterator[tuple[Any, str]]:
    """Each message's body, as JSON where it is JSON, and what deletes it."""
    sqs, url = target.client("sqs"), target.resource(QUEUES[queue])
    how = {"MaxNumberOfMessages": 10, "VisibilityTimeout": hidden, "WaitTimeSeconds": 1}
    while got := sqs.receive_message(QueueUrl=url, **how).get("Messages"):
        yield from ((_read(one["Body"]), one["ReceiptHandle"]) for one in got)


def _delete(target: Target, queue: str, receipt: str) -> None:
    url = target.resource(QUEUES[queue])
    target.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=receipt)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
