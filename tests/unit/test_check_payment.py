"""What asks for a query: messages of the checks queue, and the customer's result page."""

import pytest
from msgspec.structs import replace

from payments.aws.queues import CheckRequest
from payments.domain.circuit_breaker import Circuit
from payments.domain.clock import DAY, HOUR, MINUTE, SECOND
from payments.domain.next_check import LEASE
from payments.domain.payment import ElsomStatus, Payment, Status, Trigger
from payments.elsom.protocol import Answered
from payments.use_cases.check_payment import (
    MOST_HOPS,
    POLL_INTERVAL,
    check_for_page,
    check_from_queue,
    poll_for_page,
)
from payments.use_cases.query_payment import Result
from tests.fakes.elsom import CANCELLED, ERROR, IN_PROGRESS, NO_RESPONSE, PAID, TIMED_OUT
from tests.fakes.payments import PAYMENT_ID, a_payment, queried
from tests.fakes.world import NOW, World

SCHEDULED = CheckRequest(id=PAYMENT_ID, reason="schedule")
EARLY_ENDS = (Status.EXPIRED, Status.CANCELLED, Status.FAILED)
AFTER_TRIGGER = [0, 2, 5, 9, 20, 40]


def stored(world: World) -> Payment:
    return world.store.payments.items[PAYMENT_ID]


def serve_all(world: World, until: int = NOW + HOUR) -> list[int]:
    """Serve every message at its moment; the seconds after NOW at which Elsom was queried."""
    queried = []
    while world.queue.messages and world.queue.messages[0].at <= until:
        world.clock.now = max(world.clock.now, world.queue.messages[0].at)
        before = len(world.elsom.queries)
        world.serve()
        if len(world.elsom.queries) > before:
            queried.append((world.clock.now - NOW) // SECOND)
    return queried


# --- notifications -------------------------------------------------------------------------


def test_a_notification_leads_to_a_query_and_its_transaction_is_kept(world: World) -> None:
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


def test_while_elsom_says_in_progress_it_is_queried_again_soon(world: World) -> None:
    world.put(a_payment())
    world.notify(PAYMENT_ID)
    assert serve_all(world) == AFTER_TRIGGER


@pytest.mark.parametrize("ended", EARLY_ENDS)
def test_an_ended_payment_is_queried_again_while_elsom_stays_with_its_answer(
    world: World, ended: Status
) -> None:
    payment = world.put(a_payment(ended, next_check_at=None))
    same = Answered(payment.last_answer or ElsomStatus.IN_PROGRESS)
    world.elsom.answers(same, same, same, same, same, PAID)
    world.notify(PAYMENT_ID)
    assert serve_all(world) == AFTER_TRIGGER
    assert (stored(world).status, stored(world).late) == (Status.PAID, True)
    assert stored(world).next_check_at is None


def test_a_paid_payment_is_verified_in_the_same_way(world: World) -> None:
    world.put(a_payment(Status.PAID))
    world.elsom.answers(PAID)
    world.notify(PAYMENT_ID, "4")
    assert stored(world).next_check_at == NOW + LEASE
    assert serve_all(world) == AFTER_TRIGGER
    assert (stored(world).next_check_at, stored(world).triggered_at) == (None, None)


def test_a_negative_notification_of_a_paid_payment_survives_a_time_out(world: World) -> None:
    """Elsom takes the money back and says so once; its status service has a bad minute."""
    world.put(a_payment(Status.PAID))
    world.notify(PAYMENT_ID, "4")
    world.elsom.answers(NO_RESPONSE)
    serve_all(world)
    due = stored(world).next_check_at
    assert due is not None
    world.elsom.answers(ERROR)
    world.clock.now = due + HOUR
    world.queue.send(SCHEDULED)
    world.serve()
    assert stored(world).disagreed_at == due + HOUR
    assert stored(world).next_check_at is None


def test_after_an_end_no_follow_up_is_sent(world: World) -> None:
    world.put(a_payment())
    world.elsom.answers(TIMED_OUT)
    world.notify(PAYMENT_ID)
    world.serve()
    assert stored(world).status is Status.EXPIRED
    assert world.queue.messages == []


def test_the_follow_up_that_finds_it_paid_is_named_on_the_timeline(world: World) -> None:
    world.put(a_payment())
    world.elsom.answers(IN_PROGRESS, PAID)
    world.notify(PAYMENT_ID)
    assert serve_all(world) == [0, 2]
    assert stored(world).timeline[-1]["queriedBy"] == Trigger.FOLLOW_UP


@pytest.mark.parametrize("other", [Trigger.PAGE, Trigger.SHOP, Trigger.SCHEDULE, Trigger.FOLLOW_UP])
def test_a_trigger_that_comes_too_early_is_served_at_the_next_allowed_moment(
    world: World, other: Trigger
) -> None:
    world.put(queried(a_payment(), NOW - 500, other))
    world.notify(PAYMENT_ID)
    assert world.serve().result is Result.TOO_EARLY
    ((waiting, delay),) = world.queue.waiting()
    assert (waiting.id, waiting.step, delay) == (PAYMENT_ID, 0, 2)
    world.clock.advance(2 * SECOND)
    world.elsom.answers(PAID)
    assert world.serve().result is Result.ANSWERED


@pytest.mark.parametrize("skew", [-400, -5, 0, 5, 400])
def test_a_clock_that_is_behind_or_ahead_drops_no_follow_up(world: World, skew: int) -> None:
    world.put(a_payment())
    world.notify(PAYMENT_ID)
    world.serve()
    world.clock.advance(2 * SECOND + skew)
    ((request, _),) = world.queue.waiting()
    checked = check_from_queue(request, world.checking())
    if checked.result is Result.TOO_EARLY:
        assert len(world.queue.messages) == 2, "put off, and the first one still waits"
    else:
        assert checked.result is Result.ANSWERED


def test_what_circles_too_long_is_left_to_the_index(world: World) -> None:
    """AWS stops a function that sends to its own queue for ever."""
    world.put(queried(a_payment(next_check_at=NOW + DAY), NOW - 1, Trigger.SHOP))
    request = CheckRequest(id=PAYMENT_ID, reason="notification", triggered_at=NOW, hops=MOST_HOPS)
    check_from_queue(request, world.checking())
    assert world.queue.messages == []
    assert stored(world).next_check_at == NOW - 1 + 2 * SECOND


def test_no_message_is_sent_more_often_than_aws_allows(world: World) -> None:
    world.put(a_payment())
    world.notify(PAYMENT_ID)
    hops = 0
    while world.queue.messages:
        world.clock.now = max(world.clock.now, world.queue.messages[0].at)
        known = stored(world)
        # Another query always comes a moment before.
        world.store.payments.save(known, replace(known, queried_at=(world.clock.now - 1,)))
        (request, _), *_ = world.queue.waiting()
        hops = max(hops, request.hops)
        world.serve()
    assert hops < 16


@pytest.mark.parametrize("status", [Status.PENDING, Status.PAID, *EARLY_ENDS])
def test_a_burst_of_notifications_leads_to_one_message_at_a_time(
    world: World, status: Status
) -> None:
    world.put(a_payment(status))
    for number in range(40):
        world.notify(PAYMENT_ID, "A", f"PSP{number}")
        world.clock.advance(10)
    assert len(world.queue.messages) <= 2
    assert stored(world).next_check_at is not None


def test_twenty_equal_notifications_are_one_query_and_one_change(world: World) -> None:
    world.put(a_payment())
    world.elsom.answers(PAID)
    for _ in range(20):
        world.notify(PAYMENT_ID)
    assert serve_all(world) == [0]
    assert stored(world).sequence > 1
    assert [entry["what"] for entry in stored(world).timeline] == ["created", "paid"]
    assert stored(world).next_check_at is None


@pytest.mark.parametrize("status", [Status.PAID, *EARLY_ENDS])
def test_a_notification_of_an_ended_payment_is_in_the_index_though_its_message_is_lost(
    world: World, status: Status
) -> None:
    world.put(a_payment(status, next_check_at=None))
    world.elsom.answers(PAID)
    world.notify(PAYMENT_ID, transaction_id="PSP9")
    world.queue.messages.clear()
    world.clock.now = NOW + LEASE
    world.queue.send(SCHEDULED)
    assert world.serve().result is Result.ANSWERED
    assert stored(world).status is Status.PAID
    assert stored(world).late is (status is not Status.PAID)
    assert stored(world).next_check_at is None


def test_a_follow_up_during_which_the_function_dies_leaves_the_trigger_in_the_index(
    world: World,
) -> None:
    world.put(a_payment(Status.PAID))
    world.elsom.answers(PAID)
    world.notify(PAYMENT_ID, "4")
    world.serve()
    world.queue.messages.clear()
    world.elsom.answers(ERROR)
    world.clock.now = NOW + LEASE
    world.queue.send(SCHEDULED)
    world.serve()
    assert stored(world).disagreed_at == NOW + LEASE


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


def test_a_scheduled_check_that_serves_a_trigger_goes_on_with_its_follow_ups(world: World) -> None:
    world.put(a_payment(next_check_at=NOW + HOUR))
    world.queue.down = True
    world.notify(PAYMENT_ID)
    world.queue.down = False
    world.clock.advance(6 * SECOND)
    world.queue.send(SCHEDULED)
    assert serve_all(world) == [6, 9, 20, 40]


# --- the result page -----------------------------------------------------------------------


def returned(world: World) -> Payment | None:
    return check_for_page(PAYMENT_ID, world.checking())


def test_the_customers_return_leads_to_a_query_and_follow_ups(world: World) -> None:
    world.put(a_payment())
    returned(world)
    assert [0, *serve_all(world)] == AFTER_TRIGGER


def test_the_customers_return_to_a_paid_payment_queries_nothing_more(world: World) -> None:
    world.put(a_payment())
    world.elsom.answers(PAID)
    payment = returned(world)
    assert payment is not None
    assert payment.status is Status.PAID
    assert world.queue.messages == []
    assert check_for_page("0" * 20, world.checking()) is None


@pytest.mark.parametrize("answer", [TIMED_OUT, CANCELLED])
def test_a_return_that_finds_the_end_is_over(world: World, answer: Answered) -> None:
    world.put(a_payment())
    world.elsom.answers(answer)
    returned(world)
    assert world.queue.messages == []


def test_a_return_too_early_is_served_at_the_next_allowed_moment(world: World) -> None:
    world.put(queried(a_payment(next_check_at=NOW + HOUR), NOW - SECOND, Trigger.SHOP))
    returned(world)
    assert world.elsom.queries == []
    assert stored(world).next_check_at == NOW + SECOND, "the index keeps it, too"
    assert serve_all(world)[0] == 1


def test_a_page_that_is_loaded_all_the_time_sends_few_messages(world: World) -> None:
    world.put(a_payment())
    for _ in range(600):
        returned(world)
        world.clock.advance(100)
    assert len(world.elsom.queries) <= 6
    assert world.queue.sent <= 12


def test_a_return_is_served_though_the_queue_refuses(world: World) -> None:
    world.put(queried(a_payment(next_check_at=NOW + HOUR), NOW - SECOND, Trigger.SHOP))
    world.queue.down = True
    assert returned(world) is not None
    assert stored(world).next_check_at == NOW + SECOND


def test_a_return_while_elsom_is_left_alone_waits_in_the_index(world: World) -> None:
    world.put(a_payment(next_check_at=NOW + HOUR))
    world.store.schedule.save_circuit(Circuit(), Circuit(failures=5, open_until=NOW + MINUTE))
    for _ in range(5):
        returned(world)
    assert (stored(world).next_check_at, stored(world).version) == (NOW, 2)
    assert world.queue.messages == []


@pytest.mark.parametrize("status", [Status.PENDING, Status.EXPIRED])
def test_a_page_that_looks_again_queries_only_what_was_not_queried_lately(
    world: World, status: Status
) -> None:
    world.put(queried(a_payment(status), NOW - POLL_INTERVAL + 1, Trigger.SHOP))
    poll_for_page(stored(world), world.checking())
    assert world.elsom.queries == []
    world.clock.advance(1)
    poll_for_page(stored(world), world.checking())
    assert len(world.elsom.queries) == 1
    assert world.queue.messages == []


def test_a_page_that_looks_at_a_paid_payment_queries_nothing(world: World) -> None:
    world.put(a_payment(Status.PAID))
    poll_for_page(stored(world), world.checking())
    assert world.elsom.queries == []
