"""Notifications: early, lost, repeated, forged, misdirected. They only ever ring the bell."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from payments.use_cases import start_payment
from tests.contract.handlers import EVENTS, event
from tests.failure.conftest import NewStack
from tests.failure.events import ELSOM_ADDRESS
from tests.failure.merchant_portal import portal
from tests.failure.stack import TOKEN, Stack
from tests.template.transform import OTHER, only, resolve, transform

pytestmark = pytest.mark.needs("java", "npm")

PAID_SILENTLY = "0000000005"
NOTIFIED_FIRST = "0000000007"
OTHER_STACK = "arn:aws:cloudformation:eu-central-1:111122223333:stack/another-shop/22f1"
STATUS = "elsom:PartnerGetPaymentStatus"


def test_f01_a_notification_before_the_start_returns_is_kept_and_paid_stays(stack: Stack) -> None:
    with portal(stack, then=stack.work):
        answer = stack.start(customerMsisdn=NOTIFIED_FIRST)
    trn = answer.body["id"]
    assert (answer.status, answer.body["status"]) == (201, "paid")
    stack.live(3600)
    payment = stack.payment(trn)
    assert (payment.status, payment.late) == ("paid", False)
    whats = [entry["what"] for entry in payment.timeline]
    assert whats == ["created", "start_sent", "paid", "start_answer_late"]
    assert "notification" in [entry["what"] for entry in stack.timeline(trn)]
    assert stack.reported(trn) == ["payment.paid"]


def test_f02_a_notification_that_cannot_be_stored_is_never_a_success(stack: Stack) -> None:
    trn = stack.started()
    stack.recorder.down = {"dynamodb:UpdateItem"}
    refused = stack.notify(trn)
    assert refused.status == 503
    assert refused.body["Response"]["ErrorCode"] != "0"
    assert stack.account.queue("checks").messages == []
    stack.recorder.down = set()
    taken = stack.notify(trn)
    assert (taken.status, taken.body["Response"]["ErrorCode"]) == (200, "0")
    assert [entry["what"] for entry in stack.timeline(trn)][-1] == "notification"


def test_f02_a_notification_that_only_the_queue_refuses_is_due_and_found(stack: Stack) -> None:
    trn = stack.started()
    stack.elsom_says(trn, "A")
    stack.recorder.down = {"sqs"}
    assert stack.notify(trn).status == 200
    stack.recorder.down = set()
    stack.live(60)
    assert stack.payment(trn).status == "paid"


def test_f03_when_a_function_has_answered_nothing_is_left_to_do(stack: Stack) -> None:
    def answered(run: Callable[[], object]) -> None:
        known = set(threading.enumerate())
        run()
        done = list(stack.recorder.effects)
        for thread in set(threading.enumerate()) - known:
            if "process_request" not in thread.name:  # those of the servers around it
                thread.join(3)
                assert not thread.is_alive()
        assert stack.recorder.effects == done

    answered(stack.start)
    trn = stack.payment().id
    assert stack.payment().status == "pending"
    stack.elsom_says(trn, "A")
    answered(lambda: stack.notify(trn))
    assert [entry["what"] for entry in stack.timeline(trn)][-1] == "notification"
    assert [message["id"] for message in stack.account.queue("checks").bodies()] == [trn]
    answered(stack.serve)
    assert stack.payment().status == "paid"
    answered(stack.publish)
    assert stack.reported(trn) == ["payment.pending", "payment.paid"]


def test_f04_a_payment_is_paid_without_any_notification(stack: Stack) -> None:
    trn = stack.started(customerMsisdn=PAID_SILENTLY)
    stack.live(120)
    assert stack.payment(trn).status == "paid"
    assert "notification" not in [entry["what"] for entry in stack.timeline(trn)]
    assert stack.reported(trn) == ["payment.pending", "payment.paid"]


def test_f05_twenty_equal_notifications_make_one_question_one_transition_one_event(
    stack: Stack,
) -> None:
    """All are served while the first one's question is under way, as by workers of their own."""
    trn = stack.started()
    stack.elsom_says(trn, "A")
    assert [stack.notify(trn).status for _ in range(20)] == [200] * 20

    def others() -> None:
        while stack.serve():
            pass

    stack.recorder.when(STATUS, others)
    stack.live(600)
    assert stack.queries(trn) == 1
    assert [entry["what"] for entry in stack.payment(trn).timeline].count("paid") == 1
    assert [one["type"] for one in stack.events()] == ["payment.pending", "payment.paid"]
    (kept,) = [entry for entry in stack.timeline(trn) if entry["what"] == "notification"]
    assert kept["times"] == 20


def test_f13_a_forged_notification_changes_nothing_and_is_counted(stack: Stack) -> None:
    trn = stack.started()
    assert stack.notify(trn, "A").status == 200
    stack.work()
    assert stack.payment(trn).status == "pending"
    assert [entry["what"] for entry in stack.timeline(trn)][-1] == "notification"
    assert '"NotificationReceived":[1.0]' in stack.written().replace(" ", "")
    before = stack.scan()
    assert stack.ring('{"PartnerPaymentResult": {}}', token="guessed").status == 404
    assert stack.ring("not JSON").status == 400
    assert stack.scan() == before
    assert stack.written().replace(" ", "").count('"NotificationRefused":[1.0]') == 2
    stack.live(300)
    assert stack.reported(trn) == ["payment.pending"]


def test_f14_another_shops_notification_moves_no_payment_of_ours(new_stack: NewStack) -> None:
    with new_stack(REPORT_UNKNOWN_PAYMENTS="false") as stack:
        ours = stack.started()
        before = stack.payment(ours)
        theirs = start_payment.payment_id(OTHER_STACK, "order-1")
        stack.elsom_says(theirs, "A")
        assert stack.notify(theirs).status == 200
        stack.live(50)
        assert stack.payments() == [before]
        assert stack.queries(ours) == 0
        stack.live(300)
        assert [one.status for one in stack.payments()] == ["pending"]
        assert stack.cases() == []
        assert stack.reported(theirs) == []
        body = json.dumps({"PartnerPaymentResult": {"PartnerTrnID": ours, "PaymentStatus": "A"}})
        assert stack.ring(body, token=TOKEN + "of-another-shop").status == 404


def test_f15_only_the_gateways_own_source_address_counts(stack: Stack) -> None:
    trn = stack.started()
    body = json.dumps({"PartnerPaymentResult": {"PartnerTrnID": trn, "PaymentStatus": "A"}})
    forged = {"X-Forwarded-For": "198.51.100.7", "X-Real-IP": "198.51.100.7", "Forwarded": "for=x"}
    assert stack.ring(body, **forged).status == 200
    (kept,) = [item for item in stack.scan() if item["kind"]["S"] == "notification"]
    assert kept["source"]["S"] == ELSOM_ADDRESS
    api = only(transform(OTHER), "AWS::ApiGateway::RestApi")["Body"]
    statements = resolve(api["x-amazon-apigateway-policy"]["Statement"], OTHER)
    (rule,) = [one for one in statements if "POST/elsom" in json.dumps(one)]
    addresses = OTHER["CallbackSourceCidrs"].split(",")
    assert rule["Condition"] == {"IpAddress": {"aws:SourceIp": addresses}}


def test_f25_a_recorded_notification_can_be_replayed_and_changes_nothing_more(
    stack: Stack,
) -> None:
    trn = stack.started()
    stack.elsom_says(trn, "A")
    with portal(stack):
        stack.sandbox.control("POST", f"transactions/{trn}/notify", {})
        recorded = stack.sandbox.transaction(trn)["notifications"][0]["body"]
        stack.live(60)
        reported = stack.events()
        replay = {"rawBody": recorded, "times": 3}
        replayed = stack.sandbox.control("POST", f"transactions/{trn}/notify", replay)
    assert [one["answerStatus"] for one in replayed["items"]] == [200, 200, 200]
    stack.live(60)
    kept = [entry for entry in stack.timeline(trn) if entry["what"] == "notification"]
    assert [entry["times"] for entry in kept] == [4]
    assert stack.payment(trn).status == "paid"
    assert stack.events() == reported
    assert stack.reported(trn) == ["payment.pending", "payment.paid"]


def test_f25_every_recorded_event_of_a_notification_replays_to_the_same_answer(
    stack: Stack,
) -> None:
    names = sorted(file.stem for file in EVENTS.glob("notification_*.json"))
    assert len(names) > 10
    for name in names:
        recorded = event(name)
        recorded["pathParameters"] = {"token": TOKEN}
        first = stack.http("elsom_callback", recorded)
        assert first.status in (200, 400), name
        assert stack.http("elsom_callback", recorded).body == first.body
