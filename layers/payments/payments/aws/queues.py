"""Queues: who is to be asked about, and texts that somebody else works on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    """One wish to ask Elsom. What follows `reason` belongs to triggers: notification and page.

    `received_at` is the trigger's moment in milliseconds, `again` counts its follow-ups, `hops` how
    often its message was sent again.
    """

    id: str
    reason: Literal["notification", "page", "schedule", "unknown"]
    received_at: int = 0
    elsom_transaction_id: str | None = None
    again: int = 0
    hops: int = 0


class DueWebhook(msgspec.Struct, frozen=True):
    """A webhook whose next try is due; everything else about it is kept in the table."""

    webhook: str


class ChecksQueue(Protocol):
    """What the use cases need of the queue."""

    def send(self, request: CheckRequest, delay: int = 0) -> None:
        """Hand over one request, to be seen after `delay` seconds (at most 900)."""

    def send_all(self, requests: Sequence[tuple[CheckRequest, int]]) -> int:
        """Hand over many with their delays; return how many were taken."""

    def backlog(self) -> int:
        """About how many requests wait or are being worked on."""


class TextQueue(Protocol):
    """A queue of texts, as the use cases see it."""

    def send(self, text: str, delay: int = 0) -> None:
        """Hand over one text, to be seen after `delay` seconds (at most 900)."""

    def send_all(self, texts: Sequence[tuple[str, int]]) -> int:
        """Hand over many with their delays; return how many were taken."""

    def backlog(self) -> int:
        """About how many messages wait or are being worked on."""


class SqsQueue:
    """A queue of texts in SQS. Every method raises QueueUnavailable when SQS does not answer."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, text: str, delay: int = 0) -> None:
        """Hand over one text."""
        with _translated():
            self._client.send_message(QueueUrl=self._url, MessageBody=text, DelaySeconds=delay)

    def send_all(self, texts: Sequence[tuple[str, int]]) -> int:
        """Hand over many, ten in a call; return how many SQS took."""
        taken = 0
        for start in range(0, len(texts), _BATCH):
            entries = [
                {"Id": str(number), "MessageBody": text, "DelaySeconds": delay}
                for number, (text, delay) in enumerate(texts[start : start + _BATCH])
            ]
            with _translated():
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            taken += len(answer.get("Successful", ()))
        return taken

    def backlog(self) -> int:
        """About how many messages wait, are delayed, or are being worked on."""
        with _translated():
            answer = self._client.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=list(_COUNTS)
            )
        return sum(int(answer["Attributes"].get(name, 0)) for name in _COUNTS)


class SqsChecksQueue:
    """The checks queue in SQS."""

    def __init__(self, client: Any, url: str) -> None:
        self._queue = SqsQueue(client, url)

    def send(self, request: CheckRequest, delay: int = 0) -> None:
        """Hand over one request; raise QueueUnavailable if SQS does not take it."""
        self._queue.send(_text(request), delay)

    def send_all(self, requests: Sequence[tuple[CheckRequest, int]]) -> int:
        """Hand over many; what SQS does not take stays due and comes again."""
        return self._queue.send_all([(_text(request), delay) for request, delay in requests])

    def backlog(self) -> int:
        """About how many requests wait, are delayed, or are being worked on."""
        return self._queue.backlog()


def _text(request: CheckRequest) -> str:
    return msgspec.json.encode(request).decode()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise QueueUnavailable(type(error).__name__) from error
