"""Every status against every answer, and what each step leaves behind."""

from itertools import product

import pytest
from msgspec.structs import replace

from payments.domain.clock import DAY, HOUR, MINUTE, SECOND
from payments.domain.payment import FINAL, OPEN, ElsomStatus, Reason, Status
from payments.domain.transitions import (
    START_RUNS_AT_MOST,
    TIMELINE_HEAD,
    TIMELINE_TAIL,
    apply_answer,
    apply_no_status,
    begin_attempt,
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
    (Status.CREATED, ElsomStatus.PAID): Status.PAID,
    (Status.START_UNKNOWN, ElsomStatus.PAID): Status.PAID,
    (Status.START_UNKNOWN, ElsomStatus.TIMED_OUT): Status.EXPIRED,
    (Status.START_UNKNOWN, ElsomStatus.CANCELLED): Status.CANCELLED,
    (Status.START_UNKNOWN, ElsomStatus.ERROR): Status.FAILED,
    (Status.PENDING, ElsomStatus.PAID): Status.PAID,
    (Status.PENDING, ElsomStatus.TIMED_OUT): Status.EXPIRED,
    (Status.PENDING, ElsomStatus.CANCELLED): Status.CANCELLED,
    (Status.PENDING, ElsomStatus.ERROR): Status.FAILED,
    (Status.EXPIRED, ElsomStatus.PAID): Status.PAID,
    (Status.CANCELLED, ElsomStatus.PAID): Status.PAID,
    (Status.FAILED, ElsomStatus.PAID): Status.PAID,
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


@pytest.mark.parametrize(("status", "answer"), list(product(Status, ElsomStatus)))
def test_an_answer_does_what_the_contract_says_and_nothing_else(
    status: Status, answer: ElsomStatus
) -> None:
    before = a_payment(status)
    after = apply_answer(before, answer, NOW, NOW, POLICY)
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
    after = apply_answer(a_payment(status), ElsomStatus.PAID, NOW, NOW, POLICY)
    assert (after.status, after.late, after.paid_at) == (Status.PAID, True, NOW)
    assert after.next_check_at is None


@pytest.mark.parametrize("status", [Status.CREATED, Status.START_UNKNOWN, Status.PENDING])
def test_money_in_time_is_not_late(status: Status) -> None:
    after = apply_answer(a_payment(status), ElsomStatus.PAID, NOW, NOW, POLICY)
    assert (after.status, after.late, after.next_check_at) == (Status.PAID, False, None)


@pytest.mark.parametrize(
    "answer", [ElsomStatus.TIMED_OUT, ElsomStatus.CANCELLED, ElsomStatus.ERROR]
)
def test_a_late_check_follows_every_end_that_is_not_paid(answer: ElsomStatus) -> None:
    after = apply_answer(a_payment(), answer, NOW, NOW, POLICY)
    assert after.next_check_at == NOW + HOUR


@pytest.mark.parametrize("status", [Status.CREATED, Status.START_UNKNOWN, Status.PENDING])
def test_an_unchanged_answer_changes_nothing(status: Status) -> None:
    payment = a_payment(status)
    assert apply_answer(payment, ElsomStatus.IN_PROGRESS, NOW, NOW, POLICY) is payment


def test_a_paid_payment_that_elsom_takes_back_is_a_disagreement_once() -> None:
    paid = a_payment(Status.PAID)
    first = apply_answer(paid, ElsomStatus.ERROR, NOW, NOW, POLICY)
    assert (first.status, first.disagreed_at) == (Status.PAID, NOW)
    assert first.timeline[-1] == {"at": NOW, "what": "disagreement", "answer": "4"}
    assert apply_answer(first, ElsomStatus.ERROR, NOW + 1, NOW + 1, POLICY) is first
    second = apply_answer(first, ElsomStatus.CANCELLED, NOW + 2, NOW + 2, POLICY)
    assert (second.disagreed_at, second.timeline[-1]["what"]) == (NOW, "answer_changed")


def test_in_progress_after_paid_is_noted_and_no_disagreement() -> None:
    after = apply_answer(a_payment(Status.PAID), ElsomStatus.IN_PROGRESS, NOW, NOW, POLICY)
    assert (after.status, after.disagreed_at) == (Status.PAID, None)
    assert after.timeline[-1]["what"] == "answer_changed"


@pytest.mark.parametrize("status", EARLY_ENDS)
def test_another_bad_answer_after_the_end_is_only_noted(status: Status) -> None:
    before = a_payment(status, last_answer=ElsomStatus.IN_PROGRESS)
    after = apply_answer(before, ElsomStatus.TIMED_OUT, NOW, NOW, POLICY)
    assert (after.status, after.timeline[-1]["what"]) == (status, "answer_changed")


@pytest.mark.parametrize("status", [Status.START_UNKNOWN, Status.PENDING])
def test_a_payment_is_given_up_only_after_the_set_time(status: Status) -> None:
    payment = a_payment(status)
    last = payment.created_at + POLICY.give_up - 1
    assert apply_answer(payment, ElsomStatus.IN_PROGRESS, last, last, POLICY) is payment
    after = apply_answer(payment, ElsomStatus.IN_PROGRESS, last + 1, last + 1, POLICY)
    assert (after.status, after.status_reason) == (Status.EXPIRED, Reason.UNRESOLVED)
    assert after.next_check_at == last + 1 + HOUR
    late = apply_answer(after, ElsomStatus.PAID, last + 2, last + 2, POLICY)
    assert (late.status, late.late) == (Status.PAID, True)


@pytest.mark.parametrize("status", [Status.START_UNKNOWN, Status.PENDING])
def test_without_a_status_a_payment_is_given_up_only_with_proof(status: Status) -> None:
    payment = a_payment(status)
    old = payment.created_at + POLICY.give_up
    assert apply_no_status(payment, old, old - 1, POLICY) is payment
    waits = apply_no_status(payment, None, old, POLICY)
    assert waits == replace(payment, no_status_at=old)
    assert apply_no_status(waits, old - HOUR - 1, old + DAY, POLICY) is waits
    for proof in (old - HOUR, old + DAY):
        given_up = apply_no_status(waits, proof, old + DAY, POLICY)
        assert (given_up.status, given_up.status_reason) == (Status.EXPIRED, Reason.UNRESOLVED)
        assert given_up.next_check_at == old + DAY + HOUR


@pytest.mark.parametrize("status", [*sorted(FINAL), Status.CREATED])
def test_without_a_status_nothing_else_ends(status: Status) -> None:
    payment = a_payment(status)
    assert apply_no_status(payment, NOW, NOW + 2 * POLICY.give_up, POLICY) is payment


def test_an_attempt_sets_the_check_that_finds_it_should_it_die() -> None:
    begun = begin_attempt(a_payment(Status.CREATED), "a1", NOW, POLICY)
    assert (begun.attempt_at, begun.attempt_id) == (NOW, "a1")
    assert begun.next_check_at == NOW + MINUTE
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
    begun = begin_attempt(a_payment(Status.CREATED), "a1", NOW, POLICY)
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
    payment = a_payment(status, elsom_url=None)
    accepted = start_accepted(payment, PAY_PAGE, NOW, POLICY)
    refused = start_refused(payment, "17", NOW, POLICY)
    for after in (accepted, refused):
        assert (after.status, after.sequence) == (status, payment.sequence)
        assert after.next_check_at == payment.next_check_at
        assert after.timeline[-1]["what"] == "start_answer_late"
    assert start_unknown(payment, NOW, "reset") is payment
    assert take_back_attempt(payment, NOW, "refused") is payment


def test_an_outcome_that_is_written_already_is_not_written_again() -> None:
    """The SDK repeats the write behind another writer: the step is taken on its own result."""
    created = a_payment(Status.CREATED)
    pending = start_accepted(created, PAY_PAGE, NOW, POLICY)
    assert start_accepted(pending, PAY_PAGE, NOW, POLICY) is pending
    failed = start_refused(created, "17", NOW, POLICY)
    assert start_refused(failed, "17", NOW, POLICY) is failed
    back = take_back_attempt(created, NOW, "refused")
    assert take_back_attempt(back, NOW, "refused") is back


@pytest.mark.parametrize(
    "answer", [ElsomStatus.TIMED_OUT, ElsomStatus.CANCELLED, ElsomStatus.ERROR]
)
def test_an_answer_to_a_query_from_before_the_payment_is_no_disagreement(
    answer: ElsomStatus,
) -> None:
    paid = a_payment(Status.PAID, paid_at=NOW)
    assert apply_answer(paid, answer, NOW - 1, NOW + 10 * SECOND, POLICY) is paid
    after = apply_answer(paid, answer, NOW, NOW + 10 * SECOND, POLICY)
    assert after.disagreed_at == NOW + 10 * SECOND


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
    answers = [ElsomStatus.IN_PROGRESS, ElsomStatus.PAID] * 100
    for number, answer in enumerate(answers):
        payment = apply_answer(payment, answer, NOW + number, NOW + number, POLICY)
    timeline = payment.timeline
    assert len(timeline) == TIMELINE_HEAD + TIMELINE_TAIL + 1
    assert timeline[0]["what"] == "created"
    assert timeline[-1]["at"] == NOW + len(answers) - 1
    assert sum(entry.get("count", 1) for entry in timeline) == 1 + len(answers)
