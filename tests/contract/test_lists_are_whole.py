"""Lists go on behind an item that an eventually consistent read does not show, and miss none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from payments.api.cases import CaseQuery, list_cases
from payments.api.payments import Query, list_payments
from payments.domain.cases import Case, paid_unknown
from payments.domain.clock import HOUR, MINUTE
from payments.domain.ids import derive_id
from payments.domain.payment import Payment, Status
from payments.store.cases import CaseTable
from payments.store.listing import ListingTable
from payments.store.payments import PaymentTable
from payments.store.table import Item, Table
from tests.contract.stores import DynamoStores
from tests.fakes.payments import a_payment
from tests.fakes.world import NOW

ALL = 12
LIMITS = (1, 3, 5, 100)


class Behind(Table):
    """A table whose replicas do not show some items yet; `gone` ones only the indexes show."""

    def __init__(self, dynamo: DynamoStores, hidden: Sequence[str], gone: Sequence[str]) -> None:
        super().__init__(dynamo.client, dynamo.name)
        self._hidden = {*hidden, *gone}
        self._gone = {*gone}

    def get_many(self, keys: Sequence[tuple[str, str]], *, consistent: bool = False) -> list[Item]:
        unseen = self._gone if consistent else self._hidden
        found = super().get_many(keys, consistent=consistent)
        return [item for item in found if item["pk"] not in unseen]


def cases_of(table: Table, limit: int) -> list[Case]:
    found: list[Case] = []
    query: CaseQuery | None = CaseQuery()
    for _ in range(3 * ALL):
        if query is None:
            return found
        page, query = list_cases(query, limit, CaseTable(table))
        found += page
    raise AssertionError("the list does not end")


def payments_of(table: Table, limit: int, **filters: str | Status) -> list[Payment]:
    found: list[Payment] = []
    query: Query | None = Query(NOW - HOUR, NOW + HOUR, **filters)  # type: ignore[arg-type]
    listing = ListingTable(table)
    for _ in range(3 * ALL):
        if query is None:
            return found
        page = list_payments(query, limit, listing)
        found += page.payments
        query = page.next_query
    raise AssertionError("the list does not end")


def lists_of_cases(dynamo: DynamoStores) -> list[str]:
    """Open some cases; their ids, newest first."""
    cases = CaseTable(dynamo.table)
    every = [paid_unknown(derive_id("u", str(n)), NOW, NOW + n) for n in range(ALL)]
    assert all(cases.open(case) for case in every)
    return [case.id for case in reversed(every)]


def lists_of_payments(dynamo: DynamoStores) -> list[str]:
    """Keep some payments; their ids, newest first."""
    payments = PaymentTable(dynamo.table)
    every = [
        a_payment(id=derive_id("p", str(n)), created_at=NOW - MINUTE * (ALL - n))
        for n in range(ALL)
    ]
    for payment in every:
        payments.insert(payment)
    return [payment.id for payment in reversed(every)]


def by_order(table: Table, limit: int) -> list[Payment]:
    return payments_of(table, limit, order_id="A-1001")


def by_status(table: Table, limit: int) -> list[Payment]:
    return payments_of(table, limit, status=Status.PENDING)


type Lists = tuple[
    Callable[[DynamoStores], list[str]], Callable[[Table, int], Sequence[Case | Payment]]
]
LISTS: list[Lists] = [
    (lists_of_cases, cases_of),
    (lists_of_payments, payments_of),
    (lists_of_payments, by_order),
    (lists_of_payments, by_status),
]
NAMES = ["cases", "payments", "of an order", "of a status"]


@pytest.mark.parametrize(("fill", "walk"), LISTS, ids=NAMES)
def test_a_list_is_whole_while_a_replica_does_not_show_an_item_yet(
    dynamo: DynamoStores,
    fill: Callable[[DynamoStores], list[str]],
    walk: Callable[[Table, int], Sequence[Case | Payment]],
) -> None:
    ids = fill(dynamo)
    for hidden in (ids[:1], ids[3:4], ids[-1:], ids[2:6], ids):
        behind = Behind(dynamo, hidden, [])
        for limit in LIMITS:
            assert [one.id for one in walk(behind, limit)] == ids, (hidden, limit)


@pytest.mark.parametrize(("fill", "walk"), LISTS, ids=NAMES)
def test_a_list_goes_on_behind_an_item_that_only_the_index_still_shows(
    dynamo: DynamoStores,
    fill: Callable[[DynamoStores], list[str]],
    walk: Callable[[Table, int], Sequence[Case | Payment]],
) -> None:
    ids = fill(dynamo)
    for gone in (ids[:1], ids[3:4], ids[-1:], ids[2:6], ids):
        behind = Behind(dynamo, [], gone)
        for limit in LIMITS:
            wanted = [one for one in ids if one not in gone]
            assert [one.id for one in walk(behind, limit)] == wanted, (gone, limit)
