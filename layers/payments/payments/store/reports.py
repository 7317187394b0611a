"""Sums of a range of time, from the day indexes, whose shards are read at the same time.

A payment is in the same shard of both indexes, so each shard's worker reads it once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from threading import Event
from typing import Final, Protocol

from payments.domain.cases import CaseKind, CaseState
from payments.domain.clock import utc_days
from payments.domain.errors import ReportTooLarge
from payments.domain.payment import Status
from payments.domain.reports import DaySums, Sum, add_up
from payments.store import cases
from payments.store.payments import BY_CREATED, BY_PAID, DAY_SHARDS, SORT_KEY, DayIndex
from payments.store.table import Item, Table

_BATCH: Final = 100
_OF_PAYMENT: Final = ("pk", "amount", "status", "late")
_OF_CASE: Final = ("pk", "caseKind")


class Reports(Protocol):
    """What a report needs of the store. Times in milliseconds, inclusive."""

    def sums(self, first: int, last: int, go_on: Callable[[], bool]) -> DaySums:
        """Add up this time; raise ReportTooLarge as soon as `go_on` returns false."""


class ReportTable:
    """Reports from DynamoDB's indexes."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._workers = ThreadPoolExecutor(DAY_SHARDS)

    def sums(self, first: int, last: int, go_on: Callable[[], bool]) -> DaySums:
        opened = self._of_cases(first, last, go_on)
        failed = Event()

        def of_shard(number: int) -> DaySums:
            try:
                return self._of_shard(number, first, last, lambda: not failed.is_set() and go_on())
            except Exception:
                failed.set()
                raise

        running = [self._workers.submit(of_shard, number) for number in range(DAY_SHARDS)]
        # Every worker ends before an error is raised: none may go on after the function's response.
        errors = [error for one in running if (error := one.exception()) is not None]
        if errors:
            raise next((one for one in errors if not isinstance(one, ReportTooLarge)), errors[0])
        return add_up([opened, *(one.result() for one in running)])

    def _of_shard(self, number: int, first: int, last: int, go_on: Callable[[], bool]) -> DaySums:
        partitions = [f"{day}#{number}" for day in utc_days(first, last)]
        paid, created = (
            {
                entry["pk"]
                for partition in partitions
                for entry in _while(go_on, self._entries(index, partition, first, last))
                # The index of what was paid holds unknown ids too.
                if entry["sk"] == SORT_KEY
            }
            for index in (BY_PAID, BY_CREATED)
        )
        paid_sum = late_sum = Sum()
        by_status: dict[Status, Sum] = {}
        for item in self._read(paid | created, SORT_KEY, _OF_PAYMENT, go_on):
            one = Sum(1, item["amount"])
            if item["pk"] in paid:
                paid_sum = paid_sum.plus(one)
                late_sum = late_sum.plus(one) if item.get("late") else late_sum
            if item["pk"] in created:
                status = Status(item["status"])
                by_status[status] = by_status.get(status, Sum()).plus(one)
        return DaySums(paid=paid_sum, late=late_sum, by_status=by_status)

    def _of_cases(self, first: int, last: int, go_on: Callable[[], bool]) -> DaySums:
        # The open ones first: a case that is resolved meanwhile is then found twice, never missed.
        found = {
            entry["pk"]
            for state in (CaseState.OPEN, CaseState.RESOLVED)
            for entry in _while(
                go_on, self._entries(BY_CREATED, cases.partition(state), first, last)
            )
        }
        read = self._read(found, cases.SORT_KEY, _OF_CASE, go_on)
        return DaySums(cases=Counter(CaseKind(item["caseKind"]) for item in read))

    def _entries(self, index: DayIndex, partition: str, first: int, last: int) -> Iterator[Item]:
        return self._table.walk(
            f"{index.day} = :day AND {index.time} BETWEEN :first AND :last",
            index=index.name,
            day=partition,
            first=first,
            last=last,
        )

    def _read(
        self, ids: Iterable[str], sort_key: str, names: tuple[str, ...], go_on: Callable[[], bool]
    ) -> Iterator[Item]:
        for batch in batched(ids, _BATCH, strict=False):
            _check(go_on)
            yield from self._table.get_parts([(one, sort_key) for one in batch], names)


def _while(go_on: Callable[[], bool], entries: Iterator[Item]) -> Iterator[Item]:
    """The entries, as long as there is time, which is checked before each batch of them."""
    for batch in batched(entries, _BATCH, strict=False):
        _check(go_on)
        yield from batch


def _check(go_on: Callable[[], bool]) -> None:
    if not go_on():
        raise ReportTooLarge
