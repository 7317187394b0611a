"""The steps of a payment: each takes a payment and returns the next one. Pure.

Every step that leaves a payment open sets its next check, and every change adds to its timeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from payments.domain.clock import HOUR, SECOND
from payments.domain.ids import next_sequence
from payments.domain.next_check import keep_trigger, late_check
from payments.domain.payment import (
    AFTER_ANSWER,
    NEGATIVE_ANSWERS,
    OPEN,
    REASON_OF,
    ElsomStatus,
    Payment,
    Policy,
    Reason,
    Status,
)

START_RUNS_AT_MOST: Final = 30 * SECOND
TIMELINE_HEAD: Final = 10
TIMELINE_TAIL: Final = 30


def begin_attempt(payment: Payment, attempt_id: str, now: int, policy: Policy) -> Payment:
    """Record that a start call is about to be sent, and set the first check, should we die now."""
    return replace(
        payment,
        attempt_at=now,
        attempt_id=attempt_id,
        updated_at=now,
        check_step=0,
        next_check_at=now + max(policy.ladder[0], START_RUNS_AT_MOST),
        timeline=_noted(payment, now, "start_sent"),
    )


def take_back_attempt(payment: Payment, now: int, why: str) -> Payment:
    """Record that the start call sent nothing: until it expires, the same key may try again."""
    if payment.status is not Status.CREATED or payment.attempt_at is None:
        return payment
    return replace(
        payment,
        attempt_at=None,
        updated_at=now,
        next_check_at=payment.expires_at,
        timeline=_noted(payment, now, "start_not_sent", why=why),
    )


def start_accepted(payment: Payment, url: str, now: int, policy: Policy) -> Payment:
    """Keep the URL that Elsom gave; a payment that is not `created` any more keeps its status."""
    if payment.elsom_url == url:
        return payment
    if payment.status is not Status.CREATED:
        timeline = _noted(payment, now, "start_answer_late", answer="accepted")
        return replace(payment, elsom_url=url, updated_at=now, timeline=timeline)
    first = (payment.attempt_at or now) + policy.ladder[0]
    return _moved(
        payment,
        Status.PENDING,
        now,
        elsom_url=url,
        next_check_at=min(payment.next_check_at or first, first),
    )


def start_refused(payment: Payment, code: str, now: int, policy: Policy) -> Payment:
    """End a payment that Elsom refused. Elsom knows the id, so late checks follow."""
    if payment.status_reason is Reason.ELSOM_REFUSED:
        return payment
    if payment.status is not Status.CREATED:
        timeline = _noted(payment, now, "start_answer_late", answer="refused", errorCode=code)
        return replace(payment, updated_at=now, timeline=timeline)
    return _moved(
        payment,
        Status.FAILED,
        now,
        reason=Reason.ELSOM_REFUSED,
        elsom_error_code=code,
        next_check_at=late_check(payment, policy, 0, now),
    )


def start_unknown(payment: Payment, now: int, why: str) -> Payment:
    """Record that the start may have reached Elsom: it is never sent again, and is due now."""
    if payment.status is not Status.CREATED:
        return payment
    return _moved(
        payment,
        Status.START_UNKNOWN,
        now,
        reason=Reason.START_OUTCOME_UNKNOWN,
        next_check_at=now,
        details={"why": why},
    )


def start_died(payment: Payment, now: int) -> bool:
    """Whether a start was begun and can no longer be running."""
    began = payment.attempt_at
    return (
        payment.status is Status.CREATED and began is not None and now - began >= START_RUNS_AT_MOST
    )


def never_sent(payment: Payment, now: int) -> bool:
    """Whether nothing ever reached Elsom and the time to try again is over."""
    return (
        payment.status is Status.CREATED
        and payment.attempt_at is None
        and now >= payment.expires_at
    )


def fail_unsent(payment: Payment, now: int) -> Payment:
    """End a payment that never reached Elsom, so there is nothing to query."""
    return _moved(payment, Status.FAILED, now, reason=Reason.ELSOM_UNREACHABLE, next_check_at=None)


def settle_without_query(payment: Payment, now: int) -> Payment:
    """Settle a start that died and one that was never sent: neither needs an answer of Elsom."""
    if start_died(payment, now):
        return start_unknown(payment, now, "died")
    return fail_unsent(payment, now) if never_sent(payment, now) else payment


def apply_answer(
    payment: Payment,
    answer: ElsomStatus,
    queried_at: int,
    now: int,
    policy: Policy,
    *,
    verified: int | None = None,
) -> Payment:
    """Apply Elsom's answer as the table allows. An unchanged answer returns the same object.

    `queried_at` is when the query began: an answer to a query from before the payment was paid is
    no disagreement. `verified` is the trigger that was kept when the query began.
    """
    target = AFTER_ANSWER[payment.status].get(answer)
    if target is not None:
        return _settled(payment, target, answer, now, policy, verified)
    if payment.status in OPEN:
        return _give_up_if_old(payment, now, policy, verified)
    if answer == (payment.last_answer or ElsomStatus.IN_PROGRESS):
        return payment
    if payment.paid_at is not None and queried_at < payment.paid_at:
        return payment
    if payment.status is Status.PAID and answer in NEGATIVE_ANSWERS and not payment.disagreed_at:
        return _answer_noted(payment, answer, now, "disagreement", disagreed_at=now)
    return _answer_noted(payment, answer, now, "answer_changed")


def apply_no_status(
    payment: Payment,
    proof_at: int | None,
    now: int,
    policy: Policy,
    *,
    verified: int | None = None,
) -> Payment:
    """Apply a response without a status: an error code, or an HTTP 4xx about this id.

    An old payment is given up only with proof that Elsom accepts our queries: `proof_at`, when it
    last gave another payment's status, lies after this response or in the hour before.
    """
    if payment.status not in OPEN or not _is_old(payment, now, policy):
        return payment
    first = payment.no_status_at or now
    if proof_at is not None and proof_at >= first - HOUR:
        return _give_up_if_old(payment, now, policy, verified)
    return payment if payment.no_status_at else replace(payment, no_status_at=now)


def note_transaction_id(payment: Payment, transaction_id: str | None) -> Payment:
    """Keep the transaction number that notifications name, unproven; none once they disagree."""
    if not transaction_id or payment.transaction_ids_disagree:
        return payment
    if payment.elsom_transaction_id is None:
        return replace(payment, elsom_transaction_id=transaction_id)
    if payment.elsom_transaction_id == transaction_id:
        return payment
    return replace(payment, elsom_transaction_id=None, transaction_ids_disagree=True)


def note_request(payment: Payment, what: str, by: str, now: int, **details: str) -> Payment:
    """Record who requested something; a repeat right after it is counted, not listed."""
    last = payment.timeline[-1] if payment.timeline else {}
    request = {"what": what, "by": by, **details}
    if request.items() <= last.items():
        again = {**last, "count": last.get("count", 1) + 1, "lastAt": now}
        return replace(payment, updated_at=now, timeline=(*payment.timeline[:-1], again))
    timeline = _noted(payment, now, what, by=by, **details)
    return replace(payment, updated_at=now, timeline=timeline)


def _settled(
    payment: Payment,
    target: Status,
    answer: ElsomStatus,
    now: int,
    policy: Policy,
    verified: int | None,
) -> Payment:
    details = {"queriedBy": str(payment.queried_by) if payment.queried_by else None}
    if target is Status.PAID:
        late = payment.status not in OPEN
        return _moved(
            payment,
            target,
            now,
            verified=verified,
            next_check_at=None,
            last_answer=answer,
            paid_at=now,
            late=late,
            details=details,
        )
    return _moved(
        payment,
        target,
        now,
        verified=verified,
        reason=REASON_OF[answer],
        next_check_at=late_check(payment, policy, 0, now),
        last_answer=answer,
        details=details,
    )


def _is_old(payment: Payment, now: int, policy: Policy) -> bool:
    return payment.status is not Status.CREATED and now >= payment.created_at + policy.give_up


def _give_up_if_old(payment: Payment, now: int, policy: Policy, verified: int | None) -> Payment:
    if not _is_old(payment, now, policy):
        return payment
    return _moved(
        payment,
        Status.EXPIRED,
        now,
        verified=verified,
        reason=Reason.UNRESOLVED,
        next_check_at=late_check(payment, policy, 0, now),
    )


def _answer_noted(
    payment: Payment, answer: ElsomStatus, now: int, what: str, **changes: Any
) -> Payment:
    timeline = _noted(payment, now, what, answer=str(answer))
    return replace(payment, last_answer=answer, updated_at=now, timeline=timeline, **changes)


def _moved(
    payment: Payment,
    status: Status,
    now: int,
    *,
    next_check_at: int | None,
    verified: int | None = None,
    reason: Reason | None = None,
    details: Mapping[str, str | None] | None = None,
    **changes: Any,
) -> Payment:
    """Change the status and the fields in `changes`; `details` go on the timeline entry only."""
    sequence = next_sequence(payment.sequence, now)
    timeline = _noted(
        payment,
        now,
        str(status),
        sequence=sequence,
        reason=str(reason) if reason else None,
        **(details or {}),
    )
    moved = replace(
        payment,
        status=status,
        status_reason=reason,
        sequence=sequence,
        updated_at=now,
        attempt_at=None,
        check_step=0,
        timeline=timeline,
        **changes,
    )
    return keep_trigger(moved, next_check_at, verified)


def _noted(
    payment: Payment, now: int, what: str, **details: str | int | None
) -> tuple[dict[str, Any], ...]:
    """The timeline with one more entry; in a long one, a count takes the place of its middle."""
    known = {key: value for key, value in details.items() if value is not None}
    entries = (*payment.timeline, {"at": now, "what": what, **known})
    if len(entries) <= TIMELINE_HEAD + TIMELINE_TAIL + 1:
        return entries
    head, tail = entries[:TIMELINE_HEAD], entries[-TIMELINE_TAIL:]
    middle = entries[TIMELINE_HEAD:-TIMELINE_TAIL]
    omitted = sum(entry.get("count", 1) for entry in middle)
    return (*head, {"at": middle[-1]["at"], "what": "omitted", "count": omitted}, *tail)
