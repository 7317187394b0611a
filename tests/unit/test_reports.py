"""A day's report: which day it is, what stands in it, and when it is too large."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from payments.api.reports import RESERVE, make_report, parse_day
from payments.domain.cases import CaseKind
from payments.domain.clock import DAY, from_rfc3339
from payments.domain.errors import InvalidRequest, ReportTooLarge
from payments.domain.payment import Status
from payments.domain.reports import DaySums, Sum, add_up, span_of, view_report

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize("day", ["2026-11-24", "2000-01-01", "2999-12-31", "2024-02-29"])
def test_a_day_is_read(day: str) -> None:
    assert parse_day(day).isoformat() == day


@pytest.mark.parametrize(
    "day",
    ["", "today", "24.11.2026", "20261124", "2026-W48-2", "2026-02-30", "1999-12-31",
     "2026-11-24T00:00:00Z", "2026-1-1", "２026-11-24", "2026-11-24\n", "3000-01-01"],
)  # fmt: skip
def test_anything_else_is_refused(day: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_day(day)
    assert [field for field, _ in refused.value.errors] == ["day"]


def test_the_day_is_bishkeks() -> None:
    first = from_rfc3339("2026-11-23T18:00:00Z")
    assert span_of(TODAY) == (first, first + DAY - 1)


def test_every_status_and_kind_stands_in_it_and_money_is_a_decimal_string() -> None:
    sums = DaySums(
        paid=Sum(2, 100_000_000_001),
        by_status={Status.EXPIRED: Sum(1, 5)},
        cases={CaseKind.DISAGREEMENT: 3},
    )
    shown = msgspec.to_builtins(view_report(TODAY, sums))
    assert list(shown) == ["day", "timeZone", "paid", "byStatus", "late", "cases"]
    assert (shown["day"], shown["timeZone"]) == ("2026-11-24", "Asia/Bishkek")
    assert shown["paid"] == {"count": 2, "amount": "1000000000.01"}
    assert shown["late"] == {"count": 0, "amount": "0.00"}
    assert shown["byStatus"] == {
        **{str(status): {"count": 0, "amount": "0.00"} for status in Status},
        "expired": {"count": 1, "amount": "0.05"},
    }
    assert shown["cases"] == {**{str(kind): 0 for kind in CaseKind}, "disagreement": 3}


def test_parts_add_up() -> None:
    part = DaySums(
        paid=Sum(1, 2), late=Sum(3, 4), by_status={Status.PAID: Sum(5, 6)},
        cases={CaseKind.PAID_LATE: 7},
    )  # fmt: skip
    assert add_up([]) == DaySums()
    assert add_up([part, DaySums(), part]) == DaySums(
        paid=Sum(2, 4), late=Sum(6, 8), by_status={Status.PAID: Sum(10, 12)},
        cases={CaseKind.PAID_LATE: 14},
    )  # fmt: skip


class Slow:
    """A store whose every batch takes a second."""

    def __init__(self, batches: int) -> None:
        self.left = 17.0
        self._batches = batches

    def sums(self, first: int, last: int, go_on: object) -> DaySums:
        assert callable(go_on)
        assert last - first == DAY - 1
        for _ in range(self._batches):
            if not go_on():
                raise ReportTooLarge
            self.left -= 1
        return DaySums()


def test_a_day_that_takes_longer_than_the_function_has_is_too_large() -> None:
    slow = Slow(14)
    assert make_report(TODAY, slow, lambda: slow.left).day == "2026-11-24"
    assert slow.left >= RESERVE
    slow = Slow(15)
    with pytest.raises(ReportTooLarge):
        make_report(TODAY, slow, lambda: slow.left)
