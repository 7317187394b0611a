"""Lists over many payments: each once, newest first, and a page costs the same at any size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from payments.api.pagination import to_cursor
from payments.api.payments import Query, list_payments, parse_query
from payments.domain.clock import DAY
from payments.domain.ids import derive_id
from payments.domain.payment import Payment, Status
from payments.store.listing import ListingTable
from payments.store.payments import item_of
from payments.store.table import Table, to_image
from tests.contract.stores import DynamoStores
from tests.contract.tables import new_client, new_table

pytestmark = [pytest.mark.needs("java", "npm"), pytest.mark.timeout(240)]

NOW = 1_795_500_000_000
SIGNING_KEYS = ("newest", "older")
STATUSES = (Status.PAID, Status.PAID, Status.EXPIRED, Status.PENDING)


class Listed:
    """A table with so many payments over three days, several in one millisecond."""

    def __init__(self, endpoint: str, size: int) -> None:
        self.client = new_client(endpoint)
        self.name = new_table(self.client)
        self.payments = [_payment(number, size) for number in range(size)]
        self._fill()
        # A list, since shards are read by several threads: appending is whole, adding up is not.
        self.units: list[float] = []
        self.client.meta.events.register("provide-client-params.dynamodb", _request_units)
        self.client.meta.events.register("after-call.dynamodb", self._count)
        self.listing = ListingTable(Table(self.client, self.name))

    def pages(self, parameters: Mapping[str, str]) -> tuple[list[Payment], list[float]]:
        """All pages by their cursors: the payments, and the read units of each page."""
        query: Query | None
        query, limit = parse_query(parameters, NOW, SIGNING_KEYS)
        found: list[Payment] = []
        units: list[float] = []
        while query is not None:
            self.units.clear()
            page = list_payments(query, limit, self.listing)
            found += page.payments
            units.append(sum(self.units))
            query = None
            if page.next_query is not None:
                cursor = to_cursor(page.next_query, SIGNING_KEYS[1])
                query, limit = parse_query({**parameters, "cursor": cursor}, NOW, SIGNING_KEYS)
        return found, units

    def _fill(self) -> None:
        puts = [
            {"PutRequest": {"Item": to_image({**item_of(one), "writeToken": "t"})}}
            for one in self.payments
        ]
        for start in range(0, len(puts), 25):
            answer = self.client.batch_write_item(
                RequestItems={self.name: puts[start : start + 25]}
            )
            assert not answer["UnprocessedItems"]

    def _count(self, parsed: dict[str, Any], **_: Any) -> None:
        consumed = parsed["ConsumedCapacity"]
        parts: Sequence[dict[str, Any]] = consumed if isinstance(consumed, list) else [consumed]
        self.units += [part["CapacityUnits"] for part in parts]


def _payment(number: int, size: int) -> Payment:
    at = NOW - (number // 3) * (3 * DAY * 3 // size)
    return Payment(
        id=derive_id("listed", str(number)),
        status=STATUSES[number % len(STATUSES)],
        amount=100 + number,
        order_id=f"order-{number % 50}",
        language="ru",
        fingerprint="f",
        created_at=at,
        updated_at=at,
        expires_at=at + DAY,
    )


def _request_units(params: dict[str, Any], **_: Any) -> None:
    params["ReturnConsumedCapacity"] = "TOTAL"


@pytest.fixture(scope="module", params=[1_000, 10_000])
def listed(request: pytest.FixtureRequest, dynamodb_local: str) -> Listed:
    return Listed(dynamodb_local, request.param)


@pytest.fixture(scope="module")
def first_page_units() -> dict[str, list[float]]:
    """Read units of the first page of each list, at each size seen so far."""
    return {}


@pytest.mark.parametrize(
    "filters",
    [{}, {"status": "pending"}, {"orderId": "order-7"}, {"orderId": "order-7", "status": "paid"}],
    ids=["all", "by status", "by order", "by order and status"],
)
def test_every_payment_comes_once_newest_first(
    listed: Listed, filters: dict[str, str], first_page_units: dict[str, list[float]]
) -> None:
    found, units = listed.pages({**filters, "limit": "100"})
    wanted = {
        one.id
        for one in listed.payments
        if filters.get("status", one.status) == one.status
        and filters.get("orderId", one.order_id) == one.order_id
    }
    assert len(found) == len(wanted)
    assert {one.id for one in found} == wanted
    times = [one.created_at for one in found]
    assert times == sorted(times, reverse=True)
    print(
        f"\n{len(listed.payments)} payments, {filters}: {len(units)} pages, first {units[0]} units"
    )
    if "orderId" not in filters:
        first_page_units.setdefault(str(filters), []).append(units[0])


def test_a_page_reads_the_same_at_both_sizes(first_page_units: dict[str, list[float]]) -> None:
    assert first_page_units, "runs after the lists above"
    for filters, units in first_page_units.items():
        assert len(units) == 2, filters
        # Half a unit is how DynamoDB rounds one query.
        assert abs(units[0] - units[1]) <= 0.5, (filters, units)


def test_a_day_in_the_middle_is_listed_alone(listed: Listed) -> None:
    first, last = NOW - 2 * DAY, NOW - DAY
    query = Query(first, last)
    found: list[Payment] = []
    while query is not None:
        page = list_payments(query, 100, listed.listing)
        found += page.payments
        if page.next_query is None:
            break
        query = page.next_query
    assert {one.id for one in found} == {
        one.id for one in listed.payments if first <= one.created_at <= last
    }
    assert len(found) == len({one.id for one in found})


def test_a_payment_that_is_added_meanwhile_moves_no_page(local: DynamoStores) -> None:
    base = _payment(0, 1_000)
    for number in range(6):
        at = NOW - number
        local.payments.insert(
            msgspec.structs.replace(base, id=derive_id("moving", str(number)), created_at=at)
        )
    listing = ListingTable(Table(local.client, local.name))
    first = list_payments(Query(NOW - DAY, NOW), 3, listing)
    newcomer = msgspec.structs.replace(base, id=derive_id("newcomer"), created_at=NOW)
    local.payments.insert(newcomer)
    assert first.next_query is not None
    second = list_payments(first.next_query, 3, listing)
    seen = [one.id for one in (*first.payments, *second.payments)]
    assert len(set(seen)) == len(seen)
    assert {derive_id("moving", str(number)) for number in range(6)} - set(seen) <= {newcomer.id}
