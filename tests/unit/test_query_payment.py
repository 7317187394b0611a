"""Querying Elsom: never more often than the rule allows, and never so that a query is lost."""

import pytest
from msgspec.structs import replace

from payments.domain.circuit_breaker import Circuit
from payments.domain.clock import HOUR, MINUTE, SECOND
from payments.domain.errors import ElsomUnreachable, NotConfigured, StoreUnavailable, WriteConflict
from payments.domain.ids import derive_id
from payments.domain.next_check import LEASE
from payments.domain.payment import ElsomStatus, Payment, Reason, Status, Trigger
from payments.domain.query_rule import SHORTEST_GAP
from payments.elsom.gateway import NoStatus, NothingSent, StatusOutcome
from payments.use_cases.query_payment import Result, query_payment
from tests.fakes.elsom import IN_PROGRESS, NO_RESPONSE, PAID, REFUSED, TIMED_OUT
from tests.fakes.payments import PAYMENT_ID, UNKNOWN_ID, a_payment
from tests.fakes.world import NOW, POLICY, World

EARLY_ENDS = (Status.EXPIRED, Status.CANCELLED, Status.FAILED)


def stored(world: World) -> Payment:
    return world.store.payments.items[PAYMENT_ID]


@pytest.mark.parametrize("trigger", Trigger)
def test_whoever_asks_the_answer_becomes_the_state(world: World, trigger: Trigger) -> None:
    world.put(a_payment())
    world.elsom.answers(PAID)
    checked = world.check(PAYMENT_ID, trigger)
    assert (checked.result, checked.changed) == (Result.ANSWERED, True)
    assert checked.payment == stored(world)
    assert (stored(world).status, stored(world).paid_at) == (Status.PAID, NOW)
    assert stored(world).timeline[-1]["queriedBy"] == trigger


@pytest.mark.parametrize("second", Trigger)
@pytest.mark.parametrize("first", Trigger)
def test_two_seconds_lie_between_two_queries(world: World, first: Trigger, second: Trigger) -> None:
    world.put(a_payment(next_check_at=NOW))
    world.check(PAYMENT_ID, first)
    world.clock.advance(SHORTEST_GAP - 1)
    world.store.payments.save(stored(world), replace(stored(world), next_check_at=NOW))
    early = world.check(PAYMENT_ID, second)
    assert (early.result, early.allowed_at) == (Result.TOO_EARLY, NOW + SHORTEST_GAP)
    assert len(world.elsom.queries) == 1
    world.clock.advance(1)
    assert world.check(PAYMENT_ID, second).result is Result.ANSWERED
    assert len(world.elsom.queries) == 2


def test_a_write_that_takes_long_brings_the_next_query_no_nearer(world: World) -> None:
    world.put(a_payment(Status.CREATED, attempt_at=NOW - MINUTE))
    world.payments.before_save = lambda: world.clock.advance(SHORTEST_GAP)
    assert world.check(PAYMENT_ID).result is Result.ANSWERED
    assert stored(world).queried_at == (NOW + SHORTEST_GAP,)
    assert world.check(PAYMENT_ID).result is Result.TOO_EARLY


@pytest.mark.parametrize("trigger", [Trigger.SHOP, Trigger.PAGE, Trigger.NOTIFICATION])
def test_of_any_sixty_seconds_six_queries_are_the_most(world: World, trigger: Trigger) -> None:
    world.put(a_payment())
    queried = []
    for _ in range(200):
        if world.check(PAYMENT_ID, trigger).result is Result.ANSWERED:
            queried.append(world.clock.now)
        world.clock.advance(SECOND)
    assert queried[:8] == [NOW + seconds * SECOND for seconds in (0, 2, 4, 6, 8, 10, 60, 62)]
    assert all(later - first >= MINUTE for first, later in zip(queried, queried[6:], strict=False))


def test_of_two_at_once_only_one_asks(world: World) -> None:
    world.put(a_payment())

    def rival() -> None:
        assert world.check(PAYMENT_ID, Trigger.PAGE).result is Result.ANSWERED

    world.payments.before_save = rival
    assert world.check(PAYMENT_ID, Trigger.SHOP).result is Result.TOO_EARLY
    assert len(world.elsom.queries) == 1


@pytest.mark.parametrize("outcome", [IN_PROGRESS, TIMED_OUT, PAID])
def test_an_answer_that_comes_after_another_writer_moves_nothing(
    world: World, outcome: StatusOutcome
) -> None:
    world.put(a_payment())
    world.elsom.answers(outcome)

    def meanwhile() -> None:
        known = stored(world)
        world.store.payments.save(
            known, replace(known, status=Status.PAID, last_answer=ElsomStatus.PAID)
        )

    world.elsom.during_status = meanwhile
    world.check(PAYMENT_ID)
    assert (stored(world).status, stored(world).sequence) == (Status.PAID, 1)


@pytest.mark.parametrize("step", [0, 1, 6])
def test_an_unchanged_answer_writes_the_claim_and_nothing_else(world: World, step: int) -> None:
    before = world.put(a_payment(check_step=step, next_check_at=NOW))
    world.check(PAYMENT_ID, Trigger.SCHEDULE)
    after = stored(world)
    assert after.version == before.version + 1
    wait = POLICY.ladder[min(step + 1, len(POLICY.ladder) - 1)]
    assert (after.next_check_at, after.check_step) == (NOW + wait, step + 1)
    assert (after.queries, after.timeline) == (1, before.timeline)


def test_the_schedule_asks_only_what_is_due(world: World) -> None:
    world.put(a_payment(next_check_at=NOW + 1))
    assert world.check(PAYMENT_ID, Trigger.SCHEDULE).result is Result.NOT_DUE
    world.clock.advance(1)
    assert world.check(PAYMENT_ID, Trigger.SCHEDULE).result is Result.ANSWERED


@pytest.mark.parametrize("status", Status)
def test_without_a_next_check_the_schedule_asks_nothing(world: World, status: Status) -> None:
    world.put(a_payment(status, next_check_at=None))
    result = world.check(PAYMENT_ID, Trigger.SCHEDULE).result
    final = status in {*EARLY_ENDS, Status.PAID}
    assert result is (Result.SETTLED_WITHOUT_QUERY if final else Result.NOT_DUE)
    assert world.elsom.queries == []


@pytest.mark.parametrize("trigger", [Trigger.NOTIFICATION, Trigger.FOLLOW_UP, Trigger.SCHEDULE])
@pytest.mark.parametrize("status", [Status.PENDING, Status.START_UNKNOWN, *EARLY_ENDS])
def test_silence_asks_again_in_a_minute(world: World, trigger: Trigger, status: Status) -> None:
    world.put(a_payment(status, next_check_at=NOW - 1, check_step=2))
    world.elsom.answers(NO_RESPONSE)
    world.jitter = 0.5
    assert world.check(PAYMENT_ID, trigger).result is Result.NO_RESPONSE
    assert (stored(world).status, stored(world).sequence) == (status, 1)
    due = stored(world).next_check_at
    assert due is not None
    assert due <= NOW + MINUTE + 15 * SECOND
    assert stored(world).check_step <= 2


@pytest.mark.parametrize("outcome", [NO_RESPONSE, REFUSED, NoStatus("http-404")])
@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("status", EARLY_ENDS)
def test_the_last_late_check_is_not_lost_without_an_answer(
    world: World, status: Status, trigger: Trigger, outcome: StatusOutcome
) -> None:
    world.put(a_payment(status, next_check_at=NOW - 1, check_step=2))
    world.elsom.answers(outcome)
    world.check(PAYMENT_ID, trigger)
    due = stored(world).next_check_at
    assert due is not None
    world.elsom.answers(PAID)
    world.clock.now = due
    world.check(PAYMENT_ID, Trigger.SCHEDULE)
    assert (stored(world).status, stored(world).late) == (Status.PAID, True)


class Killed(BaseException):
    """The function dies."""


def die() -> None:
    raise Killed


@pytest.mark.parametrize("trigger", Trigger)
@pytest.mark.parametrize("status", [Status.PENDING, Status.START_UNKNOWN, *EARLY_ENDS])
def test_twelve_deaths_after_the_claim_leave_the_last_check_in_the_index(
    world: World, status: Status, trigger: Trigger
) -> None:
    world.put(a_payment(status, next_check_at=NOW, check_step=2))
    world.elsom.during_status = die
    due = NOW
    for _ in range(12):
        world.clock.now = due
        with pytest.raises(Killed):
            world.check(PAYMENT_ID, trigger)
        due = stored(world).next_check_at or 0
        assert due > world.clock.now
    world.elsom.during_status = lambda: None
    world.elsom.answers(PAID)
    world.clock.now = due
    assert world.check(PAYMENT_ID, Trigger.SCHEDULE).result is Result.ANSWERED
    assert stored(world).status is Status.PAID


def test_two_deliveries_of_the_last_late_check_leave_it_in_the_index(world: World) -> None:
    world.put(a_payment(Status.EXPIRED, next_check_at=NOW, check_step=2))

    def second_delivery_then_die() -> None:
        world.elsom.during_status = lambda: None
        world.clock.advance(200)
        assert world.check(PAYMENT_ID, Trigger.SCHEDULE).result is Result.SETTLED_WITHOUT_QUERY
        raise Killed

    world.elsom.during_status = second_delivery_then_die
    with pytest.raises(Killed):
        world.check(PAYMENT_ID, Trigger.SCHEDULE)
    assert stored(world).next_check_at == NOW + LEASE


def test_a_page_without_a_response_leaves_the_last_late_check_in_the_index(world: World) -> None:
    world.put(a_payment(Status.EXPIRED, next_check_at=NOW, check_step=2))
    world.elsom.during_status = die
    with pytest.raises(Killed):
        world.check(PAYMENT_ID, Trigger.SCHEDULE)
    world.elsom.during_status = lambda: None
    world.clock.advance(LEASE - SECOND)
    world.elsom.answers(NO_RESPONSE)
    world.check(PAYMENT_ID, Trigger.PAGE)
    assert stored(world).next_check_at == NOW + LEASE


def test_a_claim_that_the_sdk_repeats_behind_another_write_leaves_the_check_in_the_index(
    world: World,
) -> None:
    world.put(a_payment(Status.EXPIRED, next_check_at=NOW, check_step=2))
    inner = world.store.payments

    class RepeatedOnce:
        """The first claim is stored, its answer lost; another writer comes before the repeat."""

        lost = False

        def insert(self, payment: Payment) -> None:
            inner.insert(payment)

        def get(self, payment_id: str) -> Payment | None:
            return inner.get(payment_id)

        def save(self, before: Payment, after: Payment) -> Payment:
            if self.lost:
                return inner.save(before, after)
            self.lost = True
            ours = inner.save(before, after)
            inner.save(ours, replace(ours, updated_at=NOW + 1))
            raise WriteConflict(inner.get(PAYMENT_ID))

    deps = replace(world.checking(), payments=RepeatedOnce())
    query_payment(PAYMENT_ID, Trigger.SCHEDULE, deps)
    assert stored(world).next_check_at == NOW + LEASE


@pytest.mark.parametrize("outcome", [NO_RESPONSE, REFUSED, NoStatus("http-404")])
@pytest.mark.parametrize("status", Status)
def test_nothing_expires_while_elsom_cannot_be_queried(
    world: World, status: Status, outcome: StatusOutcome
) -> None:
    world.put(a_payment(status, next_check_at=NOW - 1))
    world.clock.advance(POLICY.give_up * 2)
    world.elsom.answers(outcome)
    for _ in range(5):
        world.check(PAYMENT_ID, Trigger.SHOP)
        world.clock.advance(HOUR)
    expected = Status.START_UNKNOWN if status is Status.CREATED else status
    assert stored(world).status is expected


@pytest.mark.parametrize("known_from", [-HOUR, 0, HOUR])
@pytest.mark.parametrize("outcome", [REFUSED, NoStatus("http-404")])
@pytest.mark.parametrize("status", [Status.PENDING, Status.START_UNKNOWN])
def test_without_a_status_it_is_given_up_once_elsom_told_another_payments(
    world: World, status: Status, outcome: StatusOutcome, known_from: int
) -> None:
    """An hour before the first such response, at its moment, or an hour after it."""
    old = world.put(a_payment(status))
    other = derive_id("other")
    world.put(a_payment(id=other, order_id="B"))
    deadline = old.created_at + POLICY.give_up
    events = sorted(
        [(deadline, PAYMENT_ID, outcome), (deadline + 2 * HOUR, PAYMENT_ID, outcome),
         (deadline + known_from, other, IN_PROGRESS)],
        key=lambda event: (event[0], event[1] == PAYMENT_ID),
    )  # fmt: skip
    for moment, identifier, says in events:
        world.clock.now = moment
        world.elsom.answers(says)
        world.check(identifier, Trigger.SCHEDULE if identifier == other else Trigger.SHOP)
    assert (stored(world).status, stored(world).status_reason) == (
        Status.EXPIRED, Reason.UNRESOLVED,
    )  # fmt: skip


@pytest.mark.parametrize("outcome", [REFUSED, NoStatus("http-404")])
def test_a_status_told_long_before_or_of_the_same_payment_proves_nothing(
    world: World, outcome: StatusOutcome
) -> None:
    old = world.put(a_payment())
    other = derive_id("other")
    world.put(a_payment(id=other, order_id="B"))
    deadline = old.created_at + POLICY.give_up
    for moment, identifier, says in (
        (deadline - HOUR - 1, other, IN_PROGRESS),
        (deadline - MINUTE, PAYMENT_ID, IN_PROGRESS),
        (deadline, PAYMENT_ID, outcome),
        (deadline + HOUR, PAYMENT_ID, outcome),
    ):
        world.clock.now = moment
        world.elsom.answers(says)
        world.check(identifier)
    assert stored(world).status is Status.PENDING


def test_a_start_that_died_is_settled_before_it_is_asked_about(world: World) -> None:
    world.put(a_payment(Status.CREATED, attempt_at=NOW - 30 * SECOND, next_check_at=NOW))
    world.elsom.answers(TIMED_OUT)
    assert world.check(PAYMENT_ID, Trigger.SCHEDULE).result is Result.ANSWERED
    assert [entry["what"] for entry in stored(world).timeline] == [
        "created", "start_unknown", "expired",
    ]  # fmt: skip


@pytest.mark.parametrize("outcome", [TIMED_OUT, IN_PROGRESS, REFUSED])
def test_while_a_start_runs_only_paid_counts(world: World, outcome: StatusOutcome) -> None:
    world.put(a_payment(Status.CREATED))
    world.elsom.answers(outcome)
    world.check(PAYMENT_ID)
    assert stored(world).status is Status.CREATED
    world.clock.advance(SHORTEST_GAP)
    world.elsom.answers(PAID)
    world.check(PAYMENT_ID)
    assert stored(world).status is Status.PAID


def test_a_start_that_was_never_sent_ends_without_a_question(world: World) -> None:
    world.elsom.start_outcome = NothingSent("refused")
    with pytest.raises(ElsomUnreachable):
        world.start()
    world.clock.advance(HOUR)
    identifier = world.stored().id
    assert world.check(identifier, Trigger.SCHEDULE).result is Result.SETTLED_WITHOUT_QUERY
    assert world.stored().status_reason is Reason.ELSOM_UNREACHABLE
    assert world.elsom.queries == []


@pytest.mark.parametrize("trigger", Trigger)
def test_a_silent_elsom_is_left_alone(world: World, trigger: Trigger) -> None:
    world.put(a_payment())
    world.store.schedule.save_circuit(Circuit(), Circuit(failures=5, open_until=NOW + 1))
    assert world.check(PAYMENT_ID, trigger).result is Result.CIRCUIT_OPEN
    assert world.elsom.queries == []
    world.clock.advance(1)
    assert world.check(PAYMENT_ID, trigger).result is Result.ANSWERED
    assert world.store.schedule.circuit().failures == 0


def test_an_unknown_id_is_not_asked_about_here(world: World) -> None:
    assert world.check(UNKNOWN_ID).result is Result.UNKNOWN_ID
    assert world.elsom.queries == []


def test_an_unfilled_secret_is_an_error_of_ours(world: World) -> None:
    world.put(a_payment())
    world.configured = False
    with pytest.raises(NotConfigured):
        world.check(PAYMENT_ID)


def test_an_older_negative_answer_is_no_disagreement(world: World) -> None:
    """A slow query begins before the money comes, and is answered after another one's `A`."""
    world.put(a_payment(expires_at=NOW - MINUTE))

    def meanwhile() -> None:
        world.elsom.during_status = lambda: None
        world.clock.advance(11 * SECOND)
        world.check(PAYMENT_ID, Trigger.PAGE)

    world.elsom.answers(PAID, TIMED_OUT)
    world.elsom.during_status = meanwhile
    world.check(PAYMENT_ID, Trigger.SHOP)
    assert [entry["what"] for entry in stored(world).timeline] == ["created", "paid"]
    assert stored(world).disagreed_at is None


@pytest.mark.parametrize("failing", ["circuit", "save_circuit"])
def test_an_answer_in_hand_is_written_whatever_the_circuits_item_does(
    world: World, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    world.put(a_payment())
    world.elsom.answers(PAID)
    schedule = world.store.schedule
    schedule.save_circuit(Circuit(), Circuit(failures=3))

    def throttled(*_: object) -> None:
        raise StoreUnavailable("DynamoDB: ThrottlingException")

    world.elsom.during_status = lambda: monkeypatch.setattr(schedule, failing, throttled)
    assert world.check(PAYMENT_ID).result is Result.ANSWERED
    assert stored(world).status is Status.PAID
