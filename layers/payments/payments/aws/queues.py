"""The queues and what their messages hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import batched
from typing import Any, Final, Literal, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from payments.domain.errors import QueueUnavailable

_BATCH: Final = 10
_COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A message of the checks queue: query Elsom about this id.

    The other fields belong to triggers (`notification`, `page`). `triggered_at` is when the trigger
    came, in milliseconds. `step` is the query's number after the trigger: 0 is the trigger's own.
    `hops` is how often the message was sent again.
    """

    id: str
    reason: Literal["notification", "page", "schedule", "unknown"]
    triggered_at: int = 0
    elsom_transaction_id: str | None = None
    step: int = 0
    hops: int = 0


class DueWebhook(msgspec.Struct, frozen=True):
    """A message of the webhooks queue: the next try of this event is due. The rest is stored."""

    webhook: str


class Queue[Message](Protocol):
    """What the use cases need of a queue; its messages are of one type.

    Every method raises QueueUnavailable when the queue does not respond.
    """

    def send(self, message: Message, delay: int = 0) -> None:
        """Send one message, visible after `delay` seconds (at most 900)."""

    def send_all(self, messages: Sequence[tuple[Message, int]]) -> int:
        """Send many with their delays; return how many were accepted."""

    def backlog(self) -> int:
        """About how many messages wait, are delayed, or are being worked on."""


class SqsQueue[Message]:
    """A queue in SQS. Messages are sent as JSON, ten in a call."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, message: Message, delay: int = 0) -> None:
        with _translated():
            self._client.send_message(
                QueueUrl=self._url, MessageBody=_to_json(message), DelaySeconds=delay
            )

    def send_all(self, messages: Sequence[tuple[Message, int]]) -> int:
        accepted = 0
        for batch in batched(messages, _BATCH, strict=False):
            entries = [
                {"Id": str(number), "MessageBody": _to_json(message), "DelaySeconds": delay}
                for number, (message, delay) in enumerate(batch)
            ]
            with _translated():
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            accepted += len(answer.get("Successful", ()))
        return accepted

    def backlog(self) -> int:
        with _translated():
            answer = self._client.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=list(_COUNTS)
            )
        return sum(int(answer["Attributes"].get(name, 0)) for name in _COUNTS)


def _to_json(message: object) -> str:
    return msgspec.json.encode(message).decode()


@contextmanager
def _translated() -> Iterator[None]:
    """Raise QueueUnavailable in place of boto3's errors."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise QueueUnavailable(type(error).__name__) from error
