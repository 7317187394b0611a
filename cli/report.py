"""One day's business: what was paid, how the day's payments stand, and what a person has to see.

The day is Bishkek's (UTC+6 all year). Money is added up in whole tyiyn.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any, Final, TextIO

from jinja2 import Environment

from payments.domain.cases import Case
from payments.domain.masking import visible
from payments.domain.money import Tyiyn, format_som
from payments.domain.payment import Payment, Status
from payments.store.history import HistoryTable

BISHKEK: Final = timezone(timedelta(hours=6))
_DAY: Final = timedelta(days=1)
_PAGE: Final = Path(__file__).with_name("report.html")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
# What a spreadsheet would take for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

Progress = Callable[[str, Iterable[Any]], Iterator[Any]]


@dataclass(frozen=True)
class Total:
    """A number of payments and their sum in tyiyn."""

    count: int = 0
    tyiyn: int = 0

    @property
    def som(self) -> str:
        """The sum in som, `1234.50`."""
        return format_som(Tyiyn(self.tyiyn))

    @property
    def document(self) -> dict[str, Any]:
        return {"count": self.count, "sum": self.som}


@dataclass(frozen=True)
class Report:
    """`paid` is by when the money came, `started` by when the payments began, as they stand now."""

    day: date
    paid: tuple[Payment, ...]
    started: tuple[Payment, ...]
    cases: tuple[Case, ...]

    @property
    def paid_total(self) -> Total:
        """All money of the day."""
        return total(self.paid)

    @property
    def by_status(self) -> dict[Status, Total]:
        """How the payments that began on this day stand now."""
        return {
            status: total(one for one in self.started if one.status is status) for status in Status
        }

    @property
    def by_hour(self) -> list[Total]:
        """The day's money by Bishkek's hour, 24 of them."""
        hours: list[list[Payment]] = [[] for _ in range(24)]
        for payment in self.paid:
            hours[local(payment.paid_at or 0).hour].append(payment)
        return list(map(total, hours))


def total(payments: Iterable[Payment]) -> Total:
    """Count and sum."""
    amounts = [payment.amount for payment in payments]
    return Total(len(amounts), sum(amounts))


def span(day: date) -> tuple[int, int]:
    """The first and the last millisecond of Bishkek's day."""
    first = (datetime.combine(day, time(), BISHKEK) - _EPOCH) // _MILLISECOND
    return first, first + _DAY // _MILLISECOND - 1


def local(moment: int) -> datetime:
    """A moment by Bishkek's clock."""
    return (_EPOCH + timedelta(milliseconds=moment)).astimezone(BISHKEK)


def today() -> date:
    """The day it is in Bishkek."""
    return datetime.now(BISHKEK).date()


def make_report(day: date, history: HistoryTable, progress: Progress) -> Report:
    """Read the day from the table's indexes."""
    first, last = span(day)
    paid = progress("Reading what was paid", history.paid(first, last))
    started = progress("Reading what was started", history.created(first, last))
    cases = progress("Reading cases", history.cases_changed(first, last))
    return Report(
        day=day,
        paid=tuple(sorted(paid, key=lambda one: (one.paid_at, one.id))),
        started=tuple(sorted(started, key=lambda one: (one.created_at, one.id))),
        cases=tuple(sorted(cases, key=lambda one: (one.opened_at, one.id))),
    )


def document(report: Report) -> dict[str, Any]:
    """The report as JSON: sums in som, as text."""
    return {
        "day": report.day.isoformat(),
        "currency": "KGS",
        "paid": report.paid_total.document,
        "startedByStatus": {
            str(status): found.document for status, found in report.by_status.items()
        },
        "paidByHour": [found.document for found in report.by_hour],
        "cases": [
            {
                "id": case.id,
                "kind": str(case.case_kind),
                "state": str(case.state),
                "paymentId": case.payment_id,
            }
            for case in report.cases
        ],
    }


# The columns of the CSV, and what stands in each: of a payment, and whether it was paid on the day.
COLUMNS: Final[dict[str, Callable[[Payment, bool], object]]] = {
    "id": lambda one, _: one.id,
    "orderId": lambda one, _: one.order_id,
    "status": lambda one, _: one.status,
    "amount": lambda one, _: format_som(Tyiyn(one.amount)),
    "currency": lambda *_: "KGS",
    "startedAt": lambda one, _: local(one.created_at).isoformat(timespec="seconds"),
    "paidAt": lambda one, _: one.paid_at and local(one.paid_at).isoformat(timespec="seconds"),
    "paidThisDay": lambda _, paid: "yes" if paid else "no",
    "late": lambda one, _: "yes" if one.late else "no",
    "statusReason": lambda one, _: one.status_reason,
    "elsomTransactionId": lambda one, _: one.elsom_transaction_id,
}


def write_csv(report: Report, file: TextIO) -> None:
    """One line for each payment that was started or paid on the day."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    paid = {payment.id for payment in report.paid}
    for payment in {one.id: one for one in (*report.started, *report.paid)}.values():
        writer.writerow(_cell(value(payment, payment.id in paid)) for value in COLUMNS.values())


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return visible(f"'{text}" if text.startswith(_FORMULA) else text)


def page(report: Report, stack: str) -> str:
    """The report as one page: nothing is loaded from anywhere, so it can be kept and sent."""
    jinja = Environment(autoescape=True)
    jinja.filters["visible"] = visible
    statuses = [(status, found) for status, found in report.by_status.items() if found.count]
    return jinja.from_string(_PAGE.read_text()).render(
        report=report,
        stack=visible(stack),
        local=local,
        most=max(hour.tyiyn for hour in report.by_hour) or 1,
        statuses=[*statuses, ("all", total(report.started))],
    )
