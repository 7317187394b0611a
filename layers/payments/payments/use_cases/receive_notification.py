"""Receive a notification of Elsom: stored before it is answered. It proves nothing: it triggers a
status query.
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
from payments.domain.next_check import note_trigger, waits_for_query
from payments.domain.payment import Payment, Status
from payments.elsom.protocol import Notification
from payments.store.inbox import Inbox, remember_unknown
from payments.store.payments import Payments, apply

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
    # Too many unknown ids wait already: it is stored, Elsom is not queried about it.
    UNKNOWN_NOT_QUERIED = "unknown-not-queried"
    # Not of our form: it is stored, and cannot be ours.
    FOREIGN = "foreign"


def receive_notification(
    notification: Notification, raw: bytes, source: str, deps: ReceiveDeps
) -> ReceiveResult:
    """Keep the notification and have Elsom queried; StoreUnavailable if that is not sure."""
    now = deps.clock()
    is_first = deps.inbox.receive(notification, raw, source, now)
    trn_id = notification.partner_trn_id
    if not is_id(trn_id):
        return ReceiveResult.FOREIGN
    request = CheckRequest(
        id=trn_id,
        reason="notification",
        received_at=now,
        elsom_transaction_id=notification.transaction_id,
    )
    try:
        payment = deps.payments.get(trn_id)
    except StoreUnavailable:
        # The index cannot keep this trigger, so it is no success; a message is worth a try.
        with suppress(QueueUnavailable):
            deps.queue.send(request)
        raise
    if payment is None:
        kept = remember_unknown(deps.inbox, trn_id, now)
        return ReceiveResult.UNKNOWN if kept else ReceiveResult.UNKNOWN_NOT_QUERIED
    _trigger(payment, request, deps, is_first=is_first)
    return ReceiveResult.KNOWN


def _trigger(payment: Payment, request: CheckRequest, deps: ReceiveDeps, *, is_first: bool) -> None:
    """One message at a time for one payment, however many notifications come.

    A payment that waits for its customer is in the index until Elsom's answer ends it, so its first
    notification writes nothing to it. From the second on, and in every other state, the index keeps
    the trigger until Elsom has answered; as long as its query has not begun, that query serves
    every notification that comes.
    """
    now = request.received_at
    if not (is_first and payment.status in _WAITING) and not _keep_in_index(payment, now, deps):
        return
    try:
        deps.queue.send(request)
    except QueueUnavailable:
        apply(deps.payments, payment, lambda p: note_trigger(p, now, due=now))


def _keep_in_index(payment: Payment, now: int, deps: ReceiveDeps) -> bool:
    """Let the index keep the trigger; False when it keeps one that still waits for its query."""
    noted: int | None = None

    def step(known: Payment) -> Payment:
        nonlocal noted
        if waits_for_query(known):
            # Our own, if the SDK has repeated the write.
            noted = noted if known.triggered_at == noted else None
            return known
        after = note_trigger(known, now)
        noted = after.triggered_at
        return after

    apply(deps.payments, payment, step)
    return noted is not None
