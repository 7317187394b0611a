"""What happened reaches the shop, also when the shop is not there."""

from __future__ import annotations

import pytest
from standardwebhooks import Webhook

from payments.domain.errors import QueueUnavailable
from tests.failure.conftest import NewStack
from tests.failure.stack import WEBHOOK_SECRET, Stack
from tests.receiver import Receiver

pytestmark = pytest.mark.needs("java", "npm")


def test_f19_a_shop_that_was_down_for_an_hour_is_told_everything(
    new_stack: NewStack, shop: Receiver
) -> None:
    with new_stack(SHOP_WEBHOOK_URL=shop.url) as stack:
        shop.answers = [503] * 1_000
        trns = [stack.started(f"order-{number}", orderId=f"A-{number}") for number in range(3)]
        for trn in trns:
            stack.elsom_says(trn, "A")
            stack.notify(trn)
        stack.live(3600)
        assert not [one for one in shop.received if one.answered == 200]
        shop.answers.clear()
        stack.live(2 * 3600)
        for trn in trns:
            assert shop.types(trn) == {"payment.pending", "payment.paid"}
            taken = [one.event["eventId"] for one in shop.about(trn) if one.answered == 200]
            assert len(taken) == len(set(taken)), "each event once"
        assert not [item for item in stack.scan() if "dueAt" in item], "nothing waits any more"


def test_f19_the_last_event_can_be_sent_again_under_its_own_id(
    new_stack: NewStack, shop: Receiver
) -> None:
    with new_stack(SHOP_WEBHOOK_URL=shop.url) as stack:
        trn = stack.started()
        stack.elsom_says(trn, "A")
        stack.notify(trn)
        stack.work()
        first = shop.about(trn)[-1]
        again = stack.shop("POST", "/payments/{id}/resend", trn)
        assert (again.status, again.body["type"]) == (202, "payment.paid")
        stack.work()
        second = shop.about(trn)[-1]
        assert len(shop.about(trn)) == 3
        assert first.event["eventId"] == second.event["eventId"] == again.body["eventId"]
        assert first.body == second.body


def test_f19_a_webhook_is_signed_so_that_the_shop_can_trust_it(
    new_stack: NewStack, shop: Receiver
) -> None:
    with new_stack(SHOP_WEBHOOK_URL=shop.url) as stack:
        trn = stack.started()
        stack.work()
        (got,) = shop.about(trn)
        verified = Webhook(WEBHOOK_SECRET).verify(got.body, got.headers)
        assert verified["eventId"] == got.headers["webhook-id"]


def test_f19_what_the_bus_did_not_take_is_told_when_it_is_back(stack: Stack) -> None:
    trn = stack.started()
    stack.recorder.down = {"events"}
    with pytest.raises(QueueUnavailable):
        stack.publish()
    stack.recorder.down = set()
    assert stack.reported(trn) == []
    stack.publish()
    assert stack.reported(trn) == ["payment.pending"]
