"""The steps of a payment: each takes one and returns the next. Pure, money-critical.

Every step that leaves a payment open sets its next check, and every change adds to its timeline.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from payments.model import (
    AFTER_ANSWER,
    NEGATIVE_ANSWERS,
    OPEN,
    REASON_OF,
    Answer,
    Asker,
    Payment,
    Policy,
    Reason,
    Status,
)
from payments.moments import SECOND

START_RUNS_AT_MOST: Final = 30 * SECOND
TIMELINE_HEAD: Final = 10
TIMELINE_TAIL: Final = 30


def begin_attempt(payment: Payment, now: int, policy: Policy) -> Payment:
    """A start call is about to be sent; should we die now, the first check is set."""
    return replace(
        payment,
        attempt_at=now,
        updated_at=now,
        check_step=0,
        next_check_at=now + max(policy.ladder[0], START_RUNS_AT_MOST),
        timeline=_noted(payment, now, "start_sent"),
    )


def take_back_attempt(payment: Payment, now: int, why: str) -> Payment:
    """The start call failed before its first byte: the same key may try again until it expires."""
    if payment.status is not Status.CREATED:
        return payment
    return replace(
        payment,
        attempt_at=None,
        updated_at=now,
        next_check_at=payment.expires_at,
        timeline=_noted(payment, now, "start_not_sent", why=why),
    )


def start_accepted(payment: Payment, url: str, now: int, policy: Policy) -> Payment:
    """Elsom gave the customer's page. A payment that was settled meanwhile stays as it is."""
    if payment.status is not Status.CREATED:
        timeline = _noted(payment, now, "start_answer_late", answer="accepted")
        return replace(payment, elsom_url=url, updated_at=now, timeline=timeline)
    began = payment.attempt_at or now
    return _moved(
        payment,
        Status.PENDING,
        now,
        elsom_url=url,
        next_check_at=began + policy.ladder[0],
    )


def start_refused(payment: Payment, code: str, now: int, policy: Policy) -> Payment:
    """Elsom refused. It knows the id, so late checks follow."""
    if payment.status is not Status.CREATED:
        timeline = _noted(payment, now, "start_answer_late", answer="refused", errorCode=code)
        return replace(payment, updated_at=now, timeline=timeline)
    return _moved(
        payment,
        Status.FAILED,
        now,
        reason=Reason.ELSOM_REFUSED,
        elsom_error_code=code,
        next_check_at=_late_check(policy, 0, now),
    )


def start_unknown(payment: Payment, now: int, why: str) -> Payment:
    """The start may have reached Elsom: never sent again, due now, settled by the checks."""
    if payment.status is not Status.CREATED:
        return payment
    return _moved(
        payment,
        Status.START_UNKNOWN,
        now,
        reason=Reason.START_OUTCOME_UNKNOWN,
        next_check_at=now,
        why=why,
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
    """Close a payment that never reached Elsom: there is nothing to ask about."""
    return _moved(payment, Status.FAILED, now, reason=Reason.ELSOM_UNREACHABLE, next_check_at=None)


def settle_unasked(payment: Payment, now: int) -> Payment:
    """Settle what needs no answer of Elsom's: a start that died, and one that was never sent."""
    if start_died(payment, now):
        return start_unknown(payment, now, "died")
    return fail_unsent(payment, now) if never_sent(payment, now) else payment


def claim(payment: Payment, now: int, asker: Asker, policy: Policy) -> Payment:
    """Take the right to ask Elsom now; the schedule's own check also moves to its next step.

    Nobody else's moves it: a page's question is not repeated when it dies, and were it the last
    late check, nobody would ask again.
    """
    claimed = replace(payment, asked_at=now, asked_by=asker, questions=payment.questions + 1)
    due = payment.next_check_at is not None and payment.next_check_at <= now
    if asker is not Asker.SCHEDULE or not due:
        return claimed
    step = payment.check_step + 1
    return replace(claimed, check_step=step, next_check_at=_next_check(payment, step, now, policy))


def apply_answer(payment: Payment, answer: Answer, now: int, policy: Policy) -> Payment:
    """Let Elsom's answer do what the table allows. An unchanged answer returns the same object."""
    target = AFTER_ANSWER[payment.status].get(answer)
    if target is not None:
        return _settled(payment, target, answer, now, policy)
    if payment.status in OPEN:
        return _give_up_if_old(payment, now, policy)
    if answer == (payment.last_answer or Answer.IN_PROGRESS):
        return payment
    if payment.status is Status.PAID and answer in NEGATIVE_ANSWERS and not payment.disagreed_at:
        return _answer_noted(payment, answer, now, "disagreement", disagreed_at=now)
    return _answer_noted(payment, answer, now, "answer_changed")


def apply_error_answer(payment: Payment, now: int, policy: Policy) -> Payment:
    """Elsom answered with an error code: no word on the payment, but it was there to be asked."""
    if payment.status is Status.START_UNKNOWN:
        return _give_up_if_old(payment, now, policy)
    steps = len(policy.late_ladder)
    last_was_used_up = payment.next_check_at is None and payment.check_step > 0
    if last_was_used_up and payment.check_step < 2 * steps:
        # The last late check is asked anew, as often again as there are steps, or money that came
        # meanwhile would never be heard of.
        return replace(payment, next_check_at=_late_check(policy, steps - 1, now))
    return payment


def ask_again(payment: Payment, due: int) -> Payment:
    """A scheduled question got no answer: its step of the ladder is not used up."""
    if payment.status is Status.PAID:
        return payment
    return replace(payment, next_check_at=due, check_step=max(payment.check_step - 1, 0))


def due_now(payment: Payment, now: int) -> Payment:
    """Ask at the next turn of the schedule, on top of the ladder: no step of it is used up."""
    if payment.next_check_at is not None and payment.next_check_at <= now:
        return payment
    # One that had no check left gets one more: Elsom may show its answer only after our question.
    given_back = 1 if payment.next_check_at is not None else 2
    return replace(payment, next_check_at=now, check_step=max(payment.check_step - given_back, 0))


def note_transaction_id(payment: Payment, transaction_id: str | None) -> Payment:
    """Keep what notifications called the transaction: unproven, and nothing once they disagree."""
    if not transaction_id or payment.transaction_ids_disagree:
        return payment
    if payment.elsom_transaction_id is None:
        return replace(payment, elsom_transaction_id=transaction_id)
    if payment.elsom_transaction_id == transaction_id:
        return payment
    return replace(payment, elsom_transaction_id=None, transaction_ids_disagree=True)


def _settled(payment: Payment, target: Status, answer: Answer, now: int, policy: Policy) -> Payment:
    asked_by = str(payment.asked_by) if payment.asked_by else None
    if target is Status.PAID:
        late = payment.status not in OPEN
        return _moved(
            payment,
            target,
            now,
            next_check_at=None,
            last_answer=answer,
            paid_at=now,
            late=late,
            askedBy=asked_by,
        )
    return _moved(
        payment,
        target,
        now,
        reason=REASON_OF[answer],
        next_check_at=_late_check(policy, 0, now),
        last_answer=answer,
        askedBy=asked_by,
    )


def _give_up_if_old(payment: Payment, now: int, policy: Policy) -> Payment:
    if payment.status is Status.CREATED or now < payment.created_at + policy.give_up:
        return payment
    return _moved(
        payment,
        Status.EXPIRED,
        now,
        reason=Reason.UNRESOLVED,
        next_check_at=_late_check(policy, 0, now),
    )


def _answer_noted(payment: Payment, answer: Answer, now: int, what: str, **changes: Any) -> Payment:
    timeline = _noted(payment, now, what, answer=str(answer))
    return replace(payment, last_answer=answer, updated_at=now, timeline=timeline, **changes)


_FIELDS: Final = frozenset(Payment.__struct_fields__)


def _moved(
    payment: Payment, status: Status, now: int, *, reason: Reason | None = None, **more: Any
) -> Payment:
    """Change the status; what is not a field of the payment goes on the timeline entry."""
    changes = {key: value for key, value in more.items() if key in _FIELDS}
    details = {key: value for key, value in more.items() if key not in _FIELDS}
    sequence = max(payment.sequence + 1, now)
    timeline = _noted(
        payment,
        now,
        str(status),
        sequence=sequence,
        reason=str(reason) if reason else None,
        **details,
    )
    return replace(
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


def _noted(
    payment: Payment, now: int, what: str, **details: str | int | None
) -> tuple[dict[str, Any], ...]:
    """The timeline with one entry more; a very long one loses its middle, counted."""
    known = {key: value for key, value in details.items() if value is not None}
    entries = (*payment.timeline, {"at": now, "what": what, **known})
    if len(entries) <= TIMELINE_HEAD + TIMELINE_TAIL + 1:
        return entries
    head, tail = entries[:TIMELINE_HEAD], entries[-TIMELINE_TAIL:]
    middle = entries[TIMELINE_HEAD:-TIMELINE_TAIL]
    omitted = sum(entry.get("count", 1) for entry in middle)
    return (*head, {"at": middle[-1]["at"], "what": "omitted", "count": omitted}, *tail)


def _next_check(payment: Payment, step: int, now: int, policy: Policy) -> int | None:
    if payment.status in OPEN:
        return now + policy.ladder[min(step, len(policy.ladder) - 1)]
    if payment.status is Status.PAID:
        return None
    return _late_check(policy, step, now)


def _late_check(policy: Policy, step: int, now: int) -> int | None:
    return now + policy.late_ladder[step] if step < len(policy.late_ladder) else None
