"""Query Elsom about a payment: the only place where its answer becomes a state."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Final

import msgspec
from msgspec.structs import replace

from payments.circuit import is_open, proof_for, record_response, record_silence, want_proof
from payments.elsom.outcomes import Elsom, Silent, StatusOutcome
from payments.elsom.wire import Answered, Merchant
from payments.errors import WriteConflict
from payments.model import FINAL, Asker, Payment, Policy
from payments.moments import Clock
from payments.next_check import (
    Claim,
    after_answer,
    after_no_response,
    after_no_status,
    claim,
)
from payments.query_rule import next_allowed
from payments.queue import ChecksQueue
from payments.store.inbox import Inbox
from payments.store.payments import Payments, apply
from payments.store.schedule import Circuit, Schedule
from payments.transitions import (
    apply_answer,
    apply_no_status,
    note_transaction_id,
    settle_unasked,
)

_QUEUED: Final = frozenset({Asker.NOTIFICATION, Asker.FOLLOW_UP, Asker.SCHEDULE})
_CLAIM_TRIES: Final = 3


class Checking(msgspec.Struct, frozen=True, kw_only=True):
    """What a check works with. `jitter` draws from 0 to 1."""

    payments: Payments
    inbox: Inbox
    schedule: Schedule
    elsom: Elsom
    queue: ChecksQueue
    merchant: Callable[[], Merchant]
    policy: Policy
    clock: Clock
    jitter: Callable[[], float]


class Result(StrEnum):
    """How a check went."""

    ANSWERED = "answered"
    SILENT = "silent"
    TOO_EARLY = "too-early"
    SERVED = "served"
    NOT_DUE = "not-due"
    CIRCUIT_OPEN = "circuit-open"
    SETTLED_UNASKED = "settled-unasked"
    UNKNOWN_ID = "unknown-id"


QUERIED: Final = frozenset({Result.ANSWERED, Result.SILENT})


class Checked(msgspec.Struct, frozen=True):
    """The result, the payment as it is now (None: not ours), and what Elsom said if queried.

    `changed`: the answer changed something. `allowed_at`: when a query that came too early may
    begin.
    """

    result: Result
    payment: Payment | None = None
    outcome: StatusOutcome | None = None
    changed: bool = False
    allowed_at: int = 0


def never(_payment: Payment) -> bool:
    """No other query does what this one is for."""
    return False


def check_payment(
    payment_id: str,
    asker: Asker,
    deps: Checking,
    *,
    transaction_id: str | None = None,
    trigger: int | None = None,
    is_served: Callable[[Payment], bool] = never,
) -> Checked:
    """Query Elsom once, unless the query rule forbids it now, and apply the answer.

    `transaction_id` is what a notification called it; it is noted with the payment's end. `trigger`
    is when that notification came.
    `is_served` tells whether another query has done already what this one is for.
    """
    payment = deps.payments.get(payment_id)
    if payment is None:
        return Checked(Result.UNKNOWN_ID)
    circuit = deps.schedule.circuit()
    for _ in range(_CLAIM_TRIES):
        now = deps.clock()
        payment = apply(deps.payments, payment, partial(settle_unasked, now=now))
        stop = _reason_not_to_query(payment, asker, circuit, now)
        if is_served(payment):
            stop = Result.SERVED
        if stop is not None:
            return Checked(stop, payment, allowed_at=next_allowed(payment.queried_at))
        merchant = deps.merchant()  # before the claim: without it there is nothing to query with
        claimed = claim(payment, now, asker, deps.policy, trigger)
        try:
            stored = deps.payments.save(payment, claimed.payment)
        except WriteConflict as conflict:
            if conflict.current is None:
                raise
            payment = conflict.current
            continue
        return _query(replace(claimed, payment=stored), merchant, circuit, transaction_id, deps)
    return Checked(Result.TOO_EARLY, payment, allowed_at=next_allowed(payment.queried_at))


def _reason_not_to_query(
    payment: Payment, asker: Asker, circuit: Circuit, now: int
) -> Result | None:
    if asker is Asker.SCHEDULE and (payment.next_check_at is None or payment.next_check_at > now):
        return Result.SETTLED_UNASKED if payment.status in FINAL else Result.NOT_DUE
    if now < next_allowed(payment.queried_at):
        return Result.TOO_EARLY
    return Result.CIRCUIT_OPEN if is_open(circuit, now) else None


def _query(
    claimed: Claim,
    merchant: Merchant,
    circuit: Circuit,
    transaction_id: str | None,
    deps: Checking,
) -> Checked:
    outcome = deps.elsom.status(claimed.payment.id, merchant)
    if isinstance(outcome, Silent):
        return _no_response(claimed, outcome, deps)
    now = deps.clock()

    def step(current: Payment) -> Payment:
        after = _with_outcome(current, claimed, outcome, circuit, now, deps.policy)
        return after if after.is_open else note_transaction_id(after, transaction_id)

    # First of all: an `A` in hand is never lost to anything that follows.
    answered = apply(deps.payments, claimed.payment, step)
    record_response(outcome, answered.id, circuit, now, deps.schedule)
    if answered.no_status_at is not None and answered.is_open:
        want_proof(now, deps.schedule)
    return Checked(Result.ANSWERED, answered, outcome, _is_changed(claimed.payment, answered))


def _with_outcome(
    payment: Payment,
    claimed: Claim,
    outcome: StatusOutcome,
    circuit: Circuit,
    now: int,
    policy: Policy,
) -> Payment:
    """The payment after the response: its status, and if that stays, its next check."""
    verified = claimed.payment.triggered_at
    if isinstance(outcome, Answered):
        after = apply_answer(payment, outcome.answer, claimed.at, now, policy, verified=verified)
        if after.status is not payment.status:
            return after
        return after_answer(after, claimed, now, policy, changed=after is not payment)
    proof = proof_for(payment.id, circuit)
    after = apply_no_status(payment, proof, now, policy, verified=verified)
    if after.status is not payment.status:
        return after
    return after_no_status(after, claimed, now, policy)


def _no_response(claimed: Claim, outcome: Silent, deps: Checking) -> Checked:
    """Elsom could not be queried: nothing ends for it, and the queue's own query comes again."""
    payment = claimed.payment
    if payment.asked_by in _QUEUED:
        now, jitter = deps.clock(), deps.jitter()
        payment = apply(
            deps.payments, payment, lambda known: after_no_response(known, claimed, now, jitter)
        )
    record_silence(outcome, deps.clock(), deps.schedule, deps.jitter)
    return Checked(Result.SILENT, payment, outcome)


def _is_changed(before: Payment, after: Payment) -> bool:
    """Whether Elsom's answer was a new one."""
    return (before.status, before.last_answer) != (after.status, after.last_answer)
