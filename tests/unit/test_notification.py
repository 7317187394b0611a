"""A doorbell: kept before it is answered, and never believed."""

import pytest

from payments.errors import StoreUnavailable
from payments.model import Status
from payments.moments import HOUR
from payments.queue import CheckRequest
from tests.fakes.payments import PAYMENT_ID, UNKNOWN_ID, a_payment
from tests.fakes.world import NOW, World


def test_it_is_kept_and_a_check_is_asked_for(world: World) -> None:
    before = world.put(a_payment())
    world.notify(PAYMENT_ID, "A", "PSP1")
    (kept,) = world.store.inbox.received(PAYMENT_ID)
    assert (kept["source"], kept["at"], kept["times"]) == ("192.0.2.1", NOW, 1)
    assert kept["claim"] == {
        "partnerTrnId": PAYMENT_ID,
        "transactionId": "PSP1",
        "paymentStatus": "A",
    }
    assert world.queue.waiting() == [
        (
            CheckRequest(
                id=PAYMENT_ID,
                reason="notification",
                received_at=NOW,
                elsom_transaction_id="PSP1",
            ),
            0,
        )
    ]
    assert world.store.payments.get(PAYMENT_ID) == before, "the payment is not touched"


@pytest.mark.parametrize("status", Status)
def test_when_only_the_queue_refuses_the_payment_is_due_now(world: World, status: Status) -> None:
    world.put(a_payment(status, next_check_at=NOW + HOUR))
    world.queue.down = True
    world.notify(PAYMENT_ID)
    (due,) = world.store.schedule.due(NOW, 10)
    assert (due.id, due.at) == (PAYMENT_ID, NOW)


def test_when_only_the_queue_refuses_an_unknown_id_is_due_now(world: World) -> None:
    world.queue.down = True
    world.notify(UNKNOWN_ID)
    (due,) = world.store.schedule.due_unknown(NOW, 10)
    assert due.id == UNKNOWN_ID


def test_an_id_that_is_not_of_our_form_is_only_recorded(world: World) -> None:
    world.queue.down = True
    world.notify("18")
    assert len(world.store.inbox.received("18")) == 1
    assert world.store.schedule.due_unknown(NOW, 10) == []


def test_when_the_index_cannot_be_written_either_it_is_an_error(world: World) -> None:
    world.put(a_payment(next_check_at=NOW + HOUR))
    world.queue.down = True
    world.payments.refuse = 1
    with pytest.raises(StoreUnavailable):
        world.notify(PAYMENT_ID)
