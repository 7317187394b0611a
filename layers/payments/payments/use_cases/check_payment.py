"""Serve triggers and scheduled checks: from the checks queue and from the customer's result page.

A trigger is a notification, or the customer's return. Elsom is queried at once and, while its
answer stays the same, again at the distances of the query rule. A query that comes too early is
made at the next allowed moment. What no message can serve is left to the due index.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Final

from msgspec.structs import replace

from payments.aws.queues import CheckRequest
from payments.domain.clock import SECOND
from payments.domain.errors import QueueUnavailable
from payments.domain.next_check import waits_for_query
from payments.domain.payment import FINAL, Payment, Status, Trigger, status_since
from payments.domain.query_rule import moment_of, next_step
from payments.use_cases.keep_trigger import keep_in_index
from payments.use_cases.query_payment import QUERIED, CheckDeps, CheckResult, Result, query_payment

# AWS stops a function that sends to its own queue after about 16 hops.
MOST_HOPS: Final = 10
# However often a page polls, it has Elsom queried at this interval only, besides its own trigger.
POLL_INTERVAL: Final = 10 * SECOND


def check_from_queue(request: CheckRequest, deps: CheckDeps) -> CheckResult:
    """Serve one message of the checks queue, and send the message of the next query, if any."""
    if request.reason == "schedule":
        return _serve_schedule(request, deps)
    checked = query_payment(
        request.id,
        _trigger_of(request),
        deps,
        transaction_id=request.elsom_transaction_id,
        notified_at=request.triggered_at if request.reason == "notification" else None,
        is_served=partial(_is_served, request),
    )
    if checked.payment is None:
        return checked
    match checked.result:
        case Result.TOO_EARLY:
            _wait(request, checked, deps)
        case Result.CIRCUIT_OPEN:
            keep_in_index(deps.payments, checked.payment, _wanted_at(request), deps.clock())
        case Result.ANSWERED | Result.NO_RESPONSE | Result.SERVED if not _is_over(request, checked):
            _follow_up(request, deps)
    return checked


def check_for_page(payment_id: str, deps: CheckDeps) -> Payment | None:
    """Serve the customer's return, which is a trigger; return the payment as it is now."""
    trigger = CheckRequest(id=payment_id, reason="page", triggered_at=deps.clock())
    checked = query_payment(payment_id, Trigger.PAGE, deps)
    payment = checked.payment
    if payment is None or payment.status is Status.PAID or checked.changed:
        return payment
    if checked.result in QUERIED:
        with suppress(QueueUnavailable):
            _follow_up(trigger, deps)
    elif not waits_for_query(payment):
        now = deps.clock()
        due = max(now, checked.allowed_at)
        payment = keep_in_index(deps.payments, payment, trigger.triggered_at, due).payment
        if checked.result is Result.TOO_EARLY:
            with suppress(QueueUnavailable):
                deps.queue.send(trigger, _seconds_until(checked.allowed_at, now))
    return payment


def poll_for_page(payment: Payment, deps: CheckDeps) -> Payment:
    """Serve the result page's polling, which is no trigger: query Elsom if it was not lately."""
    if payment.status is Status.PAID:
        return payment
    if deps.clock() - _latest_query(payment) < POLL_INTERVAL:
        return payment
    return query_payment(payment.id, Trigger.PAGE, deps).payment or payment


def _serve_schedule(request: CheckRequest, deps: CheckDeps) -> CheckResult:
    """Make a due check; follow up a kept trigger that it serves, whose own message is lost."""
    checked = query_payment(request.id, Trigger.SCHEDULE, deps)
    payment = checked.payment
    if payment is None or payment.triggered_at is None:
        return checked
    if checked.result in QUERIED and not checked.changed:
        trigger = CheckRequest(
            id=payment.id, reason="notification", triggered_at=payment.triggered_at
        )
        _follow_up(trigger, deps)
    return checked


def _trigger_of(request: CheckRequest) -> Trigger:
    if request.reason == "page":
        return Trigger.PAGE
    return Trigger.FOLLOW_UP if request.step else Trigger.NOTIFICATION


def _wanted_at(request: CheckRequest) -> int:
    """When this query of the trigger is wanted."""
    return moment_of(request.triggered_at, request.step)


def _is_served(request: CheckRequest, payment: Payment) -> bool:
    """Whether a query that began later does what this one is for."""
    return _latest_query(payment) >= _wanted_at(request) or _has_ended_since(request, payment)


def _has_ended_since(request: CheckRequest, payment: Payment) -> bool:
    """Whether the payment has ended after the trigger, in a query that served it."""
    if payment.status not in FINAL or payment.triggered_at is not None:
        return False
    return min(_latest_query(payment), status_since(payment)) >= request.triggered_at


def _is_over(request: CheckRequest, checked: CheckResult) -> bool:
    """Whether the trigger needs no further query."""
    payment = checked.payment
    return checked.changed or payment is None or _has_ended_since(request, payment)


def _follow_up(request: CheckRequest, deps: CheckDeps) -> None:
    """Send the message of the trigger's next query, if one lies ahead."""
    now = deps.clock()
    step = next_step(request.triggered_at, now)
    if step is not None:
        delay = _seconds_until(moment_of(request.triggered_at, step), now)
        deps.queue.send(replace(request, step=step, hops=request.hops + 1), delay)


def _wait(request: CheckRequest, checked: CheckResult, deps: CheckDeps) -> None:
    """Send the message again for the next allowed moment; after many hops keep it in the index."""
    now = deps.clock()
    if request.hops < MOST_HOPS:
        later = replace(request, hops=request.hops + 1)
        deps.queue.send(later, _seconds_until(checked.allowed_at, now))
    elif checked.payment is not None:
        due = max(now, checked.allowed_at)
        keep_in_index(deps.payments, checked.payment, _wanted_at(request), due)


def _latest_query(payment: Payment) -> int:
    """When the latest query began; 0 when there was none."""
    return payment.queried_at[-1] if payment.queried_at else 0


def _seconds_until(moment: int, now: int) -> int:
    return max(1, -(-(moment - now) // SECOND))
