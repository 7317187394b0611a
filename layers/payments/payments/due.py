"""Send what is due to the queues: never more than they can drain in a minute."""

from __future__ import annotations

from typing import Final

import msgspec

from payments.circuit import is_healthy, is_open
from payments.moments import Clock
from payments.queue import CheckRequest, ChecksQueue, DueWebhook, TextQueue
from payments.store.payments import SORT_KEY
from payments.store.schedule import Due, Schedule
from payments.store.webhooks import Deliveries

# Questions one worker asks in a minute when Elsom answers in half a second.
PER_WORKER: Final = 120
UNKNOWN_PER_MINUTE: Final = 55
WEBHOOKS_PER_MINUTE: Final = 600
# Retries get their turn also while new events fill the queue.
WEBHOOKS_AT_LEAST: Final = 50


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """What the schedule works with; `concurrency` is how many questions Elsom bears at once."""

    schedule: Schedule
    queue: ChecksQueue
    clock: Clock
    concurrency: int


class SendingWebhooks(msgspec.Struct, frozen=True, kw_only=True):
    """What the schedule of webhooks works with."""

    deliveries: Deliveries
    queue: TextQueue
    clock: Clock


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn did. `oldest_wait` in milliseconds; counts are of messages."""

    checks: int
    unknown: int
    backlog: int
    oldest_wait: int


def send_due_checks(deps: Sending) -> Sent:
    """One turn of the schedule: the longest waiting first, behind what the queue still holds."""
    now = deps.clock()
    backlog = deps.queue.backlog()
    circuit = deps.schedule.circuit()
    room = _room(deps.concurrency, healthy=is_healthy(circuit), paused=is_open(circuit, now))
    due = deps.schedule.due(now, max(room, 1))
    fresh = _not_sent_yet(due, backlog, deps.concurrency) if room else []
    checks = deps.queue.send_all([(_request(one), 0) for one in fresh if one.item == SORT_KEY])
    unknown = _send_unknown(now, room - backlog - len(fresh), deps)
    oldest = now - due[0].at if due else 0
    return Sent(checks=checks, unknown=unknown, backlog=backlog, oldest_wait=oldest)


def send_due_webhooks(deps: SendingWebhooks) -> int:
    """Send the webhooks whose next try is due; one sent twice is tried once."""
    room = max(WEBHOOKS_PER_MINUTE - deps.queue.backlog(), WEBHOOKS_AT_LEAST)
    due = deps.deliveries.due(deps.clock(), room)
    return deps.queue.send_all(
        [(msgspec.json.encode(DueWebhook(event_id)).decode(), 0) for event_id in due]
    )


def _not_sent_yet(due: list[Due], backlog: int, concurrency: int) -> list[Due]:
    """The longest waiting are the ones sent before and still in the queue: skip as many.

    But what the queue holds may be something else (notifications, checks that have begun), and
    whoever is skipped for it would wait for ever: the very first go again each time.
    """
    skipped = min(backlog, len(due))
    return [*due[: min(concurrency, skipped)], *due[skipped:]]


def _room(concurrency: int, *, healthy: bool, paused: bool) -> int:
    """How many messages the queue may hold: while Elsom is ill, only enough to try it."""
    if paused:
        return 0
    return concurrency * PER_WORKER if healthy else concurrency


def _send_unknown(now: int, room: int, deps: Sending) -> int:
    """Unknown ids take what room is left, one a second."""
    found = deps.schedule.due_unknown(now, min(room, UNKNOWN_PER_MINUTE))
    requests = [CheckRequest(id=one.id, reason="unknown") for one in found]
    return deps.queue.send_all([(request, second) for second, request in enumerate(requests)])


def _request(due: Due) -> CheckRequest:
    return CheckRequest(id=due.id, reason="schedule")
