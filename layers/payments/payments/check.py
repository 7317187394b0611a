"""Ask Elsom about a payment: the only place where its answer becomes a state."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Final

import msgspec

from payments.circuit import is_open, record_silence, record_word
from payments.elsom.outcomes import Elsom, Silent, StatusOutcome
from payments.elsom.wire import Answered, Merchant
from payments.errors import WriteConflict
from payments.model import FINAL, Asker, Payment, Policy, Status
from payments.moments import MINUTE, SECOND, Clock
from payments.queue import CheckRequest, ChecksQueue
from payments.store.inbox import Inbox
from payments.store.payments import Payments, apply
from payments.store.schedule import Circuit, Schedule
from payments.transitions import (
    apply_answer,
    apply_error_answer,
    ask_again,
    claim,
    due_now,
    note_transaction_id,
    settle_unasked,
)

ASK_INTERVAL: Final = 10 * SECOND
FOLLOW_UPS: Final = (10, 20, 40)
RETRY_AFTER_SILENCE: Final = MINUTE
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
    IN_WINDOW = "in-window"
    NOT_DUE = "not-due"
    CIRCUIT_OPEN = "circuit-open"
    SETTLED_UNASKED = "settled-unasked"
    UNKNOWN_ID = "unknown-id"
    DROPPED = "dropped"


_CLAIMED_BEFORE: Final = frozenset({Result.NOT_DUE, Result.SETTLED_UNASKED})


class Checked(msgspec.Struct, frozen=True):
    """The result, the payment as it is now (None: not ours), and what Elsom said if asked."""

    result: Result
    payment: Payment | None = None
    outcome: StatusOutcome | None = None
    before: Status | None = None


def check_payment(
    payment_id: str, asker: Asker, deps: Checking, transaction_id: str | None = None
) -> Checked:
    """Ask Elsom once, unless it was asked within ten seconds, and apply the answer.

    `transaction_id` is what a notification called it; it is noted with the payment's end.
    """
    payment = deps.payments.get(payment_id)
    if payment is None:
        return Checked(Result.UNKNOWN_ID)
    circuit = deps.schedule.circuit()
    for _ in range(_CLAIM_TRIES):
        now = deps.clock()
        payment = apply(deps.payments, payment, partial(settle_unasked, now=now))
        stop = _reason_not_to_ask(payment, asker, circuit, now)
        if stop is not None:
            return Checked(stop, payment)
        merchant = deps.merchant()  # before the claim: without it there is nothing to ask with
        try:
            claimed = deps.payments.save(payment, claim(payment, now, asker, deps.policy))
        except WriteConflict as conflict:
            if conflict.current is None:
                raise
            payment = conflict.current
            continue
        return _ask(claimed, merchant, circuit, transaction_id, deps)
    return Checked(Result.IN_WINDOW, payment)


def check_from_queue(request: CheckRequest, deps: Checking, *, redelivered: bool) -> Checked:
    """Serve one message of the checks queue, and send what has to follow it."""
    if request.reason == "schedule":
        checked = check_payment(request.id, Asker.SCHEDULE, deps)
        if redelivered and checked.result in _CLAIMED_BEFORE:
            # The first delivery died between its claim and its answer; it may be the last check.
            checked = check_payment(request.id, Asker.FOLLOW_UP, deps)
            _wait_for_elsom(checked, deps)
        return checked
    asker = Asker.FOLLOW_UP if request.again else Asker.NOTIFICATION
    checked = check_payment(request.id, asker, deps, request.elsom_transaction_id)
    match checked.result:
        case Result.ANSWERED | Result.SILENT:
            _after_notified_question(request, checked, deps)
        case Result.IN_WINDOW:
            return _wait_for_window(request, checked, deps, redelivered=redelivered)
        case _:
            _wait_for_elsom(checked, deps)
    return checked


def _wait_for_elsom(checked: Checked, deps: Checking) -> None:
    """The index waits for Elsom's return; messages would only circle meanwhile."""
    if checked.result is Result.CIRCUIT_OPEN and checked.payment is not None:
        apply(deps.payments, checked.payment, lambda p: due_now(p, deps.clock()))


def _reason_not_to_ask(payment: Payment, asker: Asker, circuit: Circuit, now: int) -> Result | None:
    if asker is Asker.SCHEDULE and (payment.next_check_at is None or payment.next_check_at > now):
        return Result.SETTLED_UNASKED if payment.status in FINAL else Result.NOT_DUE
    if payment.asked_at is not None and now - payment.asked_at < ASK_INTERVAL:
        return Result.IN_WINDOW
    return Result.CIRCUIT_OPEN if is_open(circuit, now) else None


def _ask(
    claimed: Payment,
    merchant: Merchant,
    circuit: Circuit,
    transaction_id: str | None,
    deps: Checking,
) -> Checked:
    outcome = deps.elsom.status(claimed.id, merchant)
    now = deps.clock()
    if isinstance(outcome, Silent):
        record_silence(outcome, now, deps.schedule, deps.jitter)
        due = now + RETRY_AFTER_SILENCE + int(RETRY_AFTER_SILENCE * deps.jitter() / 2)
        if claimed.asked_by in _QUEUED and claimed.status is not Status.PAID:
            claimed = apply(deps.payments, claimed, lambda p: _sooner(p, due))
        return Checked(Result.SILENT, claimed, outcome, claimed.status)
    if circuit.failures:
        record_word(deps.schedule)

    def step(current: Payment) -> Payment:
        after = (
            apply_answer(current, outcome.answer, now, deps.policy)
            if isinstance(outcome, Answered)
            else apply_error_answer(current, now, deps.policy)
        )
        return after if after.is_open else note_transaction_id(after, transaction_id)

    answered = apply(deps.payments, claimed, step)
    return Checked(Result.ANSWERED, answered, outcome, claimed.status)


def _sooner(payment: Payment, due: int) -> Payment:
    """Give the question's step back, never moving a check that is due earlier."""
    if payment.next_check_at is not None and payment.next_check_at <= due:
        return payment
    return ask_again(payment, due)


def _after_notified_question(request: CheckRequest, checked: Checked, deps: Checking) -> None:
    """Ask again soon while Elsom's answer has moved nothing: it may show `A` only after ours.

    Ended payments too: this may be the last that anybody hears of money that came late.
    """
    payment = checked.payment
    if payment is None or payment.status is Status.PAID:
        return
    unmoved = payment.is_open or payment.status is checked.before
    if unmoved and request.again < len(FOLLOW_UPS):
        follow_up = msgspec.structs.replace(request, again=request.again + 1)
        deps.queue.send(follow_up, FOLLOW_UPS[request.again])


def _wait_for_window(
    request: CheckRequest, checked: Checked, deps: Checking, *, redelivered: bool
) -> Checked:
    """A notification inside the window is asked about at its end.

    It is dropped only when another notification's question began after this one arrived: that
    question's own message is redelivered should it die, and its follow-ups serve both.
    """
    payment = checked.payment
    if payment is None or payment.asked_at is None:
        return checked
    served = payment.asked_by is Asker.NOTIFICATION and payment.asked_at >= (
        request.received_at or 0
    )
    if served and not redelivered:
        return msgspec.structs.replace(checked, result=Result.DROPPED)
    left = payment.asked_at + ASK_INTERVAL - deps.clock()
    deps.queue.send(request, max(1, -(-left // SECOND)))
    return checked
