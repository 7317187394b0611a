"""Asking Elsom: at most once in ten seconds, and never so that a question is lost."""

import pytest
from msgspec.structs import replace

from payments.check import ASK_INTERVAL, FOLLOW_UPS, Result
from payments.elsom.outcomes import NothingSent, StatusOutcome
from payments.elsom.wire import Answered
from payments.errors import ElsomUnreachable, NotConfigured, StoreUnavailable
from payments.model import Answer, Asker, Payment, Reason, Status
from payments.moments import HOUR, MINUTE, SECOND
from payments.queue import CheckRequest
from payments.store.schedule import Circuit
from tests.fakes.elsom import IN_PROGRESS, NO_WORD, PAID, SILENT, TIMED_OUT
from tests.fakes.payments import PAYMENT_ID, UNKNOWN_ID, a_payment, asked
from tests.fakes.world import NOW, POLICY, World

SCHEDULED = CheckRequest(id=PAYMENT_ID, reason="schedule")
EARLY_ENDS = (Status.EXPIRED, Status.CANCELLED, Status.FAILED)


def stored(world: World) -> Payment:
    return world.store.payments.items[PAYMENT_ID]


@pytest.mark.parametrize("asker", Asker)
def test_whoever_asks_the_answer_becomes_the_state(world: World, asker: Asker) -> None:
    world.put(a_payment())
    world.elsom.answers(PAID)
    checked = world.check(PAYMENT_ID, asker)
    assert (checked.result, checked.before) == (Result.ANSWERED, Status.PENDING)
    assert checked.payment == stored(world)
    assert (stored(world).status, stored(world).paid_at) == (Status.PAID, NOW)
    assert stored(world).timeline[-1]["askedBy"] == asker


@pytest.mark.parametrize("second", Asker)
@pytest.mark.parametrize("first", Asker)
def test_ten_seconds_lie_between_two_questions(world: World, first: Asker, second: Asker) -> None:
    world.put(a_payment(next_check_at=NOW))
    world.check(PAYMENT_ID, first)
    world.clock.advance(ASK_INTERVAL - 1)
    world.store.payments.save(stored(world), replace(stored(world), next_check_at=NOW))
    assert world.check(PAYMENT_ID, second).result is Result.IN_WINDOW
    assert len(world.elsom.questions) == 1
    world.clock.advance(1)
    assert world.check(PAYMENT_ID, second).result is Result.ANSWERED
    assert len(world.elsom.questions) == 2


def test_of_two_at_once_only_one_asks(world: World) -> None:
    world.put(a_payment())

    def rival() -> None:
        assert world.check(PAYMENT_ID, Asker.PAGE).result is Result.ANSWERED

    world.payments.before_save = rival
    assert world.check(PAYMENT_ID, Asker.SHOP).result is Result.IN_WINDOW
    assert len(world.elsom.questions) == 1


@pytest.mark.parametrize("outcome", [IN_PROGRESS, TIMED_OUT, PAID])
def test_an_answer_that_comes_after_another_writer_moves_nothing(
    world: World, outcome: StatusOutcome
) -> None:
    world.put(a_payment())
    world.elsom.answers(outcome)

    def meanwhile() -> None:
        known = stored(world)
        world.store.payments.save(
            known, replace(known, status=Status.PAID, last_answer=Answer.PAID)
        )

    world.elsom.during_status = meanwhile
    world.check(PAYMENT_ID)
    assert (stored(world).status, stored(world).sequence) == (Status.PAID, 1)


def test_an_unchanged_answer_writes_the_claim_and_nothing_else(world: World) -> None:
    before = world.put(a_payment())
    world.check(PAYMENT_ID, Asker.SCHEDULE)
    after = stored(world)
    assert after.version == before.version + 1
    assert (after.questions, after.timeline) == (1, before.timeline)


def test_the_schedule_asks_only_what_is_due(world: World) -> None:
    world.put(a_payment(next_check_at=NOW + 1))
    assert world.check(PAYMENT_ID, Asker.SCHEDULE).result is Result.NOT_DUE
    world.clock.advance(1)
    assert world.check(PAYMENT_ID, Asker.SCHEDULE).result is Result.ANSWERED


@pytest.mark.parametrize("status", Status)
def test_without_a_next_check_the_schedule_asks_nothing(world: World, status: Status) -> None:
    world.put(a_payment(status, next_check_at=None))
    result = world.check(PAYMENT_ID, Asker.SCHEDULE).result
    final = status in {*EARLY_ENDS, Status.PAID}
    assert result is (Result.SETTLED_UNASKED if final else Result.NOT_DUE)
    assert world.elsom.questions == []


@pytest.mark.parametrize("asker", [Asker.NOTIFICATION, Asker.FOLLOW_UP, Asker.SCHEDULE])
@pytest.mark.parametrize("status", [Status.PENDING, Status.START_UNKNOWN, *EARLY_ENDS])
def test_silence_asks_again_in_a_minute(world: World, asker: Asker, status: Status) -> None:
    world.put(a_payment(status, next_check_at=NOW - 1, check_step=2))
    world.elsom.answers(SILENT)
    world.jitter = 0.5
    assert world.check(PAYMENT_ID, asker).result is Result.SILENT
    assert (stored(world).status, stored(world).sequence) == (status, 1)
    due = stored(world).next_check_at
    assert due is not None
    assert due <= NOW + MINUTE + 15 * SECOND
    assert stored(world).check_step <= 2


@pytest.mark.parametrize("asker", Asker)
@pytest.mark.parametrize("status", EARLY_ENDS)
def test_the_last_late_check_is_not_lost_to_silence(
    world: World, status: Status, asker: Asker
) -> None:
    world.put(a_payment(status, next_check_at=NOW - 1, check_step=2))
    world.elsom.answers(SILENT)
    world.check(PAYMENT_ID, asker)
    assert stored(world).next_check_at is not None
    world.elsom.answers(PAID)
    world.clock.advance(2 * MINUTE)
    world.check(PAYMENT_ID, Asker.SCHEDULE)
    assert (stored(world).status, stored(world).late) == (Status.PAID, True)


@pytest.mark.parametrize("outcome", [SILENT, NO_WORD])
@pytest.mark.parametrize("status", Status)
def test_nothing_expires_while_elsom_cannot_be_asked(
    world: World, status: Status, outcome: StatusOutcome
) -> None:
    world.put(a_payment(status, next_check_at=NOW - 1))
    world.clock.advance(POLICY.give_up * 2)
    world.elsom.answers(outcome)
    world.check(PAYMENT_ID, Asker.SCHEDULE)
    given_up = status in {Status.START_UNKNOWN, Status.CREATED} and outcome is NO_WORD
    if given_up:
        assert stored(world).status_reason is Reason.UNRESOLVED
    elif status is Status.CREATED:
        assert stored(world).status is Status.START_UNKNOWN
    else:
        assert stored(world).status is status


def test_a_start_that_died_is_settled_before_it_is_asked_about(world: World) -> None:
    world.put(a_payment(Status.CREATED, attempt_at=NOW - 30 * SECOND, next_check_at=NOW))
    world.elsom.answers(TIMED_OUT)
    assert world.check(PAYMENT_ID, Asker.SCHEDULE).result is Result.ANSWERED
    assert [entry["what"] for entry in stored(world).timeline] == [
        "created", "start_unknown", "expired",
    ]  # fmt: skip


@pytest.mark.parametrize("outcome", [TIMED_OUT, IN_PROGRESS, NO_WORD])
def test_while_a_start_runs_only_paid_counts(world: World, outcome: StatusOutcome) -> None:
    world.put(a_payment(Status.CREATED))
    world.elsom.answers(outcome)
    world.check(PAYMENT_ID)
    assert stored(world).status is Status.CREATED
    world.clock.advance(ASK_INTERVAL)
    world.elsom.answers(PAID)
    world.check(PAYMENT_ID)
    assert stored(world).status is Status.PAID


def test_a_start_that_was_never_sent_ends_without_a_question(world: World) -> None:
    world.elsom.start_outcome = NothingSent("refused")
    with pytest.raises(ElsomUnreachable):
        world.start()
    world.clock.advance(HOUR)
    identifier = world.stored().id
    assert world.check(identifier, Asker.SCHEDULE).result is Result.SETTLED_UNASKED
    assert world.stored().status_reason is Reason.ELSOM_UNREACHABLE
    assert world.elsom.questions == []


@pytest.mark.parametrize("asker", Asker)
def test_a_silent_elsom_is_left_alone(world: World, asker: Asker) -> None:
    world.put(a_payment())
    world.store.schedule.save_circuit(Circuit(), Circuit(failures=5, open_until=NOW + 1))
    assert world.check(PAYMENT_ID, asker).result is Result.CIRCUIT_OPEN
    assert world.elsom.questions == []
    world.clock.advance(1)
    assert world.check(PAYMENT_ID, asker).result is Result.ANSWERED
    assert world.store.schedule.circuit().failures == 0


def test_an_unknown_id_is_not_asked_about_here(world: World) -> None:
    assert world.check(UNKNOWN_ID).result is Result.UNKNOWN_ID
    assert world.elsom.questions == []


def test_an_unfilled_secret_is_an_error_of_ours(world: World) -> None:
    world.put(a_payment())
    world.configured = False
    with pytest.raises(NotConfigured):
        world.check(PAYMENT_ID)


# --- notifications -------------------------------------------------------------------------


def test_a_notification_is_asked_about_and_its_transaction_kept(world: World) -> None:
    world.put(a_payment())
    world.elsom.answers(PAID)
    world.notify(PAYMENT_ID, transaction_id="PSP7")
    assert world.serve().result is Result.ANSWERED
    assert (stored(world).status, stored(world).elsom_transaction_id) == (Status.PAID, "PSP7")
    assert world.queue.messages == []


def test_a_forged_notification_changes_no_status(world: World) -> None:
    world.put(a_payment())
    world.notify(PAYMENT_ID, "A")
    world.serve()
    assert stored(world).status is Status.PENDING
    assert stored(world).elsom_transaction_id is None


def test_while_elsom_says_in_progress_it_is_asked_again_soon(world: World) -> None:
    world.put(a_payment())
    world.notify(PAYMENT_ID)
    delays = []
    while world.queue.messages:
        world.serve()
        delays += [delay for _, delay in world.queue.waiting()]
        world.clock.advance((delays[-1] if world.queue.messages else 0) * SECOND)
    assert tuple(delays) == FOLLOW_UPS == (10, 20, 40)
    assert len(world.elsom.questions) == 4


@pytest.mark.parametrize("ended", EARLY_ENDS)
def test_an_ended_payment_is_asked_about_again_too_while_elsom_stays_with_its_word(
    world: World, ended: Status
) -> None:
    payment = world.put(a_payment(ended, next_check_at=None))
    same = Answered(payment.last_answer or Answer.IN_PROGRESS)
    world.elsom.answers(same, same, PAID)
    world.notify(PAYMENT_ID)
    for delay in (0, *FOLLOW_UPS[:2]):
        world.clock.advance(delay * SECOND)
        world.serve()
    assert (stored(world).status, stored(world).late) == (Status.PAID, True)
    assert world.queue.messages == []


def test_after_an_end_nobody_asks_again_soon(world: World) -> None:
    world.put(a_payment())
    world.elsom.answers(TIMED_OUT)
    world.notify(PAYMENT_ID)
    world.serve()
    assert stored(world).status is Status.EXPIRED
    assert world.queue.messages == []


def test_after_paid_nobody_asks_again(world: World) -> None:
    world.put(a_payment())
    world.elsom.answers(IN_PROGRESS, PAID)
    world.notify(PAYMENT_ID)
    world.serve()
    world.clock.advance(10 * SECOND)
    world.serve()
    assert stored(world).timeline[-1]["askedBy"] == Asker.FOLLOW_UP
    assert world.queue.messages == []


@pytest.mark.parametrize("other", [Asker.PAGE, Asker.SHOP, Asker.SCHEDULE, Asker.FOLLOW_UP])
def test_a_notification_inside_the_window_is_asked_about_at_its_end(
    world: World, other: Asker
) -> None:
    world.put(asked(a_payment(), NOW - 4 * SECOND, other))
    world.notify(PAYMENT_ID)
    assert world.serve().result is Result.IN_WINDOW
    ((waiting, delay),) = world.queue.waiting()
    assert (waiting.id, waiting.again, delay) == (PAYMENT_ID, 0, 6)
    world.clock.advance(6 * SECOND)
    world.elsom.answers(PAID)
    assert world.serve().result is Result.ANSWERED


def test_a_notification_after_the_question_began_is_not_covered_by_it(world: World) -> None:
    world.put(asked(a_payment(), NOW - 1, Asker.NOTIFICATION))
    world.notify(PAYMENT_ID)
    assert world.serve().result is Result.IN_WINDOW
    assert len(world.queue.messages) == 1


def test_twenty_notifications_at_once_are_one_question_and_one_change(world: World) -> None:
    world.put(a_payment())
    world.elsom.answers(PAID)
    for _ in range(20):
        world.notify(PAYMENT_ID)
    results = [world.serve().result for _ in range(20)]
    assert results == [Result.ANSWERED, *[Result.DROPPED] * 19]
    assert world.queue.messages == []
    assert (stored(world).sequence, len(world.elsom.questions)) == (NOW, 1)


def test_a_redelivered_notification_is_not_taken_for_served(world: World) -> None:
    """Its first delivery claimed the question, and died before the answer was written."""
    world.put(asked(a_payment(), NOW + 1, Asker.NOTIFICATION))
    world.notify(PAYMENT_ID)
    world.clock.advance(2 * SECOND)
    assert world.serve(redelivered=True).result is Result.IN_WINDOW
    world.clock.advance(9 * SECOND)
    world.elsom.answers(PAID)
    assert world.serve().result is Result.ANSWERED
    assert stored(world).status is Status.PAID


@pytest.mark.parametrize("status", [Status.PENDING, *EARLY_ENDS])
def test_a_redelivered_scheduled_check_asks_again(world: World, status: Status) -> None:
    """The first delivery used up the step, even the last one, and could not write the answer."""
    world.put(a_payment(status, next_check_at=NOW, check_step=2))
    world.elsom.answers(PAID)
    world.elsom.during_status = lambda: setattr(world.payments, "refuse", 1)
    with pytest.raises(StoreUnavailable):
        world.check(PAYMENT_ID, Asker.SCHEDULE)
    world.elsom.during_status = lambda: None
    world.clock.advance(2 * MINUTE)
    world.queue.send_all([(SCHEDULED, 0)])
    assert world.serve(redelivered=True).result is Result.ANSWERED
    assert stored(world).status is Status.PAID


@pytest.mark.parametrize("status", [Status.PENDING, *EARLY_ENDS])
def test_a_redelivered_scheduled_check_that_meets_the_circuit_is_due_in_the_index(
    world: World, status: Status
) -> None:
    """Its first delivery used up the last check: nobody else would ask again."""
    world.put(a_payment(status, next_check_at=None, check_step=3))
    world.store.schedule.save_circuit(Circuit(), Circuit(failures=5, open_until=NOW + MINUTE))
    world.queue.send_all([(SCHEDULED, 0)])
    assert world.serve(redelivered=True).result is Result.CIRCUIT_OPEN
    assert stored(world).next_check_at == NOW


def test_a_first_delivery_of_what_is_not_due_asks_nothing(world: World) -> None:
    world.put(a_payment(next_check_at=NOW + MINUTE))
    world.queue.send_all([(SCHEDULED, 0)])
    assert world.serve().result is Result.NOT_DUE
    assert world.elsom.questions == []


@pytest.mark.parametrize("status", [Status.PAID, *EARLY_ENDS])
def test_a_notification_of_an_ended_payment_is_asked_about(world: World, status: Status) -> None:
    world.put(a_payment(status, next_check_at=None))
    world.elsom.answers(PAID)
    world.notify(PAYMENT_ID, transaction_id="PSP9")
    assert world.serve().result is Result.ANSWERED
    assert stored(world).status is Status.PAID
    assert stored(world).late is (status is not Status.PAID)
    assert stored(world).elsom_transaction_id == "PSP9"


def test_transactions_that_disagree_show_none(world: World) -> None:
    world.put(a_payment(Status.PAID, elsom_transaction_id="PSP1"))
    world.elsom.answers(PAID)
    world.notify(PAYMENT_ID, transaction_id="PSP2")
    world.serve()
    assert stored(world).elsom_transaction_id is None
    assert stored(world).transaction_ids_disagree


def test_while_elsom_is_left_alone_a_notification_waits_in_the_index(world: World) -> None:
    world.put(a_payment(next_check_at=NOW + HOUR))
    world.store.schedule.save_circuit(Circuit(), Circuit(failures=5, open_until=NOW + MINUTE))
    world.notify(PAYMENT_ID)
    assert world.serve().result is Result.CIRCUIT_OPEN
    assert world.queue.messages == []
    assert stored(world).next_check_at == NOW
