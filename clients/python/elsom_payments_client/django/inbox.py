"""An event into the database: once, in one transaction with what the shop does about it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, router, transaction
from django.utils.timezone import make_naive

from elsom_payments_client.django import conf
from elsom_payments_client.django.models import InboxEvent, PaymentState
from elsom_payments_client.django.signals import order_ended, order_paid
from elsom_payments_client.types import FINAL, Event, Payment

PAID = frozenset({"payment.paid", "payment.paid_late"})


def take(event: Event, body: bytes) -> bool:
    """Store the event and have the shop act on it; False where it is here already.

    Whatever the shop raises rolls everything back, so that the event may come again.
    """
    database = router.db_for_write(InboxEvent)
    with transaction.atomic(using=database):
        document = json.loads(body)
        if not _insert(event, document, database):
            return False
        state, is_newest = None, True
        if event.payment:
            state, is_newest = _apply(event, event.payment, document["payment"], database)
        _hand_over(event, state, is_newest=is_newest)
        return True


def _insert(event: Event, document: dict[str, Any], database: str) -> bool:
    """Whether this is the first time. Another one with the same id waits for this transaction."""
    payment = event.payment
    row = InboxEvent(
        event_id=event.event_id,
        type=event.type,
        sequence=event.sequence,
        payment_id=payment.id if payment else (event.case.payment_id if event.case else ""),
        order_id=(payment.order_id if payment else event.case and event.case.order_id) or "",
        occurred_at=_stored(event.occurred_at),
        document=document,
    )
    try:
        with transaction.atomic(using=database):
            row.save(using=database, force_insert=True)
    except IntegrityError:
        if InboxEvent.objects.using(database).filter(pk=event.event_id).exists():
            return False
        raise
    return True


def _apply(
    event: Event, payment: Payment, document: dict[str, Any], database: str
) -> tuple[PaymentState, bool]:
    """The payment's state, and whether this event is the newest about it."""
    values = {
        "order_id": payment.order_id,
        "status": payment.status,
        "status_reason": payment.status_reason or "",
        "amount": payment.amount,
        "late": payment.late,
        "sequence": event.sequence,
        "paid_at": _stored(payment.paid_at),
        "updated_at": _stored(payment.updated_at),
        "document": document,
    }
    states = PaymentState.objects.using(database)
    # Older than any event, so that the update below is the only place that decides.
    first = PaymentState(payment_id=payment.id, **{**values, "sequence": -1})
    states.bulk_create([first], ignore_conflicts=True)
    changed = states.filter(pk=payment.id, sequence__lt=event.sequence).update(**values)
    return states.get(pk=payment.id), changed == 1


def _stored(moment: datetime | None) -> datetime | None:
    """The moment as the project stores times."""
    return moment if moment is None or settings.USE_TZ else make_naive(moment)


def _hand_over(event: Event, state: PaymentState | None, *, is_newest: bool) -> None:
    """Call the shop's handler, and send its signals."""
    handle = conf.handler()
    if handle:
        handle(event, is_newest=is_newest)
    given = {"event": event, "payment": event.payment, "state": state}
    if event.type in PAID:
        order_paid.send(sender=PaymentState, **given)
    elif is_newest and event.payment and event.payment.status in FINAL:
        order_ended.send(sender=PaymentState, **given)
