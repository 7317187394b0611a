"""While Elsom does not respond, queries pause: longer each time, at most five minutes."""

import pytest

from payments.domain.circuit_breaker import (
    PROOF_EVERY,
    THRESHOLD,
    WANTED_FOR,
    Circuit,
    is_healthy,
    is_open,
    proof_for,
)
from payments.domain.clock import HOUR, SECOND
from payments.elsom.gateway import NoResponse, NoStatus, StatusOutcome
from payments.use_cases.query_payment import save_no_response, save_response, save_want_of_proof
from tests.fakes.elsom import IN_PROGRESS, NO_RESPONSE, PAID, REFUSED
from tests.fakes.payments import PAYMENT_ID
from tests.fakes.world import NOW, World


def no_response(
    world: World, times: int, outcome: NoResponse = NO_RESPONSE, jitter: float = 1.0
) -> None:
    for _ in range(times):
        save_no_response(outcome, NOW, world.store.schedule, jitter)


def pause(world: World) -> int:
    return max(world.store.schedule.circuit().open_until - NOW, 0) // SECOND


def test_four_queries_without_a_response_do_not_open_it_and_the_fifth_does(world: World) -> None:
    no_response(world, THRESHOLD - 1)
    assert is_healthy(world.store.schedule.circuit())
    assert pause(world) == 0
    no_response(world, 1)
    circuit = world.store.schedule.circuit()
    assert not is_healthy(circuit)
    assert is_open(circuit, NOW + 30 * SECOND - 1)
    assert not is_open(circuit, NOW + 30 * SECOND)


def test_the_pause_doubles_up_to_five_minutes(world: World) -> None:
    no_response(world, THRESHOLD - 1)
    pauses = []
    for _ in range(20):
        no_response(world, 1)
        pauses.append(pause(world))
    assert pauses[:6] == [30, 60, 120, 240, 300, 300]
    assert set(pauses[4:]) == {300}


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 15), (0.5, 22), (1.0, 30)])
def test_the_pause_is_spread_between_half_and_whole(
    world: World, jitter: float, seconds: int
) -> None:
    no_response(world, THRESHOLD, jitter=jitter)
    assert pause(world) == seconds


def respond(world: World, outcome: StatusOutcome, now: int = NOW) -> None:
    schedule = world.store.schedule
    save_response(outcome, PAYMENT_ID, schedule.circuit(), now, schedule)


@pytest.mark.parametrize("outcome", [IN_PROGRESS, PAID, REFUSED])
def test_one_response_closes_it(world: World, outcome: StatusOutcome) -> None:
    no_response(world, 9)
    respond(world, outcome)
    circuit = world.store.schedule.circuit()
    assert (circuit.failures, is_open(circuit, NOW), is_healthy(circuit)) == (0, False, True)


def test_a_4xx_about_one_payment_neither_opens_nor_closes_it(world: World) -> None:
    no_response(world, 9)
    before = world.store.schedule.circuit()
    respond(world, NoStatus("http-404"))
    assert world.store.schedule.circuit() == before


def test_a_status_is_proof_that_elsom_is_well_for_other_payments(world: World) -> None:
    respond(world, REFUSED)
    assert proof_for("other", world.store.schedule.circuit()) is None
    respond(world, IN_PROGRESS)
    circuit = world.store.schedule.circuit()
    assert proof_for("other", circuit) == NOW
    assert proof_for(PAYMENT_ID, circuit) is None, "not for itself"


def test_the_proof_is_written_seldom(world: World) -> None:
    respond(world, IN_PROGRESS)
    first = world.store.schedule.circuit()
    respond(world, IN_PROGRESS, NOW + PROOF_EVERY - 1)
    assert world.store.schedule.circuit() == first
    respond(world, IN_PROGRESS, NOW + PROOF_EVERY)
    assert world.store.schedule.circuit().status_at == NOW + PROOF_EVERY


def test_a_paid_payment_writes_a_proof_only_where_one_is_wanted(world: World) -> None:
    respond(world, PAID)
    assert world.store.schedule.circuit() == Circuit()
    save_want_of_proof(NOW, world.store.schedule)
    first = world.store.schedule.circuit()
    save_want_of_proof(NOW + HOUR, world.store.schedule)
    assert world.store.schedule.circuit() == first, "written seldom"
    respond(world, PAID, NOW + WANTED_FOR)
    assert proof_for("other", world.store.schedule.circuit()) is None
    respond(world, PAID, NOW + WANTED_FOR - 1)
    assert proof_for("other", world.store.schedule.circuit()) == NOW + WANTED_FOR - 1


def test_no_response_keeps_the_proof(world: World) -> None:
    respond(world, IN_PROGRESS)
    no_response(world, 9)
    assert proof_for("other", world.store.schedule.circuit()) == NOW


def test_an_unreadable_response_about_one_payment_does_not_count(world: World) -> None:
    no_response(world, 20, NoResponse("unknown-status", about_one_payment=True))
    assert world.store.schedule.circuit().failures == 0
