"""Dead letters: looked at, sent again, or cleared away once it is understood."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from cli.target import Target

QUEUES: Final = {
    "checks": "ChecksDeadLetterQueue",
    "webhooks": "WebhooksDeadLetterQueue",
    "unpublished": "UnpublishedQueue",
}
# Seconds for which a message that is only looked at stays hidden.
_LOOK: Final = 5
_WORK: Final = 60


@dataclass(frozen=True)
class Message:
    """One message: its body as JSON where it is JSON, and what deletes it."""

    body: Any
    receipt: str


def look(target: Target, queue: str) -> list[Any]:
    """The bodies of up to a hundred messages, which stay where they are."""
    return [message.body for message in _receive(target, queue, _LOOK, most=100)]


def clear(target: Target, queue: str) -> int:
    """Delete all messages; how many there were."""
    number = 0
    for message in _receive(target, queue, _WORK):
        _delete(target, queue, message)
        number += 1
    return number


def redrive_webhooks(target: Target) -> Iterator[str]:
    """Send every webhook that was given up again from its first try; the event ids, one by one.

    One that is interrupted may be run again: an event is sent once more, under its id.
    """
    deliveries = target.services.deliveries
    sqs, url = target.client("sqs"), target.resource("WebhooksQueue")
    for message in _receive(target, "webhooks", _WORK):
        body = message.body if isinstance(message.body, dict) else {}
        event = body.get("detail", body)
        if "webhook" in body:
            # A note that a try is due; the table knows it too.
            _delete(target, "webhooks", message)
        if "eventId" not in event:
            continue
        event_id = event["eventId"]
        deliveries.want_again(event_id)
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event, ensure_ascii=False))
        _delete(target, "webhooks", message)
        yield event_id


def _receive(target: Target, queue: str, hidden: int, most: int | None = None) -> Iterator[Message]:
    sqs, url = target.client("sqs"), target.resource(QUEUES[queue])
    seen = 0
    while most is None or seen < most:
        got = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=hidden, WaitTimeSeconds=1
        ).get("Messages", [])
        if not got:
            return
        for one in got:
            seen += 1
            yield Message(_read(one["Body"]), one["ReceiptHandle"])


def _delete(target: Target, queue: str, message: Message) -> None:
    target.client("sqs").delete_message(
        QueueUrl=target.resource(QUEUES[queue]), ReceiptHandle=message.receipt
    )


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
