"""A notification is kept before it is answered; it triggers a query and proves nothing."""

from functools import partial

import pytest

from payments.aws.queues import CheckRequest
from payments.domain.clock import HOUR
from payments.domain.errors import StoreUnavailable
from payments.domain.next_check import LEASE
from payments.domain.payment import Status
from payments.elsom.protocol import Notification
from payments.store.inbox import MOST_UNKNOWN
from payments.use_cases.receive_notification import ReceiveResult, receive_notification
from payments.use_cases.schedule_checks import send_due_checks
from tests.fakes.payments import PAYMENT_ID, UNKNOWN_ID, a_payment
from tests.fakes.world import NOW, World


def test_it_is_kept_and_triggers_a_query(world: World) -> None:
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
                triggered_at=NOW,
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


def test_an_id_that_is_not_of_our_form_is_only_recorded(world: World) -> None:
    world.queue.down = True
    world.notify("18")
    assert len(world.store.inbox.received("18")) == 1
    assert world.store.schedule.due_unknown(NOW, 10) == []


@pytest.mark.parametrize("status", [Status.PAID, Status.EXPIRED, Status.CANCELLED, Status.FAILED])
def test_of_an_ended_payment_it_is_kept_in_the_index_too(world: World, status: Status) -> None:
    world.put(a_payment(status, next_check_at=None))
    world.notify(PAYMENT_ID)
    stored = world.store.payments.items[PAYMENT_ID]
    assert (stored.triggered_at, stored.next_check_at) == (NOW, NOW + LEASE)
    assert len(world.queue.messages) == 1


def test_the_second_one_of_an_open_payment_is_kept_in_the_index_too(world: World) -> None:
    world.put(a_payment(next_check_at=NOW + HOUR))
    world.notify(PAYMENT_ID, "1")
    world.notify(PAYMENT_ID, "A")
    stored = world.store.payments.items[PAYMENT_ID]
    assert (stored.triggered_at, stored.next_check_at) == (NOW, NOW + LEASE)


@pytest.mark.parametrize("down", [False, True])
def test_when_the_payment_cannot_be_read_it_is_an_error_and_a_message_is_tried(
    world: World, monkeypatch: pytest.MonkeyPatch, down: bool
) -> None:
    def throttled(_payment_id: str) -> None:
        raise StoreUnavailable("DynamoDB: ThrottlingException")

    monkeypatch.setattr(world.payments, "get", throttled)
    world.queue.down = down
    with pytest.raises(StoreUnavailable):
        world.notify(UNKNOWN_ID)
    assert len(world.queue.messages) == (0 if down else 1)


@pytest.mark.parametrize("down", [False, True])
def test_an_unknown_id_is_due_in_the_index_and_sends_no_message(world: World, down: bool) -> None:
    world.queue.down = down
    world.notify(UNKNOWN_ID)
    (due,) = world.store.schedule.due_unknown(NOW, 10)
    assert due.id == UNKNOWN_ID
    assert world.queue.messages == []


def test_no_more_than_ten_thousand_unknown_ids_wait(world: World) -> None:
    world.store.inbox.admitted = MOST_UNKNOWN - 1
    receive = partial(receive_notification, raw=b"{}", source="192.0.2.1", deps=world.receiving())
    reported = [receive(Notification(partner_trn_id=letter * 20)) for letter in "ABA"]
    assert reported == [
        ReceiveResult.UNKNOWN,
        ReceiveResult.UNKNOWN_NOT_QUERIED,
        ReceiveResult.UNKNOWN,
    ]
    assert [due.id for due in world.store.schedule.due_unknown(NOW, 10)] == ["A" * 20]
    assert len(world.store.inbox.received("B" * 20)) == 1, "it is stored all the same"
    send_due_checks(world.sending())
    assert receive(Notification(partner_trn_id="B" * 20)) is ReceiveResult.UNKNOWN, "counted again"


def test_when_the_index_cannot_be_written_either_it_is_an_error(world: World) -> None:
    world.put(a_payment(next_check_at=NOW + HOUR))
    world.queue.down = True
    world.payments.refuse = 1
    with pytest.raises(StoreUnavailable):
        world.notify(PAYMENT_ID)
