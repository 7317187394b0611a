"""Notifications: early, lost, repeated, forged, misdirected. They only ever ring the bell."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest

from payments import start
from tests.contract.doors import EVENTS, event
from tests.failure.cabinet import cabinet
from tests.failure.conftest import NewHouse
from tests.failure.events import ELSOM_ADDRESS
from tests.failure.house import TOKEN, House
from tests.template.transform import OTHER, only, resolve, transform

pytestmark = pytest.mark.needs("java", "npm")

PAID_SILENTLY = "0000000005"
NOTIFIED_FIRST = "0000000007"
OTHER_STACK = "arn:aws:cloudformation:eu-central-1:111122223333:stack/another-shop/22f1"
STATUS = "elsom:PartnerGetPaymentStatus"


def test_f01_a_notification_before_the_start_returns_is_kept_and_paid_stays(house: House) -> None:
    with cabinet(house, then=house.work):
        answer = house.start(customerMsisdn=NOTIFIED_FIRST)
    trn = answer.body["id"]
    assert (answer.status, answer.body["status"]) == (201, "paid")
    house.live(3600)
    payment = house.payment(trn)
    assert (payment.status, payment.late) == ("paid", False)
    whats = [entry["what"] for entry in payment.timeline]
    assert whats == ["created", "start_sent", "paid", "start_answer_late"]
    assert "notification" in [entry["what"] for entry in house.timeline(trn)]
    assert house.told(trn) == ["payment.paid"]


def test_f02_a_notification_that_cannot_be_stored_is_never_a_success(house: House) -> None:
    trn = house.started()
    house.line.down = {"dynamodb:UpdateItem"}
    refused = house.notify(trn)
    assert refused.status == 503
    assert refused.body["Response"]["ErrorCode"] != "0"
    assert house.account.queue("checks").messages == []
    house.line.down = set()
    taken = house.notify(trn)
    assert (taken.status, taken.body["Response"]["ErrorCode"]) == (200, "0")
    assert [entry["what"] for entry in house.timeline(trn)][-1] == "notification"


def test_f02_a_notification_that_only_the_queue_refuses_is_due_and_found(house: House) -> None:
    trn = house.started()
    house.elsom_says(trn, "A")
    house.line.down = {"sqs"}
    assert house.notify(trn).status == 200
    house.line.down = set()
    house.live(60)
    assert house.payment(trn).status == "paid"


def test_f03_when_a_function_has_answered_nothing_is_left_to_do(house: House) -> None:
    def answered(run: Callable[[], object]) -> None:
        known = set(threading.enumerate())
        run()
        done = list(house.line.effects)
        for thread in set(threading.enumerate()) - known:
            if "process_request" not in thread.name:  # those of the servers around it
                thread.join(3)
                assert not thread.is_alive()
        assert house.line.effects == done

    answered(house.start)
    trn = house.payment().id
    assert house.payment().status == "pending"
    house.elsom_says(trn, "A")
    answered(lambda: house.notify(trn))
    assert [entry["what"] for entry in house.timeline(trn)][-1] == "notification"
    assert [message["id"] for message in house.account.queue("checks").bodies()] == [trn]
    answered(house.serve)
    assert house.payment().status == "paid"
    answered(house.publish)
    assert house.told(trn) == ["payment.pending", "payment.paid"]


def test_f04_a_payment_is_paid_without_any_notification(house: House) -> None:
    trn = house.started(customerMsisdn=PAID_SILENTLY)
    house.live(120)
    assert house.payment(trn).status == "paid"
    assert "notification" not in [entry["what"] for entry in house.timeline(trn)]
    assert house.told(trn) == ["payment.pending", "payment.paid"]


def test_f05_twenty_equal_notifications_make_one_question_one_transition_one_event(
    house: House,
) -> None:
    """All are served while the first one's question is under way, as by workers of their own."""
    trn = house.started()
    house.elsom_says(trn, "A")
    assert [house.notify(trn).status for _ in range(20)] == [200] * 20

    def others() -> None:
        while house.serve():
            pass

    house.line.when(STATUS, others)
    house.live(600)
    assert house.questions(trn) == 1
    assert [entry["what"] for entry in house.payment(trn).timeline].count("paid") == 1
    assert [one["type"] for one in house.events()] == ["payment.pending", "payment.paid"]
    (kept,) = [entry for entry in house.timeline(trn) if entry["what"] == "notification"]
    assert kept["times"] == 20


def test_f13_a_forged_notification_changes_nothing_and_is_counted(house: House) -> None:
    trn = house.started()
    assert house.notify(trn, "A").status == 200
    house.work()
    assert house.payment(trn).status == "pending"
    assert [entry["what"] for entry in house.timeline(trn)][-1] == "notification"
    assert '"NotificationReceived":[1.0]' in house.written().replace(" ", "")
    before = house.scan()
    assert house.ring('{"PartnerPaymentResult": {}}', token="guessed").status == 404
    assert house.ring("not JSON").status == 400
    assert house.scan() == before
    assert house.written().replace(" ", "").count('"NotificationRefused":[1.0]') == 2
    house.live(300)
    assert house.told(trn) == ["payment.pending"]


def test_f14_another_shops_notification_moves_no_payment_of_ours(new_house: NewHouse) -> None:
    with new_house(REPORT_UNKNOWN_PAYMENTS="false") as house:
        ours = house.started()
        before = house.payment(ours)
        theirs = start.payment_id(OTHER_STACK, "order-1")
        house.elsom_says(theirs, "A")
        assert house.notify(theirs).status == 200
        house.live(50)
        assert house.payments() == [before]
        assert house.questions(ours) == 0
        house.live(300)
        assert [one.status for one in house.payments()] == ["pending"]
        assert house.cases() == []
        assert house.told(theirs) == []
        body = json.dumps({"PartnerPaymentResult": {"PartnerTrnID": ours, "PaymentStatus": "A"}})
        assert house.ring(body, token=TOKEN + "of-another-shop").status == 404


def test_f15_only_the_gateways_own_source_address_counts(house: House) -> None:
    trn = house.started()
    body = json.dumps({"PartnerPaymentResult": {"PartnerTrnID": trn, "PaymentStatus": "A"}})
    forged = {"X-Forwarded-For": "198.51.100.7", "X-Real-IP": "198.51.100.7", "Forwarded": "for=x"}
    assert house.ring(body, **forged).status == 200
    (kept,) = [item for item in house.scan() if item["kind"]["S"] == "notification"]
    assert kept["source"]["S"] == ELSOM_ADDRESS
    api = only(transform(OTHER), "AWS::ApiGateway::RestApi")["Body"]
    statements = resolve(api["x-amazon-apigateway-policy"]["Statement"], OTHER)
    (rule,) = [one for one in statements if "POST/elsom" in json.dumps(one)]
    addresses = OTHER["CallbackSourceCidrs"].split(",")
    assert rule["Condition"] == {"IpAddress": {"aws:SourceIp": addresses}}


def test_f25_a_recorded_notification_can_be_replayed_and_changes_nothing_more(
    house: House,
) -> None:
    trn = house.started()
    house.elsom_says(trn, "A")
    with cabinet(house):
        house.sandbox.control("POST", f"transactions/{trn}/notify", {})
        recorded = house.sandbox.transaction(trn)["notifications"][0]["body"]
        house.live(60)
        told = house.events()
        replay = {"rawBody": recorded, "times": 3}
        replayed = house.sandbox.control("POST", f"transactions/{trn}/notify", replay)
    assert [one["answerStatus"] for one in replayed["items"]] == [200, 200, 200]
    house.live(60)
    kept = [entry for entry in house.timeline(trn) if entry["what"] == "notification"]
    assert [entry["times"] for entry in kept] == [4]
    assert house.payment(trn).status == "paid"
    assert house.events() == told
    assert house.told(trn) == ["payment.pending", "payment.paid"]


def test_f25_every_recorded_event_of_a_notification_replays_to_the_same_answer(
    house: House,
) -> None:
    names = sorted(file.stem for file in EVENTS.glob("notification_*.json"))
    assert len(names) > 10
    for name in names:
        recorded = event(name)
        recorded["pathParameters"] = {"token": TOKEN}
        first = house.http("elsom_callback", recorded)
        assert first.status in (200, 400), name
        assert house.http("elsom_callback", recorded).body == first.body
