"""The checks queue: who is to be asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from payments.errors import QueueUnavailable

_BATCH: Final = 10
_COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """One wish to ask Elsom. `received_at` and what follows belong to notifications only."""

    id: str
    reason: Literal["notification", "schedule", "unknown"]
    received_at: int | None = None
    elsom_transaction_id: str | None = None
    again: int = 0


class ChecksQueue(Protocol):
    """What the use cases need of the queue."""

    def send(self, request: CheckRequest, delay: int = 0) -> None:
        """Hand over one request, to be seen after `delay` seconds (at most 900)."""

    def send_all(self, requests: Sequence[tuple[CheckRequest, int]]) -> int:
        """Hand over many with their delays; return how many were taken."""

    def backlog(self) -> int:
        """About how many requests wait or are being worked on."""


class SqsChecksQueue:
    """The queue in SQS."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, request: CheckRequest, delay: int = 0) -> None:
        """Hand over one request; raise QueueUnavailable if SQS does not take it."""
        try:
            self._client.send_message(
                QueueUrl=self._url, MessageBody=_text(request), DelaySeconds=delay
            )
        except (ClientError, BotoCoreError) as error:
            raise QueueUnavailable(type(error).__name__) from error

    def send_all(self, requests: Sequence[tuple[CheckRequest, int]]) -> int:
        """Hand over many; what SQS does not take stays due and comes again."""
        taken = 0
        for start in range(0, len(requests), _BATCH):
            entries = [
                {"Id": str(number), "MessageBody": _text(request), "DelaySeconds": delay}
                for number, (request, delay) in enumerate(requests[start : start + _BATCH])
            ]
            try:
                answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            except (ClientError, BotoCoreError) as error:
                raise QueueUnavailable(type(error).__name__) from error
            taken += len(answer.get("Successful", ()))
        return taken

    def backlog(self) -> int:
        """About how many requests wait, are delayed, or are being worked on."""
        try:
            answer = self._client.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=list(_COUNTS)
            )
        except (ClientError, BotoCoreError) as error:
            raise QueueUnavailable(type(error).__name__) from error
        return sum(int(answer["Attributes"].get(name, 0)) for name in _COUNTS)


def _text(request: CheckRequest) -> str:
    return msgspec.json.encode(request).decode()
