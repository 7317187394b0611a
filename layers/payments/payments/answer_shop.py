"""The shop's questions about one payment."""

from __future__ import annotations

from typing import Any

from payments.bus import Bus
from payments.check import Checking, Result, check_payment
from payments.elsom.outcomes import Silent
from payments.errors import ElsomUnreachable, NotFound, QueueUnavailable, StateConflict
from payments.events import last_payment_event
from payments.model import Asker, Payment
from payments.store.inbox import Inbox
from payments.store.payments import Payments
from payments.store.webhooks import Deliveries
from payments.views import view_timeline


def get_payment(payment_id: str, payments: Payments) -> Payment:
    """The payment; raise NotFound if there is none."""
    payment = payments.get(payment_id)
    if payment is None:
        raise NotFound
    return payment


def get_timeline(payment_id: str, payments: Payments, inbox: Inbox) -> dict[str, Any]:
    """What happened to the payment, notifications included."""
    payment = get_payment(payment_id, payments)
    return {"items": view_timeline(payment, inbox.received(payment_id))}


def check_now(payment_id: str, checking: Checking) -> Payment:
    """Query Elsom now; too early, the stored payment; ElsomUnreachable without a response."""
    checked = check_payment(payment_id, Asker.SHOP, checking)
    if checked.payment is None:
        raise NotFound
    if checked.result is Result.CIRCUIT_OPEN:
        msg = "Elsom has not answered lately and is left alone for a moment"
        raise ElsomUnreachable(msg)
    if isinstance(checked.outcome, Silent):
        raise ElsomUnreachable(checked.outcome.why)
    return checked.payment


def resend_last_event(
    payment_id: str, payments: Payments, deliveries: Deliveries, bus: Bus
) -> dict[str, str]:
    """Publish the payment's last event once more, under its id; StateConflict when there is none.

    The webhook's tries begin again when the event comes back from the bus, not before: a retry
    that is pending stays. Raises QueueUnavailable while the bus refuses.
    """
    event = last_payment_event(get_payment(payment_id, payments))
    if event is None:
        msg = "nothing has been told about this payment yet"
        raise StateConflict(msg)
    deliveries.want_again(event.event_id)
    if bus.publish([event]):
        msg = "the bus does not take this event"
        raise QueueUnavailable(msg)
    return {"eventId": event.event_id, "type": event.type}
