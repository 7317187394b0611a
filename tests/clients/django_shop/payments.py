"""What the shop does about events."""

import os
import time
from pathlib import Path
from typing import Any

from django.db.models import F
from django.dispatch import receiver

from elsom_payments_client import Event
from elsom_payments_client.django.signals import order_ended, order_paid
from tests.clients.django_shop.models import Call, Order


def on_event(event: Event, *, is_newest: bool) -> None:
    Call.objects.create(event_id=event.event_id, is_newest=is_newest)
    # Long enough that the others come meanwhile.
    time.sleep(float(os.environ.get("HANDLER_SECONDS", "0")))
    if Path(os.environ.get("BROKEN_WHILE", "/nowhere")).exists():
        msg = "the shop is broken"
        raise RuntimeError(msg)


@receiver(order_paid)
def deliver(event: Event, **_: Any) -> None:
    assert event.payment
    paid = Order.objects.filter(number=event.payment.order_id)
    paid.update(status=event.type, delivered=F("delivered") + 1)


@receiver(order_ended)
def close(event: Event, **_: Any) -> None:
    assert event.payment
    Order.objects.filter(number=event.payment.order_id).update(status=event.payment.status)
