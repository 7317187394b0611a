"""Lists of payments, newest first, read from an index, never by a scan.

The order is (time falling, shard rising, the index's own order within a shard); the time is that of
creation or of payment. A position is the last entry of a page, so the next page begins right after
it, whatever was added meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from heapq import merge
from itertools import batched
from typing import Final, Protocol

import msgspec

from payments.domain.clock import utc_day, utc_days
from payments.domain.ids import shard
from payments.domain.payment import Payment
from payments.store.payments import BY_CREATED, BY_PAID, DAY_SHARDS, SORT_KEY, DayIndex, payment_of
from payments.store.table import Item, Table, readable

_BATCH: Final = 100


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last entry of a page: its time in milliseconds, its id, and its sort key.

    The index of what was paid holds unknown ids too. They can be positions, but are no payments.
    """

    at: int
    id: str
    item: str = SORT_KEY


class Listing(Protocol):
    """What lists of payments need of the store. Times in milliseconds, inclusive."""

    def newest(self, first: int, last: int, limit: int, after: Position | None) -> list[Position]:
        """Up to `limit` entries created between `first` and `last`, newest first."""

    def newest_paid(
        self, first: int, last: int, limit: int, after: Position | None
    ) -> list[Position]:
        """Up to `limit` entries paid between `first` and `last`, newest first."""

    def of_order(
        self, order_id: str, first: int, last: int, limit: int, after: Position | None
    ) -> list[Position]:
        """Up to `limit` entries of one order, created between `first` and `last`, newest first."""

    def read(self, positions: Sequence[Position]) -> list[Payment]:
        """Read the payments at these positions, in this order; those that are gone are left out."""


class ListingTable:
    """Lists from DynamoDB's indexes."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._workers = ThreadPoolExecutor(DAY_SHARDS)

    def newest(self, first: int, last: int, limit: int, after: Position | None) -> list[Position]:
        return self._walk(BY_CREATED, (first, last), limit, after)

    def newest_paid(
        self, first: int, last: int, limit: int, after: Position | None
    ) -> list[Position]:
        return self._walk(BY_PAID, (first, last), limit, after)

    def of_order(
        self, order_id: str, first: int, last: int, limit: int, after: Position | None
    ) -> list[Position]:
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
        found: dict[str, Payment] = {}
        for batch in batched(positions, _BATCH, strict=False):
            keys = [(one.id, SORT_KEY) for one in batch if one.item == SORT_KEY]
            found |= {pk: payment_of(item) for pk, item in readable(self._table, keys).items()}
        return [found[one.id] for one in positions if one.item == SORT_KEY and one.id in found]

    def _walk(
        self, index: DayIndex, span: tuple[int, int], limit: int, after: Position | None
    ) -> list[Position]:
        """Read the days backwards until the page is full: one query for each shard and day."""
        first, last = span
        found: list[Position] = []
        for day in reversed(utc_days(first, after.at if after else last)):
            found += self._of_day(index, day, span, limit - len(found), after)
            if len(found) >= limit:
                break
        return found

    def _of_day(
        self, index: DayIndex, day: str, span: tuple[int, int], limit: int, after: Position | None
    ) -> list[Position]:
        def of_shard(number: int) -> list[Position]:
            return self._of_shard(index, f"{day}#{number}", number, span, limit, after)

        shards = self._workers.map(of_shard, range(DAY_SHARDS))
        ordered = merge(*shards, key=lambda one: (-one.at, shard(one.id, DAY_SHARDS)))
        return list(ordered)[:limit]

    def _of_shard(
        self,
        index: DayIndex,
        partition: str,
        number: int,
        span: tuple[int, int],
        limit: int,
        after: Position | None,
    ) -> list[Position]:
        first, last = span
        start: Item | None = None
        if after is not None:
            seen = shard(after.id, DAY_SHARDS)
            # Of the entries at the position's own time, those of earlier shards were shown already.
            last = min(last, after.at - 1 if number < seen else after.at)
            if number == seen and partition.startswith(utc_day(after.at)):
                start = {index.day: partition, **_keys(after, index.time)}
        if last < first:
            return []
        items = self._table.query(
            f"{index.day} = :day AND {index.time} BETWEEN :first AND :last",
            index=index.name,
            limit=limit,
            newest_first=True,
            after=start,
            day=partition,
            first=first,
            last=last,
        )
        return _positions(items, index.time)


def _positions(items: Iterable[Item], time: str) -> list[Position]:
    return [Position(item[time], item["pk"], item["sk"]) for item in items]


def _keys(position: Position, time: str) -> Item:
    return {time: position.at, "pk": position.id, "sk": position.item}
