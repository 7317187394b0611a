"""What is due goes to the queue: the longest waiting first, never more than it can drain."""

import pytest

from payments.due import PER_WORKER, UNKNOWN_PER_MINUTE, Sent, send_due_checks
from payments.errors import QueueUnavailable
from payments.ids import derive_id
from payments.moments import MINUTE, SECOND
from payments.queue import CheckRequest
from payments.store.inbox import Unknown
from payments.store.schedule import Circuit
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
        world.store.inbox.note_unknown(
            Unknown(id=identifier, first_seen_at=NOW, next_check_at=NOW - 1000 + number)
        )


def send(world: World, concurrency: int = 2) -> Sent:
    return send_due_checks(world.sending(concurrency))


def test_what_is_due_is_sent_and_nothing_else(world: World) -> None:
    ids = fill(world, 3)
    assert send(world) == Sent(checks=3, unknown=0, backlog=0, oldest_wait=1000)
    assert world.queue.waiting() == [
        (CheckRequest(id=identifier, reason="schedule"), 0) for identifier in ids
    ]


def test_when_nothing_is_due_nothing_is_sent(world: World) -> None:
    assert send(world) == Sent(checks=0, unknown=0, backlog=0, oldest_wait=0)


@pytest.mark.parametrize("concurrency", [2, 3])
def test_never_more_than_the_workers_can_ask_in_a_minute(world: World, concurrency: int) -> None:
    fill(world, 500)
    assert send(world, concurrency).checks == concurrency * PER_WORKER
    again = send(world, concurrency)
    # Only the very first, in case that something else fills the queue.
    assert (again.checks, again.backlog) == (concurrency, concurrency * PER_WORKER)


def test_what_waits_in_the_queue_already_is_not_sent_twice_but_for_the_very_first(
    world: World,
) -> None:
    ids = fill(world, 300)
    send(world)
    for _ in range(100):
        world.queue.take()
    assert send(world).checks == 102
    sent = [request.id for request, _ in world.queue.waiting()]
    assert sent == ids[100:240] + ids[:2] + ids[140:240]


def test_a_queue_full_of_other_messages_starves_nobody(world: World) -> None:
    ids = fill(world, 5)
    for number in range(3 * PER_WORKER):
        world.queue.send(CheckRequest(id=f"stranger {number}", reason="notification"))
    assert send(world).checks == 2
    assert [request.id for request, _ in world.queue.waiting()[-2:]] == ids[:2]


def test_a_silent_elsom_gets_no_messages_and_an_ill_one_few(world: World) -> None:
    fill(world, 50)
    schedule = world.store.schedule
    schedule.save_circuit(schedule.circuit(), Circuit(failures=5, open_until=NOW + 1))
    assert send(world) == Sent(checks=0, unknown=0, backlog=0, oldest_wait=1000)
    world.clock.advance(1)
    assert send(world).checks == 2
    schedule.save_circuit(schedule.circuit(), Circuit())
    assert send(world).checks == 51  # also what was due later; the two that wait go again


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
