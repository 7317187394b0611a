"""Goods and orders. An order is paid when a signed webhook or the API says so, never by a URL."""

import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from demo_shop.stack import Stack
from elsom_payments_client import Payment, verify_webhook


class Good(msgspec.Struct, frozen=True):
    price: Decimal  # in som
    name: dict[str, str]  # by language


GOODS: Final = msgspec.toml.decode(
    Path(__file__).with_name("goods.toml").read_bytes(), type=dict[str, Good]
)


class Arrived(msgspec.Struct):
    at: datetime  # when last
    type: str
    sequence: int
    times: int


class Order(msgspec.Struct):
    id: str
    good: Good
    language: str
    payment: Payment | None = None
    webhooks: dict[str, Arrived] = {}  # by the event's id: the same event again is no news


class Shop:
    """All orders, in memory, by their forms' keys. Raises the client's errors and StackMissing."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._lock = threading.Lock()
        self._orders: dict[str, Order] = {}

    def buy(self, key: str, good: Good, language: str) -> Payment:
        """Start a payment. The form's key makes a double tap one order, and one payment."""
        with self._lock:
            new = Order(f"DEMO-{secrets.randbelow(10**8):08d}", good, language)
            order = self._orders.setdefault(key, new)
            while len(self._orders) > 500:
                del self._orders[next(iter(self._orders))]
        order.payment = self._stack.api().start(
            str(order.good.price),
            order.id,
            idempotency_key=f"{order.id}-{key}",
            language=order.language,
            description=order.good.name["en"],
        )
        return order.payment

    def orders(self) -> list[Order]:
        with self._lock:
            return [order for order in reversed(self._orders.values()) if order.payment]

    def order_of(self, payment_id: str) -> Order | None:
        found = (one for one in self.orders() if one.payment and one.payment.id == payment_id)
        return next(found, None)

    def receive(self, body: bytes, headers: Mapping[str, str]) -> None:
        """Take a webhook in; the same event again only counts. Raises WrongSignature."""
        event = verify_webhook(body, headers, self._stack.webhook_secrets())
        with self._lock:
            for order in self._orders.values():
                if event.payment and event.payment.order_id == order.id:
                    known = order.webhooks.get(event.event_id)
                    times = known.times + 1 if known else 1
                    arrived = Arrived(datetime.now(UTC), event.type, event.sequence, times)
                    order.webhooks[event.event_id] = arrived

    def look(self, order: Order) -> tuple[Payment, list[dict[str, Any]]]:
        assert order.payment is not None  # noqa: S101 - `orders` and `order_of` give no other
        api = self._stack.api()
        payment, timeline = api.get(order.payment.id), api.timeline(order.payment.id)
        with self._lock:
            if payment.sequence >= order.payment.sequence:
                order.payment = payment
        return payment, timeline
