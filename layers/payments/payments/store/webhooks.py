"""Webhooks that were not delivered at once: what to send, how often it was tried, when again."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from heapq import merge
from operator import itemgetter
from typing import Any, Final, Protocol

import msgspec
from msgspec.structs import replace

from payments.domain.clock import DAY, SECOND
from payments.domain.errors import StoreUnavailable, WriteConflict
from payments.domain.ids import shard
from payments.store.payments import new_token
from payments.store.table import Item, Table

SORT_KEY: Final = "webhook"
WEBHOOK_SHARDS: Final = 4
# Much longer than the ladder.
KEEP: Final = 7 * DAY
_MARK_TRIES: Final = 5


class DeliveryEnd(StrEnum):
    """Why an event is not sent any more."""

    DELIVERED = "delivered"
    GONE = "gone"
    GIVEN_UP = "given-up"
    NOT_WANTED = "not-wanted"


class Delivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """An event that did not reach the shop at once. Moments in milliseconds.

    due_at is set       tried `tries` times, to be tried again
    no due_at           `ended` tells why; not sent again
    wanted_again        the event's next message begins its tries again; until it comes, what is
                        pending stays pending
    `payload` is the very text that every try sends. Nothing here is ever deleted but by
    time-to-live, so that no function needs the right to delete.
    """

    event_id: str
    payload: str = ""
    tries: int
    first_tried_at: int
    due_at: int | None = None
    ended: DeliveryEnd | None = None
    wanted_again: bool = False
    version: int = 1


class Deliveries(Protocol):
    """What the use cases need of the store of deliveries."""

    def get(self, event_id: str) -> Delivery | None:
        """Read a delivery as it is now."""

    def insert(self, delivery: Delivery) -> bool:
        """Keep one that is not kept yet; tell whether it was new."""

    def save(self, before: Delivery, after: Delivery) -> Delivery:
        """Replace it on the condition that it did not move; raise WriteConflict."""

    def want_again(self, event_id: str) -> None:
        """Let the event's next message be sent, whatever is known of it; take nothing away."""

    def due(self, now: int, limit: int) -> list[str]:
        """Event ids whose next try is due, at most `limit`."""


class DeliveryTable:
    """Deliveries in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, event_id: str) -> Delivery | None:
        """Read a delivery as it is now."""
        item = self._table.get(event_id, SORT_KEY)
        return _delivery_of(item) if item else None

    def insert(self, delivery: Delivery) -> bool:
        """Keep one that is not kept yet; tell whether it was new."""
        try:
            self._table.insert(_item_of(delivery), new_token())
        except WriteConflict:
            return False
        return True

    def save(self, before: Delivery, after: Delivery) -> Delivery:
        """Replace it on the condition that it did not move; raise WriteConflict."""
        stored = replace(after, version=before.version + 1)
        self._table.replace(_item_of(before), _item_of(stored), new_token())
        return stored

    def want_again(self, event_id: str) -> None:
        """Let the event's next message be sent, whatever is known of it; take nothing away.

        An event without an item needs no mark: its next message is sent anyway.
        """
        for _ in range(_MARK_TRIES):
            known = self.get(event_id)
            if known is None or known.wanted_again:
                return
            with suppress(WriteConflict):
                self.save(known, replace(known, wanted_again=True))
                return
        msg = "a webhook is being tried at this moment"
        raise StoreUnavailable(msg)

    def due(self, now: int, limit: int) -> list[str]:
        """Event ids whose next try is due, at most `limit`, the longest waiting first."""
        shards = [self._due(number, now, limit) for number in range(WEBHOOK_SHARDS)]
        return [item["pk"] for item in merge(*shards, key=itemgetter("dueAt"))][:limit]

    def _due(self, number: int, now: int, limit: int) -> list[Item]:
        return self._table.query(
            "dueShard = :shard AND dueAt <= :now",
            index="due",
            limit=limit,
            shard=due_partition(number),
            now=now,
        )


def due_partition(number: int) -> str:
    """A partition of the due index that holds webhooks alone."""
    return f"webhook#{number}"


def _item_of(delivery: Delivery) -> Item:
    item: dict[str, Any] = msgspec.to_builtins(delivery)
    del item["eventId"]
    item |= {"pk": delivery.event_id, "sk": SORT_KEY, "kind": "webhook"}
    item |= {"version": delivery.version, "ttl": (delivery.first_tried_at + KEEP) // SECOND}
    if delivery.due_at is not None:
        item["dueShard"] = due_partition(shard(delivery.event_id, WEBHOOK_SHARDS))
    return item


def _delivery_of(item: Item) -> Delivery:
    return msgspec.convert({**item, "eventId": item["pk"]}, Delivery)
