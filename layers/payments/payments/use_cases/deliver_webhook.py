"""Send one webhook: the first try from the bus, the later ones from what is due.

    message of the bus ──first try──▶ 2xx: done, nothing is kept
                                 └──▶ failed: kept in the table, due in 5 s
    due ──claimed: the next try is due by the ladder──▶ 2xx or 410: ended
                                                   └──▶ failed: as claimed; in the end a dead letter
    message of the bus, event wanted again ──takes the place of the pending retry──▶ first try

A retry is claimed, which sets the next one, before anything is sent. So a message that comes twice
sends once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from payments.aws.queues import DueWebhook, Queue
from payments.domain.clock import SECOND, Clock
from payments.domain.errors import NotConfigured, QueueUnavailable, WriteConflict
from payments.http_client import MaybeSent, NotSent
from payments.store.webhooks import Deliveries, Delivery, DeliveryEnd
from payments.webhooks.rules import (
    LADDER,
    TRIES,
    CannotSign,
    NotAllowed,
    Target,
    choose_address,
    next_try_at,
    read_target,
    webhook_headers,
)

_GONE: Final = 410
# The clocks of two machines differ a little.
_TOLERANCE: Final = SECOND
# Longer than a first try can take: the second is not made before the first has ended.
_LEASE: Final = LADDER[1]

# Target, address, payload, headers in; the HTTP status out. Raises NotSent or MaybeSent.
Post = Callable[[Target, str, str, Mapping[str, str]], int]
Resolve = Callable[[Target], Sequence[str]]


class DeliverDeps(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery works with. `url` is empty while the shop wants no webhooks."""

    deliveries: Deliveries
    queue: Queue[DueWebhook]
    dead_letters: Queue[msgspec.Raw]
    post: Post
    resolve: Resolve
    secrets: Callable[[], Sequence[str]]
    url: str
    sandbox: bool
    clock: Clock


class Outcome(StrEnum):
    """How one message ended."""

    DELIVERED = "Delivered"
    FAILED = "Failed"
    GONE = "Gone"
    DEAD_LETTERED = "DeadLettered"
    SKIPPED = "Skipped"


class DeliverResult(msgspec.Struct, frozen=True):
    """The outcome, the event, how often it was tried, and a fixed code for what went wrong."""

    outcome: Outcome
    event_id: str
    tries: int = 0
    why: str = ""


class _Message(msgspec.Struct, frozen=True, rename="camel"):
    """An event, an event in the bus's envelope, or a message that a retry is due."""

    event_id: str | None = None
    webhook: str | None = None
    detail: msgspec.Raw = msgspec.Raw()


def deliver_message(text: str, deps: DeliverDeps) -> DeliverResult:
    """Serve one message of the webhooks queue.

    Raises msgspec.MsgspecError for a message that is not ours, StoreUnavailable or
    QueueUnavailable for one that must be received again.
    """
    message = msgspec.json.decode(text, type=_Message)
    if message.webhook is not None:
        return _try_again(message.webhook, deps)
    if message.event_id is not None:
        return _try_first(message.event_id, text, deps)
    # A dead letter of the bus's own has its envelope.
    detail = bytes(message.detail)
    event = msgspec.json.decode(detail, type=_Message)
    if event.event_id is None:
        msg = "neither an event nor a retry"
        raise msgspec.ValidationError(msg)
    return _try_first(event.event_id, detail.decode(), deps)


def _try_first(event_id: str, payload: str, deps: DeliverDeps) -> DeliverResult:
    """Make the first try of an event; one that was tried before is sent only if wanted again."""
    known = deps.deliveries.get(event_id)
    if not deps.url or (known is not None and not known.wanted_again):
        return DeliverResult(Outcome.SKIPPED, event_id)
    if known is not None:
        return _begin_again(known, payload, deps)
    began = deps.clock()
    outcome, why = _attempt(event_id, payload, began, deps)
    tried = DeliverResult(outcome, event_id, 1, why)
    if outcome is Outcome.DELIVERED:
        return tried
    kept = Delivery(event_id=event_id, tries=1, first_tried_at=began)
    if outcome is Outcome.FAILED:
        kept = replace(kept, payload=payload, due_at=next_try_at(1, deps.clock()))
    else:
        kept = replace(kept, ended=DeliveryEnd.GONE)
    is_first = deps.deliveries.insert(kept)
    if is_first and outcome is Outcome.FAILED:
        _send_second_try(event_id, deps)
    return tried


def _begin_again(known: Delivery, payload: str, deps: DeliverDeps) -> DeliverResult:
    """Put the event in the place of the pending retry, in one write, and then send it."""
    now = deps.clock()
    fresh = Delivery(event_id=known.event_id, payload=payload, tries=1, first_tried_at=now)
    claimed = _save(known, replace(fresh, due_at=now + _LEASE, version=known.version), deps)
    if claimed is None:
        # A retry ran at the same time. Its write may be older than `wanted_again`: read again.
        return _try_first(known.event_id, payload, deps)
    tried = _attempt_claimed(claimed, now, deps)
    if tried.outcome is Outcome.FAILED:
        _save(claimed, replace(claimed, due_at=next_try_at(1, deps.clock())), deps)
        _send_second_try(known.event_id, deps)
    return tried


def _send_second_try(event_id: str, deps: DeliverDeps) -> None:
    """Have the second try made in seconds; otherwise the schedule finds it in a minute."""
    with suppress(QueueUnavailable):
        deps.queue.send(DueWebhook(event_id), LADDER[0] // SECOND)


def _try_again(event_id: str, deps: DeliverDeps) -> DeliverResult:
    known = deps.deliveries.get(event_id)
    now = deps.clock()
    if known is None or known.due_at is None or known.due_at > now + _TOLERANCE:
        return DeliverResult(Outcome.SKIPPED, event_id)
    if not deps.url:
        _end(known, DeliveryEnd.NOT_WANTED, deps)
        return DeliverResult(Outcome.SKIPPED, event_id)
    if known.tries >= TRIES:
        return _give_up(known, "died", deps)
    tries = known.tries + 1
    claimed = _save(known, replace(known, tries=tries, due_at=next_try_at(tries, now)), deps)
    if claimed is None:
        return DeliverResult(Outcome.SKIPPED, event_id)
    return _attempt_claimed(claimed, now, deps)


def _attempt_claimed(claimed: Delivery, now: int, deps: DeliverDeps) -> DeliverResult:
    """Make a claimed try. A failed one stays due; otherwise the delivery ends."""
    outcome, why = _attempt(claimed.event_id, claimed.payload, now, deps)
    if outcome is not Outcome.FAILED:
        end = DeliveryEnd.GONE if outcome is Outcome.GONE else DeliveryEnd.DELIVERED
        _end(claimed, end, deps)
    elif claimed.tries >= TRIES:
        return _give_up(claimed, why, deps)
    return DeliverResult(outcome, claimed.event_id, claimed.tries, why)


def _give_up(delivery: Delivery, why: str, deps: DeliverDeps) -> DeliverResult:
    """Send the payload to the dead-letter queue, and end the delivery."""
    deps.dead_letters.send(msgspec.Raw(delivery.payload))
    _end(delivery, DeliveryEnd.GIVEN_UP, deps)
    return DeliverResult(Outcome.DEAD_LETTERED, delivery.event_id, delivery.tries, why)


def _end(delivery: Delivery, end: DeliveryEnd, deps: DeliverDeps) -> None:
    """End the delivery: keep its item and why it ended, without payload and without a next try."""
    _save(delivery, replace(delivery, payload="", due_at=None, ended=end), deps)


def _save(before: Delivery, after: Delivery, deps: DeliverDeps) -> Delivery | None:
    """Store the delivery; None where another writer was first."""
    try:
        return deps.deliveries.save(before, after)
    except WriteConflict:
        return None


def _attempt(event_id: str, payload: str, now: int, deps: DeliverDeps) -> tuple[Outcome, str]:
    try:
        target = read_target(deps.url, sandbox=deps.sandbox)
        headers = webhook_headers(event_id, payload, now, deps.secrets())
        address = choose_address(deps.resolve(target), sandbox=deps.sandbox)
        status = deps.post(target, address, payload, headers)
    except (CannotSign, NotConfigured):
        return Outcome.FAILED, "no-secret"
    except (NotAllowed, NotSent, MaybeSent) as error:
        return Outcome.FAILED, str(error)
    if 200 <= status < 300:
        return Outcome.DELIVERED, ""
    return (Outcome.GONE if status == _GONE else Outcome.FAILED), f"http-{status}"
