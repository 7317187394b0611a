"""A stack that does nothing by itself, and its functions called one by one."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from typing import Any, Final

import requests

from payments.domain.payment import Payment
from payments.store.payments import SORT_KEY, item_of, payment_of
from payments.store.table import to_image
from payments.store.webhooks import Delivery, DeliveryTable
from tests.deployed import Deployed
from tests.receiver import Receiver

STATUS: Final = "PartnerGetPaymentStatus"
_SOURCES: Final = (
    "CheckPaymentFunctionChecks",
    "DeliverWebhookFunctionWebhooks",
    "PublishEventsFunctionChanges",
)


@dataclass
class StillStack:
    """Queues fill and nobody empties them, the stream is not read, the schedule does not fire."""

    stack: Deployed
    receiver: Receiver

    def __post_init__(self) -> None:
        self.table = self.stack.table

    def stand_still(self) -> None:
        client = self.stack.cloud.client
        for logical_id in _SOURCES:
            client("lambda").update_event_source_mapping(
                UUID=self.stack.resource(logical_id), Enabled=False
            )
        name = self.stack.resource("ScheduleChecksFunctionEveryMinute")
        scheduler = client("scheduler")
        found = scheduler.get_schedule(Name=name)
        kept = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
        scheduler.update_schedule(State="DISABLED", **{key: found[key] for key in kept})

    def forget_what_is_cached(self, function: str) -> None:
        """Have the function's next call begin with a new worker."""
        self.stack.set_environment(f"{function}Function", NEW_WORKER=uuid.uuid4().hex)

    def invoke(self, function: str, event: dict[str, Any]) -> tuple[bool, Any]:
        """Whether the function ended well, and what it answered."""
        answer = self.stack.cloud.client("lambda").invoke(
            FunctionName=self.stack.resource(f"{function}Function"),
            Payload=json.dumps(event).encode(),
        )
        text = answer["Payload"].read().decode()
        return "FunctionError" not in answer, json.loads(text) if text else None

    def serve(self, function: str, message: dict[str, Any]) -> bool:
        """Hand one message of its queue to a function; whether it need not come again."""
        record = {
            "messageId": "1",
            "body": json.dumps(message),
            "attributes": {"ApproximateReceiveCount": "1"},
        }
        ended, answer = self.invoke(function, {"Records": [record]})
        return ended and not answer["batchItemFailures"]

    def publish(self, after: dict[str, Any], before: dict[str, Any] | None = None) -> bool:
        """Hand one change of the table to the publisher; whether it ended well."""
        change = {"Keys": to_image({"pk": after["pk"]}), "NewImage": to_image(after)}
        if before is not None:
            change["OldImage"] = to_image(before)
        name = "MODIFY" if before else "INSERT"
        record = {"eventName": name, "dynamodb": change}
        return self.invoke("PublishEvents", {"Records": [record]})[0]

    # ------------------------------------------------------------ payments

    def new(self, answer: str = "1") -> dict[str, Any]:
        """A payment that waits, and what Elsom says about it."""
        started = self.stack.start()
        assert started.status == 201, started
        if answer != "1":
            self.stack.set_status(started.body["id"], answer)
        payment: dict[str, Any] = started.body
        return payment

    def stored(self, payment_id: str) -> Payment:
        item = self.table.get(payment_id, SORT_KEY)
        assert item is not None
        return payment_of(item)

    def is_paid(self, payment_id: str) -> bool:
        return self.stored(payment_id).status == "paid"

    def make_due(self, payment_id: str) -> None:
        """As if the payment had waited since long ago."""
        self.table.update(payment_id, SORT_KEY, "SET #dueAt = :at", at=1)

    def item_of(self, payment_id: str) -> dict[str, Any]:
        return item_of(self.stored(payment_id))

    def has(self, pk: str, sk: str) -> bool:
        return self.table.get(pk, sk) is not None

    def remove(self, pk: str, sk: str) -> None:
        self.stack.cloud.client("dynamodb").delete_item(
            TableName=self.stack.outputs["PaymentsTableName"], Key=to_image({"pk": pk, "sk": sk})
        )

    def check(self, payment_id: str) -> bool:
        """Have a payment checked as after a notification."""
        message = {"id": payment_id, "reason": "notification", "triggeredAt": now()}
        return self.serve("CheckPayment", message)

    # ------------------------------------------------------------ HTTP

    def ring(self, trn_id: str) -> int:
        """Send a notification as Elsom does; the HTTP status of the answer."""
        body = {"PartnerPaymentResult": {"PartnerTrnID": trn_id, "PaymentStatus": "A"}}
        url = f"{self.stack.shop.api_url}/elsom/{self.stack.secret['callbackToken']}"
        return http("POST", url, json.dumps(body).encode())[0]

    def page_says(self, payment: dict[str, Any]) -> tuple[int, str | None]:
        """What the customer's page is told of the status."""
        _, _, signature = payment["checkoutUrl"].partition("?s=")
        url = f"{self.stack.shop.api_url}/return/{payment['id']}/status?s={signature}"
        status, text = http("GET", url)
        return status, json.loads(text)["status"] if status == 200 else None

    def returns_to(self, payment: dict[str, Any]) -> int:
        """The customer comes back to the result page; the HTTP status."""
        _, _, signature = payment["checkoutUrl"].partition("?s=")
        url = f"{self.stack.shop.api_url}/return/{payment['id']}?s={signature}"
        return http("GET", url)[0]

    def shop(self, method: str, path: str) -> tuple[int, Any]:
        answer = self.stack.shop.call(method, path)
        return answer.status, answer.body

    # ------------------------------------------------------------ queues and webhooks

    def empty(self, queue: str) -> None:
        self.stack.cloud.client("sqs").purge_queue(QueueUrl=self.stack.resource(queue))

    def holds(self, queue: str, text: str) -> bool:
        """Whether a message with this text can be received now; takes all that can."""
        sqs, url = self.stack.cloud.client("sqs"), self.stack.resource(queue)
        found = False
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found = found or text in message["Body"]
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def delayed(self, queue: str) -> int:
        """Messages that wait for their time."""
        name = "ApproximateNumberOfMessagesDelayed"
        found = self.stack.cloud.client("sqs").get_queue_attributes(
            QueueUrl=self.stack.resource(queue), AttributeNames=[name]
        )
        return int(found["Attributes"][name])

    def webhook_due(self, event_id: str, tries: int) -> None:
        """A webhook that failed so often and is to be tried now."""
        payload = json.dumps({"eventId": event_id})
        kept = Delivery(
            event_id=event_id, payload=payload, tries=tries, first_tried_at=now(), due_at=1
        )
        DeliveryTable(self.table).insert(kept)

    def shop_got(self, event_id: str) -> bool:
        return any(one.event["eventId"] == event_id for one in list(self.receiver.received))


def http(method: str, url: str, body: bytes | None = None) -> tuple[int, str]:
    headers = {"Content-Type": "application/json"}
    answer = requests.request(method, url, data=body, headers=headers, timeout=20)
    return answer.status_code, answer.text


def now() -> int:
    return time.time_ns() // 1_000_000
