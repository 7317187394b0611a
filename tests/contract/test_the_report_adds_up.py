"""A day's report adds up to the tyiyn, by Bishkek's clock."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import pytest

from cli.report import COLUMNS, Report, document, make_report, page, span, write_csv
from payments.domain.clock import DAY, from_rfc3339
from payments.domain.ids import derive_id
from payments.domain.payment import Payment, Status
from payments.store.history import HistoryTable
from tests.contract.stores import in_dynamodb
from tests.contract.tables import new_client
from tests.fakes.payments import a_payment

pytestmark = pytest.mark.needs("java", "npm")

TODAY = date(2026, 11, 24)
# Bishkek is six hours ahead of UTC, summer and winter.
FIRST = from_rfc3339("2026-11-23T18:00:00Z")
LAST = from_rfc3339("2026-11-24T17:59:59.999Z")
PAYMENTS = 1_000


def quietly(_title: str, things: Iterable[Any]) -> Iterator[Any]:
    yield from things


def made_up(draw: random.Random) -> list[Payment]:
    """A thousand payments around the day, many of them exactly at its edges."""
    made = []
    for number in range(PAYMENTS):
        status = draw.choice([Status.PAID, Status.PAID, *Status])
        edges = [FIRST - 1, FIRST, LAST, LAST + 1]
        at = draw.choice([*edges, draw.randrange(FIRST - DAY, LAST + DAY)])
        more: dict[str, Any] = {"paid_at": at} if status is Status.PAID else {}
        made.append(
            a_payment(
                status,
                id=derive_id("report", str(number)),
                amount=draw.choice([1, 99, 100, draw.randrange(1, 99_999_999_999)]),
                order_id=f"R-{number}",
                created_at=at - draw.randrange(0, DAY) if more else at,
                late=bool(more) and draw.random() < 0.1,
                **more,
            )
        )
    return made


@pytest.fixture(scope="module")
def payments() -> list[Payment]:
    return made_up(random.Random(20261124))


@pytest.fixture(scope="module")
def stored(payments: list[Payment], dynamodb_local: str) -> tuple[Report, list[dict[str, Any]]]:
    """The report, and the table's items as DynamoDB itself keeps them."""
    store = in_dynamodb(new_client(dynamodb_local))
    for payment in payments:
        store.payments.insert(payment)
    report = make_report(TODAY, HistoryTable(store.table), quietly)
    pages = store.client.get_paginator("scan").paginate(TableName=store.name)
    return report, [item for found in pages for item in found["Items"]]


def within(item: dict[str, Any], name: str) -> bool:
    return name in item and FIRST <= int(item[name]["N"]) <= LAST


def summed(items: list[dict[str, Any]]) -> tuple[int, int]:
    return len(items), sum(int(item["amount"]["N"]) for item in items)


def test_the_day_is_bishkeks() -> None:
    assert span(TODAY) == (FIRST, LAST)


def test_what_was_paid_adds_up_to_the_tyiyn(
    stored: tuple[Report, list[dict[str, Any]]],
) -> None:
    report, items = stored
    assert len(items) == PAYMENTS
    paid = [item for item in items if item["status"]["S"] == "paid" and within(item, "paidAt")]
    count, tyiyn = summed(paid)
    assert count > 100
    assert (report.paid_total.count, report.paid_total.tyiyn) == (count, tyiyn)
    assert sum(hour.tyiyn for hour in report.by_hour) == tyiyn
    som = f"{tyiyn // 100}.{tyiyn % 100:02d}"
    assert document(report)["paid"] == {"count": count, "sum": som}


@pytest.mark.parametrize("status", Status)
def test_each_status_adds_up_to_the_tyiyn(
    stored: tuple[Report, list[dict[str, Any]]], status: Status
) -> None:
    report, items = stored
    started = [
        item for item in items if within(item, "createdAt") and item["status"]["S"] == status
    ]
    found = report.by_status[status]
    assert (found.count, found.tyiyn) == summed(started)
    assert found.count > 10


def test_the_csv_holds_every_payment_of_the_day_once_and_adds_up(
    stored: tuple[Report, list[dict[str, Any]]],
) -> None:
    report, items = stored
    file = io.StringIO()
    write_csv(report, file)
    lines = list(csv.DictReader(io.StringIO(file.getvalue())))
    assert list(lines[0]) == list(COLUMNS)
    of_the_day = [item for item in items if within(item, "paidAt") or within(item, "createdAt")]
    assert sorted(line["id"] for line in lines) == sorted(item["pk"]["S"] for item in of_the_day)
    paid = [line for line in lines if line["paidThisDay"] == "yes"]
    tyiyn = sum(int(line["amount"].replace(".", "")) for line in paid)
    assert (len(paid), tyiyn) == (report.paid_total.count, report.paid_total.tyiyn)
    assert all(line["paidAt"].startswith("2026-11-24T") for line in paid)


def test_the_page_shows_the_sum_and_loads_nothing(
    stored: tuple[Report, list[dict[str, Any]]],
) -> None:
    report, _ = stored
    shown = page(report, "shop & sons")
    assert f'<p class="sum">{report.paid_total.som} KGS</p>' in shown
    assert shown.count("<rect") == 24
    assert "shop &amp; sons" in shown
    assert not re.search(r"https?://|<script|<link|url\(", shown)


def test_an_order_that_looks_like_a_formula_is_kept_as_text() -> None:
    payment = a_payment(Status.PAID, order_id="=1+1", paid_at=FIRST)
    file = io.StringIO()
    write_csv(Report(TODAY, (payment,), (), ()), file)
    assert ",'=1+1," in file.getvalue()


def test_an_empty_day_is_a_report_too() -> None:
    empty = Report(TODAY, (), (), ())
    assert document(empty)["paid"] == {"count": 0, "sum": "0.00"}
    assert "None." in page(empty, "elsom-payments")
    json.dumps(document(empty))
