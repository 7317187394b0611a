"""`POST /payments/{id}/resend`, and which webhooks the schedule sends."""

import json

import pytest

from payments.answer_shop import resend_last_event
from payments.deliver import Outcome
from payments.due import (
    WEBHOOKS_AT_LEAST,
    WEBHOOKS_PER_MINUTE,
    SendingWebhooks,
    send_due_webhooks,
)
from payments.errors import NotFound, QueueUnavailable, StateConflict
from payments.events import event_id
from payments.model import Status
from payments.moments import MINUTE
from payments.store.webhooks import Delivery
from tests.fakes.payments import PAYMENT_ID, a_payment
from tests.fakes.telling import Outlet
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
    assert [event.event_id for event in outlet.bus.told] == [answer["eventId"]]


def test_before_anything_was_told_it_is_a_conflict(world: World, outlet: Outlet) -> None:
    world.put(a_payment(Status.CREATED))
    with pytest.raises(StateConflict):
        resend(world, outlet)
    assert outlet.bus.told == []


def test_an_unknown_payment_is_not_found(world: World, outlet: Outlet) -> None:
    with pytest.raises(NotFound):
        resend(world, outlet)


def test_a_bus_that_is_down_is_said(world: World, outlet: Outlet) -> None:
    world.put(a_payment(Status.PAID))
    outlet.bus.down = True
    with pytest.raises(QueueUnavailable):
        resend(world, outlet)


def test_an_event_that_was_not_wanted_or_given_up_begins_anew(world: World, outlet: Outlet) -> None:
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
    sending = SendingWebhooks(deliveries=outlet.deliveries, queue=outlet.queue, clock=outlet.clock)
    assert send_due_webhooks(sending) == sent
    first = outlet.queue.texts()[backlog]
    assert json.loads(first) == {"webhook": f"E{WEBHOOKS_PER_MINUTE + 49:04d}"}


def test_what_is_not_due_is_not_sent(outlet: Outlet) -> None:
    outlet.deliveries.insert(
        Delivery(event_id="E", tries=1, first_tried_at=NOW, due_at=NOW + MINUTE)
    )
    sending = SendingWebhooks(deliveries=outlet.deliveries, queue=outlet.queue, clock=outlet.clock)
    assert send_due_webhooks(sending) == 0
