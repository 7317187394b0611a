"""The due index before and after each query: a lease is left, only an answer takes it out."""

from itertools import pairwise

import pytest
from msgspec.structs import replace

from payments.domain.clock import DAY, HOUR, MINUTE, SECOND
from payments.domain.next_check import (
    LEASE,
    Claim,
    after_answer,
    after_no_response,
    after_no_status,
    claim,
    note_trigger,
    waits_for_query,
)
from payments.domain.payment import ElsomStatus, Payment, Reason, Status, Trigger
from payments.domain.transitions import apply_answer, fail_unsent, start_refused
from tests.fakes.payments import a_payment
from tests.fakes.world import NOW, POLICY

EARLY_ENDS = (Status.EXPIRED, Status.CANCELLED, Status.FAILED)
OPEN_ONES = (Status.START_UNKNOWN, Status.PENDING)
STEPS = len(POLICY.late_ladder)


def claimed(payment: Payment, now: int = NOW, trigger: Trigger = Trigger.SCHEDULE) -> Claim:
    return claim(payment, now, trigger, POLICY)


def answered(taken: Claim, current: Payment | None = None, now: int | None = None) -> Payment:
    """After an unchanged answer, a second after the query began."""
    now = taken.at + SECOND if now is None else now
    return after_answer(current or taken.payment, taken, now, POLICY, changed=False)


# --- claims --------------------------------------------------------------------------------


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("status", [*OPEN_ONES, *EARLY_ENDS])
@pytest.mark.parametrize("due", [None, NOW - 1, NOW])
def test_what_is_due_or_has_no_next_check_gets_a_lease(
    status: Status, trigger: Trigger, due: int | None
) -> None:
    taken = claimed(a_payment(status, next_check_at=due), trigger=trigger)
    assert taken.leased
    assert taken.payment.next_check_at is not None
    assert taken.payment.next_check_at >= NOW + LEASE
    assert (taken.payment.queried_at, taken.payment.queried_by) == ((NOW,), trigger)
    assert taken.payment.queries == 1


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("status", Status)
def test_a_check_that_is_due_later_is_left_alone(status: Status, trigger: Trigger) -> None:
    taken = claimed(a_payment(status, next_check_at=NOW + 1), trigger=trigger)
    assert not taken.leased
    assert taken.payment.next_check_at == NOW + 1


def test_a_paid_payment_that_nobody_named_needs_no_lease() -> None:
    assert claimed(a_payment(Status.PAID)).payment.next_check_at is None


def test_the_ladder_is_climbed_and_its_last_step_repeats() -> None:
    payment, now, waits = a_payment(next_check_at=NOW), NOW, []
    for _ in range(9):
        payment = answered(claimed(payment, now))
        assert payment.next_check_at is not None
        waits.append((payment.next_check_at - now) // SECOND)
        now = payment.next_check_at
    assert waits == [120, 300, 300, 300, 600, 1800, 1800, 1800, 1800]


def test_a_ladder_of_short_steps_is_kept_to_once_elsom_has_answered() -> None:
    policy = replace(POLICY, ladder=(10 * SECOND, 20 * SECOND))
    taken = claim(a_payment(next_check_at=NOW), NOW, Trigger.SCHEDULE, policy)
    assert taken.payment.next_check_at == NOW + LEASE
    after = after_answer(taken.payment, taken, NOW + SECOND, policy, changed=False)
    assert after.next_check_at == NOW + 20 * SECOND


@pytest.mark.parametrize("status", EARLY_ENDS)
def test_late_checks_end_after_the_last_of_them_is_answered(status: Status) -> None:
    payment, waits, now = a_payment(status), [], NOW
    while payment.next_check_at is not None:
        waits.append(payment.next_check_at - now)
        now = payment.next_check_at
        payment = answered(claimed(payment, now), now=now)
    assert waits == [HOUR, DAY, DAY]


# --- answers -------------------------------------------------------------------------------


@pytest.mark.parametrize("status", EARLY_ENDS)
def test_an_answer_clears_only_what_its_own_claim_has_set(status: Status) -> None:
    last = a_payment(status, next_check_at=NOW, check_step=STEPS - 1)
    taken = claimed(last)
    assert answered(taken).next_check_at is None
    moved = replace(taken.payment, next_check_at=NOW + DAY)
    assert answered(taken, moved) is moved


@pytest.mark.parametrize("status", EARLY_ENDS)
def test_an_answer_leaves_the_lease_to_a_query_that_began_later(status: Status) -> None:
    first = claimed(a_payment(status, next_check_at=NOW, check_step=STEPS - 1))
    second = claimed(first.payment, NOW + 3 * SECOND, Trigger.PAGE)
    assert answered(first, second.payment) is second.payment
    assert second.payment.next_check_at == NOW + LEASE
    assert answered(second).next_check_at == NOW + LEASE, "it did not set it"


@pytest.mark.parametrize("status", EARLY_ENDS)
def test_the_same_answer_written_twice_uses_up_one_late_check(status: Status) -> None:
    """The SDK repeats it behind another writer: the step is taken again on its own result."""
    taken = claimed(a_payment(status, next_check_at=NOW))
    once = answered(taken)
    assert once.check_step == 1
    assert answered(taken, replace(once, version=9)) == replace(once, version=9)


# --- no status, no response ----------------------------------------------------------------


@pytest.mark.parametrize("status", EARLY_ENDS)
def test_the_last_late_check_without_a_status_comes_again_as_often_as_there_are_steps(
    status: Status,
) -> None:
    payment, now, waits = a_payment(status, next_check_at=NOW, check_step=STEPS - 1), NOW, []
    while payment.next_check_at is not None:
        now = payment.next_check_at
        taken = claimed(payment, now)
        payment = after_no_status(taken.payment, taken, now, POLICY)
        if payment.next_check_at is not None:
            waits.append(payment.next_check_at - now)
    assert waits == [POLICY.late_ladder[-1]] * STEPS


def test_a_payment_that_was_never_sent_gets_no_late_checks() -> None:
    unsent = fail_unsent(a_payment(Status.CREATED, attempt_at=None), NOW)
    taken = claimed(unsent, trigger=Trigger.PAGE)
    assert after_no_status(taken.payment, taken, NOW, POLICY).next_check_at is None
    paid = claimed(a_payment(Status.PAID))
    assert after_no_status(paid.payment, paid, NOW, POLICY) is paid.payment


@pytest.mark.parametrize("status", [*OPEN_ONES, *EARLY_ENDS])
@pytest.mark.parametrize("step", [0, 2, STEPS])
def test_no_response_gives_the_step_back_once(status: Status, step: int) -> None:
    taken = claimed(a_payment(status, next_check_at=NOW, check_step=step))
    due = NOW + MINUTE
    after = after_no_response(taken.payment, taken, NOW, 0)
    assert (after.next_check_at, after.check_step) == (due, step)
    assert after_no_response(after, taken, NOW, 0) is after


def test_no_response_moves_no_check_that_another_query_has_set() -> None:
    first = claimed(a_payment(Status.EXPIRED, next_check_at=NOW, check_step=2))
    second = claimed(first.payment, NOW + 3 * SECOND, Trigger.PAGE)
    assert after_no_response(second.payment, first, NOW, 0) is second.payment


@pytest.mark.parametrize("status", OPEN_ONES)
def test_without_a_response_an_open_payment_is_queried_no_later_than_that(status: Status) -> None:
    later = claimed(a_payment(status, next_check_at=NOW + HOUR), trigger=Trigger.NOTIFICATION)
    assert after_no_response(later.payment, later, NOW, 0).next_check_at == NOW + MINUTE
    sooner = claimed(a_payment(status, next_check_at=NOW + 1), trigger=Trigger.NOTIFICATION)
    assert after_no_response(sooner.payment, sooner, NOW, 0) is sooner.payment


@pytest.mark.parametrize(
    ("age", "minutes"), [(0, 1), (HOUR, 1), (4 * HOUR, 3.75), (DAY, 22.5), (30 * DAY, 30)]
)
@pytest.mark.parametrize("jitter", [0.0, 1.0])
def test_the_longer_in_vain_the_longer_the_wait(age: int, minutes: float, jitter: float) -> None:
    for waits in (
        a_payment(created_at=NOW - age, next_check_at=NOW),
        note_trigger(a_payment(Status.PAID, created_at=NOW - 90 * DAY), NOW - age, due=NOW),
    ):
        taken = claimed(waits)
        due = after_no_response(taken.payment, taken, NOW, jitter).next_check_at
        assert due == NOW + int(minutes * MINUTE * (1 + jitter / 2))


# --- triggers ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", Status)
def test_a_trigger_is_in_the_index_and_moves_no_earlier_check(status: Status) -> None:
    for due, expected in (
        (None, NOW + LEASE), (NOW + DAY, NOW + LEASE), (NOW + 1, NOW + 1), (NOW - 1, NOW - 1),
    ):  # fmt: skip
        kept = note_trigger(a_payment(status, next_check_at=due), NOW)
        assert (kept.triggered_at, kept.next_check_at) == (NOW, expected)
        assert waits_for_query(kept)
    now = note_trigger(a_payment(status, next_check_at=NOW + 1), NOW, due=NOW)
    assert now.next_check_at == NOW


@pytest.mark.parametrize("status", [Status.PAID, *EARLY_ENDS])
def test_a_trigger_of_an_ended_payment_is_kept_until_its_last_query_is_answered(
    status: Status,
) -> None:
    payment = note_trigger(a_payment(status, next_check_at=None, check_step=STEPS), NOW)
    times = [NOW + seconds * SECOND for seconds in (0, 2, 5, 9, 20, 40)]
    for moment, following in pairwise([*times, NOW + HOUR]):
        assert payment.next_check_at == NOW + LEASE
        taken = claimed(payment, moment, Trigger.NOTIFICATION)
        assert taken.payment.next_check_at == NOW + LEASE
        payment = answered(taken, now=min(moment + SECOND, following))
    assert (payment.next_check_at, payment.triggered_at) == (None, None)


@pytest.mark.parametrize("status", [Status.PAID, *EARLY_ENDS])
def test_a_trigger_that_comes_during_the_query_is_not_served_by_it(status: Status) -> None:
    first = note_trigger(a_payment(status, next_check_at=None, check_step=STEPS), NOW)
    taken = claimed(first, NOW + 41 * SECOND, Trigger.NOTIFICATION)
    # Its clock is behind: it seems to have come before the query.
    second = note_trigger(taken.payment, NOW)
    assert answered(taken, second) is second
    assert second.triggered_at == NOW + 1


@pytest.mark.parametrize("status", [Status.PAID, *EARLY_ENDS])
def test_the_claim_of_a_notification_whose_payment_has_ended_since_is_kept_in_the_index(
    status: Status,
) -> None:
    ended = a_payment(status, next_check_at=None, check_step=STEPS)
    taken = claim(ended, NOW + SECOND, Trigger.NOTIFICATION, POLICY, NOW)
    assert (taken.payment.triggered_at, taken.payment.next_check_at) == (NOW, NOW + SECOND + LEASE)
    assert not waits_for_query(taken.payment)
    assert answered(taken).next_check_at == NOW + SECOND + LEASE, "its follow-ups come"
    over = answered(taken, now=NOW + MINUTE)
    assert (over.next_check_at, over.triggered_at) == (None, None)


@pytest.mark.parametrize("status", OPEN_ONES)
def test_the_claim_of_a_notification_of_an_open_payment_keeps_nothing_more(status: Status) -> None:
    taken = claim(
        a_payment(status, next_check_at=NOW + HOUR), NOW, Trigger.NOTIFICATION, POLICY, NOW
    )
    assert (taken.payment.triggered_at, taken.payment.next_check_at) == (None, NOW + HOUR)


@pytest.mark.parametrize("answer", [ElsomStatus.PAID, ElsomStatus.TIMED_OUT])
def test_an_end_keeps_a_trigger_that_its_query_does_not_serve(answer: ElsomStatus) -> None:
    taken = claimed(a_payment(next_check_at=NOW + HOUR), trigger=Trigger.PAGE)
    during = note_trigger(taken.payment, NOW + SECOND)
    after = apply_answer(during, answer, NOW, NOW + 2 * SECOND, POLICY, verified=None)
    assert (after.triggered_at, after.next_check_at) == (NOW + SECOND, NOW + SECOND + LEASE)
    served = apply_answer(
        during, answer, NOW, NOW + 2 * SECOND, POLICY, verified=during.triggered_at
    )
    assert served.triggered_at is None


def test_a_refused_or_unsent_start_keeps_a_trigger() -> None:
    created = note_trigger(a_payment(Status.CREATED), NOW)
    refused = start_refused(created, "17", NOW, POLICY)
    assert refused.next_check_at == NOW + LEASE
    unsent = fail_unsent(note_trigger(a_payment(Status.CREATED, attempt_at=None), NOW), NOW)
    assert (unsent.next_check_at, unsent.status_reason) == (NOW + LEASE, Reason.ELSOM_UNREACHABLE)


@pytest.mark.parametrize("status", EARLY_ENDS)
def test_a_check_that_serves_a_trigger_takes_no_late_check_away(status: Status) -> None:
    ended = note_trigger(a_payment(status, next_check_at=NOW + DAY, check_step=1), NOW, due=NOW)
    taken = claimed(ended, NOW + MINUTE)
    after = answered(taken)
    assert (after.check_step, after.triggered_at) == (1, None)
    assert after.next_check_at == NOW + MINUTE + SECOND + DAY


@pytest.mark.parametrize("status", OPEN_ONES)
def test_a_check_that_serves_a_trigger_takes_no_step_of_the_ladder_away(status: Status) -> None:
    due = note_trigger(a_payment(status, next_check_at=NOW + HOUR, check_step=4), NOW, due=NOW)
    taken = claimed(due, NOW + 1)
    assert (taken.payment.check_step, taken.payment.next_check_at) == (4, NOW + 1 + 300 * SECOND)
