"""Lists of payments: read off an index, newest first, never by a scan.

The order is (time falling, shard rising, the index's own order within a shard); the time is that of
creation or of payment. A position in it is the last entry seen, so a page goes on exactly behind
the one before, whatever was added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Final, Protocol

import msgspec

from payments.domain.clock import utc_day
from payments.domain.ids import shard
from payments.domain.payment import Payment
from payments.store.payments import DAY_SHARDS, SORT_KEY, payment_of
from payments.store.table import Item, Table, readable

_BATCH: Final = 100


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """The entry a page ended with: its moment in milliseconds, its id, and which item of it.

    The index of what was paid holds unknown ids too: as positions only, they are no payments.
    """

    at: int
    id: str
    item: str = SORT_KEY


class Listing(Protocol):
    """What listing payments needs of the store. Moments are inclusive."""

    def newest(self, first: int, last: int, limit: int, after: Position | None) -> list[Position]:
        """Up to `limit` entries created between `first` and `last`, newest first."""

    def newest_paid(
        self, first: int, last: int, limit: int, after: Position | None
    ) -> list[Position]:
        """The same by the time of payment."""

    def of_order(
        self, order_id: str, first: int, last: int, limit: int, after: Position | None
    ) -> list[Position]:
        """Those of one order, by the time of creation."""

    def read(self, positions: Sequence[Position]) -> list[Payment]:
        """The payments at these positions, in their order; those that are gone are left out."""


# One partition's entries: partition, first, last, limit, and the keys to go on behind.
_Read = Callable[[str, int, int, int, Position | None], list[Position]]


class ListingTable:
    """Lists off DynamoDB's indexes."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._workers = ThreadPoolExecutor(DAY_SHARDS)

    def newest(self, first: int, last: int, limit: int, after: Position | None) -> list[Position]:
        """Walk the days backwards until the page is full; one query a shard and day."""
        return self._walk(self._created, (first, last), limit, after)

    def newest_paid(
        self, first: int, last: int, limit: int, after: Position | None
    ) -> list[Position]:
        """The same walk over the index of what was paid."""
        return self._walk(self._paid, (first, last), limit, after)

    def of_order(
        self, order_id: str, first: int, last: int, limit: int, after: Position | None
    ) -> list[Position]:
        """One partition of the order index."""
        items = self._table.query(
            "orderId = :order AND createdAt BETWEEN :first AND :last",
            index="by-order",
            limit=limit,
            newest_first=True,
            after={"orderId": order_id, **_keys(after, "createdAt")} if after else None,
            order=order_id,
            first=first,
            last=last,
        )
        return _positions(items, "createdAt")

    def read(self, positions: Sequence[Position]) -> list[Payment]:
        """Read the payments, 100 in one call; those that are gone are left out."""
        found: dict[str, Payment] = {}
        for start in range(0, len(positions), _BATCH):
            batch = positions[start : start + _BATCH]
            keys = [(one.id, SORT_KEY) for one in batch if one.item == SORT_KEY]
            found |= {pk: payment_of(item) for pk, item in readable(self._table, keys).items()}
        return [found[one.id] for one in positions if one.item == SORT_KEY and one.id in found]

    def _walk(
        self, read: _Read, span: tuple[int, int], limit: int, after: Position | None
    ) -> list[Position]:
        first, last = span
        found: list[Position] = []
        for day in _days_back(after.at if after else last, first):
            found += self._of_day(read, day, span, limit - len(found), after)
            if len(found) >= limit:
                break
        return found

    def _of_day(
        self, read: _Read, day: str, span: tuple[int, int], limit: int, after: Position | None
    ) -> list[Position]:
        def of_shard(number: int) -> list[Position]:
            return _of_shard(read, f"{day}#{number}", number, span, limit, after)

        shards = self._workers.map(of_shard, range(DAY_SHARDS))
        ordered = merge(*shards, key=lambda one: (-one.at, shard(one.id, DAY_SHARDS)))
        return list(ordered)[:limit]

    def _created(
        self, partition: str, first: int, last: int, limit: int, after: Position | None
    ) -> list[Position]:
        items = self._table.query(
            "createdDay = :day AND createdAt BETWEEN :first AND :last",
            index="by-created",
            limit=limit,
            newest_first=True,
            after={"createdDay": partition, **_keys(after, "createdAt")} if after else None,
            day=partition,
            first=first,
            last=last,
        )
        return _positions(items, "createdAt")

    def _paid(
        self, partition: str, first: int, last: int, limit: int, after: Position | None
    ) -> list[Position]:
        items = self._table.query(
            "paidDay = :day AND paidAt BETWEEN :first AND :last",
            index="by-paid",
            limit=limit,
            newest_first=True,
            after={"paidDay": partition, **_keys(after, "paidAt")} if after else None,
            day=partition,
            first=first,
            last=last,
        )
        return _positions(items, "paidAt")


def _of_shard(
    read: _Read,
    partition: str,
    number: int,
    span: tuple[int, int],
    limit: int,
    after: Position | None,
) -> list[Position]:
    first, last = span
    start: Position | None = None
    if after is not None:
        seen = shard(after.id, DAY_SHARDS)
        # At the last moment seen, the shards before its own are finished, those behind not.
        last = min(last, after.at - 1 if number < seen else after.at)
        if number == seen and partition.startswith(utc_day(after.at)):
            start = after
    return read(partition, first, last, limit, start) if first <= last else []


def _positions(items: Iterable[Item], at: str) -> list[Position]:
    return [Position(item[at], item["pk"], item["sk"]) for item in items]


def _keys(position: Position, at: str) -> Item:
    return {at: position.at, "pk": position.id, "sk": position.item}


def _days_back(last: int, first: int) -> Iterable[str]:
    """The UTC days from `last` back to `first`, both in milliseconds."""
    day = datetime.fromtimestamp(last / 1000, UTC).date()
    end = datetime.fromtimestamp(first / 1000, UTC).date()
    while day >= end:
        yield day.isoformat()
        day -= timedelta(days=1)
