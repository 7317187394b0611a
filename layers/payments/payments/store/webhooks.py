"""Webhooks that were not delivered at the first try: what to send, and when the next try is due."""

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
# Much longer than all tries take.
KEEP: Final = 7 * DAY
_MARK_TRIES: Final = 5


class DeliveryEnd(StrEnum):
    """Why an event is not sent again."""

    DELIVERED = "delivered"
    GONE = "gone"
    GIVEN_UP = "given-up"
    NOT_WANTED = "not-wanted"


class Delivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """An event that was not delivered at the first try. Times in milliseconds.

    due_at is set       tried `tries` times, to be tried again
    no due_at           not sent again; `ended` says why
    wanted_again        the event's next message begins its tries again; until it comes, a pending
                        retry stays pending
    `payload` is the exact text that every try sends. Only time-to-live deletes a delivery, so that
    no function needs the right to delete.
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
        """Store a new delivery; return false where one is stored already."""

    def save(self, before: Delivery, after: Delivery) -> Delivery:
        """Replace it and return what is stored; raise WriteConflict if another writer was first."""

    def want_again(self, event_id: str) -> None:
        """Have the event's next message sent, whatever is stored; a pending retry stays.

        An event without a delivery needs no mark: its next message is sent anyway.
        """

    def due(self, now: int, limit: int) -> list[str]:
        """Up to `limit` event ids whose next try is due, the longest waiting first."""


class DeliveryTable:
    """Deliveries in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, event_id: str) -> Delivery | None:
        item = self._table.get(event_id, SORT_KEY)
        return _delivery_of(item) if item else None

    def insert(self, delivery: Delivery) -> bool:
        try:
            self._table.insert(_item_of(delivery), new_token())
        except WriteConflict:
            return False
        return True

    def save(self, before: Delivery, after: Delivery) -> Delivery:
        stored = replace(after, version=before.version + 1)
        self._table.replace(_item_of(before), _item_of(stored), new_token())
        return stored

    def want_again(self, event_id: str) -> None:
        for _ in range(_MARK_TRIES):
            known = self.get(event_id)
            if known is None or known.wanted_again:
                return
            with suppress(WriteConflict):
                self.save(known, replace(known, wanted_again=True))
                return
        msg = "a try of this webhook is running"
        raise StoreUnavailable(msg)

    def due(self, now: int, limit: int) -> list[str]:
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
    """A partition of the due index that holds only webhooks."""
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
