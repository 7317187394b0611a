"""What is due goes to the queue: the longest waiting first, each check once."""

import pytest

from payments.aws.queues import CheckRequest
from payments.domain.circuit_breaker import Circuit
from payments.domain.clock import DAY, MINUTE, SECOND
from payments.domain.errors import QueueUnavailable
from payments.domain.ids import derive_id
from payments.store.inbox import Unknown
from payments.use_cases.schedule_checks import (
    LONGEST_PASS,
    PER_WORKER,
    UNKNOWN_PER_MINUTE,
    ScheduleResult,
    send_due_checks,
)
from tests.fakes.payments import a_payment
from tests.fakes.world import NOW, World


def fill(world: World, count: int) -> list[str]:
    """Payments that are due, the longest waiting first; and one that is not yet."""
    ids = [derive_id(str(number)) for number in range(count)]
    for number, identifier in enumerate(ids):
        world.put(a_payment(id=identifier, next_check_at=NOW - 1000 + number))
    world.put(a_payment(id=derive_id("later"), next_check_at=NOW + 1))
    return ids


def fill_unknown(world: World, count: int) -> None:
    for number in range(count):
        identifier = derive_id("unknown", str(number))
        due = NOW - 1000 + number
        world.store.inbox.insert_unknown(
            Unknown(id=identifier, first_seen_at=NOW, notified_at=NOW, next_check_at=due)
        )


def send(world: World, concurrency: int = 2) -> ScheduleResult:
    return send_due_checks(world.sending(concurrency))


def test_what_is_due_is_sent_and_nothing_else(world: World) -> None:
    ids = fill(world, 3)
    assert send(world) == ScheduleResult(checks=3, unknown=0, backlog=0, oldest_wait=1000)
    assert world.queue.waiting() == [
        (CheckRequest(id=identifier, reason="schedule"), 0) for identifier in ids
    ]


def test_when_nothing_is_due_nothing_is_sent(world: World) -> None:
    assert send(world) == ScheduleResult(checks=0, unknown=0, backlog=0, oldest_wait=0)


@pytest.mark.parametrize("concurrency", [2, 3])
def test_never_more_than_the_workers_can_ask_in_a_minute(world: World, concurrency: int) -> None:
    fill(world, 500)
    home = concurrency * PER_WORKER
    assert send(world, concurrency).checks == home
    again = send(world, concurrency)
    assert (again.checks, again.backlog) == (min(home, 501 - home), home)


def test_what_waits_in_the_queue_already_is_not_sent_again(world: World) -> None:
    ids = fill(world, 300)
    assert send(world).checks == 240
    assert send(world).checks == 61, "the rest, and the last moment once more"
    assert send(world).checks == 0
    sent = [request.id for request, _ in world.queue.waiting()]
    assert sent == [*ids[:240], *ids[239:]]


def test_an_empty_queue_has_lost_what_is_still_due(world: World) -> None:
    ids = fill(world, 3)
    send(world)
    world.queue.messages.clear()
    assert send(world).checks == 3
    assert [request.id for request, _ in world.queue.waiting()] == ids


def test_whatever_else_fills_the_queue_all_is_sent_again_after_five_minutes(world: World) -> None:
    fill(world, 3)
    fill_queue(world)
    assert send(world).checks == 3
    world.clock.advance(LONGEST_PASS - 1)
    assert send(world).checks == 1, "what was due later"
    world.clock.advance(1)
    assert send(world).checks == 4


def fill_queue(world: World, number: int = 5_000) -> None:
    for count in range(number):
        world.queue.send(CheckRequest(id=f"stranger {count}", reason="notification"))


def test_how_much_is_sent_does_not_depend_on_what_else_the_queue_holds(world: World) -> None:
    ids = fill(world, 900)
    fill_queue(world)
    assert [send(world, concurrency=3).checks for _ in range(3)] == [360, 360, 182]
    sent = {request.id for request, _ in world.queue.waiting() if request.reason == "schedule"}
    assert sent == set(ids)


def test_more_of_one_moment_than_fit_into_a_turn_stop_nothing(world: World) -> None:
    for number in range(300):
        world.put(a_payment(id=derive_id(str(number)), next_check_at=NOW - 1000))
    world.put(a_payment(id=derive_id("later"), next_check_at=NOW - 999))
    fill_queue(world)
    assert send(world).checks == 240
    assert send(world).checks == 1


def test_what_sqs_did_not_take_is_sent_in_the_next_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(world, 3)
    fill_queue(world)
    monkeypatch.setattr(world.queue, "send_all", lambda _requests: 2)
    send(world)
    monkeypatch.undo()
    assert send(world).checks == 3


def test_the_longest_wait_is_told_also_in_the_middle_of_a_pass(world: World) -> None:
    fill(world, 3)
    fill_queue(world)
    assert [send(world).oldest_wait for _ in range(3)] == [1000] * 3


@pytest.mark.parametrize("rate", [1, 5, 20, 40])
def test_a_customer_who_sends_notifications_all_the_time_delays_nobody(
    world: World, rate: int
) -> None:
    """100 payments are due; five workers serve 100 messages a second, 20 of them with a query."""
    ids = [derive_id("known", str(number)) for number in range(100)]
    for number, identifier in enumerate(ids):
        world.put(a_payment(id=identifier, order_id=f"A-{number}", next_check_at=NOW + number))
    mine = world.put(a_payment(id=derive_id("mine"), order_id="M", next_check_at=NOW + DAY)).id
    for second in range(120):
        world.clock.now = NOW + second * SECOND
        if second % 60 == 50:
            send_due_checks(world.sending())
        for number in range(rate):
            world.notify(mine, "1", f"{second}.{number}")
        for _ in range(100):
            if not world.queue.messages or world.queue.messages[0].at > world.clock.now:
                break
            world.serve()
    assert set(ids) <= set(world.elsom.queries)
    assert world.elsom.queries.count(mine) <= 12, "six a minute"
    assert len(world.queue.messages) < 10


def test_a_silent_elsom_gets_no_messages_and_an_ill_one_few(world: World) -> None:
    fill(world, 50)
    schedule = world.store.schedule
    schedule.save_circuit(schedule.circuit(), Circuit(failures=5, open_until=NOW + 1))
    assert send(world) == ScheduleResult(checks=0, unknown=0, backlog=0, oldest_wait=1000)
    world.clock.advance(1)
    assert send(world).checks == 2
    schedule.save_circuit(schedule.circuit(), Circuit())
    assert send(world).checks == 51, "the queue holds few: what it holds goes again"


def test_unknown_ids_take_what_room_is_left_one_a_second(world: World) -> None:
    fill_unknown(world, 80)
    sent = send(world)
    assert (sent.checks, sent.unknown) == (0, UNKNOWN_PER_MINUTE)
    waiting = world.queue.waiting()
    assert [delay for _, delay in waiting] == list(range(UNKNOWN_PER_MINUTE))
    assert {request.reason for request, _ in waiting} == {"unknown"}
    assert UNKNOWN_PER_MINUTE * SECOND < MINUTE


def test_unknown_ids_never_push_payments_aside(world: World) -> None:
    fill(world, 2 * PER_WORKER - 3)
    fill_unknown(world, 80)
    sent = send(world)
    assert (sent.checks, sent.unknown) == (2 * PER_WORKER - 3, 3)


def test_a_queue_that_is_down_is_an_error_and_the_next_minute_tries_again(world: World) -> None:
    fill(world, 3)
    world.queue.down = True
    with pytest.raises(QueueUnavailable):
        send(world)
    world.queue.down = False
    assert send(world).checks == 3
