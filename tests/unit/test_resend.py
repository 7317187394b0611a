"""`POST /payments/{id}/resend`, and which webhooks the schedule sends."""

import json

import pytest
from msgspec.structs import replace

from payments.api.payments import resend_last_event
from payments.aws.api_gateway import problem_of
from payments.domain.clock import HOUR, MINUTE
from payments.domain.errors import NotFound, QueueUnavailable, StateConflict
from payments.domain.events import Event, event_id
from payments.domain.payment import Status
from payments.store.webhooks import Delivery
from payments.use_cases.deliver_webhook import Outcome
from payments.use_cases.schedule_checks import (
    WEBHOOKS_AT_LEAST,
    WEBHOOKS_PER_MINUTE,
    ScheduleWebhooksDeps,
    send_due_webhooks,
)
from payments.webhooks.rules import LADDER
from tests.fakes.delivery import Outlet
from tests.fakes.payments import PAYMENT_ID, a_payment
from tests.fakes.world import NOW, World


@pytest.fixture
def outlet() -> Outlet:
    return Outlet()


def resend(world: World, outlet: Outlet) -> dict[str, str]:
    return resend_last_event(PAYMENT_ID, world.payments, outlet.deliveries, outlet.bus)


def test_the_last_event_is_told_again_under_its_id(world: World, outlet: Outlet) -> None:
    paid = world.put(a_payment(Status.PAID, sequence=3))
    answer = resend(world, outlet)
    assert answer == {"eventId": event_id(paid.id, 3), "type": "payment.paid"}
    assert [event.event_id for event in outlet.bus.published] == [answer["eventId"]]


def test_before_anything_was_told_it_is_a_conflict(world: World, outlet: Outlet) -> None:
    world.put(a_payment(Status.CREATED))
    with pytest.raises(StateConflict):
        resend(world, outlet)
    assert outlet.bus.published == []


def test_an_unknown_payment_is_not_found(world: World, outlet: Outlet) -> None:
    with pytest.raises(NotFound):
        resend(world, outlet)


def failing(world: World, outlet: Outlet) -> str:
    """A paid payment whose shop is down; its event, which is tried again and again."""
    paid = world.put(a_payment(Status.PAID))
    known = event_id(paid.id, paid.sequence)
    outlet.shop.then = 500
    outlet.deliver(json.dumps({"eventId": known}))
    outlet.run(10 * MINUTE)
    assert outlet.deliveries.unfinished()
    return known


@pytest.mark.parametrize("how", ["down", "refuses"])
def test_a_bus_that_does_not_take_a_resend_is_said_and_the_pending_retry_stays(
    world: World, outlet: Outlet, how: str
) -> None:
    known = failing(world, outlet)
    pending = outlet.deliveries.items[known]
    outlet.bus.down, outlet.bus.refused = how == "down", {"payment.paid"}
    with pytest.raises(QueueUnavailable) as refusal:
        resend(world, outlet)
    answer = problem_of(refusal.value, "r")
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (503, "5")
    kept = outlet.deliveries.items[known]
    assert kept == replace(pending, wanted_again=True, version=pending.version + 1)
    outlet.shop.then = 200
    outlet.run(40 * HOUR)
    assert outlet.shop.taken[known] == 1
    assert outlet.deliveries.unfinished() == []


def test_a_resend_that_dies_before_it_publishes_leaves_the_pending_retry(
    world: World, outlet: Outlet
) -> None:
    class Dies:
        def publish(self, events: object) -> list[Event]:
            raise SystemExit

    known = failing(world, outlet)
    with pytest.raises(SystemExit):
        resend_last_event(PAYMENT_ID, world.payments, outlet.deliveries, Dies())
    outlet.shop.then = 200
    outlet.run(40 * HOUR)
    assert outlet.shop.taken[known] == 1


def test_a_resent_event_takes_the_place_of_its_pending_retry_and_starts_the_ladder_again(
    world: World, outlet: Outlet
) -> None:
    known = failing(world, outlet)
    resend(world, outlet)
    newer = json.dumps({"eventId": known, "newer": True})
    tried = outlet.deliver(newer)
    assert (tried.outcome, tried.tries) == (Outcome.FAILED, 1)
    kept = outlet.deliveries.items[known]
    assert (kept.payload, kept.tries, kept.wanted_again) == (newer, 1, False)
    assert kept.due_at == outlet.clock.now + LADDER[0]
    assert outlet.deliver(newer).outcome is Outcome.SKIPPED, "a second message of one wish"
    outlet.shop.then = 200
    outlet.run(MINUTE)
    assert outlet.shop.taken[known] == 1
    assert outlet.shop.calls[-1].payload == newer


def test_an_event_that_a_retry_delivered_is_delivered_again_when_it_is_resent(
    world: World, outlet: Outlet
) -> None:
    known = failing(world, outlet)
    outlet.shop.then = 200
    outlet.run(40 * HOUR)
    payload = json.dumps({"eventId": known})
    assert outlet.deliver(payload).outcome is Outcome.SKIPPED
    resend(world, outlet)
    assert outlet.deliver(payload).outcome is Outcome.DELIVERED
    assert outlet.shop.taken[known] == 2
    assert outlet.deliver(payload).outcome is Outcome.SKIPPED


def test_a_worker_that_dies_in_a_resent_event_leaves_it_due(world: World, outlet: Outlet) -> None:
    known = failing(world, outlet)
    resend(world, outlet)
    outlet.shop.answers = [MemoryError()]
    with pytest.raises(MemoryError):
        outlet.deliver(json.dumps({"eventId": known}))
    outlet.shop.then = 200
    outlet.run(10 * MINUTE)
    assert outlet.shop.taken[known] == 1


def test_a_retry_that_runs_at_the_same_moment_does_not_swallow_the_wish(
    world: World, outlet: Outlet
) -> None:
    known = failing(world, outlet)
    resend(world, outlet)
    save = outlet.deliveries.save

    def after_a_retry(before: Delivery, after: Delivery) -> Delivery:
        outlet.deliveries.save = save  # type: ignore[method-assign]
        save(before, replace(before, tries=before.tries + 1))
        return save(before, after)

    outlet.deliveries.save = after_a_retry  # type: ignore[method-assign]
    outlet.shop.then = 200
    assert outlet.deliver(json.dumps({"eventId": known})).outcome is Outcome.DELIVERED


def test_an_event_that_was_not_wanted_or_given_up_begins_again(
    world: World, outlet: Outlet
) -> None:
    paid = world.put(a_payment(Status.PAID))
    known = event_id(paid.id, paid.sequence)
    payload = json.dumps({"eventId": known})
    outlet.shop.answers = [410]
    outlet.deliver(payload)
    assert outlet.deliver(payload).outcome is Outcome.SKIPPED
    resend(world, outlet)
    assert outlet.deliver(payload).outcome is Outcome.DELIVERED


@pytest.mark.parametrize(
    ("backlog", "sent"),
    [
        (0, WEBHOOKS_PER_MINUTE),
        (100, WEBHOOKS_PER_MINUTE - 100),
        (WEBHOOKS_PER_MINUTE, WEBHOOKS_AT_LEAST),
        (100_000, WEBHOOKS_AT_LEAST),
    ],
)
def test_the_schedule_fills_the_queue_only_as_far_as_it_drains(
    outlet: Outlet, backlog: int, sent: int
) -> None:
    for number in range(WEBHOOKS_PER_MINUTE + 50):
        outlet.deliveries.insert(
            Delivery(event_id=f"E{number:04d}", tries=1, first_tried_at=NOW, due_at=NOW - number)
        )
    outlet.queue.waiting = [(NOW, "{}")] * backlog
    sending = ScheduleWebhooksDeps(
        deliveries=outlet.deliveries, queue=outlet.queue, clock=outlet.clock
    )
    assert send_due_webhooks(sending) == sent
    first = outlet.queue.texts()[backlog]
    assert json.loads(first) == {"webhook": f"E{WEBHOOKS_PER_MINUTE + 49:04d}"}


def test_what_is_not_due_is_not_sent(outlet: Outlet) -> None:
    outlet.deliveries.insert(
        Delivery(event_id="E", tries=1, first_tried_at=NOW, due_at=NOW + MINUTE)
    )
    sending = ScheduleWebhooksDeps(
        deliveries=outlet.deliveries, queue=outlet.queue, clock=outlet.clock
    )
    assert send_due_webhooks(sending) == 0
