"""Receive Elsom's notification: a doorbell. Stored before it is answered, believed never."""

from __future__ import annotations

import msgspec

from payments.elsom.wire import Notification
from payments.errors import QueueUnavailable
from payments.moments import Clock
from payments.queue import CheckRequest, ChecksQueue
from payments.store.inbox import Inbox, remember_unknown
from payments.store.payments import Payments, apply
from payments.transitions import due_now


class Receiving(msgspec.Struct, frozen=True, kw_only=True):
    """What receiving a notification works with."""

    payments: Payments
    inbox: Inbox
    queue: ChecksQueue
    clock: Clock


def receive_notification(
    notification: Notification, raw: bytes, source: str, deps: Receiving
) -> None:
    """Keep the notification and ask for a check. Raises StoreUnavailable if it is not kept.

    When only the queue refuses, the id is made due in the index instead.
    """
    now = deps.clock()
    deps.inbox.receive(notification, raw, source, now)
    request = CheckRequest(
        id=notification.partner_trn_id,
        reason="notification",
        received_at=now,
        elsom_transaction_id=notification.transaction_id,
    )
    try:
        deps.queue.send(request)
    except QueueUnavailable:
        _make_due(notification.partner_trn_id, now, deps)


def _make_due(trn_id: str, now: int, deps: Receiving) -> None:
    payment = deps.payments.get(trn_id)
    if payment is not None:
        apply(deps.payments, payment, lambda p: due_now(p, now))
    else:
        remember_unknown(deps.inbox, trn_id, now)
