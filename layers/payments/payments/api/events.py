"""The events of a payment, and the state of each event's webhook."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from payments.domain.clock import to_rfc3339
from payments.domain.events import EventType, PaymentEventRef, events_of
from payments.domain.payment import Payment
from payments.domain.views import SequenceNumber
from payments.store.webhooks import KEEP, Deliveries, Delivery, DeliveryEnd


class DeliveryState(StrEnum):
    """The state of an event's webhook."""

    SENT = "sent"
    RETRYING = "retrying"
    DELIVERED = "delivered"
    GONE = "gone"
    GIVEN_UP = "given-up"
    NOT_WANTED = "not-wanted"
    NOT_KEPT = "not-kept"


_ENDED: Final = {
    DeliveryEnd.DELIVERED: DeliveryState.DELIVERED,
    DeliveryEnd.GONE: DeliveryState.GONE,
    DeliveryEnd.GIVEN_UP: DeliveryState.GIVEN_UP,
    DeliveryEnd.NOT_WANTED: DeliveryState.NOT_WANTED,
}


class EventView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One event of a payment."""

    event_id: str
    type: EventType
    sequence: SequenceNumber
    occurred_at: str
    delivery: Annotated[
        DeliveryState,
        Meta(
            description="The webhook. `sent`: no failed try is on record. `retrying`: tries have"
            " failed, the next one is at `nextTryAt`. `delivered`: after failed tries. `gone`: the"
            " shop answered 410. `given-up`: no try succeeded; it is in the dead-letter queue."
            " `not-wanted`: the stack has no webhook URL. `not-kept`: older than a week."
        ),
    ]
    tries: int | None
    next_try_at: str | None


def list_events(
    payment: Payment, deliveries: Deliveries, *, webhooks: bool, now: int
) -> list[EventView]:
    """The events of all changes of the payment's status, the oldest first."""
    return [
        _view(one, deliveries.get(one.event_id), webhooks=webhooks, now=now)
        for one in events_of(payment)
    ]


def _view(
    event: PaymentEventRef, delivery: Delivery | None, *, webhooks: bool, now: int
) -> EventView:
    due = delivery.due_at if delivery else None
    return EventView(
        event_id=event.event_id,
        type=event.type,
        sequence=event.sequence,
        occurred_at=to_rfc3339(event.at),
        delivery=_state(event, delivery, webhooks=webhooks, now=now),
        tries=delivery.tries if delivery else None,
        next_try_at=to_rfc3339(due) if due is not None else None,
    )


def _state(
    event: PaymentEventRef, delivery: Delivery | None, *, webhooks: bool, now: int
) -> DeliveryState:
    if delivery is not None:
        if delivery.due_at is not None:
            return DeliveryState.RETRYING
        return _ENDED[delivery.ended] if delivery.ended else DeliveryState.NOT_KEPT
    if now - event.at > KEEP:
        return DeliveryState.NOT_KEPT
    return DeliveryState.SENT if webhooks else DeliveryState.NOT_WANTED
