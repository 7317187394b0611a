"""Receive a notification from Elsom: store it, then have Elsom queried about its payment.

A notification proves nothing, so it changes no status.
"""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from typing import Final

import msgspec

from payments.aws.queues import CheckRequest, Queue
from payments.domain.clock import Clock
from payments.domain.errors import QueueUnavailable, StoreUnavailable
from payments.domain.ids import is_id
from payments.domain.next_check import note_trigger
from payments.domain.payment import Payment, Status
from payments.elsom.protocol import Notification
from payments.store.inbox import Inbox, remember_unknown
from payments.store.payments import Payments, apply
from payments.use_cases.keep_trigger import keep_in_index

_WAITING: Final = frozenset({Status.PENDING, Status.START_UNKNOWN})


class ReceiveDeps(msgspec.Struct, frozen=True, kw_only=True):
    """What receiving a notification works with."""

    payments: Payments
    inbox: Inbox
    queue: Queue[CheckRequest]
    clock: Clock


class ReceiveResult(StrEnum):
    """What the notification is about."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    # Too many unknown ids wait already: it is stored, and Elsom is not queried about it.
    UNKNOWN_NOT_QUERIED = "unknown-not-queried"
    # The id does not have the form of ours: it is stored, and cannot be about a payment of ours.
    FOREIGN = "foreign"


def receive_notification(
    notification: Notification, raw: bytes, source: str, deps: ReceiveDeps
) -> ReceiveResult:
    """Store the notification and have Elsom queried; StoreUnavailable where that is not certain."""
    now = deps.clock()
    is_first = deps.inbox.receive(notification, raw, source, now)
    trn_id = notification.partner_trn_id
    if not is_id(trn_id):
        return ReceiveResult.FOREIGN
    request = CheckRequest(
        id=trn_id,
        reason="notification",
        triggered_at=now,
        elsom_transaction_id=notification.transaction_id,
    )
    try:
        payment = deps.payments.get(trn_id)
    except StoreUnavailable:
        # The index cannot keep this trigger, so Elsom must send it again. The message may get
        # through all the same.
        with suppress(QueueUnavailable):
            deps.queue.send(request)
        raise
    if payment is None:
        is_queried = remember_unknown(deps.inbox, trn_id, now)
        return ReceiveResult.UNKNOWN if is_queried else ReceiveResult.UNKNOWN_NOT_QUERIED
    _trigger_query(payment, request, deps, is_first=is_first)
    return ReceiveResult.KNOWN


def _trigger_query(
    payment: Payment, request: CheckRequest, deps: ReceiveDeps, *, is_first: bool
) -> None:
    """Send one message at a time for one payment, however many notifications come.

    A payment that waits for its customer is in the index until Elsom's answer ends it, so its first
    notification writes nothing to it. From the second on, and in every other state, the index keeps
    the trigger until Elsom has answered. While its query has not begun, no further message is sent:
    that query serves every notification that comes.
    """
    now = request.triggered_at
    if not (is_first and payment.status in _WAITING):
        payment, is_new = keep_in_index(deps.payments, payment, now)
        if not is_new:
            return
    try:
        deps.queue.send(request)
    except QueueUnavailable:
        apply(deps.payments, payment, lambda known: note_trigger(known, now, due=now))
