"""The totals of a day in Bishkek. Pure: no clock, no I/O. Money is added up in whole tyiyn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from payments.domain.cases import CaseKind
from payments.domain.money import Tyiyn, format_som
from payments.domain.payment import Status

# UTC+6 all year.
BISHKEK: Final = timezone(timedelta(hours=6))
ZONE: Final = "Asia/Bishkek"
_DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)

Count = Annotated[int, Meta(ge=0)]
Som = Annotated[
    str,
    Meta(
        description="In som, two decimals.",
        pattern=r"^(0|[1-9][0-9]*)\.[0-9]{2}$",
        examples=["150.00"],
    ),
]


class Sum(msgspec.Struct, frozen=True):
    """A number of payments and their sum in tyiyn."""

    count: int = 0
    tyiyn: int = 0

    def plus(self, other: Sum) -> Sum:
        """The sum of both."""
        return Sum(self.count + other.count, self.tyiyn + other.tyiyn)


class DaySums(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of a day or of a part of it. A status or kind that is missing has none."""

    paid: Sum = Sum()
    late: Sum = Sum()
    by_status: Mapping[Status, Sum] = {}
    cases: Mapping[CaseKind, int] = {}


class TotalView(msgspec.Struct, frozen=True):
    """How many payments, and their sum."""

    count: Count
    amount: Som


class ReportView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One day as the API shows it.

    `paid` and `late` are by the time of payment, `byStatus` by the time of creation and with the
    present status, `cases` by the time they were opened.
    """

    day: str
    time_zone: str
    paid: TotalView
    by_status: dict[Status, TotalView]
    late: TotalView
    cases: dict[CaseKind, Count]


def span_of(day: date) -> tuple[int, int]:
    """The first and the last millisecond of a day in Bishkek."""
    first = (datetime.combine(day, time(), BISHKEK) - _EPOCH) // _MILLISECOND
    return first, first + _DAY // _MILLISECOND - 1


def add_up(parts: Iterable[DaySums]) -> DaySums:
    """Add up the parts of a day."""
    paid = late = Sum()
    by_status: dict[Status, Sum] = {}
    cases: dict[CaseKind, int] = {}
    for part in parts:
        paid, late = paid.plus(part.paid), late.plus(part.late)
        for status, found in part.by_status.items():
            by_status[status] = by_status.get(status, Sum()).plus(found)
        for kind, number in part.cases.items():
            cases[kind] = cases.get(kind, 0) + number
    return DaySums(paid=paid, late=late, by_status=by_status, cases=cases)


def view_report(day: date, sums: DaySums) -> ReportView:
    """The report as the API shows it, with every status and every kind of case."""
    return ReportView(
        day=day.isoformat(),
        time_zone=ZONE,
        paid=_total(sums.paid),
        by_status={status: _total(sums.by_status.get(status, Sum())) for status in Status},
        late=_total(sums.late),
        cases={kind: sums.cases.get(kind, 0) for kind in CaseKind},
    )


def _total(found: Sum) -> TotalView:
    return TotalView(found.count, format_som(Tyiyn(found.tyiyn)))
