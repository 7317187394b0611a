"""The numbers of *Today*: a month of reports, what waits, open cases, Elsom's last notification.

A day that is over is read again seldom: what was paid on it does not change any more. Reports are
read several at a time, and a page waits only so long for them: days that are missing are said to
be missing, and are there the next time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from desk.api import Api
from desk.times import Clock, day_of, parse_moment, span_of
from elsom_payments_client import ElsomPaymentsError, Payment, Report, Total

DAYS: Final = 31
CASES_COUNTED: Final = 100
_AT_ONCE: Final = 6
_WAIT_SECONDS: Final = 4.0
# Payments of these are open: they still wait for their end.
OPEN: Final = ("pending", "start_unknown", "created")
# How long a report is good for, by the age of its day in days.
_GOOD_FOR: Final = ((1, 0), (7, 60), (DAYS + 1, 6 * 60 * 60))
_LATEST: Final = 3
_LATEST_SPAN: Final = timedelta(days=7)
_PAGES_BACK: Final = 10


@dataclass(frozen=True)
class Waiting:
    """How many payments are open, and the oldest, where it was found."""

    count: int
    oldest: Payment | None = None


@dataclass(frozen=True)
class Notification:
    """When Elsom last notified us, and about which payment."""

    at: datetime
    payment: Payment


@dataclass(frozen=True)
class Today:
    """What *Today* shows. `days` are the oldest first; None: not added up yet."""

    day: date
    paid: Total
    waiting: Waiting
    open_cases: int
    more_cases: bool
    notification: Notification | None
    days: Mapping[date, Total | None]


class Figures:
    """Reads the numbers, and keeps the reports of days for as long as they are good."""

    def __init__(self, api: Api, clock: Clock, wait_seconds: float = _WAIT_SECONDS) -> None:
        self._api = api
        self._clock = clock
        self._wait_seconds = wait_seconds
        self._workers = ThreadPoolExecutor(_AT_ONCE)
        self._lock = threading.Lock()
        self._kept: dict[date, tuple[datetime, Report]] = {}

    def today(self) -> Today:
        """All of it; raise ElsomPaymentsError where even this day cannot be read."""
        day = day_of(self._clock())
        days = [day - timedelta(days=age) for age in range(DAYS)]
        # First what the page cannot do without; the month's reports may take long.
        cases = self._workers.submit(self._api.cases_page, "open", limit=CASES_COUNTED)
        notified = self._workers.submit(self._last_notification)
        running = {one: self._workers.submit(self._report, one) for one in days}
        report = running[day].result()
        found = cases.result()
        notification = notified.result()
        reports = self._within_time(running)
        return Today(
            day=day,
            paid=report.paid,
            waiting=self._waiting(reports.values()),
            open_cases=len(found.items),
            more_cases=found.cursor is not None,
            notification=notification,
            days={one: reports[one].paid if one in reports else None for one in reversed(days)},
        )

    def _within_time(self, running: Mapping[date, Future[Report]]) -> dict[date, Report]:
        """The reports that came in time and could be made."""
        wait(running.values(), timeout=self._wait_seconds)
        for one in running.values():
            one.cancel()
        return {
            day: one.result()
            for day, one in running.items()
            if one.done() and not one.cancelled() and one.exception() is None
        }

    def _report(self, day: date) -> Report:
        now = self._clock()
        age = (day_of(now) - day).days
        good_for = next(seconds for days, seconds in _GOOD_FOR if age < days)
        with self._lock:
            read_at, report = self._kept.get(day, (None, None))
        if report is not None and read_at is not None:
            # Read while its day still ran, it holds a part of the day only.
            whole = day_of(read_at) > day or age == 0
            if whole and now - read_at < timedelta(seconds=good_for):
                return report
        report = self._api.report(day)
        with self._lock:
            self._kept[day] = (now, report)
        return report

    def _waiting(self, reports: Iterable[Report]) -> Waiting:
        open_by_day = {
            report.day: {
                status: total.count
                for status in OPEN
                if (total := report.by_status.get(status)) and total.count
            }
            for report in reports
        }
        count = sum(sum(found.values()) for found in open_by_day.values())
        days = sorted(day for day, found in open_by_day.items() if found)
        if not days:
            return Waiting(0)
        oldest = [self._oldest(days[0], status) for status in open_by_day[days[0]]]
        found = sorted((one for one in oldest if one), key=lambda one: one.created_at)
        return Waiting(count, found[0] if found else None)

    def _oldest(self, day: date, status: str) -> Payment | None:
        """The first payment of a day in this status; None where it lies too many pages back."""
        since, until = span_of(day, day)
        oldest, cursor = None, None
        for _ in range(_PAGES_BACK):
            page = self._api.list_page(status=status, since=since, until=until, cursor=cursor)
            oldest = page.items[-1] if page.items else oldest
            cursor = page.cursor
            if cursor is None:
                return oldest
        return None

    def _last_notification(self) -> Notification | None:
        """The newest one on the timelines of the payments that were begun or paid last."""
        now = self._clock()
        # The API walks back day by day until a page is full: no further than a week.
        since = now - _LATEST_SPAN
        begun = self._api.list_page(since=since, limit=_LATEST).items
        paid = self._api.list_page(paid_since=since, limit=_LATEST).items
        latest = {one.id: one for one in (*begun, *paid)}.values()
        found = [seen for one in latest for seen in self._notifications(one)]
        return max(found, key=lambda one: one.at, default=None)

    def _notifications(self, payment: Payment) -> list[Notification]:
        try:
            entries = self._api.timeline(payment.id)
        except ElsomPaymentsError:
            return []
        times = [parse_moment(one.get("at")) for one in entries if one["what"] == "notification"]
        return [Notification(at, payment) for at in times if at is not None]
