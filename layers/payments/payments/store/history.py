"""What happened in a range of time, read from the day indexes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import batched
from typing import Final, Protocol

from payments.domain.cases import Case, CaseState
from payments.domain.clock import utc_days
from payments.domain.payment import Payment
from payments.store import cases
from payments.store.cases import case_of
from payments.store.inbox import UNKNOWN_SORT_KEY, Unknown, unknown_of
from payments.store.payments import BY_CREATED, BY_PAID, DAY_SHARDS, SORT_KEY, DayIndex, payment_of
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
        keys = self._of_days(BY_CREATED, first, last)
        return map(payment_of, self._items(keys, SORT_KEY))

    def paid(self, first: int, last: int) -> Iterator[Payment]:
        keys = self._of_days(BY_PAID, first, last)
        return map(payment_of, self._items(keys, SORT_KEY))

    def unknown_paid(self, first: int, last: int) -> Iterator[Unknown]:
        keys = self._of_days(BY_PAID, first, last)
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

    def _of_days(self, index: DayIndex, first: int, last: int) -> Iterator[Item]:
        for day in utc_days(first, last):
            for number in range(DAY_SHARDS):
                yield from self._table.walk(
                    f"{index.day} = :day AND {index.time} BETWEEN :first AND :last",
                    index=index.name,
                    day=f"{day}#{number}",
                    first=first,
                    last=last,
                )

    def _items(self, entries: Iterator[Item], sort_key: str) -> Iterator[Item]:
        keys = ((entry["pk"], sort_key) for entry in entries if entry["sk"] == sort_key)
        for batch in batched(keys, _BATCH, strict=False):
            yield from self._table.get_many(batch, consistent=True)
