"""The event bus, on which events are published."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import batched
from typing import Any, Final, Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from payments.domain.clock import SECOND, from_rfc3339
from payments.domain.errors import QueueUnavailable
from payments.domain.events import SOURCE, Event

_BATCH: Final = 10
# EventBridge's error codes for an entry that it will never accept; the others are temporary.
_NEVER_ACCEPTED: Final = frozenset({"InvalidArgument", "MalformedDetail"})


class Bus(Protocol):
    """What the use cases need of the bus."""

    def publish(self, events: Sequence[Event]) -> list[Event]:
        """Publish all events; return those that the bus will never accept.

        Raises QueueUnavailable where even one was refused for another reason: publish all again.
        """


class EventBridgeBus:
    """The bus in EventBridge."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def publish(self, events: Sequence[Event]) -> list[Event]:
        refused: list[Event] = []
        for batch in batched(events, _BATCH, strict=False):
            try:
                answer = self._client.put_events(Entries=[self._entry(event) for event in batch])
            except (ClientError, BotoCoreError) as error:
                raise QueueUnavailable(f"bus: {type(error).__name__}") from error
            if not answer.get("FailedEntryCount"):
                continue
            for event, entry in zip(batch, answer["Entries"], strict=True):
                code = entry.get("ErrorCode")
                if code in _NEVER_ACCEPTED:
                    refused.append(event)
                elif code:
                    raise QueueUnavailable(f"bus: {code}")
        return refused

    def _entry(self, event: Event) -> dict[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": str(event.type),
            "Time": from_rfc3339(event.occurred_at) / SECOND,
            "Detail": msgspec.json.encode(event).decode(),
        }
