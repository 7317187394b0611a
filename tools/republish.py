"""Publish a range of time again, from the table: `python -m tools.republish --from ... --to ...`.

For what a shop missed, or the table's stream lost. Every event has the id it always had.
Works on the local cloud whose state folder is given. A time is RFC 3339: 2026-11-24T00:00:00Z.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3

from payments.bus import EventBridgeBus
from payments.errors import PaymentsError
from payments.moments import DAY, HOUR, from_rfc3339, now_ms
from payments.republish import Republishing, republish
from payments.store.archive import ArchiveTable
from payments.store.cases import CaseTable
from payments.store.payments import PaymentTable
from payments.store.table import Table
from payments.store.webhooks import DeliveryTable
from tools.environments import LOCAL


def main(arguments: Sequence[str] | None = None) -> int:
    """0, or 1 after one sentence that says what is wrong."""
    choices = parse(arguments)
    try:
        stack = json.loads((choices.state_dir / "stack.json").read_text())
    except FileNotFoundError:
        say(f"Error: nothing is deployed in {choices.state_dir}: make run")
        return 1
    try:
        done = republish(choices.first, choices.last, local_stack(stack, choices))
    except PaymentsError as error:
        say(f"Error: {error}; run it again, what was told already is told with the same ids.")
        return 1
    say(f"Told {done.events} events again; opened {done.cases} cases that were missing.")
    for event_id in done.refused:
        say(f"  The bus does not take event {event_id}.")
    return 1 if done.refused else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line; `first` and `last` in milliseconds."""
    parser = argparse.ArgumentParser(prog="python -m tools.republish", description=__doc__)
    parser.add_argument("--from", dest="first", type=moment, required=True, metavar="TIME")
    parser.add_argument("--to", dest="last", type=moment, default=now_ms(), metavar="TIME")
    parser.add_argument("--state-dir", type=Path, default=LOCAL)
    parser.add_argument(
        "--give-up-after-hours",
        type=int,
        default=120,
        help="the stack's GiveUpAfterHours: how long before --from a payment may have begun",
    )
    parser.add_argument(
        "--no-unknown",
        action="store_true",
        help="open no case for ids of other systems, as with ReportUnknownPayments=false",
    )
    return parser.parse_args(arguments)


def moment(text: str) -> int:
    """A time as milliseconds. Raises ArgumentTypeError."""
    try:
        return from_rfc3339(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def local_stack(stack: dict[str, Any], choices: argparse.Namespace) -> Republishing:
    """What republishing needs, of the stack that stack.json describes."""

    def client(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload] # any service's name
            endpoint_url=stack["awsEndpoint"],
            region_name=stack["region"],
            aws_access_key_id=stack["accessKeyId"],
            aws_secret_access_key=stack["secretAccessKey"],
        )

    outputs = stack["outputs"]
    table = Table(client("dynamodb"), outputs["PaymentsTableName"])
    return Republishing(
        archive=ArchiveTable(table),
        payments=PaymentTable(table),
        cases=CaseTable(table),
        deliveries=DeliveryTable(table),
        bus=EventBridgeBus(client("events"), outputs["EventBusName"]),
        # Elsom may have been silent for a while before a payment was given up.
        lookback=choices.give_up_after_hours * HOUR + 7 * DAY,
        report_unknown=not choices.no_unknown,
    )


def say(text: str) -> None:
    """One line for the person at the keyboard."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
