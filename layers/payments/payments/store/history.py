"""What happened in a range of time, read from the day indexes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Final, Protocol

from payments.domain.cases import Case, CaseState
from payments.domain.payment import Payment
from payments.store import cases
from payments.store.cases import case_of
from payments.store.inbox import UNKNOWN_SORT_KEY, Unknown, unknown_of
from payments.store.payments import DAY_SHARDS, SORT_KEY, payment_of
from payments.store.table import Item, Table

_BATCH: Final = 100


class History(Protocol):
    """What republishing needs of the store. Times in milliseconds, inclusive."""

    def created(self, first: int, last: int) -> Iterator[Payment]:
        """Payments started in this time, as they are now."""

    def paid(self, first: int, last: int) -> Iterator[Payment]:
        """Payments paid in this time, as they are now."""

    def unknown_paid(self, first: int, last: int) -> Iterator[Unknown]:
        """Unknown ids that Elsom called paid in this time."""

    def cases_changed(self, first: int, last: int) -> Iterator[Case]:
        """Cases opened or resolved in this time."""


class HistoryTable:
    """The history in DynamoDB."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def created(self, first: int, last: int) -> Iterator[Payment]:
        keys = self._of_days("by-created", "createdDay", "createdAt", first, last)
        return map(payment_of, self._items(keys, SORT_KEY))

    def paid(self, first: int, last: int) -> Iterator[Payment]:
        keys = self._of_days("by-paid", "paidDay", "paidAt", first, last)
        return map(payment_of, self._items(keys, SORT_KEY))

    def unknown_paid(self, first: int, last: int) -> Iterator[Unknown]:
        keys = self._of_days("by-paid", "paidDay", "paidAt", first, last)
        return map(unknown_of, self._items(keys, UNKNOWN_SORT_KEY))

    def cases_changed(self, first: int, last: int) -> Iterator[Case]:
        # All cases are read: they are few, and no index knows when one was resolved.
        for state in CaseState:
            keys = self._table.walk(
                "createdDay = :day AND createdAt <= :last",
                index="by-created",
                day=cases.partition(state),
                last=last,
            )
            for case in map(case_of, self._items(keys, cases.SORT_KEY)):
                if any(first <= at <= last for at in (case.opened_at, case.resolved_at or -1)):
                    yield case

    def _of_days(self, index: str, day: str, at: str, first: int, last: int) -> Iterator[Item]:
        for partition in _partitions(first, last):
            yield from self._table.walk(
                f"{day} = :day AND {at} BETWEEN :first AND :last",
                index=index,
                day=partition,
                first=first,
                last=last,
            )

    def _items(self, entries: Iterator[Item], sort_key: str) -> Iterator[Item]:
        keys = ((entry["pk"], sort_key) for entry in entries if entry["sk"] == sort_key)
        for batch in batched(keys, _BATCH, strict=False):
            yield from self._table.get_many(batch, consistent=True)


def _partitions(first: int, last: int) -> Iterator[str]:
    """The partitions of every UTC day in this time."""
    day = datetime.fromtimestamp(max(first, 0) / 1000, UTC).date()
    end = datetime.fromtimestamp(last / 1000, UTC).date()
    while day <= end:
        yield from (f"{day.isoformat()}#{number}" for number in range(DAY_SHARDS))
        day += timedelta(days=1)
