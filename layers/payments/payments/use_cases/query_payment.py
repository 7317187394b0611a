"""Query Elsom about a payment: the only place where Elsom's answer becomes a status."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from functools import partial
from typing import Final

import msgspec
from msgspec.structs import replace

from payments.aws.queues import CheckRequest, Queue
from payments.domain.circuit_breaker import (
    Circuit,
    is_open,
    proof_for,
    record_failure,
    record_success,
    want_proof,
)
from payments.domain.clock import Clock
from payments.domain.errors import StoreUnavailable, WriteConflict
from payments.domain.next_check import (
    Claim,
    after_answer,
    after_no_response,
    after_no_status,
    claim,
)
from payments.domain.payment import FINAL, Payment, Policy, Trigger
from payments.domain.query_rule import next_allowed
from payments.domain.transitions import (
    apply_answer,
    apply_no_status,
    note_transaction_id,
    settle_without_query,
)
from payments.elsom.gateway import Elsom, NoResponse, NoStatus, StatusOutcome
from payments.elsom.protocol import Answered, Merchant
from payments.store.inbox import Inbox
from payments.store.payments import Payments, apply
from payments.store.schedule import Schedule

_QUEUED: Final = frozenset({Trigger.NOTIFICATION, Trigger.FOLLOW_UP, Trigger.SCHEDULE})
_CLAIM_TRIES: Final = 3


class CheckDeps(msgspec.Struct, frozen=True, kw_only=True):
    """What checks work with. `jitter` draws a number from 0 to 1."""

    payments: Payments
    inbox: Inbox
    schedule: Schedule
    elsom: Elsom
    queue: Queue[CheckRequest]
    merchant: Callable[[], Merchant]
    policy: Policy
    clock: Clock
    jitter: Callable[[], float]


class Result(StrEnum):
    """How a check went. Elsom was queried in the first two cases only."""

    ANSWERED = "answered"
    NO_RESPONSE = "no-response"
    # The query rule allows no query yet.
    TOO_EARLY = "too-early"
    # Another query has done what this one is for.
    SERVED = "served"
    NOT_DUE = "not-due"
    CIRCUIT_OPEN = "circuit-open"
    SETTLED_WITHOUT_QUERY = "settled-without-query"
    UNKNOWN_ID = "unknown-id"


QUERIED: Final = frozenset({Result.ANSWERED, Result.NO_RESPONSE})


class CheckResult(msgspec.Struct, frozen=True):
    """The result, the payment as it is now (None: not ours), and Elsom's outcome if it was queried.

    `changed`: Elsom's answer was a new one. `allowed_at`: when a query that came too early may
    begin.
    """

    result: Result
    payment: Payment | None = None
    outcome: StatusOutcome | None = None
    changed: bool = False
    allowed_at: int = 0


def never(_payment: Payment) -> bool:
    """Say that no other query has done what this one is for."""
    return False


def query_payment(
    payment_id: str,
    trigger: Trigger,
    deps: CheckDeps,
    *,
    transaction_id: str | None = None,
    notified_at: int | None = None,
    is_served: Callable[[Payment], bool] = never,
) -> CheckResult:
    """Query Elsom once, unless the query rule forbids it now, and apply the answer.

    `transaction_id` is Elsom's transaction number in a notification, stored with the payment's end;
    `notified_at` is when that notification came.
    `is_served` says whether another query has done already what this one is for.
    """
    payment = deps.payments.get(payment_id)
    if payment is None:
        return CheckResult(Result.UNKNOWN_ID)
    circuit = deps.schedule.circuit()
    for _ in range(_CLAIM_TRIES):
        now = deps.clock()
        payment = apply(deps.payments, payment, partial(settle_without_query, now=now))
        served = is_served(payment)
        stop = Result.SERVED if served else _reason_not_to_query(payment, trigger, circuit, now)
        if stop is not None:
            return CheckResult(stop, payment, allowed_at=next_allowed(payment.queried_at))
        merchant = deps.merchant()  # before the claim: without it no query can be made
        # The clock is read again: the next query counts from now, and the writes above take time.
        claimed = claim(payment, deps.clock(), trigger, deps.policy, notified_at)
        try:
            stored = deps.payments.save(payment, claimed.payment)
        except WriteConflict as conflict:
            if conflict.current is None:
                raise
            payment = conflict.current
            continue
        return _query(replace(claimed, payment=stored), merchant, circuit, transaction_id, deps)
    return CheckResult(Result.TOO_EARLY, payment, allowed_at=next_allowed(payment.queried_at))


def _reason_not_to_query(
    payment: Payment, trigger: Trigger, circuit: Circuit, now: int
) -> Result | None:
    if trigger is Trigger.SCHEDULE and (
        payment.next_check_at is None or payment.next_check_at > now
    ):
        return Result.SETTLED_WITHOUT_QUERY if payment.status in FINAL else Result.NOT_DUE
    if now < next_allowed(payment.queried_at):
        return Result.TOO_EARLY
    return Result.CIRCUIT_OPEN if is_open(circuit, now) else None


def _query(
    claimed: Claim,
    merchant: Merchant,
    circuit: Circuit,
    transaction_id: str | None,
    deps: CheckDeps,
) -> CheckResult:
    outcome = deps.elsom.status(claimed.payment.id, merchant)
    if isinstance(outcome, NoResponse):
        return _no_response(claimed, outcome, deps)
    now = deps.clock()
    proof_at = proof_for(claimed.payment.id, circuit)

    def step(current: Payment) -> Payment:
        after = _with_outcome(current, claimed, outcome, proof_at, now, deps.policy)
        return after if after.is_open else note_transaction_id(after, transaction_id)

    # Before anything else: no later failure may lose an `A`.
    answered = apply(deps.payments, claimed.payment, step)
    save_response(outcome, answered.id, circuit, now, deps.schedule)
    if answered.no_status_at is not None and answered.is_open:
        save_want_of_proof(now, deps.schedule)
    return CheckResult(Result.ANSWERED, answered, outcome, _is_changed(claimed.payment, answered))


def _with_outcome(
    payment: Payment,
    claimed: Claim,
    outcome: StatusOutcome,
    proof_at: int | None,
    now: int,
    policy: Policy,
) -> Payment:
    """The payment after the response: its status, or, where that stays, its next check."""
    verified = claimed.payment.triggered_at
    if isinstance(outcome, Answered):
        after = apply_answer(payment, outcome.answer, claimed.at, now, policy, verified=verified)
        if after.status is not payment.status:
            return after
        return after_answer(after, claimed, now, policy, changed=after is not payment)
    after = apply_no_status(payment, proof_at, now, policy, verified=verified)
    if after.status is not payment.status:
        return after
    return after_no_status(after, claimed, now, policy)


def _no_response(claimed: Claim, outcome: NoResponse, deps: CheckDeps) -> CheckResult:
    """Elsom did not respond: no status changes, and a query of the queue's is tried again."""
    payment = claimed.payment
    if payment.queried_by in _QUEUED:
        now, jitter = deps.clock(), deps.jitter()
        payment = apply(
            deps.payments, payment, lambda known: after_no_response(known, claimed, now, jitter)
        )
    save_no_response(outcome, deps.clock(), deps.schedule, deps.jitter())
    return CheckResult(Result.NO_RESPONSE, payment, outcome)


def _is_changed(before: Payment, after: Payment) -> bool:
    """Whether Elsom's answer differs from the one before."""
    return (before.status, before.last_answer) != (after.status, after.last_answer)


def save_no_response(no_response: NoResponse, now: int, schedule: Schedule, jitter: float) -> None:
    """Count a query without a response, unless Elsom did respond about this one payment."""
    if not no_response.about_one_payment:
        _save_circuit(schedule, partial(record_failure, now=now, jitter=jitter))


def save_response(
    outcome: StatusOutcome, payment_id: str, circuit: Circuit, now: int, schedule: Schedule
) -> None:
    """Record that Elsom responded; `circuit` is what was read before the query."""
    if isinstance(outcome, NoStatus):
        return
    answer = outcome.answer if isinstance(outcome, Answered) else None
    step = partial(record_success, payment_id=payment_id, answer=answer, now=now)
    if step(circuit) != circuit:
        _save_circuit(schedule, step)


def save_want_of_proof(now: int, schedule: Schedule) -> None:
    """Have the next status of another payment written, as proof that Elsom accepts our queries."""
    _save_circuit(schedule, partial(want_proof, now=now))


def _save_circuit(schedule: Schedule, step: Callable[[Circuit], Circuit]) -> None:
    """Write the circuit's next state. A check does not fail where that is not possible."""
    with suppress(StoreUnavailable):
        before = schedule.circuit()
        after = step(before)
        if after != before:
            schedule.save_circuit(before, after)
