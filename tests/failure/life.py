"""The steps of a payment's life, each on a payment of its own: to break them off at every call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.failure.stack import Stack, id_of
from tests.receiver import Receiver

PAID_SILENTLY: Final = "0000000005"
STATUS: Final = "PartnerGetPaymentStatus"
Act = Callable[[Stack, str], Any]


@dataclass(frozen=True)
class Step:
    """`prepare` brings the payment of a key to where `run` goes on.

    `calls`: at least so many calls leave the function. `functions` answers a queue or a stream.
    """

    name: str
    prepare: Act
    run: Act
    calls: int


def start(stack: Stack, key: str) -> Any:
    return stack.start(key, orderId=key[-20:], customerMsisdn=PAID_SILENTLY)


def nothing(_stack: Stack, _key: str) -> None:
    return


def started(stack: Stack, key: str) -> None:
    assert start(stack, key).status == 201
    stack.publish()


def warmed(stack: Stack, key: str) -> None:
    """The function has served another start, so it holds the secret and its calls are its own."""
    assert start(stack, f"{key}-first").status == 201


def notify(stack: Stack, key: str) -> Any:
    return stack.notify(id_of(key))


def rung(stack: Stack, key: str) -> None:
    started(stack, key)
    notify(stack, key)


def serve_first(stack: Stack, queue: str, function: str) -> Any:
    """Serve the first message that shows; whether the function is done with it."""
    waiting = stack.account.queue(queue)
    message = waiting.receive()
    assert message is not None
    done = stack.hand_over(function, message)
    if done:
        waiting.delete(message)
    return done


def check(stack: Stack, _key: str) -> Any:
    return serve_first(stack, "checks", "check_payment")


def waits(stack: Stack, key: str) -> None:
    """Elsom does not know yet that it is paid: its answer changes nothing."""
    started(stack, key)
    stack.elsom_says(id_of(key), "1")
    notify(stack, key)


def no_response(stack: Stack, key: str) -> None:
    rung(stack, key)
    # Else the silences of earlier payments add up, and nobody asks any more.
    stack.stream.remove("elsom", "circuit")
    stack.fault(STATUS, "500")


def due(stack: Stack, key: str) -> None:
    started(stack, key)
    stack.wait(60)


def tick(stack: Stack, _key: str) -> None:
    stack.tick()


def paid(stack: Stack, key: str) -> None:
    rung(stack, key)
    check(stack, key)


def paid_late(stack: Stack, key: str) -> None:
    """Three things to tell: a late payment, its case, and that its order was paid already."""
    other = f"{key}-first"
    stack.start(other, orderId=key[-20:], customerMsisdn=PAID_SILENTLY)
    notify(stack, other)
    check(stack, other)
    start(stack, key)
    stack.elsom_says(id_of(key), "2")
    notify(stack, key)
    check(stack, key)
    stack.publish()
    stack.elsom_says(id_of(key), "A")
    stack.wait(11)
    notify(stack, key)
    stack.work_checks()


def publish(stack: Stack, _key: str) -> None:
    stack.publish()


def reported(stack: Stack, key: str) -> None:
    paid(stack, key)
    stack.publish()


def deliver(stack: Stack, _key: str) -> Any:
    return serve_first(stack, "webhooks", "deliver_webhook")


def query(stack: Stack, key: str) -> Any:
    return stack.shop("POST", "/payments/{id}/check", id_of(key))


def look(stack: Stack, key: str) -> Any:
    return stack.shop("GET", "/payments/{id}/timeline", id_of(key))


def list_order(stack: Stack, key: str) -> Any:
    return stack.shop_query("/payments", orderId=key[-20:])


def resend(stack: Stack, key: str) -> Any:
    return stack.shop("POST", "/payments/{id}/resend", id_of(key))


def page(stack: Stack, key: str) -> Any:
    return stack.page("/return/{id}", {"id": id_of(key)}, {"s": stack.signature(id_of(key))})


FUNCTIONS: Final = (
    Step("start", nothing, start, 3),
    Step("notification", started, notify, 2),
    Step("check-that-finds-it-paid", rung, check, 5),
    Step("check-that-changes-nothing", waits, check, 5),
    Step("check-that-hears-nothing", no_response, check, 6),
    Step("schedule", due, tick, 9),
    Step("publish", paid, publish, 2),
    Step("publish-with-cases", paid_late, publish, 5),
    Step("deliver", reported, deliver, 1),
)
# In a cold process the first call reads the secret, and a function that is killed there reads it
# again: so a start is also broken off between Elsom's response and the write of it.
WARM_START: Final = Step("start-in-a-warm-process", warmed, start, 3)
QUERIES: Final = (
    Step("shop-asks-elsom", started, query, 5),
    Step("shop-looks", started, look, 2),
    Step("shop-lists", started, list_order, 2),
    Step("shop-wants-it-again", paid, resend, 2),
    Step("customers-page", started, page, 5),
)


def settle(stack: Stack, keys: list[str]) -> None:
    """What the world does after steps were broken off: everybody tries again, time goes by."""
    stack.sandbox.control("DELETE", "faults")
    for _ in range(2):
        for key in keys:
            start(stack, key)
        stack.wait(31)
    for key in keys:
        known = stack.sandbox.transaction(id_of(key))
        if known.get("status") not in (None, "A"):
            stack.elsom_says(id_of(key), "A")
    stack.live(480)


def check_the_end(stack: Stack, keys: list[str], shop: Receiver) -> None:
    """One start at most; paid if Elsom took money, and told so; else still watched."""
    payments = {payment.id: payment for payment in stack.payments()}
    for key in keys:
        payment = payments[id_of(key)]
        starts = stack.starts(payment.id)
        assert starts <= 1
        if not starts:
            assert (payment.status, payment.paid_at) == ("start_unknown", None)
            assert payment.next_check_at is not None
            continue
        assert payment.status == "paid", payment
        final = [one for one in stack.reported(payment.id) if one.startswith("payment.paid")]
        assert final == ["payment.paid_late" if payment.late else "payment.paid"]
        assert shop.types(payment.id) == set(stack.reported(payment.id))
        moves = [entry["sequence"] for entry in payment.timeline if "sequence" in entry]
        assert moves == sorted(set(moves))
