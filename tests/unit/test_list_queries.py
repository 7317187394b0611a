"""Which list `GET /payments` asks for: by the time of creation, or of payment."""

from __future__ import annotations

import msgspec
import pytest

from payments.api.pagination import to_cursor
from payments.api.payments import DEFAULT_SPAN, Query, parse_query
from payments.domain.clock import DAY, to_rfc3339
from payments.domain.errors import InvalidRequest
from payments.domain.payment import Status
from payments.store.listing import Position
from tests.fakes.payments import PAYMENT_ID
from tests.fakes.world import NOW

KEYS = ("newest", "older")


def parse(**parameters: str) -> Query:
    return parse_query(parameters, NOW, KEYS)[0]


def wrong(**parameters: str) -> set[str]:
    with pytest.raises(InvalidRequest) as refused:
        parse(**parameters)
    return {field for field, _ in refused.value.errors}


def at(moment: int) -> str:
    return to_rfc3339(moment)


def test_by_default_it_is_the_last_month_by_creation() -> None:
    assert parse() == Query(NOW - DEFAULT_SPAN, NOW)


@pytest.mark.parametrize(
    ("parameters", "first", "last"),
    [
        ({"paidFrom": at(NOW - DAY)}, NOW - DAY, NOW),
        ({"paidTo": at(NOW - DAY)}, NOW - DAY - DEFAULT_SPAN, NOW - DAY),
        ({"paidFrom": at(NOW - 2 * DAY), "paidTo": at(NOW - DAY)}, NOW - 2 * DAY, NOW - DAY),
    ],
)
def test_either_bound_of_the_time_of_payment_is_enough(
    parameters: dict[str, str], first: int, last: int
) -> None:
    assert parse(**parameters) == Query(first, last, by_paid=True)


def test_other_filters_go_with_it() -> None:
    query = parse(paidTo=at(NOW), orderId="A-1", status="paid")
    assert (query.order_id, query.status, query.by_paid) == ("A-1", Status.PAID, True)


def test_the_two_times_do_not_stand_together() -> None:
    assert wrong(paidFrom=at(NOW - DAY), **{"from": at(NOW - DAY)}) == {"from"}
    assert wrong(paidTo=at(NOW), to=at(NOW), **{"from": at(NOW - DAY)}) == {"from", "to"}


def test_a_wrong_bound_is_named_as_it_was_given() -> None:
    assert wrong(paidFrom="yesterday") == {"paidFrom"}
    assert wrong(paidTo="2026-11-24") == {"paidTo"}
    assert wrong(paidFrom=at(NOW), paidTo=at(NOW - DAY)) == {"paidFrom"}
    assert wrong(paidFrom=at(NOW - 93 * DAY), paidTo=at(NOW)) == {"paidFrom"}


@pytest.mark.parametrize("by_paid", [False, True])
def test_a_cursor_carries_which_time_it_goes_by(by_paid: bool) -> None:
    query = Query(NOW - DAY, NOW, after=Position(NOW, PAYMENT_ID, "unknown"), by_paid=by_paid)
    cursor = to_cursor(query, KEYS[1])
    assert parse(cursor=cursor) == query
    since = {"paidFrom" if by_paid else "from": at(NOW - DAY)}
    assert parse(cursor=cursor, **since) == query
    for other in ("from", "to") if by_paid else ("paidFrom", "paidTo"):
        assert wrong(cursor=cursor, **{other: at(NOW - DAY if "rom" in other else NOW)}) == {
            "cursor"
        }


def test_a_cursor_of_before_there_was_a_time_of_payment_still_leads_on() -> None:
    old = b'[1,2,"paid",null,{"at":1,"id":"' + PAYMENT_ID.encode() + b'"}]'
    query = msgspec.json.decode(old, type=Query)
    assert query == Query(1, 2, Status.PAID, None, Position(1, PAYMENT_ID))
