"""The steps of a payment's life, each on a payment of its own: to break them off at every call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.failure.house import House, id_of
from tests.receiver import Receiver

PAID_SILENTLY: Final = "0000000005"
STATUS: Final = "PartnerGetPaymentStatus"
Act = Callable[[House, str], Any]


@dataclass(frozen=True)
class Step:
    """`prepare` brings the payment of a key to where `run` goes on.

    `calls`: at least so many calls leave the function. `functions` answers a queue or a stream.
    """

    name: str
    prepare: Act
    run: Act
    calls: int


def start(house: House, key: str) -> Any:
    return house.start(key, orderId=key[-20:], customerMsisdn=PAID_SILENTLY)


def nothing(_house: House, _key: str) -> None:
    return


def started(house: House, key: str) -> None:
    assert start(house, key).status == 201
    house.publish()


def notify(house: House, key: str) -> Any:
    return house.notify(id_of(key))


def rung(house: House, key: str) -> None:
    started(house, key)
    notify(house, key)


def serve_first(house: House, queue: str, function: str) -> Any:
    """Serve the first message that shows; whether the function is done with it."""
    waiting = house.account.queue(queue)
    message = waiting.receive()
    assert message is not None
    done = house.hand_over(function, message)
    if done:
        waiting.delete(message)
    return done


def check(house: House, _key: str) -> Any:
    return serve_first(house, "checks", "check_payment")


def waits(house: House, key: str) -> None:
    """Elsom does not know yet that it is paid: its answer changes nothing."""
    started(house, key)
    house.elsom_says(id_of(key), "1")
    notify(house, key)


def silent(house: House, key: str) -> None:
    rung(house, key)
    # Else the silences of earlier payments add up, and nobody asks any more.
    house.stream.remove("elsom", "circuit")
    house.fault(STATUS, "500")


def due(house: House, key: str) -> None:
    started(house, key)
    house.wait(60)


def tick(house: House, _key: str) -> None:
    house.tick()


def paid(house: House, key: str) -> None:
    rung(house, key)
    check(house, key)


def paid_late(house: House, key: str) -> None:
    """Three things to tell: a late payment, its case, and that its order was paid already."""
    other = f"{key}-first"
    house.start(other, orderId=key[-20:], customerMsisdn=PAID_SILENTLY)
    notify(house, other)
    check(house, other)
    start(house, key)
    house.elsom_says(id_of(key), "2")
    notify(house, key)
    check(house, key)
    house.publish()
    house.elsom_says(id_of(key), "A")
    house.wait(11)
    notify(house, key)
    house.work_checks()


def publish(house: House, _key: str) -> None:
    house.publish()


def told(house: House, key: str) -> None:
    paid(house, key)
    house.publish()


def deliver(house: House, _key: str) -> Any:
    return serve_first(house, "webhooks", "deliver_webhook")


def ask(house: House, key: str) -> Any:
    return house.shop("POST", "/payments/{id}/check", id_of(key))


def look(house: House, key: str) -> Any:
    return house.shop("GET", "/payments/{id}/timeline", id_of(key))


def list_order(house: House, key: str) -> Any:
    return house.shop_query("/payments", orderId=key[-20:])


def resend(house: House, key: str) -> Any:
    return house.shop("POST", "/payments/{id}/resend", id_of(key))


def page(house: House, key: str) -> Any:
    return house.page("/return/{id}", {"id": id_of(key)}, {"s": house.signature(id_of(key))})


FUNCTIONS: Final = (
    Step("start", nothing, start, 3),
    Step("notification", started, notify, 2),
    Step("check-that-finds-it-paid", rung, check, 5),
    Step("check-that-changes-nothing", waits, check, 5),
    Step("check-that-hears-nothing", silent, check, 6),
    Step("schedule", due, tick, 9),
    Step("publish", paid, publish, 2),
    Step("publish-with-cases", paid_late, publish, 5),
    Step("deliver", told, deliver, 1),
)
QUESTIONS: Final = (
    Step("shop-asks-elsom", started, ask, 5),
    Step("shop-looks", started, look, 2),
    Step("shop-lists", started, list_order, 2),
    Step("shop-wants-it-again", paid, resend, 2),
    Step("customers-page", started, page, 5),
)


def settle(house: House, keys: list[str]) -> None:
    """What the world does after steps were broken off: everybody tries again, time goes by."""
    house.sandbox.control("DELETE", "faults")
    for _ in range(2):
        for key in keys:
            start(house, key)
        house.wait(31)
    for key in keys:
        known = house.sandbox.transaction(id_of(key))
        if known.get("status") not in (None, "A"):
            house.elsom_says(id_of(key), "A")
    house.live(480)


def check_the_end(house: House, keys: list[str], shop: Receiver) -> None:
    """One start at most; paid if Elsom took money, and told so; else still watched."""
    payments = {payment.id: payment for payment in house.payments()}
    for key in keys:
        payment = payments[id_of(key)]
        starts = house.starts(payment.id)
        assert starts <= 1
        if not starts:
            assert (payment.status, payment.paid_at) == ("start_unknown", None)
            assert payment.next_check_at is not None
            continue
        assert payment.status == "paid", payment
        final = [one for one in house.told(payment.id) if one.startswith("payment.paid")]
        assert final == ["payment.paid_late" if payment.late else "payment.paid"]
        assert shop.types(payment.id) == set(house.told(payment.id))
        moves = [entry["sequence"] for entry in payment.timeline if "sequence" in entry]
        assert moves == sorted(set(moves))
