"""The deployed stack for tests: a local cloud of one's own on free ports, and a shop to call it."""

from __future__ import annotations

import copy
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from payments.store.payments import SORT_KEY
from payments.store.table import Table
from tests.shop import Response, Shop
from tools.local.cloud import LocalCloud
from tools.local.processes import free_port
from tools.local.servers import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

# Short steps, so that a test need not wait; the Scheduler itself still fires once a minute.
FAST = {"CheckLadderSeconds": "2,2,2,5", "LateCheckSeconds": "5,5,5"}
LOOK_AGAIN_SECONDS: Final = 0.1
# Never waited for when all is well, even on a busy machine.
PATIENCE_SECONDS: Final = 60.0


@dataclass
class Deployed:
    """One stack on a local cloud."""

    cloud: LocalCloud
    outputs: dict[str, str]
    secret: dict[str, Any]
    shop: Shop

    @property
    def table(self) -> Table:
        """The stack's table, as its functions use it."""
        return Table(self.cloud.client("dynamodb"), self.outputs["PaymentsTableName"])

    def start(self, **changes: Any) -> Response:
        """Start a payment with a key of its own; `key` gives another, None leaves a field out."""
        key = changes.pop("key", None) or uuid.uuid4().hex
        body = {"amount": "1500.00", "orderId": f"A-{uuid.uuid4().hex[:8]}", **changes}
        wanted = {name: value for name, value in body.items() if value is not None}
        return self.shop.call("POST", "/payments", wanted, {"Idempotency-Key": key})

    def get(self, payment_id: str) -> dict[str, Any]:
        answer = self.shop.call("GET", f"/payments/{payment_id}")
        assert answer.status == 200, answer
        payment: dict[str, Any] = answer.body
        return payment

    def timeline(self, payment_id: str) -> list[dict[str, Any]]:
        answer = self.shop.call("GET", f"/payments/{payment_id}/timeline")
        assert answer.status == 200, answer
        items: list[dict[str, Any]] = answer.body["items"]
        return items

    def wait_for(
        self, payment_id: str, status: str, seconds: float = PATIENCE_SECONDS
    ) -> dict[str, Any]:
        """The payment once it has this status; fails with how it stands."""
        payment = self.get(payment_id)
        until = time.monotonic() + seconds
        while payment["status"] != status:
            assert time.monotonic() < until, (payment, self.timeline(payment_id))
            time.sleep(LOOK_AGAIN_SECONDS)
            payment = self.get(payment_id)
        return payment

    def calls(self, payment_id: str, method: str) -> list[dict[str, Any]]:
        """What Elsom was asked about this payment."""
        path = f"/_sandbox/calls?trn={payment_id}&method={method}"
        items: list[dict[str, Any]] = self.cloud.configure_sandbox("GET", path)["items"]
        return items

    def set_status(self, payment_id: str, status: str, *, notify: bool = False) -> None:
        """Have Elsom say this from now on."""
        path = f"/_sandbox/transactions/{payment_id}/status"
        self.cloud.configure_sandbox("POST", path, {"status": status, "notify": notify})

    def notify(self, payment_id: str, **more: Any) -> Any:
        """Have Elsom send a notification now; what it got back."""
        return self.cloud.configure_sandbox(
            "POST", f"/_sandbox/transactions/{payment_id}/notify", more
        )

    def let_time_pass_since_the_last_query(self, payment_id: str) -> None:
        """As if Elsom was last queried long ago: the next query may begin at once."""
        self.table.update(payment_id, SORT_KEY, "SET #queriedAt = :at", at=[1])

    def fault(self, method: str, fault: str, **more: Any) -> None:
        """Have Elsom misbehave."""
        body = {"method": method, "fault": fault, "times": 1, **more}
        self.cloud.configure_sandbox("POST", "/_sandbox/faults", body)

    def run_schedule(self) -> None:
        """Fire the schedule's function now instead of at the next minute."""
        self.invoke("ScheduleChecksFunction", {})

    def invoke(self, logical_id: str, event: Mapping[str, Any]) -> Any:
        """Invoke a function of the stack by its logical id."""
        answer = self.cloud.client("lambda").invoke(
            FunctionName=self.resource(logical_id), Payload=json.dumps(event).encode()
        )
        text = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, text
        return json.loads(text) if text else None

    def set_environment(self, logical_id: str, **changes: str) -> None:
        """Change a function's variables; its next call begins with a new worker."""
        client, name = self.cloud.client("lambda"), self.resource(logical_id)
        now = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        client.update_function_configuration(
            FunctionName=name, Environment={"Variables": {**now, **changes}}
        )

    def resource(self, logical_id: str) -> str:
        """The physical id of a resource of the stack."""
        answer = self.cloud.client("cloudformation").describe_stack_resource(
            StackName=self.outputs["StackName"], LogicalResourceId=logical_id
        )
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])


def deployed(
    cloud: LocalCloud, stack_name: str, parameters: Mapping[str, str] | None = None
) -> Deployed:
    """Deploy the built template under this name."""
    outputs = {**cloud.deploy(stack_name, {**FAST, **(parameters or {})}), "StackName": stack_name}
    secret = cloud.fill_secret()
    shop = Shop(cloud.api_url, REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY)
    return Deployed(cloud, outputs, secret, shop)


@contextmanager
def running_cloud(state: Path) -> Iterator[LocalCloud]:
    """A local cloud that is built and ready to deploy to; stopped at the end."""
    cloud = LocalCloud(state, free_port(), free_port())
    try:
        cloud.start()
        cloud.build()
        yield cloud
    finally:
        cloud.stop()


@contextmanager
def another_stack(
    cloud: LocalCloud, stack_name: str, parameters: Mapping[str, str] | None = None
) -> Iterator[Deployed]:
    """A stack beside those that are there; gone at the end, the portal as it was before."""
    portal = cloud.configure_sandbox("GET", "/_sandbox/portal")["url"]
    beside = copy.copy(cloud)
    try:
        yield deployed(beside, stack_name, parameters)
    finally:
        if portal:
            cloud.configure_sandbox("PUT", "/_sandbox/portal", {"url": portal})
        cloud.client("cloudformation").delete_stack(StackName=stack_name)


def eventually[Found](look: Callable[[], Found], seconds: float = PATIENCE_SECONDS) -> Found:
    """The first true thing that `look` returns."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"nothing came in {seconds} s"
        time.sleep(LOOK_AGAIN_SECONDS)
    return found
