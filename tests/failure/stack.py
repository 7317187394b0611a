"""One stack in this process: the functions' own handlers over AWS's DynamoDB and a live Elsom.

Elsom is the sandbox, in a process of its own. Time stands still until a test moves it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import count
from types import ModuleType
from typing import Any, Final
from unittest.mock import Mock, patch

import time_machine

from payments import bootstrap
from payments.aws import clients as aws
from payments.domain.cases import Case
from payments.domain.clock import DAY, MINUTE, now_ms
from payments.domain.payment import Payment
from payments.domain.signed_urls import sign
from payments.settings import from_environment
from payments.store import payments as store_of_payments
from payments.store import schedule as store_of_schedule
from payments.store import webhooks as store_of_webhooks
from payments.store.cases import SORT_KEY as CASE
from payments.store.cases import case_of
from payments.store.payments import SORT_KEY, payment_of
from payments.store.table import to_item
from payments.telemetry import logger, metrics
from payments.use_cases.start_payment import payment_id
from tests.contract import handlers
from tests.failure.events import api_event, queue_event
from tests.failure.recorder import Recorder
from tests.failure.services import Account, Message, Services
from tests.failure.stream import Stream
from tests.fakes.world import NOW, STACK_ID
from tests.sandbox.driver import SandboxProcess

TOKEN: Final = "callback-token-of-the-portal"
OLD_TOKEN: Final = "callback-token-of-last-year"
WALLET: Final = "0901015003"
PASSWORD: Final = "sandbox-password"
PAGE_KEY: Final = "page-signing-key-K3v"
WEBHOOK_SECRET: Final = "whsec_" + "ZmFpbHVyZS10ZXN0cy13ZWJob29rLXNlY3JldA=="
SERVICES: Final = ("dynamodb", "sqs", "events", "secretsmanager")
BASE_URL: Final = "https://pay.example/v1"
_numbers = count(1)

type Json = dict[str, Any]


@dataclass(frozen=True)
class Endpoints:
    """Where a stack's AWS is. `direct` is the same DynamoDB with nothing in between."""

    dynamodb: str
    others: str
    direct: str


@dataclass(frozen=True)
class Response:
    """What a function answered over HTTP; `body` is text where it is no JSON."""

    status: int
    headers: Json
    body: Any


@dataclass
class Stack:
    """The stack, the shop that calls it, and what it wrote and told."""

    sandbox: SandboxProcess
    account: Account
    recorder: Recorder
    clock: time_machine.Traveller
    stream: Stream
    clients: Json
    log: io.StringIO = field(default_factory=io.StringIO)
    out: io.StringIO = field(default_factory=io.StringIO)

    # ------------------------------------------------------------ functions

    def call(self, function: str, event: Json) -> Any:
        """Run one function once; what it writes to log and stdout is kept."""
        with contextlib.redirect_stdout(self.out), contextlib.redirect_stderr(self.out):
            return module(function).lambda_handler(event, handlers.Context())

    def http(self, function: str, event: Json) -> Response:
        said = self.call(function, event)
        is_json = "json" in said["headers"].get("Content-Type", "")
        body = json.loads(said["body"]) if is_json else said["body"]
        return Response(said["statusCode"], said["headers"], body)

    def start(self, key: str = "order-1", **fields: Any) -> Response:
        wanted = {"amount": "1500.00", "orderId": "A-1001", **fields}
        body = {name: value for name, value in wanted.items() if value is not None}
        event = api_event("POST", "/payments", body=body, headers={"Idempotency-Key": key})
        return self.http("start_payment", event)

    def started(self, key: str = "order-1", **fields: Any) -> str:
        """The id of a payment that waits."""
        answer = self.start(key, **fields)
        assert answer.status == 201, answer
        return str(answer.body["id"])

    def shop(self, method: str, route: str, identifier: str = "", **body: Any) -> Response:
        event = api_event(method, route, {"id": identifier} if identifier else {}, body=body)
        return self.http("payments_api", event)

    def shop_query(self, route: str, **query: str) -> Response:
        return self.http("payments_api", api_event("GET", route, query=query))

    def signature(self, identifier: str) -> str:
        """What stands in the customer's links to this payment."""
        return sign("page", identifier, PAGE_KEY)

    def page(self, route: str, parameters: Json, query: Json, **headers: str) -> Response:
        event = api_event("GET", route, parameters, query=query, headers=headers)
        return self.http("customer_pages", event)

    def notify(self, trn: str, status: str = "A", **fields: Any) -> Response:
        """Send a notification as Elsom does."""
        named = {"PartnerTrnID": trn, "PSPTTrnID": "PSP1", "PaymentStatus": status, **fields}
        return self.ring(json.dumps({"PartnerPaymentResult": named}))

    def ring(self, body: str, token: str = TOKEN, **headers: str) -> Response:
        """Send any body to the merchant portal's URL."""
        event = api_event("POST", "/elsom/{token}", {"token": token}, headers=headers, text=body)
        return self.http("elsom_callback", event)

    # ------------------------------------------------------------ what AWS does by itself

    def tick(self) -> None:
        """The schedule's minute."""
        self.call("schedule_checks", {})

    def serve(self, function: str = "check_payment", queue: str = "checks") -> bool:
        """Hand a queue's next message to its function; False when none can be seen."""
        waiting = self.account.queue(queue)
        message = waiting.receive()
        if message is None:
            return False
        if not self.hand_over(function, message):
            return True
        waiting.delete(message)
        return True

    def hand_over(self, function: str, message: Message) -> bool:
        """Whether the function is done with the message."""
        return not self.call(function, queue_event(message))["batchItemFailures"]

    def publish(self) -> None:
        """Tell what the stream holds; should that fail, the same batch comes again."""
        records = self.stream.waiting()
        if records:
            self.call("publish_events", {"Records": records})
            self.stream.done()

    def work_checks(self) -> None:
        while self.serve():
            pass

    def work(self) -> None:
        """Everything that can be done at this moment."""
        busy = True
        while busy:
            busy = self.serve() or self.serve("deliver_webhook", "webhooks")
            if not busy:
                self.publish()
                busy = any(self._visible(name) for name in ("checks", "webhooks"))

    def wait(self, seconds: float) -> None:
        """Move the clock, and nothing else."""
        self.clock.shift(seconds)

    def live(self, seconds: float) -> None:
        """Let time go by: queues are served when a message shows, the schedule each minute.

        Minutes in which nothing is due are passed over.
        """
        until = now_ms() + int(seconds * 1000)
        self.work()
        while (moment := self._next_moment()) <= until:
            self._move_to(moment)
            if moment % MINUTE == 0:
                self.tick()
            self.work()
        self._move_to(until)
        self.work()

    def _move_to(self, moment: int) -> None:
        self.clock.shift((moment - now_ms()) / 1000)

    def _next_moment(self) -> int:
        """When a message shows, or the schedule finds something due; always after now."""
        now = now_ms()
        waiting = [one for queue in self.account.queues.values() for one in queue.messages]
        messages = [one.visible_at for one in waiting if one.visible_at > now]
        due = [max(int(item["dueAt"]["N"]), now + 1) for item in self.scan() if "dueAt" in item]
        ticks = [-(-moment // MINUTE) * MINUTE for moment in due]
        return min([*messages, *ticks, now + 1_000 * DAY])

    def _visible(self, name: str) -> bool:
        return any(one.visible_at <= now_ms() for one in self.account.queue(name).messages)

    # ------------------------------------------------------------ what is stored and told

    def scan(self) -> list[Json]:
        """The whole table, past every fault."""
        return self.stream.items()

    def payment(self, identifier: str = "") -> Payment:
        found = next(
            (one for one in self.payments() if one.id == (identifier or id_of("order-1"))), None
        )
        assert found is not None, "there is no such payment"
        return found

    def payments(self) -> list[Payment]:
        return [payment_of(to_item(one)) for one in self.scan() if one["sk"]["S"] == SORT_KEY]

    def cases(self) -> list[Case]:
        return [case_of(to_item(one)) for one in self.scan() if one["sk"]["S"] == CASE]

    def timeline(self, identifier: str) -> list[Json]:
        """As the shop sees it, notifications included."""
        answer = self.shop("GET", "/payments/{id}/timeline", identifier)
        items: list[Json] = answer.body["items"]
        return items

    def reported(self, subject: str) -> list[str]:
        """The types of the events about a payment, each event once, in the order of telling."""
        events = {
            entry["id"]: entry["type"] for entry in self.events() if entry["about"] == subject
        }
        return list(events.values())

    def events(self) -> list[Json]:
        """Everything put on the bus, repeats included."""
        details = [json.loads(entry["Detail"]) for entry in self.account.published]
        return [
            {
                "id": one["eventId"],
                "type": one["type"],
                "about": one["payment"]["id"] if "payment" in one else one["case"]["paymentId"],
                "sequence": one["sequence"],
            }
            for one in details
        ]

    def written(self) -> str:
        """All that the functions wrote to log, stdout and stderr."""
        return self.log.getvalue() + self.out.getvalue()

    def elsom_calls(self, trn: str, method: str) -> list[Json]:
        found: list[Json] = self.sandbox.calls(trn, method)
        return found

    def starts(self, trn: str) -> int:
        return len(self.elsom_calls(trn, "IA_Init"))

    def queries(self, trn: str) -> int:
        return len(self.elsom_calls(trn, "PartnerGetPaymentStatus"))

    def queried_ids(self) -> list[str]:
        """The ids that Elsom was asked about, in that order."""
        calls = self.sandbox.control("GET", "calls?method=PartnerGetPaymentStatus")["items"]
        return [call["trn"] for call in calls]

    def elsom_says(self, trn: str, status: str) -> None:
        self.sandbox.control("POST", f"transactions/{trn}/status", {"status": status})

    def fault(self, method: str, fault: str, **more: Any) -> None:
        ordered = {"method": method, "fault": fault, "times": 1, **more}
        self.sandbox.control("POST", "faults", ordered)


def id_of(key: str) -> str:
    """The id of the payment that this key started."""
    return payment_id(STACK_ID, key)


@cache
def module(function: str) -> ModuleType:
    """A function's own file, made for the stack that runs."""
    return handlers.load(function)


@contextmanager
def running_stack(
    sandbox: SandboxProcess, services: Services, endpoints: Endpoints, **parameters: str
) -> Iterator[Stack]:
    """A stack with an empty table, gone at the end. `parameters` are environment variables."""
    name = f"stack-{next(_numbers)}"
    account = Account(a_secret())
    services.account = account
    sandbox.control("POST", "reset")
    environment = {
        "AWS_ENDPOINT_URL": endpoints.others,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoints.dynamodb,
        "AWS_DEFAULT_REGION": "us-east-1",
        "PAYMENTS_TABLE": name,
        "SECRET_ARN": "arn:aws:secretsmanager:us-east-1:111122223333:secret:elsom",
        "EVENT_BUS": "payments",
        "STACK_ID": STACK_ID,
        "ELSOM_INIT_URL": f"{sandbox.url}/init",
        "ELSOM_STATUS_URL": f"{sandbox.url}/status",
        "SANDBOX_MODE": "true",
        "PUBLIC_BASE_URL": BASE_URL,
        "SHOP_URL": "https://shop.example/",
        **{f"{queue.upper()}_QUEUE_URL": f"{services.url}/000000000000/{queue}"
           for queue in ("checks", "webhooks", "webhooks_dead_letter", "unpublished")},
        **parameters,
    }  # fmt: skip
    with ExitStack() as exits:
        exits.enter_context(patch.dict(os.environ, environment))
        # Fewer partitions to look through in each minute that a test lets go by.
        for home, shards in ((store_of_payments, "DUE_SHARDS"), (store_of_schedule, "DUE_SHARDS"),
                             (store_of_webhooks, "WEBHOOK_SHARDS")):  # fmt: skip
            exits.enter_context(patch.object(home, shards, 2))
        exits.enter_context(patch.object(metrics.provider, "namespace", "ElsomPayments"))
        # boto3 waits before it tries again; the clock stands still.
        exits.enter_context(patch("botocore.endpoint.time", Mock()))
        stream = Stream(endpoints.direct, name)
        client = _clients_of(endpoints)
        clients = {service: client(service) for service in SERVICES}
        services_of_stack = bootstrap.Services(from_environment(), client)
        exits.enter_context(patch.object(bootstrap, "services", lambda: services_of_stack))
        module.cache_clear()
        exits.callback(module.cache_clear)
        recorder = Recorder()
        exits.enter_context(recorder.tapped(clients))
        clock = exits.enter_context(time_machine.travel(NOW / 1000, tick=False))
        stack = Stack(sandbox, account, recorder, clock, stream, clients)
        exits.enter_context(patch.object(logger.registered_handler, "stream", stack.log))
        yield stack


def a_secret() -> Json:
    """What a filled-in secret holds."""
    return {
        "partnerCode": "00609",
        "password": PASSWORD,
        "merchantMsisdn": WALLET,
        "callbackToken": TOKEN,
        "previousCallbackToken": "",
        "pageSigningKeys": [PAGE_KEY],
        "webhookSecrets": [WEBHOOK_SECRET],
    }


@lru_cache(maxsize=1)
def _clients_of(_endpoints: Endpoints) -> Callable[[str], Any]:
    """The functions' own clients: made again for other endpoints, else kept as a warm process does.

    Making them takes longer than most of these tests.
    """
    aws.client.cache_clear()
    return aws.client
