"""A start is written before it is sent, sent at most once, and never guessed about."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from payments.domain.clock import HOUR, MINUTE, SECOND
from payments.domain.errors import (
    ElsomRefused,
    ElsomUnreachable,
    IdempotencyKeyReused,
    NotConfigured,
    StartInProgress,
    StoreUnavailable,
    WriteConflict,
)
from payments.domain.next_check import note_trigger
from payments.domain.payment import Payment, Reason, Status, Trigger
from payments.domain.payment_request import PaymentRequest
from payments.elsom.gateway import NothingSent, OutcomeUnknown
from payments.elsom.protocol import Accepted, Refused
from payments.use_cases.start_payment import fingerprint, payment_id, start_payment
from tests.fakes.elsom import PAID, PAY_PAGE
from tests.fakes.world import NOW, STACK_ID, World

UNKNOWN = OutcomeUnknown("timeout")
NOTHING = NothingSent("refused")
REFUSED = Refused("17", "no such wallet")


def run_out_of(world: World, outcome: Any, **fields: Any) -> None:
    """A start that ends in an error of ours."""
    world.elsom.start_outcome = outcome
    with pytest.raises((ElsomUnreachable, ElsomRefused)):
        world.start(**fields)


def test_an_accepted_start_is_pending_and_its_end_is_watched(world: World) -> None:
    started = world.start()
    payment = started.payment
    assert (payment.status, started.replayed) == (Status.PENDING, False)
    assert (payment.elsom_url, payment.attempt_at) == (PAY_PAGE, None)
    assert payment.next_check_at == NOW + MINUTE
    assert payment.expires_at == NOW + HOUR
    assert payment == world.stored()
    assert [entry["what"] for entry in payment.timeline] == ["created", "start_sent", "pending"]


def test_elsom_is_told_what_the_shop_asked_for(world: World) -> None:
    world.start(customer_msisdn="0556109910", cashier_no="7", description="x", language="ky")
    (sent,) = world.elsom.starts
    assert (sent.payment_id, sent.amount, sent.order_id) == (world.stored().id, 150_000, "A-1001")
    assert (sent.customer_msisdn, sent.cashier_no) == ("0556109910", "7")
    assert (sent.description, sent.language) == ("x", "ky")


def test_the_customers_wallet_is_stored_only_masked(world: World) -> None:
    world.start(customer_msisdn="0556109910")
    assert world.stored().customer_msisdn == "0556***910"
    assert "0556109910" not in repr(world.store.payments.items)


def test_the_record_is_there_before_elsom_hears_of_it(world: World) -> None:
    def look() -> None:
        stored = world.stored()
        assert (stored.status, stored.attempt_at) == (Status.CREATED, NOW)
        assert stored.next_check_at == NOW + MINUTE

    world.elsom.during_start = look
    world.start()
    assert len(world.elsom.starts) == 1


def test_two_stacks_with_one_key_start_two_payments() -> None:
    assert payment_id(STACK_ID, "k") != payment_id(STACK_ID + "x", "k")


@pytest.mark.parametrize(
    "outcome", [Accepted(PAY_PAGE), UNKNOWN], ids=["accepted", "outcome unknown"]
)
def test_the_same_key_again_answers_what_is_there(world: World, outcome: Any) -> None:
    world.elsom.start_outcome = outcome
    first = world.start()
    world.clock.advance(HOUR)
    again = world.start()
    assert (again.replayed, again.payment) == (True, first.payment)
    assert len(world.elsom.starts) == 1


@pytest.mark.parametrize(
    "status", [Status.PAID, Status.EXPIRED, Status.CANCELLED, Status.FAILED, Status.START_UNKNOWN]
)
def test_the_same_key_answers_any_state(world: World, status: Status) -> None:
    payment = world.start().payment
    world.store.payments.save(payment, replace(payment, status=status))
    again = world.start()
    assert (again.replayed, again.payment.status) == (True, status)
    assert len(world.elsom.starts) == 1


@pytest.mark.parametrize("amount", ["1500", "1500.0", "1500.00"])
def test_the_same_amount_in_other_digits_is_the_same_request(world: World, amount: str) -> None:
    world.start()
    assert world.start(amount=amount).replayed


OTHERS: list[dict[str, Any]] = [
    {"amount": "1500.01"},
    {"order_id": "A-1002"},
    {"language": "en"},
    {"customer_msisdn": "0556109910"},
    {"cashier_no": "1"},
    {"description": "x"},
    {"return_url": "https://shop.example/"},
    {"metadata": {"a": "b"}},
]


@pytest.mark.parametrize("fields", OTHERS, ids=lambda fields: next(iter(fields)))
def test_the_same_key_for_another_request_is_refused(world: World, fields: dict[str, Any]) -> None:
    world.start()
    with pytest.raises(IdempotencyKeyReused):
        world.start(**fields)
    assert len(world.elsom.starts) == 1


def test_the_order_of_metadata_is_no_other_request() -> None:
    one = PaymentRequest(amount="1", order_id="x", metadata={"a": "1", "b": "2"})
    two = PaymentRequest(amount="1.00", order_id="x", metadata={"b": "2", "a": "1"})
    assert fingerprint(one) == fingerprint(two)


def test_a_refused_start_is_failed_and_says_why(world: World) -> None:
    world.elsom.start_outcome = REFUSED
    with pytest.raises(ElsomRefused) as refused:
        world.start()
    stored = world.stored()
    assert (refused.value.payment_id, refused.value.code) == (stored.id, "17")
    assert refused.value.elsom_message == "no such wallet"
    assert (stored.status, stored.status_reason) == (Status.FAILED, Reason.ELSOM_REFUSED)
    assert world.start().replayed
    assert len(world.elsom.starts) == 1


def test_nothing_sent_is_taken_back_and_the_key_tries_again(world: World) -> None:
    run_out_of(world, NOTHING)
    assert (world.stored().status, world.stored().attempt_at) == (Status.CREATED, None)
    world.clock.advance(5 * SECOND)
    world.elsom.start_outcome = Accepted(PAY_PAGE)
    started = world.start()
    assert (started.payment.status, started.replayed) == (Status.PENDING, False)
    assert [entry["what"] for entry in started.payment.timeline] == [
        "created", "start_sent", "start_not_sent", "start_sent", "pending",
    ]  # fmt: skip


def test_never_sent_by_its_expiry_is_failed_without_a_question(world: World) -> None:
    run_out_of(world, NOTHING)
    world.clock.advance(HOUR)
    again = world.start()
    assert (again.replayed, again.payment.status) == (True, Status.FAILED)
    assert again.payment.status_reason is Reason.ELSOM_UNREACHABLE
    assert len(world.elsom.starts) == 1


def test_at_the_expiry_two_callers_still_send_once(world: World) -> None:
    """One begins its attempt at the last moment; the other, a moment later, must not send too."""
    run_out_of(world, NOTHING)
    world.elsom.start_outcome = Accepted(PAY_PAGE)
    world.clock.advance(HOUR)

    def rival() -> None:
        world.clock.advance(-1)
        known = world.stored()
        world.store.payments.save(known, replace(known, attempt_at=world.clock()))
        world.clock.advance(1)

    world.payments.before_save = rival
    with pytest.raises(StartInProgress):
        world.start()
    assert len(world.elsom.starts) == 1


def test_two_callers_that_try_again_at_once_send_once(world: World) -> None:
    run_out_of(world, NOTHING)
    world.elsom.start_outcome = Accepted(PAY_PAGE)

    def rival() -> None:
        world.start()

    world.payments.before_save = rival
    with pytest.raises(StartInProgress):
        world.start()
    assert len(world.elsom.starts) == 2
    assert world.stored().status is Status.PENDING


@pytest.mark.parametrize("passed", [0, 1, 29 * SECOND + 999])
def test_while_the_first_runs_the_same_key_waits(world: World, passed: int) -> None:
    def second() -> None:
        world.clock.advance(passed)
        with pytest.raises(StartInProgress) as waits:
            world.start()
        assert waits.value.retry_after == -(-(30 * SECOND - passed) // SECOND)

    world.elsom.during_start = second
    world.start()
    assert len(world.elsom.starts) == 1


def test_an_attempt_that_died_is_unknown_due_and_never_sent_again(world: World) -> None:
    class Died(Exception):
        pass

    def die() -> None:
        raise Died

    world.elsom.during_start = die
    with pytest.raises(Died):
        world.start()
    now = world.clock.advance(30 * SECOND)
    again = world.start()
    assert (again.replayed, again.payment.status) == (True, Status.START_UNKNOWN)
    assert again.payment.next_check_at == now
    assert again.payment.timeline[-1]["why"] == "died"
    assert len(world.elsom.starts) == 1


def test_the_store_down_before_sending_sends_nothing(world: World) -> None:
    world.payments.refuse = 1
    with pytest.raises(StoreUnavailable):
        world.start()
    assert world.elsom.starts == []
    assert world.start().payment.status is Status.PENDING


@pytest.mark.parametrize("outcome", [Accepted(PAY_PAGE), REFUSED, UNKNOWN])
def test_the_store_down_after_sending_is_unknown(world: World, outcome: Any) -> None:
    world.elsom.start_outcome = outcome
    world.elsom.during_start = lambda: setattr(world.payments, "refuse", 1)
    started = world.start()
    assert (started.payment.status, started.replayed) == (Status.START_UNKNOWN, False)
    stored = world.stored()
    assert (stored.status, stored.attempt_at) == (Status.CREATED, NOW)
    assert stored.next_check_at is not None


def test_the_store_down_after_nothing_was_sent_asks_to_try_again(world: World) -> None:
    world.elsom.start_outcome = NOTHING
    world.elsom.during_start = lambda: setattr(world.payments, "refuse", 1)
    with pytest.raises(StoreUnavailable):
        world.start()


def test_an_unfilled_secret_creates_nothing(world: World) -> None:
    world.configured = False
    with pytest.raises(NotConfigured):
        world.start()
    assert world.store.payments.items == {}


def test_without_time_to_write_the_outcome_down_nothing_is_sent(world: World) -> None:
    world.seconds_left = 10.9
    with pytest.raises(ElsomUnreachable):
        world.start()
    assert world.elsom.starts == []
    assert world.stored().attempt_at is None


def test_elsom_gets_the_time_that_is_left_less_what_the_record_needs(world: World) -> None:
    world.seconds_left = 20.0
    world.start()
    assert world.elsom.seconds_given == [14.0]


@pytest.mark.parametrize("outcome", [Accepted(PAY_PAGE), REFUSED, UNKNOWN])
@pytest.mark.parametrize("notified", [True, False])
def test_paid_before_the_start_returns_stays_paid(
    world: World, outcome: Any, notified: bool
) -> None:
    """The notification is early, or somebody else asks: the start's own answer moves nothing."""

    def early() -> None:
        world.elsom.answers(PAID)
        if notified:
            world.notify(world.stored().id)
            world.serve()
        else:
            world.check(world.stored().id, Trigger.PAGE)

    world.elsom.start_outcome = outcome
    world.elsom.during_start = early
    started = world.start()
    assert started.payment.status is Status.PAID
    assert world.stored() == started.payment
    assert started.payment.late is False


@pytest.mark.parametrize("outcome", [Accepted(PAY_PAGE), UNKNOWN])
def test_a_question_during_the_start_that_says_in_progress_changes_nothing(
    world: World, outcome: Any
) -> None:
    def early() -> None:
        world.check(world.stored().id)

    world.elsom.start_outcome = outcome
    world.elsom.during_start = early
    expected = Status.PENDING if outcome != UNKNOWN else Status.START_UNKNOWN
    assert world.start().payment.status is expected


def test_an_accepted_start_that_took_too_long_keeps_its_page(world: World) -> None:
    """The check found it dead; the answer that comes after all is noted, not lost."""

    def late() -> None:
        world.clock.advance(31 * SECOND)
        world.check(world.stored().id)

    world.elsom.during_start = late
    payment = world.start().payment
    assert (payment.status, payment.elsom_url) == (Status.START_UNKNOWN, PAY_PAGE)
    assert payment.timeline[-1]["what"] == "start_answer_late"


class SdkRepeats:
    """A store whose `number`-th write is stored, and repeated by the SDK after another writer's."""

    def __init__(self, world: World, number: int, meanwhile: Callable[[], None]) -> None:
        self._inner = world.store.payments
        self._number = number
        self._meanwhile = meanwhile

    def get(self, payment_id: str) -> Payment | None:
        return self._inner.get(payment_id)

    def insert(self, payment: Payment) -> None:
        self._inner.insert(payment)
        self._repeat(payment.id)

    def save(self, before: Payment, after: Payment) -> Payment:
        stored = self._inner.save(before, after)
        self._repeat(stored.id)
        return stored

    def _repeat(self, payment_id: str) -> None:
        self._number -= 1
        if self._number == 0:
            self._meanwhile()
            raise WriteConflict(self._inner.get(payment_id))


def test_an_attempt_that_sent_nothing_takes_back_no_other_attempt(world: World) -> None:
    """A sends nothing and takes its attempt back, B begins the next one, the SDK repeats A's."""

    def b_begins() -> None:
        world.elsom.start_outcome = Accepted(PAY_PAGE)
        world.elsom.during_start = c_comes_too
        a_ended = world.stored()
        assert a_ended.attempt_at is None
        world.start()

    def c_comes_too() -> None:
        world.elsom.during_start = lambda: None
        with pytest.raises(StartInProgress):
            world.start()

    world.elsom.start_outcome = NOTHING
    repeats: Any = SdkRepeats(world, 2, b_begins)
    deps = replace(world.starting(), payments=repeats)
    with pytest.raises(ElsomUnreachable):
        start_payment(
            PaymentRequest(amount="1500.00", order_id="A-1001"), "order-1", lambda: 28.0, deps
        )
    assert len(world.elsom.starts) == 2, "one that sent nothing, and one"
    assert world.stored().status is Status.PENDING


@pytest.mark.parametrize("number", [1, 2])
def test_a_start_whose_write_the_sdk_repeats_behind_another_writer_goes_on(
    world: World, number: int
) -> None:
    """The insert, and the beginning of the next attempt: its own success looks like a conflict."""
    if number == 2:
        run_out_of(world, NOTHING)
    world.elsom.start_outcome = Accepted(PAY_PAGE)

    def notified() -> None:
        stored = world.stored()
        world.store.payments.save(stored, note_trigger(stored, NOW))

    repeats: Any = SdkRepeats(world, 1, notified)
    deps = replace(world.starting(), payments=repeats)
    request = PaymentRequest(amount="1500.00", order_id="A-1001")
    started = start_payment(request, "order-1", lambda: 28.0, deps)
    assert (started.payment.status, started.replayed) == (Status.PENDING, False)
    assert len(world.elsom.starts) == number
