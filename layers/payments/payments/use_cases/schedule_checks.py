"""Send what is due to the queues: each due check once, and no more than the workers can serve."""

from __future__ import annotations

from typing import Final

import msgspec

from payments.aws.queues import CheckRequest, DueWebhook, Queue
from payments.domain.circuit_breaker import is_healthy, is_open
from payments.domain.clock import MINUTE, Clock
from payments.store.payments import SORT_KEY
from payments.store.schedule import Due, Pass, Schedule
from payments.store.webhooks import Deliveries

# The queries that one worker makes in a minute when Elsom responds in half a second.
PER_WORKER: Final = 120
UNKNOWN_PER_MINUTE: Final = 55
WEBHOOKS_PER_MINUTE: Final = 600
# Retries are sent also while new events fill the queue.
WEBHOOKS_AT_LEAST: Final = 50
# With so few messages for each worker, what was sent before is no longer waiting.
FEW_PER_WORKER: Final = 2
# After this time everything due is sent again, whatever the queue holds: messages get lost.
LONGEST_PASS: Final = 5 * MINUTE


class ScheduleDeps(msgspec.Struct, frozen=True, kw_only=True):
    """What the schedule works with; `concurrency` is how many queries Elsom bears at once."""

    schedule: Schedule
    queue: Queue[CheckRequest]
    clock: Clock
    concurrency: int


class ScheduleWebhooksDeps(msgspec.Struct, frozen=True, kw_only=True):
    """What the schedule of webhooks works with."""

    deliveries: Deliveries
    queue: Queue[DueWebhook]
    clock: Clock


class ScheduleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn sent, in messages. `oldest_wait` in milliseconds."""

    checks: int
    unknown: int
    backlog: int
    oldest_wait: int


def send_due_checks(deps: ScheduleDeps) -> ScheduleResult:
    """Run one turn: the longest waiting first, known payments before unknown ids.

    What was sent before and is still due waits in the queue, so it is not sent again in the same
    pass. How much is sent depends on what is due, never on what else the queue holds.
    """
    now = deps.clock()
    backlog = deps.queue.backlog()
    circuit = deps.schedule.circuit()
    capacity = _capacity(
        deps.concurrency, healthy=is_healthy(circuit), paused=is_open(circuit, now)
    )
    stored = deps.schedule.schedule_pass()
    few = backlog <= deps.concurrency * FEW_PER_WORKER
    is_new = few or now - stored.began_at >= LONGEST_PASS
    turn = Pass(began_at=now, version=stored.version) if is_new else stored
    due = deps.schedule.due(now, max(capacity, 1), turn.sent_until)
    fresh = due if capacity else []
    checks = deps.queue.send_all([(_request(one), 0) for one in fresh if one.item == SORT_KEY])
    if fresh and checks == len(fresh):
        deps.schedule.save_pass(stored, _after(turn, fresh, now, capacity))
    unknown = _send_unknown(now, capacity - len(fresh) if few else 0, deps)
    oldest = now - _oldest(due, turn, deps, now)
    return ScheduleResult(checks=checks, unknown=unknown, backlog=backlog, oldest_wait=oldest)


def send_due_webhooks(deps: ScheduleWebhooksDeps) -> int:
    """Send the webhooks whose next try is due; one that is sent twice is tried once."""
    capacity = max(WEBHOOKS_PER_MINUTE - deps.queue.backlog(), WEBHOOKS_AT_LEAST)
    due = deps.deliveries.due(deps.clock(), capacity)
    return deps.queue.send_all([(DueWebhook(event_id), 0) for event_id in due])


def _after(turn: Pass, sent: list[Due], now: int, capacity: int) -> Pass:
    """The pass after this turn. After a full turn, the next one goes on from its last check.

    Checks that are due at the same time as that one are sent again, since not all of them may have
    been sent; except where they fill the whole turn.
    """
    until = now
    if len(sent) >= capacity:
        until = sent[-1].at if sent[-1].at > sent[0].at else sent[-1].at + 1
    return msgspec.structs.replace(turn, sent_until=until)


def _oldest(due: list[Due], turn: Pass, deps: ScheduleDeps, now: int) -> int:
    """Since when the longest waiting check is due; now, if none is."""
    if turn.sent_until:
        due = deps.schedule.due(now, 1)
    return due[0].at if due else now


def _capacity(concurrency: int, *, healthy: bool, paused: bool) -> int:
    """How many checks a turn may send: only a few while Elsom does not respond."""
    if paused:
        return 0
    return concurrency * PER_WORKER if healthy else concurrency


def _send_unknown(now: int, capacity: int, deps: ScheduleDeps) -> int:
    """Send unknown ids with what capacity is left, one a second."""
    deps.schedule.recount_unknown()
    found = deps.schedule.due_unknown(now, min(capacity, UNKNOWN_PER_MINUTE))
    requests = [CheckRequest(id=one.id, reason="unknown") for one in found]
    return deps.queue.send_all([(request, second) for second, request in enumerate(requests)])


def _request(due: Due) -> CheckRequest:
    return CheckRequest(id=due.id, reason="schedule")
