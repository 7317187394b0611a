"""Every type of event on the bus and at the shop, as its schema says, signed with each secret."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from standardwebhooks import Webhook

from payments.domain.events import EventType
from tests.deployed import Deployed, eventually
from tests.receiver import Receiver

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs" / "events" / "events.schema.json").read_text())


class BusTap:
    """Somebody else in the account who listens on the bus."""

    def __init__(self, stack: Deployed) -> None:
        self._sqs = stack.cloud.client("sqs")
        bus = stack.outputs["EventBusName"]
        self._url = self._sqs.create_queue(QueueName="bus-tap")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        events = stack.cloud.client("events")
        events.put_rule(
            Name="bus-tap",
            EventBusName=bus,
            EventPattern=json.dumps({"source": ["elsom.payments"]}),
        )
        target = {"Id": "tap", "Arn": arn["Attributes"]["QueueArn"]}
        events.put_targets(Rule="bus-tap", EventBusName=bus, Targets=[target])
        self.heard: list[dict[str, Any]] = []

    def listen(self) -> list[dict[str, Any]]:
        """All that was heard so far."""
        while True:
            got = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10)
            messages = got.get("Messages", [])
            for message in messages:
                self.heard.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            if not messages:
                return self.heard

    def about(self, subject_id: str) -> list[dict[str, Any]]:
        return [
            one
            for one in self.listen()
            if one["detail"].get("payment", {}).get("id") == subject_id
            or one["detail"].get("case", {}).get("paymentId") == subject_id
        ]


@pytest.fixture(scope="module")
def tap(stack: Deployed) -> BusTap:
    return BusTap(stack)


def settle(stack: Deployed, payment_id: str, answer: str, status: str) -> None:
    """Elsom says this from now on, and the shop asks until the payment is what follows."""
    stack.set_status(payment_id, answer)

    def settled() -> bool:
        queried = stack.shop.call("POST", f"/payments/{payment_id}/check")
        return queried.status == 200 and queried.body["status"] == status

    eventually(settled)


def lives(stack: Deployed) -> dict[str, set[EventType]]:
    """Payments that between them go every way there is, and what each has to tell."""
    pending = {EventType.PAYMENT_PENDING}
    expected: dict[str, set[EventType]] = {}
    for answer, status in (("A", "paid"), ("3", "cancelled"), ("4", "failed"), ("2", "expired")):
        payment = stack.start().body["id"]
        settle(stack, payment, answer, status)
        expected[payment] = {*pending, EventType(f"payment.{status}")}
    late = next(reversed(expected))
    expected[late] |= {
        EventType.PAYMENT_PAID_LATE,
        EventType.CASE_OPENED,
        EventType.CASE_RESOLVED,
    }
    stack.let_time_pass_since_the_last_query(late)
    settle(stack, late, "A", "paid")
    stack.fault("IA_Init", "reset")
    unknown = stack.start().body
    assert unknown["status"] == "start_unknown"
    expected[unknown["id"]] = {EventType.PAYMENT_START_UNKNOWN}
    (case,) = eventually(lambda: open_cases(stack, late))
    done = stack.shop.call("POST", f"/cases/{case['id']}/resolve", {"note": "refunded"})
    assert done.status == 200, done
    return expected


def open_cases(stack: Deployed, payment_id: str) -> list[dict[str, Any]]:
    listed = stack.shop.call("GET", "/cases?state=open")
    assert listed.status == 200, listed
    return [case for case in listed.body["items"] if case["paymentId"] == payment_id]


def test_each_type_reaches_bus_and_shop_valid_and_signed_with_each_secret(
    stack: Deployed, receiver: Receiver, tap: BusTap
) -> None:
    expected = lives(stack)
    assert set().union(*expected.values()) == set(EventType)
    for payment, reported in expected.items():
        eventually(lambda: reported <= receiver.types(payment))  # noqa: B023 - used at once
        eventually(
            lambda: reported <= {one["detail-type"] for one in tap.about(payment)},  # noqa: B023
        )
    for payment in expected:
        on_bus = {one["detail"]["eventId"]: one["detail"] for one in tap.about(payment)}
        for heard in tap.about(payment):
            assert heard["source"] == "elsom.payments"
            assert heard["detail"]["type"] == heard["detail-type"]
            jsonschema.validate(heard["detail"], SCHEMA)
        for got in receiver.about(payment):
            assert got.event == on_bus[got.event["eventId"]]
            assert got.headers["webhook-id"] == got.event["eventId"]
            assert len(stack.secret["webhookSecrets"]) == 2
            for secret in stack.secret["webhookSecrets"]:
                Webhook(secret).verify(got.body, got.headers)


def test_the_last_event_is_sent_again_under_its_id_when_the_shop_wishes(
    stack: Deployed, receiver: Receiver
) -> None:
    payment = stack.start().body["id"]
    eventually(lambda: receiver.about(payment))
    again = stack.shop.call("POST", f"/payments/{payment}/resend")
    assert again.status == 202
    assert again.body["type"] == "payment.pending"
    eventually(lambda: len(receiver.about(payment)) == 2)
    first, second = receiver.about(payment)
    assert first.event["eventId"] == second.event["eventId"] == again.body["eventId"]
    unknown = stack.shop.call("POST", f"/payments/{'0' * 20}/resend")
    assert unknown.status == 404


def test_a_webhook_that_the_shop_refused_comes_again_five_seconds_later(
    stack: Deployed, receiver: Receiver
) -> None:
    receiver.answers = [500]
    payment = stack.start().body["id"]
    eventually(lambda: len(receiver.about(payment)) == 2)
    failed, taken = receiver.about(payment)
    assert (failed.answered, taken.answered) == (500, 200)
    assert failed.body == taken.body
    waited = int(taken.headers["webhook-timestamp"]) - int(failed.headers["webhook-timestamp"])
    assert waited >= 5


def test_a_range_of_time_is_told_again_by_the_command_under_the_same_ids(
    stack: Deployed, receiver: Receiver
) -> None:
    payment = stack.start().body
    eventually(lambda: receiver.about(payment["id"]))
    stack.cloud.save()
    times = ["--from", payment["createdAt"], "--to", payment["updatedAt"]]
    where = ["--local", "--state-dir", str(stack.cloud.state)]
    finished = subprocess.run(
        [sys.executable, "-m", "cli", *where, "republish", *times],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'layers' / 'payments'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished
    assert finished.stdout.startswith("Told ")
    eventually(lambda: len(receiver.about(payment["id"])) == 2)
    assert len({one.event["eventId"] for one in receiver.about(payment["id"])}) == 1
