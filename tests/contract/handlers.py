"""The functions' own handlers over an emulated AWS, as a Lambda would call them."""

import importlib.util
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws

from payments import bootstrap
from payments.bootstrap import Services
from payments.domain.payment import Payment
from payments.settings import from_environment
from payments.telemetry import metrics
from payments.use_cases.start_payment import payment_id
from tests.contract.tables import definition
from tests.fakes.elsom import MERCHANT, FakeElsom
from tests.fakes.world import STACK_ID

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"
HANDLERS_UNDER_TEST = (
    "start_payment",
    "elsom_callback",
    "schedule_checks",
    "check_payment",
    "payments_api",
    "customer_pages",
)
TABLE = "payments"
SECRET = {
    "partnerCode": MERCHANT.partner_code,
    "password": MERCHANT.password,
    "merchantMsisdn": MERCHANT.msisdn,
    "callbackToken": "callback-token-1",
    "previousCallbackToken": "callback-token-0",
    "pageSigningKeys": ["page-key-1"],
    "webhookSecrets": [],
}


class Context:
    """What Lambda tells a function about its invocation."""

    function_name = "function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:function"
    aws_request_id = "0b1c6a3e-7b0e-4a51-9c53-5f1f6b2f7f10"

    def get_remaining_time_in_millis(self) -> int:
        return 28_000


class Cloud:
    """One stack: its functions by name, its queue, and an Elsom that says what the test wants."""

    services: Services

    def __init__(self, elsom: FakeElsom) -> None:
        self.elsom = elsom
        self.handlers: dict[str, Callable[[Any, Any], Any]] = {}
        self.queue_url = ""

    def call(self, handler: str, event: dict[str, Any]) -> Any:
        return self.handlers[handler](event, Context())

    def messages(self) -> list[dict[str, Any]]:
        """What waits in the checks queue, whether it can be seen already or not."""
        sqs = boto3.client("sqs")
        found = sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    def payment(self) -> Payment:
        payment = self.services.payments.get(payment_id(STACK_ID, "order-1"))
        assert payment is not None
        return payment

    def reset(self) -> None:
        """An empty table and queue, and an Elsom that has heard nothing."""
        dynamodb = boto3.client("dynamodb")
        if TABLE in dynamodb.list_tables()["TableNames"]:
            dynamodb.delete_table(TableName=TABLE)
        dynamodb.create_table(TableName=TABLE, **definition())
        sqs = boto3.client("sqs")
        sqs.delete_queue(QueueUrl=self.queue_url)
        self.queue_url = sqs.create_queue(QueueName="checks")["QueueUrl"]
        vars(self.elsom).update(vars(FakeElsom()))


def event(name: str) -> dict[str, Any]:
    """A recorded event of events/."""
    loaded: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return loaded


@contextmanager
def cloud() -> Iterator[Cloud]:
    """A stack on moto, with handlers of its own."""
    made = Cloud(FakeElsom())
    namespace = patch.object(metrics.provider, "namespace", "ElsomPayments")
    with mock_aws(), patch.dict(os.environ), namespace:
        secret = boto3.client("secretsmanager").create_secret(
            Name="elsom", SecretString=json.dumps(SECRET)
        )
        sqs = boto3.client("sqs")
        made.queue_url = sqs.create_queue(QueueName="checks")["QueueUrl"]
        boto3.client("events").create_event_bus(Name="payments")
        os.environ.update(
            PAYMENTS_TABLE=TABLE,
            SECRET_ARN=secret["ARN"],
            CHECKS_QUEUE_URL=made.queue_url,
            WEBHOOKS_QUEUE_URL=sqs.create_queue(QueueName="webhooks")["QueueUrl"],
            EVENT_BUS="payments",
            STACK_ID=STACK_ID,
            RETURN_URL_HOSTS="shop.example",
            SHOP_URL="https://shop.example/",
        )
        made.services = Services(from_environment(), cache(boto3.client))
        made.services.elsom = made.elsom
        with patch.object(bootstrap, "services", lambda: made.services):
            made.handlers = {name: load(name).lambda_handler for name in HANDLERS_UNDER_TEST}
        yield made


def load(name: str) -> ModuleType:
    """A function's handler, as a module of its own."""
    spec = importlib.util.spec_from_file_location(
        f"door_{name}", ROOT / "functions" / name / "handler.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
