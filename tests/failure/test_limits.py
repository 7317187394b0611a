"""Elsom is never asked more often than it bears."""

from __future__ import annotations

from itertools import pairwise

import pytest

from payments.moments import SECOND, now_ms
from tests.failure.house import House
from tests.template.transform import OTHER, PLAIN, of_type, resolve, transform

pytestmark = pytest.mark.needs("java", "npm")

STATUS = "PartnerGetPaymentStatus"


def open_until(house: House) -> int:
    circuit = next(one for one in house.scan() if one["sk"]["S"] == "circuit")
    return int(circuit["openUntil"]["N"])


def test_f24_elsom_gets_no_storm_of_questions_when_it_is_ill(house: House) -> None:
    trns = [house.started(f"order-{number}", orderId=f"A-{number}") for number in range(12)]
    house.fault(STATUS, "503", times=-1)
    house.wait(61)
    house.tick()
    house.work()
    asked = sum(house.questions(trn) for trn in trns)
    assert asked == 5, "the fifth silence opens the circuit"
    pauses = []
    for _ in range(6):
        pauses.append(open_until(house) - now_ms())
        house.tick()
        house.work()
        assert sum(house.questions(trn) for trn in trns) == asked, "nobody asks while it is open"
        house.wait(pauses[-1] / SECOND + 91)
        house.tick()
        house.work()
        now_asked = sum(house.questions(trn) for trn in trns)
        assert now_asked == asked + 1, "one silence is enough to wait again"
        asked = now_asked
    lowest = [15, 30, 60, 120, 150, 150]
    for pause, least in zip(pauses, lowest, strict=True):
        assert least * SECOND <= pause <= 300 * SECOND
    assert len({pause % SECOND for pause in pauses}) > 1, "with jitter"


def test_f24_one_payment_is_queried_six_times_a_minute_at_most_whoever_wants_it(
    house: House,
) -> None:
    trn = house.started()
    signature = house.shop("GET", "/payments/{id}", trn).body["checkoutUrl"].partition("?s=")[2]
    queries = []
    for second in range(120):
        house.notify(trn, "A", Message=f"number {second}")
        house.shop("POST", "/payments/{id}/check", trn)
        house.page("/return/{id}", {"id": trn}, {"s": signature})
        house.tick()
        house.work()
        queries.append(house.questions(trn))
        house.wait(1)
    assert queries[59] == 6
    assert queries[119] == 12
    assert all(later - first <= 1 for first, later in pairwise(queries))


def test_f24_a_shop_that_asks_while_elsom_is_ill_is_told_when_to_come_back(house: House) -> None:
    trn, other = house.started(), house.started("another", orderId="A-2")
    house.fault(STATUS, "503", times=-1)
    for number in range(7):
        house.wait(11 if number < 5 else 1)
        answer = house.shop("POST", "/payments/{id}/check", trn if number < 5 else other)
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.body["type"] == "urn:elsom-payments:problem:elsom-unreachable"
    assert (house.questions(trn), house.questions(other)) == (5, 0)
    assert house.start("order-2").status == 201, "starts are always tried"


@pytest.mark.parametrize(("values", "most"), [(PLAIN, 5), (OTHER, 20)])
def test_f24_the_checks_queue_never_has_more_workers_than_elsom_bears(
    values: dict[str, str], most: int
) -> None:
    template = transform(values)
    (source,) = [
        one["Properties"]
        for one in of_type(template, "AWS::Lambda::EventSourceMapping").values()
        if "ChecksQueue" in str(one["Properties"]["EventSourceArn"])
    ]
    assert resolve(source["ScalingConfig"], values) == {"MaximumConcurrency": most}
    assert source["BatchSize"] == 1
