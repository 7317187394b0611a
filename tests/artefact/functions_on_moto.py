"""What the built functions run in: the template's own environment, and moto's server as AWS."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
from moto.server import ThreadedMotoServer

from tests.artefact.runtime_api import Run, run_bundle
from tests.bench.artefact import EVENTS
from tests.bench.stub import answering
from tests.contract.handlers import SECRET, event
from tests.contract.tables import definition
from tests.fakes.delivery import SECRETS
from tests.fakes.world import STACK_ID
from tests.template.transform import REGION, Json, of_type, resolve, transform

# What AWS names at the deployment, by the template's own references to it.
STACK_NAME: Final = "elsom-payments"
QUEUES: Final = ("ChecksQueue", "WebhooksQueue", "WebhooksDeadLetterQueue", "UnpublishedQueue")
# Two usual events for each function; the start comes first, since the others are about it.
TWO_EVENTS: Final[dict[str, tuple[Json, Json]]] = {
    "StartPaymentFunction": (event("start_payment"), event("start_payment_again")),
    "ElsomCallbackFunction": (
        event("notification_paid"),
        event("notification_of_an_unknown_id"),
    ),
    "ScheduleChecksFunction": (event("schedule_tick"), event("schedule_tick")),
    "CheckPaymentFunction": (event("check_notified"), event("check_redelivered")),
    "CustomerPagesFunction": (event("result_page"), event("redirect_to_elsom")),
    "PaymentsApiFunction": (event("get_payment"), event("list_payments")),
    "PublishEventsFunction": (EVENTS["PublishEventsFunction"],) * 2,
    "DeliverWebhookFunction": (EVENTS["DeliverWebhookFunction"],) * 2,
}


@dataclass(frozen=True)
class Functions:
    """The eight functions as they are deployed, on an AWS of their own."""

    template: Json
    endpoint: str
    values: dict[str, str]
    physical: dict[str, str]
    runtime: Path

    def run(
        self,
        name: str,
        built: Path,
        events: Sequence[Any],
        *,
        layer: Path | None = None,
        handler: str | None = None,
    ) -> Run:
        """One process of the function, with these events; layer and handler as built, or others."""
        folders = (built / name, layer or built / "PaymentsLayer" / "python", self.runtime)
        return run_bundle(
            folders, handler or self.properties(name)["Handler"], self.environment(name), events
        )

    def properties(self, name: str) -> Json:
        """The function as CloudFormation gets it."""
        found: Json = self.template["Resources"][name]["Properties"]
        return found

    def environment(self, name: str) -> dict[str, str]:
        """The function's variables: the template's, and those that Lambda adds."""
        properties = self.properties(name)
        variables = resolve(properties["Environment"]["Variables"], self.values)
        return {
            **{key: self._known(value) for key, value in variables.items()},
            "AWS_LAMBDA_FUNCTION_NAME": f"{STACK_NAME}-{name}",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(properties["MemorySize"]),
            "AWS_LAMBDA_LOG_FORMAT": properties["LoggingConfig"]["LogFormat"].upper(),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"{STACK_NAME}-{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/24/[$LATEST]d4a3",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{properties['Runtime']}",
            "_HANDLER": properties["Handler"],
            "TZ": ":UTC",
            "LANG": "en_US.UTF-8",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_SESSION_TOKEN": "test",
            # Only here: on Lambda nothing leads the functions elsewhere.
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def _known(self, value: Any) -> str:
        match value:
            case str():
                return value
            case {"Ref": str(name)}:
                return self.physical[name]
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return self.physical[f"{name}.{attribute}"]
        raise NotImplementedError(value)


@contextmanager
def deployed_on_moto(runtime: Path) -> Iterator[Functions]:
    """The stack's table, secret, queues and bus on moto; Elsom and the shop answer at once."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        with answering() as outside:
            values = {
                "ElsomInitUrl": f"{outside}/start",
                "ElsomStatusUrl": f"{outside}/status",
                "ShopWebhookUrl": f"{outside}/hook",
                "ReturnUrlHosts": "shop.example",
                "SandboxMode": "true",
                "AWS::StackName": STACK_NAME,
                "AWS::StackId": STACK_ID,
            }
            physical = _make(endpoint)
            yield Functions(transform(values), endpoint, values, physical, runtime)
    finally:
        server.stop()


def function_names(template: Json) -> list[str]:
    """The functions of a transformed template, by logical id."""
    return sorted(of_type(template, "AWS::Lambda::Function"))


def _make(endpoint: str) -> dict[str, str]:
    def client(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload] # any service's name
            endpoint_url=endpoint,
            region_name=REGION,
        )

    client("dynamodb").create_table(TableName="payments", **definition())
    client("events").create_event_bus(Name=STACK_NAME)
    sqs = client("sqs")
    held = json.dumps({**SECRET, "webhookSecrets": SECRETS})
    secret = client("secretsmanager").create_secret(Name="elsom", SecretString=held)
    return {
        **{name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in QUEUES},
        "PaymentsTable": "payments",
        "PaymentsBus": STACK_NAME,
        "ElsomSecret.Id": secret["ARN"],
    }
