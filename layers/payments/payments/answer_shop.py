"""The shop's questions about one payment."""

from __future__ import annotations

from typing import Any

from payments.check import Checking, Result, check_payment
from payments.elsom.outcomes import Silent
from payments.errors import ElsomUnreachable, NotFound
from payments.model import Asker, Payment
from payments.store.inbox import Inbox
from payments.store.payments import Payments
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
    """Ask Elsom now; inside the ten seconds the stored payment; ElsomUnreachable if silent."""
    checked = check_payment(payment_id, Asker.SHOP, checking)
    if checked.payment is None:
        raise NotFound
    if checked.result is Result.CIRCUIT_OPEN:
        msg = "Elsom has not answered lately and is left alone for a moment"
        raise ElsomUnreachable(msg)
    if isinstance(checked.outcome, Silent):
        raise ElsomUnreachable(checked.outcome.why)
    return checked.payment
