"""Elsom is never asked more often than it bears."""

from __future__ import annotations

from itertools import pairwise

import pytest

from payments.domain.clock import SECOND, now_ms
from tests.failure.stack import Stack
from tests.template.transform import OTHER, PLAIN, of_type, resolve, transform

pytestmark = pytest.mark.needs("java", "npm")

STATUS = "PartnerGetPaymentStatus"


def open_until(stack: Stack) -> int:
    circuit = next(one for one in stack.scan() if one["sk"]["S"] == "circuit")
    return int(circuit["openUntil"]["N"])


def test_f24_elsom_gets_no_storm_of_questions_when_it_is_ill(stack: Stack) -> None:
    trns = [stack.started(f"order-{number}", orderId=f"A-{number}") for number in range(12)]
    stack.fault(STATUS, "503", times=-1)
    stack.wait(61)
    stack.tick()
    stack.work()
    queried = sum(stack.queries(trn) for trn in trns)
    assert queried == 5, "the fifth silence opens the circuit"
    pauses = []
    for _ in range(6):
        pauses.append(open_until(stack) - now_ms())
        stack.tick()
        stack.work()
        assert sum(stack.queries(trn) for trn in trns) == queried, "nobody asks while it is open"
        stack.wait(pauses[-1] / SECOND + 91)
        stack.tick()
        stack.work()
        now_queried = sum(stack.queries(trn) for trn in trns)
        assert now_queried == queried + 1, "one silence is enough to wait again"
        queried = now_queried
    lowest = [15, 30, 60, 120, 150, 150]
    for pause, least in zip(pauses, lowest, strict=True):
        assert least * SECOND <= pause <= 300 * SECOND
    assert len({pause % SECOND for pause in pauses}) > 1, "with jitter"


def test_f24_one_payment_is_queried_six_times_a_minute_at_most_whoever_wants_it(
    stack: Stack,
) -> None:
    trn = stack.started()
    signature = stack.shop("GET", "/payments/{id}", trn).body["checkoutUrl"].partition("?s=")[2]
    queries = []
    for second in range(120):
        stack.notify(trn, "A", Message=f"number {second}")
        stack.shop("POST", "/payments/{id}/check", trn)
        stack.page("/return/{id}", {"id": trn}, {"s": signature})
        stack.tick()
        stack.work()
        queries.append(stack.queries(trn))
        stack.wait(1)
    assert queries[59] == 6
    assert queries[119] == 12
    assert all(later - first <= 1 for first, later in pairwise(queries))


def test_f24_a_shop_that_asks_while_elsom_is_ill_is_told_when_to_come_back(stack: Stack) -> None:
    trn, other = stack.started(), stack.started("another", orderId="A-2")
    stack.fault(STATUS, "503", times=-1)
    for number in range(7):
        stack.wait(11 if number < 5 else 1)
        answer = stack.shop("POST", "/payments/{id}/check", trn if number < 5 else other)
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.body["type"] == "urn:elsom-payments:problem:elsom-unreachable"
    assert (stack.queries(trn), stack.queries(other)) == (5, 0)
    assert stack.start("order-2").status == 201, "starts are always tried"


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
