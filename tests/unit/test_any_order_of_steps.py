"""Whatever happens, in whatever order: what holds for every payment after every step."""

from collections.abc import Callable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.model import AFTER_ANSWER, FINAL, Answer, Asker, Payment, Status
from payments.moments import DAY, SECOND
from payments.store.payments import item_of, payment_of
from payments.store.table import to_image, to_item
from payments.transitions import (
    TIMELINE_HEAD,
    TIMELINE_TAIL,
    apply_answer,
    apply_error_answer,
    ask_again,
    begin_attempt,
    claim,
    due_now,
    note_transaction_id,
    settle_unasked,
    start_accepted,
    start_refused,
    start_unknown,
    take_back_attempt,
)
from tests.fakes.elsom import PAY_PAGE
from tests.fakes.payments import a_payment
from tests.fakes.world import NOW, POLICY

Move = tuple[str, Callable[[Payment, int], Payment]]


def begin_if_allowed(payment: Payment, now: int) -> Payment:
    allowed = payment.status is Status.CREATED and payment.attempt_at is None
    return begin_attempt(payment, now, POLICY) if allowed else payment


def answered(answer: Answer) -> Callable[[Payment, int], Payment]:
    return lambda payment, now: apply_answer(payment, answer, now, POLICY)


def claimed(asker: Asker) -> Callable[[Payment, int], Payment]:
    return lambda payment, now: claim(payment, now, asker, POLICY)


MOVES: dict[str, Callable[[Payment, int], Payment]] = {
    "begin": begin_if_allowed,
    "take back": lambda payment, now: take_back_attempt(payment, now, "refused"),
    "accepted": lambda payment, now: start_accepted(payment, PAY_PAGE, now, POLICY),
    "refused": lambda payment, now: start_refused(payment, "17", now, POLICY),
    "unknown": lambda payment, now: start_unknown(payment, now, "reset"),
    "settle unasked": settle_unasked,
    "error": lambda payment, now: apply_error_answer(payment, now, POLICY),
    "silence": lambda payment, now: ask_again(payment, now + 60 * SECOND),
    "due now": due_now,
    "transaction": lambda payment, now: note_transaction_id(payment, f"PSP{now % 2}"),
    **{f"answer {answer}": answered(answer) for answer in Answer},
    **{f"claim {asker}": claimed(asker) for asker in Asker},
}
steps = st.lists(
    st.tuples(st.sampled_from(sorted(MOVES)), st.integers(min_value=0, max_value=2 * DAY)),
    max_size=60,
)


def was_allowed(before: Payment, after: Payment, name: str) -> bool:
    if name.startswith("answer"):
        target = AFTER_ANSWER[before.status].get(Answer(name[-1]), Status.EXPIRED)
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
        assert name == "answer A"
        assert after.late == (before.status in FINAL)
    if after.is_open:
        assert after.next_check_at is not None, "an open payment is always looked after"
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
