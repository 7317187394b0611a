"""One call of the Python client for each line of JSON read; one line of JSON written for each."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import time_machine
from botocore.credentials import Credentials

import elsom_payments_client as client

_LIST = {"from": "since", "to": "until", "paidFrom": "paid_since", "paidTo": "paid_until"}


def called(line: dict[str, Any]) -> Any:
    """Make the call that a line describes."""
    arguments = line["arguments"]
    if line["call"] == "verifyWebhook":
        given = (arguments["body"].encode(), arguments["headers"], arguments["secrets"])
        if arguments.get("now") is None:
            return client.verify_webhook(*given)
        with time_machine.travel(datetime.fromtimestamp(arguments["now"], UTC), tick=False):
            return client.verify_webhook(*given)
    api = api_of(line["client"])
    if line["call"] == "start":
        return api.start(**{_snake(name): value for name, value in arguments.items()})
    if line["call"] == "list":
        return list(
            api.list(**{_LIST.get(name, _snake(name)): value for name, value in arguments.items()})
        )
    return getattr(api, line["call"])(arguments["id"])


def api_of(settings: dict[str, Any]) -> client.ElsomPayments:
    """The client with these settings."""
    keys = Credentials(
        settings["accessKeyId"], settings["secretAccessKey"], settings.get("sessionToken")
    )
    return client.ElsomPayments(
        settings["apiUrl"],
        region=settings["region"],
        credentials=keys,
        deadline=settings.get("deadlineSeconds", 60),
    )


def plain(value: Any) -> Any:
    """What the client returned, in the API's own names."""
    if dataclasses.is_dataclass(value):
        values = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {_camel(name): plain(one) for name, one in values.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value) if isinstance(value, Decimal) else value


def raised(error: Exception) -> dict[str, Any]:
    """The error's class and what it says about the problem."""
    names = ("status", "name", "fields", "payment_id", "elsom_error_code")
    said = {_camel(name): getattr(error, name) for name in names if hasattr(error, name)}
    return {"class": type(error).__name__, "text": str(error), **said}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


def main() -> None:
    """Answer every line of the input."""
    for text in sys.stdin:
        try:
            result = {"returned": plain(called(json.loads(text)))}
        except Exception as error:  # noqa: BLE001 - whatever the client raises is the result
            result = {"raised": raised(error)}
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
