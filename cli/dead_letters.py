"""Dead letters: looked at, sent again, or cleared away once it is understood."""

from __future__ import annotations

import json
from collections.abc import Iterator
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


def look(target: Target, queue: str) -> list[Any]:
    """The bodies of up to a hundred messages, which stay where they are."""
    return [body for body, _ in _receive(target, queue, _LOOK, most=100)]


def clear(target: Target, queue: str) -> Iterator[str]:
    """Delete all messages; their receipts, one by one."""
    for _, receipt in _receive(target, queue, _WORK):
        _delete(target, queue, receipt)
        yield receipt


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


def _receive(
    target: Target, queue: str, hidden: int, most: int | None = None
) -> Iterator[tuple[Any, str]]:
    """Each message's body, as JSON where it is JSON, and what deletes it."""
    sqs, url = target.client("sqs"), target.resource(QUEUES[queue])
    seen = 0
    while most is None or seen < most:
        got = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=hidden, WaitTimeSeconds=1
        ).get("Messages", [])
        if not got:
            return
        seen += len(got)
        yield from ((_read(one["Body"]), one["ReceiptHandle"]) for one in got)


def _delete(target: Target, queue: str, receipt: str) -> None:
    url = target.resource(QUEUES[queue])
    target.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=receipt)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
