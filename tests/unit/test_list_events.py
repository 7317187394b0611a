"""`GET /payments/{id}/events`: which events a payment has, and how each reached the shop."""

from __future__ import annotations

import json

import pytest

from payments.api.events import DeliveryState, list_events
from payments.domain.clock import DAY, MINUTE
from payments.domain.events import EventType, event_id, last_payment_event
from payments.domain.ids import derive_id
from payments.domain.payment import ElsomStatus, Payment, Status
from payments.domain.transitions import apply_answer, start_accepted
from payments.use_cases.deliver_webhook import Outcome
from tests.fakes.delivery import Outlet
from tests.fakes.payments import a_payment
from tests.fakes.world import NOW, POLICY


def paid_late() -> Payment:
    """Started, expired, then paid."""
    began = a_payment(Status.CREATED, created_at=NOW)
    pending = start_accepted(began, "https://elsom.example/p", NOW, POLICY)
    ended = apply_answer(pending, ElsomStatus.TIMED_OUT, NOW, NOW + MINUTE, POLICY)
    return apply_answer(ended, ElsomStatus.PAID, NOW, NOW + 2 * MINUTE, POLICY)


def states(payment: Payment, outlet: Outlet, *, webhooks: bool = True) -> list[DeliveryState]:
    found = list_events(payment, outlet.deliveries, webhooks=webhooks, now=outlet.clock.now)
    return [one.delivery for one in found]


def test_each_change_of_status_is_one_event_under_the_id_that_was_published() -> None:
    payment = paid_late()
    found = list_events(payment, Outlet().deliveries, webhooks=True, now=NOW)
    assert [one.type for one in found] == [
        EventType.PAYMENT_PENDING,
        EventType.PAYMENT_EXPIRED,
        EventType.PAYMENT_PAID_LATE,
    ]
    last = last_payment_event(payment)
    assert last is not None
    assert (found[-1].event_id, found[-1].sequence) == (last.event_id, last.sequence)
    assert found[-1].occurred_at == last.occurred_at
    assert [one.event_id for one in found] == [event_id(payment.id, one.sequence) for one in found]


def test_before_the_start_has_an_outcome_there_is_no_event() -> None:
    assert states(a_payment(Status.CREATED), Outlet()) == []


def test_without_a_failed_try_on_record_an_event_counts_as_sent_for_a_week() -> None:
    outlet = Outlet()
    outlet.clock.now = NOW + 3 * MINUTE
    assert set(states(paid_late(), outlet)) == {DeliveryState.SENT}
    outlet.clock.now = NOW + 8 * DAY
    assert set(states(paid_late(), outlet)) == {DeliveryState.NOT_KEPT}


def test_a_stack_without_a_webhook_says_so() -> None:
    assert set(states(paid_late(), Outlet(), webhooks=False)) == {DeliveryState.NOT_WANTED}


@pytest.mark.parametrize(
    ("answers", "minutes", "state", "tries"),
    [
        ([500], 0, DeliveryState.RETRYING, 1),
        ([500], 10, DeliveryState.DELIVERED, 2),
        ([500, 500], 1, DeliveryState.RETRYING, 2),
        ([410], 0, DeliveryState.GONE, 1),
        ([500, 410], 10, DeliveryState.GONE, 2),
        ([500] * 8, 3 * 24 * 60, DeliveryState.GIVEN_UP, 8),
    ],
)
def test_the_state_is_how_the_tries_went(
    answers: list[int | Exception], minutes: int, state: DeliveryState, tries: int
) -> None:
    payment, outlet = paid_late(), Outlet()
    outlet.shop.answers = answers
    event = last_payment_event(payment)
    assert event is not None
    outlet.deliver(json.dumps({"eventId": event.event_id}))
    outlet.run(minutes * MINUTE)
    last = list_events(payment, outlet.deliveries, webhooks=True, now=outlet.clock.now)[-1]
    assert (last.delivery, last.tries) == (state, tries)
    assert (last.next_try_at is not None) is (state is DeliveryState.RETRYING)


def test_a_retry_for_which_no_url_is_left_says_that_none_is_wanted() -> None:
    payment, outlet = paid_late(), Outlet()
    event = last_payment_event(payment)
    assert event is not None
    outlet.shop.answers = [500]
    outlet.deliver(json.dumps({"eventId": event.event_id}))
    outlet.url = ""
    outlet.run(10 * MINUTE)
    assert outlet.tried[-1].outcome is Outcome.SKIPPED
    assert states(payment, outlet)[-1] is DeliveryState.NOT_WANTED


def test_an_id_is_never_drawn() -> None:
    assert event_id("P", 7) == derive_id("event", "P", "7")
