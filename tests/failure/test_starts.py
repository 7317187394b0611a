"""Starts that go wrong: whatever happens, Elsom hears of a payment at most once."""

from __future__ import annotations

from typing import Any

import pytest

from payments.elsom import client
from tests.failure.recorder import Killed
from tests.failure.stack import Stack, id_of

pytestmark = pytest.mark.needs("java", "npm")

PAID_SILENTLY = "0000000005"
START_HANGS = "0000000008"


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty seconds of waiting for an answer are a third of one here."""
    monkeypatch.setattr(client, "START_READ_SECONDS", 0.3)


def test_f11_a_start_that_timed_out_and_is_repeated_reaches_elsom_once(stack: Stack) -> None:
    stack.fault("IA_Init", "hang", seconds=5)
    first = stack.start()
    assert (first.status, first.body["status"]) == (202, "start_unknown")
    for _ in range(3):
        again = stack.start()
        assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
        assert again.body["id"] == first.body["id"]
        stack.live(3600)
    assert stack.starts(first.body["id"]) == 1


def test_f12_a_start_that_timed_out_while_money_moved_is_unknown_and_then_paid(
    stack: Stack,
) -> None:
    answer = stack.start(customerMsisdn=START_HANGS)
    trn = answer.body["id"]
    assert (answer.status, answer.body["status"]) == (202, "start_unknown")
    assert answer.body["statusReason"] == "start-outcome-unknown"
    stack.live(120)
    payment = stack.payment(trn)
    assert (payment.status, payment.late) == ("paid", False)
    assert stack.reported(trn) == ["payment.start_unknown", "payment.paid"]
    assert stack.cases() == []


def start_and_die(stack: Stack) -> None:
    """The function ends at the moment when the start is sent."""

    def die() -> None:
        raise Killed

    stack.recorder.when("elsom:IA_Init", die)
    with pytest.raises(Killed):
        stack.start(customerMsisdn=PAID_SILENTLY)


def test_f20_a_function_that_dies_in_a_start_sends_no_second_one(stack: Stack) -> None:
    start_and_die(stack)
    trn = id_of("order-1")
    waits = stack.start(customerMsisdn=PAID_SILENTLY)
    assert (waits.status, waits.headers.get("Retry-After")) == (409, "30")
    stack.wait(30)
    again = stack.start(customerMsisdn=PAID_SILENTLY)
    assert (again.status, again.body["status"]) == (200, "start_unknown")
    stack.live(120)
    assert stack.payment(trn).status == "paid"
    assert stack.starts(trn) == 1


def test_f20_nobody_needs_to_ask_again_about_a_start_that_died(stack: Stack) -> None:
    """The shop gave up: the first check was set in the write that recorded the attempt."""
    start_and_die(stack)
    stack.live(120)
    assert stack.payment().status == "paid"
    assert stack.starts(id_of("order-1")) == 1


AMOUNTS = {
    "4.60": 460, "4.35": 435, "19.99": 1999, "0.07": 7, "1.1": 110, "33": 3300, "1000.10": 100_010,
}  # fmt: skip
NO_AMOUNTS: tuple[Any, ...] = ("4.605", "0", "0.00", "-1", "1e3", " 1", "1,50", "", 4.6, 5, None)


def test_f21_amounts_reach_elsom_to_the_tyiyn_and_no_digit_is_dropped(stack: Stack) -> None:
    for number, (text, tyiyn) in enumerate(AMOUNTS.items()):
        trn = stack.started(f"order-{number}", amount=text)
        (call,) = stack.elsom_calls(trn, "IA_Init")
        som, _, rest = text.partition(".")
        assert f'"Amount":"{som}.{rest.ljust(2, "0")}"' in call["body"].replace('": "', '":"')
        assert stack.payment(trn).amount == tyiyn
    for amount in NO_AMOUNTS:
        refused = stack.start("order-bad", amount=amount)
        assert refused.status == 400, amount
        assert [one["field"] for one in refused.body["errors"]] == ["amount"]
    assert len(stack.payments()) == len(AMOUNTS)
