"""Lists of payments: read off an index, newest first, never by a scan.

The order is (createdAt falling, shard rising, the index's own order within a shard). A position
in it is the last entry seen, so a page goes on exactly behind the one before, whatever was added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


class Position(msgspec.Struct, frozen=True):
    """The entry a page ended with: its moment of creation in milliseconds, and its id."""

    at: int
    id: str


class Listing(Protocol):
    """What listing payments needs of the store. Moments are inclusive."""

    def newest(self, first: int, last: int, limit: int, after: Position | None) -> list[Position]:
        """Up to `limit` entries created between `first` and `last`, newest first."""

    def of_order(
        self, order_id: str, first: int, last: int, limit: int, after: Position | None
    ) -> list[Position]:
        """The same for one order."""

    def read(self, positions: Sequence[Position]) -> list[Payment]:
        """The payments at these positions, in their order; those that are gone are left out."""


class ListingTable:
    """Lists off DynamoDB's indexes."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._workers = ThreadPoolExecutor(DAY_SHARDS)

    def newest(self, first: int, last: int, limit: int, after: Position | None) -> list[Position]:
        """Walk the days backwards until the page is full; one query a shard and day."""
        found: list[Position] = []
        for day in _days_back(after.at if after else last, first):
            found += self._of_day(day, (first, last), limit - len(found), after)
            if len(found) >= limit:
                break
        return found

    def of_order(
        self, order_id: str, first: int, last: int, limit: int, after: Position | None
    ) -> list[Position]:
        """One partition of the order index."""
        items = self._table.query(
            "orderId = :order AND createdAt BETWEEN :first AND :last",
            index="by-order",
            limit=limit,
            newest_first=True,
            after={"orderId": order_id, **_keys(after)} if after else None,
            order=order_id,
            first=first,
            last=last,
        )
        return _positions(items)

    def read(self, positions: Sequence[Position]) -> list[Payment]:
        """Read the payments, 100 in one call; those that are gone are left out."""
        found: dict[str, Payment] = {}
        for start in range(0, len(positions), _BATCH):
            keys = [(one.id, SORT_KEY) for one in positions[start : start + _BATCH]]
            found |= {pk: payment_of(item) for pk, item in readable(self._table, keys).items()}
        return [found[one.id] for one in positions if one.id in found]

    def _of_day(
        self, day: str, span: tuple[int, int], limit: int, after: Position | None
    ) -> list[Position]:
        def of_shard(number: int) -> list[Position]:
            return self._of_shard(f"{day}#{number}", number, span, limit, after)

        shards = self._workers.map(of_shard, range(DAY_SHARDS))
        ordered = merge(*shards, key=lambda one: (-one.at, shard(one.id, DAY_SHARDS)))
        return list(ordered)[:limit]

    def _of_shard(
        self,
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
            # At the last moment seen, the shards before its own are finished, those behind not.
            last = min(last, after.at - 1 if number < seen else after.at)
            if number == seen and partition.startswith(utc_day(after.at)):
                start = {"createdDay": partition, **_keys(after)}
        if last < first:
            return []
        items = self._table.query(
            "createdDay = :day AND createdAt BETWEEN :first AND :last",
            index="by-created",
            limit=limit,
            newest_first=True,
            after=start,
            day=partition,
            first=first,
            last=last,
        )
        return _positions(items)


def _positions(items: Iterable[Item]) -> list[Position]:
    return [Position(item["createdAt"], item["pk"]) for item in items]


def _keys(position: Position) -> Item:
    return {"createdAt": position.at, "pk": position.id, "sk": SORT_KEY}


def _days_back(last: int, first: int) -> Iterable[str]:
    """The UTC days from `last` back to `first`, both in milliseconds."""
    day = datetime.fromtimestamp(last / 1000, UTC).date()
    end = datetime.fromtimestamp(first / 1000, UTC).date()
    while day >= end:
        yield day.isoformat()
        day -= timedelta(days=1)
