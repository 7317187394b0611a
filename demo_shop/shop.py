"""Goods and orders. An order is paid when a signed webhook or the API says so, never by a URL."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from demo_shop.stack import Stack
from elsom_payments_client import Event, Payment, verify_webhook

_MOST_ORDERS: Final = 500
_NOT_IN_TIMELINE: Final = ("at", "what")


@dataclass(frozen=True)
class Good:
    """Something to buy. `price` in som; `name` by language."""

    id: str
    price: Decimal
    name: Mapping[str, str]


GOODS: Final = {
    good.id: good
    for good in (
        Good(
            "kalpak",
            Decimal("1500.00"),
            {"ky": "Ак калпак", "ru": "Ак калпак", "en": "Ak kalpak, felt hat"},
        ),
        Good(
            "honey",
            Decimal("450.50"),
            {"ky": "Тоо балы, 1 кг", "ru": "Горный мёд, 1 кг", "en": "Mountain honey, 1 kg"},
        ),
        Good(
            "shyrdak",
            Decimal("12800.00"),
            {"ky": "Шырдак, 2 × 3 м", "ru": "Шырдак, 2 × 3 м", "en": "Shyrdak felt rug, 2 × 3 m"},
        ),
    )
}


@dataclass(frozen=True)
class Arrived:
    """One webhook as it arrived. `at` is when, not when the event happened."""

    at: datetime
    event_id: str
    type: str
    sequence: int
    times: int = 1


@dataclass
class Order:
    """One order, its payment, and the webhooks that came for it."""

    id: str
    good: Good
    language: str
    payment: Payment | None = None
    webhooks: dict[str, Arrived] = field(default_factory=dict)

    @property
    def announced(self) -> Arrived | None:
        """The newest event that a webhook brought: the highest sequence, not the last to arrive."""
        return max(self.webhooks.values(), key=lambda one: one.sequence, default=None)


class Shop:
    """All orders, in memory. Raises the errors of the client and StackMissing."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._lock = threading.Lock()
        self._orders: dict[str, Order] = {}

    def buy(self, key: str, good: Good, language: str) -> Order:
        """Start a payment. The form's key makes a double tap one order, and one payment."""
        with self._lock:
            order = self._orders.setdefault(key, Order(_order_id(), good, language))
            while len(self._orders) > _MOST_ORDERS:
                del self._orders[next(iter(self._orders))]
        payment = self._stack.api().start(
            str(order.good.price),
            order.id,
            idempotency_key=f"{order.id}-{key}",
            language=order.language,
            description=order.good.name["en"],
        )
        with self._lock:
            order.payment = payment
        return order

    def order_of(self, payment_id: str) -> Order | None:
        """The order that this payment is for."""
        with self._lock:
            return next(
                (
                    order
                    for order in self._orders.values()
                    if order.payment and order.payment.id == payment_id
                ),
                None,
            )

    def orders(self) -> list[Order]:
        """Every order with a payment, newest first."""
        with self._lock:
            return [order for order in reversed(self._orders.values()) if order.payment]

    def receive(self, body: bytes, headers: Mapping[str, str]) -> Event:
        """Take a webhook in; the same event again only counts. Raises WrongSignature."""
        event = verify_webhook(body, headers, self._stack.webhook_secrets())
        order = event.payment and self._order_numbered(event.payment.order_id)
        if order:
            with self._lock:
                known = order.webhooks.get(event.event_id)
                now = datetime.now(UTC)
                times = known.times + 1 if known else 1
                arrived = Arrived(now, event.event_id, event.type, event.sequence, times)
                order.webhooks[event.event_id] = arrived
        return event

    def look(self, order: Order) -> tuple[Payment, list[dict[str, Any]]]:
        """How the API says the payment stands, and its timeline."""
        assert order.payment is not None  # noqa: S101 - `orders` and `order_of` give no other
        api = self._stack.api()
        payment, timeline = api.get(order.payment.id), api.timeline(order.payment.id)
        with self._lock:
            if payment.sequence >= order.payment.sequence:
                order.payment = payment
        return payment, timeline

    def _order_numbered(self, order_id: str) -> Order | None:
        with self._lock:
            return next((order for order in self._orders.values() if order.id == order_id), None)


def details(entry: Mapping[str, Any]) -> str:
    """What a timeline entry says beyond when and what."""
    more = {name: value for name, value in entry.items() if name not in _NOT_IN_TIMELINE}
    return ", ".join(f"{name} {value}" for name, value in more.items())


def _order_id() -> str:
    return f"DEMO-{secrets.randbelow(10**8):08d}"
