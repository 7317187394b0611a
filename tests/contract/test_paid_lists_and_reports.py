"""What was paid is listed and added up by the time of payment, to the tyiyn, unknown ids apart."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import msgspec
import pytest

from payments.api.pagination import to_cursor
from payments.api.payments import Query, list_payments, parse_query
from payments.api.reports import make_report
from payments.domain.cases import Case, CaseKind, paid_unknown
from payments.domain.clock import DAY, MINUTE, from_rfc3339
from payments.domain.errors import ReportTooLarge, StoreUnavailable
from payments.domain.ids import derive_id
from payments.domain.payment import Payment, Status
from payments.domain.reports import span_of
from payments.store.cases import CaseTable
from payments.store.inbox import Unknown, _unknown_item
from payments.store.listing import ListingTable
from payments.store.payments import item_of
from payments.store.reports import ReportTable
from payments.store.table import Item, Table, to_image
from tests.contract.conftest import LOCAL, made
from tests.contract.stores import DynamoStores
from tests.fakes.payments import a_payment
from tests.fakes.world import NOW

TODAY = date(2026, 11, 24)
FIRST = from_rfc3339("2026-11-23T18:00:00Z")
LAST = from_rfc3339("2026-11-24T17:59:59.999Z")
PAYMENTS, STRANGERS, CASES = 600, 150, 60
KEYS = ("key",)
KINDS = [CaseKind.PAID_LATE, CaseKind.DISAGREEMENT, CaseKind.UNRESOLVED]


def moment(draw: random.Random) -> int:
    """Around the day, often exactly at its edges, and often several at once."""
    at = draw.choice(
        [FIRST - 1, FIRST, LAST, LAST + 1, NOW, draw.randrange(FIRST - DAY, LAST + DAY)]
    )
    return at - at % MINUTE if draw.random() < 0.5 and at not in {LAST, FIRST - 1} else at


def payments(draw: random.Random) -> list[Payment]:
    found = []
    for number in range(PAYMENTS):
        status = draw.choice([Status.PAID, Status.PAID, *Status])
        at = moment(draw)
        more: dict[str, Any] = {"paid_at": at, "late": draw.random() < 0.2}
        found.append(
            a_payment(
                status,
                id=derive_id("paid", str(number)),
                amount=draw.choice([1, 99, draw.randrange(1, 99_999_999_999)]),
                order_id=f"R-{number % 40}",
                created_at=at - draw.randrange(0, DAY),
                **(more if status is Status.PAID else {}),
            )
        )
    return found


def unknown(draw: random.Random, number: int) -> Unknown:
    at = moment(draw)
    return Unknown(id=derive_id("u", str(number)), first_seen_at=at, notified_at=at, paid_at=at)


def case(draw: random.Random, number: int) -> Case:
    found = paid_unknown(derive_id("c", str(number)), NOW, moment(draw))
    return msgspec.structs.replace(found, case_kind=draw.choice(KINDS))


class Filled:
    """A table with all of these, and what was put into it."""

    def __init__(self, dynamo: DynamoStores) -> None:
        draw = random.Random(20261124)
        self.dynamo = dynamo
        self.payments = payments(draw)
        self.cases = [case(draw, number) for number in range(CASES)]
        strangers = [_unknown_item(unknown(draw, number)) for number in range(STRANGERS)]
        self._put([*map(item_of, self.payments), *strangers])
        opened = CaseTable(dynamo.table)
        for number, one in enumerate(self.cases):
            opened.open(one)
            if number % 3 == 0:
                opened.resolve(one.id, "refunded", LAST + DAY)
        self.listing = ListingTable(dynamo.table)
        self.reports = ReportTable(dynamo.table)

    def paid(self, first: int, last: int) -> list[Payment]:
        """As the contract wants them: by the time of payment, newest first."""
        found = [one for one in self.payments if first <= (one.paid_at or -1) <= last]
        return sorted(found, key=lambda one: -(one.paid_at or 0))

    def _put(self, items: Sequence[Item]) -> None:
        puts = [{"PutRequest": {"Item": to_image({**one, "writeToken": "t"})}} for one in items]
        for start in range(0, len(puts), 25):
            name = self.dynamo.name
            answer = self.dynamo.client.batch_write_item(
                RequestItems={name: puts[start : start + 25]}
            )
            assert not answer["UnprocessedItems"]


@pytest.fixture(scope="module", params=["moto", LOCAL])
def filled(request: pytest.FixtureRequest) -> Iterator[Filled]:
    for dynamo in made(request.param, request):
        yield Filled(dynamo)


def pages(filled: Filled, parameters: dict[str, str]) -> list[Payment]:
    """All pages, each reached by the cursor of the one before."""
    found: list[Payment] = []
    query: Query | None
    query, limit = parse_query(parameters, NOW, KEYS)
    while query is not None:
        page = list_payments(query, limit, filled.listing)
        assert len(page.payments) <= limit
        found += page.payments
        query = None
        if page.next_query is not None:
            cursor = to_cursor(page.next_query, KEYS[0])
            query, limit = parse_query({**parameters, "cursor": cursor}, NOW, KEYS)
    return found


SPANS = {
    "Bishkek's day": ("2026-11-23T18:00:00.000Z", "2026-11-24T17:59:59.999Z"),
    "three days": ("2026-11-22T00:00:00Z", "2026-11-26T00:00:00Z"),
    "one moment": ("2026-11-24T06:00:00Z", "2026-11-24T06:00:00Z"),
    "nothing": ("2026-10-01T00:00:00Z", "2026-10-02T00:00:00Z"),
}


@pytest.mark.parametrize("limit", ["7", "100"])
@pytest.mark.parametrize("span", SPANS)
def test_what_was_paid_comes_once_by_the_time_of_payment(
    filled: Filled, span: str, limit: str
) -> None:
    first, last = SPANS[span]
    found = pages(filled, {"paidFrom": first, "paidTo": last, "limit": limit})
    wanted = filled.paid(from_rfc3339(first), from_rfc3339(last))
    assert [one.paid_at for one in found] == [one.paid_at for one in wanted]
    assert sorted(one.id for one in found) == sorted(one.id for one in wanted)


@pytest.mark.parametrize("filters", [{"orderId": "R-7"}, {"status": "paid"}, {"status": "failed"}])
def test_other_filters_narrow_it(filled: Filled, filters: dict[str, str]) -> None:
    first, last = SPANS["three days"]
    found = pages(filled, {"paidFrom": first, "paidTo": last, "limit": "40", **filters})
    wanted = [
        one.id
        for one in filled.paid(from_rfc3339(first), from_rfc3339(last))
        if filters.get("orderId", one.order_id) == one.order_id
        and filters.get("status", one.status) == one.status
    ]
    assert sorted(one.id for one in found) == sorted(wanted)


def sums(found: Sequence[Payment]) -> tuple[int, int]:
    return len(found), sum(one.amount for one in found)


def shown(total: Any) -> tuple[int, int]:
    tyiyn = 0 if total.amount == "0.00" else int(total.amount.replace(".", ""))
    return total.count, tyiyn


def test_a_day_adds_up_to_the_tyiyn(filled: Filled) -> None:
    report = make_report(TODAY, filled.reports, lambda: 20.0)
    paid = filled.paid(FIRST, LAST)
    assert len(paid) > 100
    assert shown(report.paid) == sums(paid)
    assert shown(report.late) == sums([one for one in paid if one.late])
    started = [one for one in filled.payments if FIRST <= one.created_at <= LAST]
    for status in Status:
        of_status = [one for one in started if one.status is status]
        assert of_status, status
        assert shown(report.by_status[status]) == sums(of_status), status
    for kind in CaseKind:
        opened = [
            one for one in filled.cases if one.case_kind is kind and FIRST <= one.opened_at <= LAST
        ]
        assert report.cases[kind] == len(opened), kind
    assert sum(report.cases.values()) > 10


def test_the_list_of_the_day_and_its_report_say_the_same(filled: Filled) -> None:
    first, last = SPANS["Bishkek's day"]
    listed = pages(filled, {"paidFrom": first, "paidTo": last, "limit": "100"})
    report = make_report(TODAY, filled.reports, lambda: 20.0)
    assert shown(report.paid) == sums(listed)


def test_a_day_that_is_too_large_is_given_up_and_nothing_goes_on(filled: Filled) -> None:
    looks = 0

    def seconds_left() -> float:
        nonlocal looks
        looks += 1
        return 20.0 if looks < 12 else 1.0

    with pytest.raises(ReportTooLarge):
        make_report(TODAY, filled.reports, seconds_left)
    known = looks
    assert make_report(TODAY, filled.reports, lambda: 20.0).day == "2026-11-24"
    assert looks == known


def test_a_store_that_fails_in_one_shard_is_said_as_it_is(filled: Filled) -> None:
    class Failing(Table):
        def get_parts(self, keys: Sequence[tuple[str, str]], names: Sequence[str]) -> list[Item]:
            if any(pk[-1] in "3BKV" for pk, _ in keys):
                raise StoreUnavailable("DynamoDB: ThrottlingException")
            return super().get_parts(keys, names)

    failing = ReportTable(Failing(filled.dynamo.client, filled.dynamo.name))
    with pytest.raises(StoreUnavailable):
        failing.sums(*span_of(TODAY), lambda: True)
