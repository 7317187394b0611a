"""Ids that nobody here has started: one query a second in all, behind all known payments."""

import pytest
from msgspec.structs import replace

from payments.domain.circuit_breaker import Circuit
from payments.domain.clock import DAY, MINUTE, SECOND
from payments.domain.payment import ElsomStatus
from payments.elsom.gateway import NoStatus, StatusOutcome
from payments.store.inbox import Unknown
from payments.use_cases.check_unknown_id import note_unknown, query_unknown_id
from payments.use_cases.query_payment import Result
from tests.fakes.elsom import (
    CANCELLED,
    ERROR,
    IN_PROGRESS,
    NO_RESPONSE,
    PAID,
    REFUSED,
    TIMED_OUT,
)
from tests.fakes.payments import PAYMENT_ID, UNKNOWN_ID, a_payment
from tests.fakes.world import NOW, World


def note(world: World, unknown_id: str = UNKNOWN_ID) -> None:
    note_unknown(unknown_id, world.checking())


def query(world: World, unknown_id: str = UNKNOWN_ID) -> bool:
    return query_unknown_id(unknown_id, world.checking())


def kept(world: World) -> Unknown:
    unknown = world.store.inbox.unknown(UNKNOWN_ID)
    assert unknown is not None
    return unknown


@pytest.mark.parametrize("other", ["18", "", "0" * 19, "order#1", "0" * 21])
def test_an_id_that_cannot_be_ours_is_not_remembered(world: World, other: str) -> None:
    note(world, other)
    assert world.store.inbox.unknown(other) is None


def test_an_unknown_id_is_due_at_once(world: World) -> None:
    note(world)
    assert kept(world) == Unknown(
        id=UNKNOWN_ID, first_seen_at=NOW, notified_at=NOW, next_check_at=NOW
    )


def test_money_for_an_unknown_id_is_kept_and_not_asked_again(world: World) -> None:
    note(world)
    world.elsom.answers(PAID)
    assert query(world)
    assert (kept(world).paid_at, kept(world).next_check_at) == (NOW, None)
    note(world)
    assert kept(world).next_check_at is None
    world.clock.advance(SECOND)
    assert not query(world)
    assert len(world.elsom.queries) == 1


@pytest.mark.parametrize("outcome", [TIMED_OUT, CANCELLED, ERROR, REFUSED])
def test_any_other_word_ends_it_until_it_is_named_again(
    world: World, outcome: StatusOutcome
) -> None:
    note(world)
    world.elsom.answers(outcome)
    assert query(world)
    assert (kept(world).next_check_at, kept(world).paid_at) == (None, None)
    note(world)
    assert kept(world).next_check_at == NOW


def test_in_progress_is_asked_again_by_the_ladder_for_a_day(world: World) -> None:
    note(world)
    waits = []
    while (due := kept(world).next_check_at) is not None:
        world.clock.now = max(world.clock.now, due)
        assert query(world)
        after = kept(world).next_check_at
        if after is not None:
            waits.append((after - world.clock.now) // SECOND)
    assert waits[:7] == [60, 120, 300, 300, 300, 600, 1800]
    assert set(waits[7:]) == {1800}
    assert DAY <= world.clock.now - NOW < DAY + 1800 * SECOND
    assert kept(world).last_answer is ElsomStatus.IN_PROGRESS


def test_no_response_is_tried_again_by_the_ladder_for_a_day(world: World) -> None:
    note(world)
    world.elsom.answers(NO_RESPONSE)
    queries = 0
    while (due := kept(world).next_check_at) is not None:
        world.clock.now = max(world.clock.now, due)
        assert query(world)
        queries += 1
    assert DAY <= world.clock.now - NOW < DAY + 1800 * SECOND
    assert queries < 60


@pytest.mark.parametrize("outcome", [NO_RESPONSE, NoStatus("http-404"), IN_PROGRESS, REFUSED])
def test_nothing_that_elsom_does_with_unknown_ids_touches_the_circuit(
    world: World, outcome: StatusOutcome
) -> None:
    world.put(a_payment())
    world.elsom.answers(outcome)
    before = world.store.schedule.circuit()
    for letter in "ABCDEFGH":
        note(world, letter * 20)
        assert query(world, letter * 20)
        world.clock.advance(SECOND)
    assert world.store.schedule.circuit() == before
    world.elsom.answers(PAID)
    assert world.check(PAYMENT_ID).result is Result.ANSWERED


def test_all_unknown_ids_together_get_one_question_a_second(world: World) -> None:
    ids = [letter * 20 for letter in "ABCDE"]
    for unknown_id in ids:
        note(world, unknown_id)
    assert [query(world, unknown_id) for unknown_id in ids] == [True, False, False, False, False]
    world.clock.advance(SECOND)
    assert [query(world, unknown_id) for unknown_id in ids[1:]] == [True, False, False, False]


def test_reads_that_take_long_bring_the_next_question_no_nearer(world: World) -> None:
    note(world)
    note(world, "A" * 20)
    world.payments.before_get = lambda: world.clock.advance(SECOND)
    assert query(world)
    assert not query(world, "A" * 20)


def test_an_id_that_has_become_ours_is_left_to_the_payments_own_checks(world: World) -> None:
    note(world)
    world.put(a_payment(id=UNKNOWN_ID))
    assert not query(world)
    assert world.elsom.queries == []
    assert kept(world).next_check_at is None


def test_what_is_not_due_or_not_known_is_not_asked(world: World) -> None:
    assert not query(world)
    note(world)
    known = kept(world)
    world.store.inbox.save_unknown(known, replace(known, next_check_at=NOW + 1))
    assert not query(world)
    world.clock.advance(1)
    world.store.schedule.save_circuit(Circuit(), Circuit(failures=5, open_until=NOW + 2))
    assert not query(world), "a silent Elsom is left alone"
    assert world.elsom.queries == []


@pytest.mark.parametrize("outcome", [TIMED_OUT, REFUSED, NoStatus("http-404")])
def test_a_notification_during_the_query_is_queried_about_again(
    world: World, outcome: StatusOutcome
) -> None:
    note(world)
    world.elsom.answers(outcome)
    world.elsom.during_status = lambda: note(world)
    assert query(world)
    world.elsom.during_status = lambda: None
    assert kept(world).next_check_at == NOW
    world.elsom.answers(PAID)
    world.clock.advance(SECOND)
    assert query(world)
    assert kept(world).paid_at == NOW + SECOND


@pytest.mark.parametrize("says", [PAID, TIMED_OUT])
def test_an_a_that_meets_another_writer_is_kept(world: World, says: StatusOutcome) -> None:
    """A notification, and another worker whose query began earlier, write during the query."""
    note(world)

    def others() -> None:
        world.elsom.during_status = lambda: None
        note(world)
        known = kept(world)
        world.store.inbox.save_unknown(
            known,
            replace(
                known,
                queried_at=NOW - SECOND,
                next_check_at=None,
                last_answer=ElsomStatus.TIMED_OUT,
            ),
        )

    world.elsom.answers(says)
    world.elsom.during_status = others
    assert query(world)
    assert kept(world).paid_at == (NOW if says is PAID else None)
    assert (kept(world).next_check_at is None) == (says is PAID)


def test_an_answer_to_an_older_query_ends_nothing(world: World) -> None:
    note(world)

    def newer_query() -> None:
        world.elsom.during_status = lambda: None
        world.clock.advance(2 * SECOND)
        world.elsom.answers(IN_PROGRESS)
        assert query(world)
        world.elsom.answers(TIMED_OUT)

    world.elsom.during_status = newer_query
    assert query(world)
    assert kept(world).last_answer is ElsomStatus.IN_PROGRESS
    assert kept(world).next_check_at is not None


def test_a_second_visit_after_days_is_queried_by_the_ladder_too(world: World) -> None:
    note(world)
    world.elsom.answers(TIMED_OUT)
    query(world)
    world.clock.advance(2 * DAY)
    note(world)
    world.elsom.answers(IN_PROGRESS)
    assert query(world)
    assert kept(world).next_check_at == NOW + 2 * DAY + MINUTE
