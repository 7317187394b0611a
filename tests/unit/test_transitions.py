"""Every status against every answer, and what each step leaves behind."""

from itertools import product

import pytest
from msgspec.structs import replace

from payments.model import FINAL, OPEN, Answer, Asker, Reason, Status
from payments.moments import DAY, HOUR, MINUTE, SECOND
from payments.transitions import (
    START_RUNS_AT_MOST,
    TIMELINE_HEAD,
    TIMELINE_TAIL,
    apply_answer,
    apply_error_answer,
    ask_again,
    begin_attempt,
    claim,
    due_now,
    fail_unsent,
    never_sent,
    note_transaction_id,
    start_accepted,
    start_died,
    start_refused,
    start_unknown,
    take_back_attempt,
)
from tests.fakes.elsom import PAY_PAGE
from tests.fakes.payments import a_payment
from tests.fakes.world import NOW, POLICY

# Written out by hand: not the code's table, but the contract's words.
BECOMES = {
    (Status.CREATED, Answer.PAID): Status.PAID,
    (Status.START_UNKNOWN, Answer.PAID): Status.PAID,
    (Status.START_UNKNOWN, Answer.TIMED_OUT): Status.EXPIRED,
    (Status.START_UNKNOWN, Answer.CANCELLED): Status.CANCELLED,
    (Status.START_UNKNOWN, Answer.ERROR): Status.FAILED,
    (Status.PENDING, Answer.PAID): Status.PAID,
    (Status.PENDING, Answer.TIMED_OUT): Status.EXPIRED,
    (Status.PENDING, Answer.CANCELLED): Status.CANCELLED,
    (Status.PENDING, Answer.ERROR): Status.FAILED,
    (Status.EXPIRED, Answer.PAID): Status.PAID,
    (Status.CANCELLED, Answer.PAID): Status.PAID,
    (Status.FAILED, Answer.PAID): Status.PAID,
}
REASONS = {
    Status.EXPIRED: Reason.ELSOM_2,
    Status.CANCELLED: Reason.ELSOM_3,
    Status.FAILED: Reason.ELSOM_4,
    Status.PAID: None,
}
EARLY_ENDS = (Status.EXPIRED, Status.CANCELLED, Status.FAILED)


def test_every_status_is_either_open_or_an_end() -> None:
    assert set(Status) == OPEN | FINAL
    assert not OPEN & FINAL


@pytest.mark.parametrize(("status", "answer"), list(product(Status, Answer)))
def test_an_answer_does_what_the_contract_says_and_nothing_else(
    status: Status, answer: Answer
) -> None:
    before = a_payment(status)
    after = apply_answer(before, answer, NOW, POLICY)
    expected = BECOMES.get((status, answer), status)
    assert after.status is expected
    if expected is status:
        assert (after.sequence, after.status_reason) == (before.sequence, before.status_reason)
        return
    assert after.sequence == max(before.sequence + 1, NOW)
    assert after.status_reason is REASONS[expected]
    assert after.last_answer is answer
    assert after.timeline[:-1] == before.timeline
    assert after.timeline[-1]["what"] == expected
    assert after.timeline[-1]["sequence"] == after.sequence


@pytest.mark.parametrize("status", EARLY_ENDS)
def test_money_after_the_end_is_paid_and_late(status: Status) -> None:
    after = apply_answer(a_payment(status), Answer.PAID, NOW, POLICY)
    assert (after.status, after.late, after.paid_at) == (Status.PAID, True, NOW)
    assert after.next_check_at is None


@pytest.mark.parametrize("status", [Status.CREATED, Status.START_UNKNOWN, Status.PENDING])
def test_money_in_time_is_not_late(status: Status) -> None:
    after = apply_answer(a_payment(status), Answer.PAID, NOW, POLICY)
    assert (after.status, after.late, after.next_check_at) == (Status.PAID, False, None)


@pytest.mark.parametrize("answer", [Answer.TIMED_OUT, Answer.CANCELLED, Answer.ERROR])
def test_a_late_check_follows_every_end_that_is_not_paid(answer: Answer) -> None:
    after = apply_answer(a_payment(), answer, NOW, POLICY)
    assert after.next_check_at == NOW + HOUR


@pytest.mark.parametrize("status", [Status.CREATED, Status.START_UNKNOWN, Status.PENDING])
def test_an_unchanged_answer_changes_nothing(status: Status) -> None:
    payment = a_payment(status)
    assert apply_answer(payment, Answer.IN_PROGRESS, NOW, POLICY) is payment


def test_a_paid_payment_that_elsom_takes_back_is_a_disagreement_once() -> None:
    paid = a_payment(Status.PAID)
    first = apply_answer(paid, Answer.ERROR, NOW, POLICY)
    assert (first.status, first.disagreed_at) == (Status.PAID, NOW)
    assert first.timeline[-1] == {"at": NOW, "what": "disagreement", "answer": "4"}
    assert apply_answer(first, Answer.ERROR, NOW + 1, POLICY) is first
    second = apply_answer(first, Answer.CANCELLED, NOW + 2, POLICY)
    assert (second.disagreed_at, second.timeline[-1]["what"]) == (NOW, "answer_changed")


def test_in_progress_after_paid_is_noted_and_no_disagreement() -> None:
    after = apply_answer(a_payment(Status.PAID), Answer.IN_PROGRESS, NOW, POLICY)
    assert (after.status, after.disagreed_at) == (Status.PAID, None)
    assert after.timeline[-1]["what"] == "answer_changed"


@pytest.mark.parametrize("status", EARLY_ENDS)
def test_another_bad_answer_after_the_end_is_only_noted(status: Status) -> None:
    before = a_payment(status, last_answer=Answer.IN_PROGRESS)
    after = apply_answer(before, Answer.TIMED_OUT, NOW, POLICY)
    assert (after.status, after.timeline[-1]["what"]) == (status, "answer_changed")


@pytest.mark.parametrize("status", [Status.START_UNKNOWN, Status.PENDING])
def test_a_payment_is_given_up_only_after_the_set_time(status: Status) -> None:
    payment = a_payment(status)
    last = payment.created_at + POLICY.give_up - 1
    assert apply_answer(payment, Answer.IN_PROGRESS, last, POLICY) is payment
    after = apply_answer(payment, Answer.IN_PROGRESS, last + 1, POLICY)
    assert (after.status, after.status_reason) == (Status.EXPIRED, Reason.UNRESOLVED)
    assert after.next_check_at == last + 1 + HOUR
    late = apply_answer(after, Answer.PAID, last + 2, POLICY)
    assert (late.status, late.late) == (Status.PAID, True)


def test_an_error_code_gives_up_a_start_unknown_only() -> None:
    old = NOW + POLICY.give_up
    unknown = apply_error_answer(a_payment(Status.START_UNKNOWN), old, POLICY)
    assert (unknown.status, unknown.status_reason) == (Status.EXPIRED, Reason.UNRESOLVED)
    pending = a_payment()
    assert apply_error_answer(pending, old, POLICY) is pending
    created = a_payment(Status.CREATED)
    assert apply_error_answer(created, old, POLICY) is created


@pytest.mark.parametrize("status", [Status.EXPIRED, Status.CANCELLED, Status.FAILED])
def test_an_error_code_does_not_use_up_the_last_late_check(status: Status) -> None:
    used_up = a_payment(status, next_check_at=None, check_step=len(POLICY.late_ladder))
    again = apply_error_answer(used_up, NOW, POLICY)
    assert again == replace(used_up, next_check_at=NOW + POLICY.late_ladder[-1])
    often = replace(used_up, check_step=2 * len(POLICY.late_ladder) - 1)
    assert apply_error_answer(often, NOW, POLICY).next_check_at == NOW + POLICY.late_ladder[-1]
    too_often = replace(used_up, check_step=2 * len(POLICY.late_ladder))
    assert apply_error_answer(too_often, NOW, POLICY) is too_often
    one_left = a_payment(status, next_check_at=NOW + HOUR, check_step=2)
    assert apply_error_answer(one_left, NOW, POLICY) is one_left


@pytest.mark.parametrize("status", [Status.EXPIRED, Status.CANCELLED, Status.FAILED])
def test_a_question_that_was_due_at_once_takes_no_late_check_away(status: Status) -> None:
    ended = a_payment(status, next_check_at=NOW + DAY, check_step=1)
    asked = claim(due_now(ended, NOW), NOW, Asker.SCHEDULE, POLICY)
    assert (asked.check_step, asked.next_check_at) == (1, NOW + DAY)


@pytest.mark.parametrize("status", [Status.EXPIRED, Status.CANCELLED, Status.FAILED])
def test_when_no_late_check_was_left_one_more_follows_the_one_that_is_due(status: Status) -> None:
    ended = a_payment(status, next_check_at=None, check_step=len(POLICY.late_ladder))
    first = claim(due_now(ended, NOW), NOW, Asker.SCHEDULE, POLICY)
    assert first.next_check_at == NOW + POLICY.late_ladder[-1]
    last = claim(first, first.next_check_at, Asker.SCHEDULE, POLICY)
    assert last.next_check_at is None


def test_an_error_code_to_a_payment_without_late_checks_sets_none() -> None:
    never_sent_payment = a_payment(Status.FAILED, next_check_at=None)
    assert apply_error_answer(never_sent_payment, NOW, POLICY) is never_sent_payment
    paid = a_payment(Status.PAID)
    assert apply_error_answer(paid, NOW, POLICY) is paid


def test_an_attempt_sets_the_check_that_finds_it_should_it_die() -> None:
    begun = begin_attempt(a_payment(Status.CREATED), NOW, POLICY)
    assert (begun.attempt_at, begun.next_check_at) == (NOW, NOW + MINUTE)
    assert not start_died(begun, NOW + START_RUNS_AT_MOST - 1)
    assert start_died(begun, NOW + START_RUNS_AT_MOST)
    assert start_died(begun, begun.next_check_at or 0)


def test_a_taken_back_attempt_may_be_tried_again_until_it_expires() -> None:
    back = take_back_attempt(a_payment(Status.CREATED), NOW, "refused")
    assert (back.status, back.attempt_at, back.sequence) == (Status.CREATED, None, 1)
    assert back.next_check_at == back.expires_at
    assert not never_sent(back, back.expires_at - 1)
    assert never_sent(back, back.expires_at)
    closed = fail_unsent(back, back.expires_at)
    assert (closed.status, closed.status_reason) == (Status.FAILED, Reason.ELSOM_UNREACHABLE)
    assert closed.next_check_at is None


def test_an_accepted_start_is_pending_and_its_check_does_not_move() -> None:
    begun = begin_attempt(a_payment(Status.CREATED), NOW, POLICY)
    pending = start_accepted(begun, PAY_PAGE, NOW + 3 * SECOND, POLICY)
    assert (pending.status, pending.elsom_url, pending.attempt_at) == (
        Status.PENDING, PAY_PAGE, None,
    )  # fmt: skip
    assert pending.next_check_at == begun.next_check_at


def test_a_refused_start_is_failed_with_the_code_and_late_checks() -> None:
    failed = start_refused(a_payment(Status.CREATED), "17", NOW, POLICY)
    assert (failed.status, failed.status_reason) == (Status.FAILED, Reason.ELSOM_REFUSED)
    assert (failed.elsom_error_code, failed.next_check_at) == ("17", NOW + HOUR)


def test_a_start_of_unknown_outcome_is_due_at_once() -> None:
    unknown = start_unknown(a_payment(Status.CREATED), NOW, "timeout")
    assert (unknown.status, unknown.next_check_at) == (Status.START_UNKNOWN, NOW)
    assert unknown.status_reason is Reason.START_OUTCOME_UNKNOWN
    assert unknown.timeline[-1]["why"] == "timeout"


@pytest.mark.parametrize("status", [status for status in Status if status is not Status.CREATED])
def test_a_late_answer_to_the_start_moves_nothing(status: Status) -> None:
    payment = a_payment(status)
    accepted = start_accepted(payment, PAY_PAGE, NOW, POLICY)
    refused = start_refused(payment, "17", NOW, POLICY)
    for after in (accepted, refused):
        assert (after.status, after.sequence) == (status, payment.sequence)
        assert after.next_check_at == payment.next_check_at
        assert after.timeline[-1]["what"] == "start_answer_late"
    assert start_unknown(payment, NOW, "reset") is payment
    assert take_back_attempt(payment, NOW, "refused") is payment


def test_only_the_schedules_own_question_uses_up_a_step() -> None:
    due = a_payment()
    scheduled = claim(due, NOW, Asker.SCHEDULE, POLICY)
    assert (scheduled.check_step, scheduled.next_check_at) == (1, NOW + 120 * SECOND)
    for asker in set(Asker) - {Asker.SCHEDULE}:
        claimed = claim(due, NOW, asker, POLICY)
        assert (claimed.check_step, claimed.next_check_at) == (0, due.next_check_at)
        assert (claimed.asked_at, claimed.asked_by, claimed.questions) == (NOW, asker, 1)


def test_the_ladder_is_climbed_and_its_last_step_repeats() -> None:
    payment, now, waits = a_payment(next_check_at=NOW), NOW, []
    for _ in range(9):
        payment = claim(payment, now, Asker.SCHEDULE, POLICY)
        assert payment.next_check_at is not None
        waits.append((payment.next_check_at - now) // SECOND)
        now = payment.next_check_at
    assert waits == [120, 300, 300, 300, 600, 1800, 1800, 1800, 1800]


@pytest.mark.parametrize("status", EARLY_ENDS)
def test_late_checks_end_after_the_last_of_them(status: Status) -> None:
    payment, waits, now = a_payment(status), [], NOW
    while payment.next_check_at is not None:
        waits.append(payment.next_check_at - now)
        now = payment.next_check_at
        payment = claim(payment, now, Asker.SCHEDULE, POLICY)
    assert waits == [HOUR, DAY, DAY]


@pytest.mark.parametrize("status", EARLY_ENDS)
def test_silence_gives_a_step_back_even_the_last_late_one(status: Status) -> None:
    last = claim(a_payment(status, check_step=2, next_check_at=NOW), NOW, Asker.SCHEDULE, POLICY)
    assert last.next_check_at is None
    again = ask_again(last, NOW + MINUTE)
    assert (again.next_check_at, again.check_step) == (NOW + MINUTE, 2)
    assert claim(again, NOW + MINUTE, Asker.SCHEDULE, POLICY).next_check_at is None


def test_a_paid_payment_is_not_scheduled_by_silence() -> None:
    paid = a_payment(Status.PAID)
    assert ask_again(paid, NOW) is paid


@pytest.mark.parametrize("status", Status)
def test_anything_can_be_made_due_now(status: Status) -> None:
    assert due_now(a_payment(status, next_check_at=None), NOW).next_check_at == NOW
    assert due_now(a_payment(status, next_check_at=NOW + 1), NOW).next_check_at == NOW
    due = a_payment(status, next_check_at=NOW - 1)
    assert due_now(due, NOW) is due


def test_a_paid_payment_made_due_is_asked_about_once() -> None:
    due = due_now(a_payment(Status.PAID), NOW)
    assert claim(due, NOW, Asker.SCHEDULE, POLICY).next_check_at is None


def test_transaction_ids_that_disagree_are_nothing_for_ever() -> None:
    payment = a_payment(Status.PAID)
    assert note_transaction_id(payment, None) is payment
    one = note_transaction_id(payment, "PSP1")
    assert one.elsom_transaction_id == "PSP1"
    assert note_transaction_id(one, "PSP1") is one
    none = note_transaction_id(one, "PSP2")
    assert (none.elsom_transaction_id, none.transaction_ids_disagree) == (None, True)
    assert note_transaction_id(none, "PSP1") is none


def test_a_long_timeline_loses_its_middle_and_counts_it() -> None:
    payment = a_payment(Status.PAID)
    answers = [Answer.IN_PROGRESS, Answer.PAID] * 100
    for number, answer in enumerate(answers):
        payment = apply_answer(payment, answer, NOW + number, POLICY)
    timeline = payment.timeline
    assert len(timeline) == TIMELINE_HEAD + TIMELINE_TAIL + 1
    assert timeline[0]["what"] == "created"
    assert timeline[-1]["at"] == NOW + len(answers) - 1
    assert sum(entry.get("count", 1) for entry in timeline) == 1 + len(answers)
