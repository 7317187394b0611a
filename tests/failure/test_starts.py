"""Starts that go wrong: whatever happens, Elsom hears of a payment at most once."""

from __future__ import annotations

from typing import Any

import pytest

from payments.elsom import client
from tests.failure.house import House, id_of
from tests.failure.line import Killed

pytestmark = pytest.mark.needs("java", "npm")

PAID_SILENTLY = "0000000005"
START_HANGS = "0000000008"


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty seconds of waiting for an answer are a third of one here."""
    monkeypatch.setattr(client, "START_READ_SECONDS", 0.3)


def test_f11_a_start_that_timed_out_and_is_repeated_reaches_elsom_once(house: House) -> None:
    house.fault("IA_Init", "hang", seconds=5)
    first = house.start()
    assert (first.status, first.body["status"]) == (202, "start_unknown")
    for _ in range(3):
        again = house.start()
        assert (again.status, again.headers["Idempotency-Replayed"]) == (200, "true")
        assert again.body["id"] == first.body["id"]
        house.live(3600)
    assert house.starts(first.body["id"]) == 1


def test_f12_a_start_that_timed_out_while_money_moved_is_unknown_and_then_paid(
    house: House,
) -> None:
    answer = house.start(customerMsisdn=START_HANGS)
    trn = answer.body["id"]
    assert (answer.status, answer.body["status"]) == (202, "start_unknown")
    assert answer.body["statusReason"] == "start-outcome-unknown"
    house.live(120)
    payment = house.payment(trn)
    assert (payment.status, payment.late) == ("paid", False)
    assert house.told(trn) == ["payment.start_unknown", "payment.paid"]
    assert house.cases() == []


def start_and_die(house: House) -> None:
    """The function ends at the moment when the start is sent."""

    def die() -> None:
        raise Killed

    house.line.when("elsom:IA_Init", die)
    with pytest.raises(Killed):
        house.start(customerMsisdn=PAID_SILENTLY)


def test_f20_a_function_that_dies_in_a_start_sends_no_second_one(house: House) -> None:
    start_and_die(house)
    trn = id_of("order-1")
    waits = house.start(customerMsisdn=PAID_SILENTLY)
    assert (waits.status, waits.headers.get("Retry-After")) == (409, "30")
    house.wait(30)
    again = house.start(customerMsisdn=PAID_SILENTLY)
    assert (again.status, again.body["status"]) == (200, "start_unknown")
    house.live(120)
    assert house.payment(trn).status == "paid"
    assert house.starts(trn) == 1


def test_f20_nobody_needs_to_ask_again_about_a_start_that_died(house: House) -> None:
    """The shop gave up: the first check was set in the write that recorded the attempt."""
    start_and_die(house)
    house.live(120)
    assert house.payment().status == "paid"
    assert house.starts(id_of("order-1")) == 1


AMOUNTS = {
    "4.60": 460, "4.35": 435, "19.99": 1999, "0.07": 7, "1.1": 110, "33": 3300, "1000.10": 100_010,
}  # fmt: skip
NO_AMOUNTS: tuple[Any, ...] = ("4.605", "0", "0.00", "-1", "1e3", " 1", "1,50", "", 4.6, 5, None)


def test_f21_amounts_reach_elsom_to_the_tyiyn_and_no_digit_is_dropped(house: House) -> None:
    for number, (text, tyiyn) in enumerate(AMOUNTS.items()):
        trn = house.started(f"order-{number}", amount=text)
        (call,) = house.elsom_calls(trn, "IA_Init")
        som, _, rest = text.partition(".")
        assert f'"Amount":"{som}.{rest.ljust(2, "0")}"' in call["body"].replace('": "', '":"')
        assert house.payment(trn).amount == tyiyn
    for amount in NO_AMOUNTS:
        refused = house.start("order-bad", amount=amount)
        assert refused.status == 400, amount
        assert [one["field"] for one in refused.body["errors"]] == ["amount"]
    assert len(house.payments()) == len(AMOUNTS)
