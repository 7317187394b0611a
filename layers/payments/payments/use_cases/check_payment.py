"""Serve what asks for a check: messages of the checks queue, and the customer's result page.

A trigger is a notification, or the customer's return. Elsom is queried at once, and again as the
query rule has it while its answer stays the same. What comes too early is served at the next
allowed moment; what cannot be served by a message is left to the due index.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Final

from msgspec.structs import replace

from payments.aws.queues import CheckRequest
from payments.domain.cases import changed_at
from payments.domain.clock import SECOND
from payments.domain.errors import QueueUnavailable
from payments.domain.next_check import note_trigger, waits_for_query
from payments.domain.payment import FINAL, Payment, Status, Trigger
from payments.domain.query_rule import moment_of, next_step
from payments.store.payments import apply
from payments.use_cases.query_payment import QUERIED, CheckDeps, CheckResult, Result, check_payment

# AWS stops a function that sends to its own queue after about 16 hops.
MOST_HOPS: Final = 10
# A page that looks often lets Elsom be queried no more often than this, besides its own trigger.
POLL_INTERVAL: Final = 10 * SECOND


def check_from_queue(request: CheckRequest, deps: CheckDeps) -> CheckResult:
    """Serve one message of the checks queue, and send what has to follow it."""
    if request.reason == "schedule":
        return _serve_schedule(request, deps)
    checked = check_payment(
        request.id,
        _trigger_of(request),
        deps,
        transaction_id=request.elsom_transaction_id,
        notified_at=request.received_at if request.reason == "notification" else None,
        is_served=partial(_is_served, request),
    )
    if checked.payment is None:
        return checked
    match checked.result:
        case Result.TOO_EARLY:
            _wait(request, checked, deps)
        case Result.CIRCUIT_OPEN:
            _leave_to_index(checked.payment, _moment(request), deps.clock(), deps)
        case Result.ANSWERED | Result.NO_RESPONSE | Result.SERVED if not _is_over(request, checked):
            _follow_up(request, deps)
    return checked


def check_for_page(payment_id: str, deps: CheckDeps) -> Payment | None:
    """The customer has come back: a trigger. The payment as it is after the query, if any."""
    trigger = CheckRequest(id=payment_id, reason="page", received_at=deps.clock())
    checked = check_payment(payment_id, Trigger.PAGE, deps)
    payment = checked.payment
    if payment is None or payment.status is Status.PAID or checked.changed:
        return payment
    if checked.result in QUERIED:
        with suppress(QueueUnavailable):
            _follow_up(trigger, deps)
    elif not waits_for_query(payment):
        now = deps.clock()
        payment = _leave_to_index(payment, trigger.received_at, max(now, checked.allowed_at), deps)
        if checked.result is Result.TOO_EARLY:
            with suppress(QueueUnavailable):
                deps.queue.send(trigger, _seconds_until(checked.allowed_at, now))
    return payment


def poll_for_page(payment: Payment, deps: CheckDeps) -> Payment:
    """The result page looks again: no trigger. Elsom is queried if it was not lately."""
    latest = payment.queried_at[-1] if payment.queried_at else 0
    if payment.status is Status.PAID or deps.clock() - latest < POLL_INTERVAL:
        return payment
    return check_payment(payment.id, Trigger.PAGE, deps).payment or payment


def _serve_schedule(request: CheckRequest, deps: CheckDeps) -> CheckResult:
    """A due check; a trigger that it serves goes on from here, since its own message is lost."""
    checked = check_payment(request.id, Trigger.SCHEDULE, deps)
    payment = checked.payment
    if checked.result in QUERIED and payment is not None and payment.triggered_at is not None:
        trigger = CheckRequest(
            id=payment.id, reason="notification", received_at=payment.triggered_at
        )
        if not checked.changed:
            _follow_up(trigger, deps)
    return checked


def _trigger_of(request: CheckRequest) -> Trigger:
    if request.reason == "page":
        return Trigger.PAGE
    return Trigger.FOLLOW_UP if request.again else Trigger.NOTIFICATION


def _moment(request: CheckRequest) -> int:
    """When this query of the trigger is wanted."""
    return moment_of(request.received_at, request.again)


def _is_served(request: CheckRequest, payment: Payment) -> bool:
    """Whether a query that has begun since is as good as this one."""
    latest = payment.queried_at[-1] if payment.queried_at else 0
    return latest >= _moment(request) or _has_ended_since(request, payment)


def _has_ended_since(request: CheckRequest, payment: Payment) -> bool:
    """Whether the payment has ended after the trigger, in a query that served it."""
    if payment.status not in FINAL or payment.triggered_at is not None:
        return False
    latest = payment.queried_at[-1] if payment.queried_at else 0
    return min(latest, changed_at(payment)) >= request.received_at


def _is_over(request: CheckRequest, checked: CheckResult) -> bool:
    """Whether an answer to a query begun after the trigger has changed something."""
    payment = checked.payment
    return checked.changed or payment is None or _has_ended_since(request, payment)


def _follow_up(request: CheckRequest, deps: CheckDeps) -> None:
    """Send the trigger's next query, if one lies ahead."""
    now = deps.clock()
    step = next_step(request.received_at, now)
    if step is not None:
        delay = _seconds_until(moment_of(request.received_at, step), now)
        deps.queue.send(replace(request, again=step, hops=request.hops + 1), delay)


def _wait(request: CheckRequest, checked: CheckResult, deps: CheckDeps) -> None:
    """Send the message again for the next allowed moment; the index takes over one that circles."""
    now = deps.clock()
    if request.hops < MOST_HOPS:
        later = replace(request, hops=request.hops + 1)
        deps.queue.send(later, _seconds_until(checked.allowed_at, now))
    elif checked.payment is not None:
        due = max(now, checked.allowed_at)
        _leave_to_index(checked.payment, _moment(request), due, deps)


def _leave_to_index(payment: Payment, trigger: int, due: int, deps: CheckDeps) -> Payment:
    """Keep the trigger in the index, where the schedule finds it."""

    def step(known: Payment) -> Payment:
        return known if waits_for_query(known) else note_trigger(known, trigger, due)

    return apply(deps.payments, payment, step)


def _seconds_until(moment: int, now: int) -> int:
    return max(1, -(-(moment - now) // SECOND))
