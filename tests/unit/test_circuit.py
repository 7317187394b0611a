"""A silent Elsom is left alone, longer each time, and never longer than five minutes."""

import pytest

from payments.circuit import THRESHOLD, is_healthy, is_open, record_silence, record_word
from payments.elsom.outcomes import Silent
from payments.moments import SECOND
from tests.fakes.world import NOW, World


def silent(world: World, times: int, why: str = "timeout", jitter: float = 1.0) -> None:
    for _ in range(times):
        record_silence(Silent(why), NOW, world.store.schedule, lambda: jitter)


def pause(world: World) -> int:
    return max(world.store.schedule.circuit().open_until - NOW, 0) // SECOND


def test_four_silences_in_a_row_do_not_open_it_and_the_fifth_does(world: World) -> None:
    silent(world, THRESHOLD - 1)
    assert is_healthy(world.store.schedule.circuit())
    assert pause(world) == 0
    silent(world, 1)
    circuit = world.store.schedule.circuit()
    assert not is_healthy(circuit)
    assert is_open(circuit, NOW + 30 * SECOND - 1)
    assert not is_open(circuit, NOW + 30 * SECOND)


def test_the_pause_doubles_up_to_five_minutes(world: World) -> None:
    silent(world, THRESHOLD - 1)
    pauses = []
    for _ in range(20):
        silent(world, 1)
        pauses.append(pause(world))
    assert pauses[:6] == [30, 60, 120, 240, 300, 300]
    assert set(pauses[4:]) == {300}


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 15), (0.5, 22), (1.0, 30)])
def test_the_pause_is_spread_between_half_and_whole(
    world: World, jitter: float, seconds: int
) -> None:
    silent(world, THRESHOLD, jitter=jitter)
    assert pause(world) == seconds


def test_one_word_closes_it(world: World) -> None:
    silent(world, 9)
    record_word(world.store.schedule)
    circuit = world.store.schedule.circuit()
    assert (circuit.failures, is_open(circuit, NOW), is_healthy(circuit)) == (0, False, True)


@pytest.mark.parametrize("why", ["unknown-status", "no-error-code"])
def test_an_odd_word_about_one_payment_is_no_silence(world: World, why: str) -> None:
    silent(world, 20, why)
    assert world.store.schedule.circuit().failures == 0
