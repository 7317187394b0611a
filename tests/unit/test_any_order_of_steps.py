"""Whatever happens, in whatever order: what holds for every payment after every step."""

from collections.abc import Callable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.domain.clock import DAY
from payments.domain.next_check import (
    after_answer,
    after_no_response,
    after_no_status,
    claim,
    note_trigger,
)
from payments.domain.payment import (
    AFTER_ANSWER,
    FINAL,
    ElsomStatus,
    Payment,
    Reason,
    Status,
    Trigger,
)
from payments.domain.transitions import (
    TIMELINE_HEAD,
    TIMELINE_TAIL,
    apply_answer,
    apply_no_status,
    begin_attempt,
    note_transaction_id,
    settle_without_query,
    start_accepted,
    start_refused,
    start_unknown,
    take_back_attempt,
)
from payments.store.payments import item_of, payment_of
from payments.store.table import to_image, to_item
from tests.fakes.elsom import PAY_PAGE
from tests.fakes.payments import a_payment
from tests.fakes.world import NOW, POLICY

Move = tuple[str, Callable[[Payment, int], Payment]]


def begin_if_allowed(payment: Payment, now: int) -> Payment:
    allowed = payment.status is Status.CREATED and payment.attempt_at is None
    return begin_attempt(payment, str(now), now, POLICY) if allowed else payment


def answered(answer: ElsomStatus, trigger: Trigger) -> Callable[[Payment, int], Payment]:
    """A claim, and Elsom's answer."""

    def move(payment: Payment, now: int) -> Payment:
        taken = claim(payment, now, trigger, POLICY)
        known = taken.payment
        after = apply_answer(known, answer, now, now, POLICY, verified=known.triggered_at)
        if after.status is not known.status:
            return after
        changed = after is not known
        return after_answer(after, taken, now, POLICY, changed=changed)

    return move


def not_reported(trigger: Trigger) -> Callable[[Payment, int], Payment]:
    """A claim, and a response without a status."""

    def move(payment: Payment, now: int) -> Payment:
        taken = claim(payment, now, trigger, POLICY)
        after = apply_no_status(taken.payment, now - DAY, now, POLICY)
        return (
            after
            if after.status is not payment.status
            else after_no_status(after, taken, now, POLICY)
        )

    return move


def not_answered(trigger: Trigger) -> Callable[[Payment, int], Payment]:
    """A claim, and no response."""

    def move(payment: Payment, now: int) -> Payment:
        taken = claim(payment, now, trigger, POLICY)
        return after_no_response(taken.payment, taken, now, 0.5)

    return move


def died(trigger: Trigger) -> Callable[[Payment, int], Payment]:
    """A claim, and nothing more."""
    return lambda payment, now: claim(payment, now, trigger, POLICY).payment


MOVES: dict[str, Callable[[Payment, int], Payment]] = {
    "begin": begin_if_allowed,
    "take back": lambda payment, now: take_back_attempt(payment, now, "refused"),
    "accepted": lambda payment, now: start_accepted(payment, PAY_PAGE, now, POLICY),
    "refused": lambda payment, now: start_refused(payment, "17", now, POLICY),
    "unknown": lambda payment, now: start_unknown(payment, now, "reset"),
    "settle unasked": settle_without_query,
    "trigger": note_trigger,
    "due now": lambda payment, now: note_trigger(payment, now, now),
    "transaction": lambda payment, now: note_transaction_id(payment, f"PSP{now % 2}"),
    **{
        f"answer to {trigger}: {answer}": answered(answer, trigger)
        for answer in ElsomStatus
        for trigger in Trigger
    },
    **{f"no status for {trigger}": not_reported(trigger) for trigger in Trigger},
    **{f"no response to {trigger}": not_answered(trigger) for trigger in Trigger},
    **{f"death of {trigger}": died(trigger) for trigger in Trigger},
}
steps = st.lists(
    st.tuples(st.sampled_from(sorted(MOVES)), st.integers(min_value=0, max_value=2 * DAY)),
    max_size=60,
)


def was_allowed(before: Payment, after: Payment, name: str) -> bool:
    if name.startswith("no status"):
        return after.status_reason is Reason.UNRESOLVED
    if name.startswith("answer"):
        target = AFTER_ANSWER[before.status].get(ElsomStatus(name[-1]), Status.EXPIRED)
        return after.status is target
    return before.status not in FINAL


@settings(max_examples=150)
@given(steps)
def test_invariants_hold_after_every_step(script: list[tuple[str, int]]) -> None:
    payment = a_payment(Status.CREATED)
    now = NOW
    for name, wait in script:
        now += wait
        after = MOVES[name](payment, now)
        check_step(payment, after, name, now)
        payment = after


def check_step(before: Payment, after: Payment, name: str, now: int) -> None:
    moved = after.status is not before.status
    moved_to = max(before.sequence + 1, now)
    assert after.sequence == (moved_to if moved else before.sequence)
    if moved:
        assert before.status is not Status.PAID, "paid is never left"
        assert was_allowed(before, after, name)
        assert after.updated_at == now
    if after.status is Status.PAID and moved:
        assert name.endswith(": A")
        assert after.late == (before.status in FINAL)
    if after.is_open:
        assert after.next_check_at is not None, "an open payment is always looked after"
    if after.triggered_at is not None:
        assert after.next_check_at is not None, "a trigger is kept in the index"
    took = before.next_check_at is not None and after.next_check_at is None
    if took:
        assert name.startswith(("answer", "no status", "settle")), "only an answer clears the index"
    if after.attempt_at is not None:
        assert after.status is Status.CREATED
    assert len(after.timeline) <= TIMELINE_HEAD + TIMELINE_TAIL + 1
    noted = sum(entry.get("count", 1) for entry in after.timeline)
    before_noted = sum(entry.get("count", 1) for entry in before.timeline)
    assert noted in (before_noted, before_noted + 1)
    if moved:
        assert noted == before_noted + 1, "no step is lost from the timeline"
    check_kept(after)


def check_kept(payment: Payment) -> None:
    assert payment_of(to_item(to_image(item_of(payment)))) == payment
    assert msgspec.json.decode(msgspec.json.encode(payment), type=Payment) == payment
