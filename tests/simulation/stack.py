"""The stack: the real use cases and stores over simulated services, one method per function.

What each method does is what its handler does, less the events' envelopes.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any, Final
from unittest.mock import patch

import msgspec

from payments import check, deliver, due, notification, publish, triggers, unknown
from payments import republish as republishing
from payments import start as starting
from payments.answer_shop import check_now, resend_last_event
from payments.bus import EventBridgeBus
from payments.circuit import record_response
from payments.elsom.outcomes import Elsom
from payments.elsom.wire import Answered, Merchant, read_notification
from payments.errors import PaymentsError
from payments.http import Request
from payments.links import sign
from payments.merchant import MerchantVault
from payments.model import Answer, Asker, Payment, Policy
from payments.moments import DAY, HOUR, SECOND
from payments.pages import routes
from payments.pages.onward import Places
from payments.queue import CheckRequest, SqsChecksQueue, SqsQueue
from payments.shop_requests import PaymentRequest, parse_start
from payments.start import Started
from payments.store import payments as store_of_payments
from payments.store import table as store_of_tables
from payments.store.archive import ArchiveTable
from payments.store.cases import CaseTable
from payments.store.inbox import InboxTable, evidence_of, partition_of
from payments.store.payments import PaymentTable, payment_of
from payments.store.schedule import ScheduleTable
from payments.store.table import Table, to_item
from payments.store.webhooks import DeliveryTable
from payments.webhooks import Target
from tests.fakes.elsom import MERCHANT
from tests.fakes.world import POLICY, STACK_ID
from tests.simulation.dynamodb import Gate, Key, Lag, MemoryDynamoDB
from tests.simulation.faults import Faults
from tests.simulation.judge import Stored
from tests.simulation.sqs import Queue, SqsClient
from tests.simulation.stream import EventsClient
from tests.simulation.tasks import Loop

CONCURRENCY: Final = 5
WEBHOOK_CONCURRENCY: Final = 5
# Seconds that a function may run, as in the template.
TIMEOUTS: Final = {
    "start": 28, "callback": 10, "schedule": 50, "check": 20, "api": 20, "page": 20,
    "publish": 60, "deliver": 30, "operator": 3_600,
}  # fmt: skip
SHOP_WEBHOOK: Final = "http://127.0.0.1:9/elsom"
KEY: Final = "page-signing-key"
SECRET: Final = msgspec.json.encode(
    {
        "partnerCode": MERCHANT.partner_code,
        "password": MERCHANT.password,
        "merchantMsisdn": MERCHANT.msisdn,
        "callbackToken": "token",
        "pageSigningKeys": [KEY],
        "webhookSecrets": ["whsec_c2ltdWxhdGlvbi1vZi1wYXltZW50cw=="],
    }
).decode()

Post = Callable[[Target, str, str, Mapping[str, str]], int]


@dataclass
class Parts:
    """The use cases that a test may replace, to see that it is noticed."""

    start_payment: Callable[..., Started] = starting.start_payment
    receive_notification: Callable[..., notification.Received] = notification.receive_notification
    check_from_queue: Callable[..., check.Checked] = triggers.check_from_queue


@dataclass
class Stack:
    """Every collaborator, made of the real classes over simulated clients."""

    loop: Loop
    gate: Gate
    lag: Lag
    faults: Faults
    rng: Random
    elsom: Elsom
    post: Post
    policy: Policy = POLICY
    rough_backlog: bool = False
    parts: Parts = field(default_factory=Parts)

    def __post_init__(self) -> None:
        clock = self.loop.clock
        queue = partial(Queue, loop=self.loop, faults=self.faults)
        self.checks = queue("checks", visibility=110 * SECOND, retention=4 * HOUR)
        self.webhooks = queue("webhooks", visibility=180 * SECOND, retention=14 * DAY)
        self.dead_webhooks = queue("dead-webhooks", visibility=SECOND, retention=14 * DAY)
        self.unpublished = queue("unpublished", visibility=SECOND, retention=14 * DAY)
        others = (self.dead_webhooks, self.unpublished)
        queues = (self.checks, self.webhooks, *others)
        sqs = SqsClient(self.gate, self.faults, *queues, rough=self.rough_backlog)
        self.dynamodb = MemoryDynamoDB(self.gate, self.loop.true_time, self.lag)
        self.events = EventsClient(self.gate, self.faults, self.loop, self.webhooks)
        table = Table(self.dynamodb, "payments")
        self.payments = PaymentTable(table)
        self.inbox = InboxTable(table)
        self.schedule = ScheduleTable(table)
        self.archive = ArchiveTable(table)
        self.cases = CaseTable(table)
        self.deliveries = DeliveryTable(table)
        self.bus = EventBridgeBus(self.events, "payments")
        self.checks_queue = SqsChecksQueue(sqs, "checks")
        self.webhooks_queue = SqsQueue(sqs, "webhooks")
        self.dead_webhooks_queue = SqsQueue(sqs, "dead-webhooks")
        self.unpublished_queue = SqsQueue(sqs, "unpublished")
        self.vault = MerchantVault(self._read_secret, clock)

    # ------------------------------------------------------------ the functions

    def start_function(self, key: str, body: bytes) -> Started:
        """`POST /payments`; raises what the handler turns into a problem."""
        return self.start(*parse_start(key, body, ()))

    def start(self, key: str, request: PaymentRequest) -> Started:
        """The same, once the request is read."""
        secret = self.vault.get()
        secret.signing_key()
        return self.parts.start_payment(
            request,
            key,
            starting.Starting(
                payments=self.payments,
                elsom=self.elsom,
                merchant=secret.elsom,
                policy=self.policy,
                clock=self.loop.clock,
                stack_id=STACK_ID,
                seconds_left=self._seconds_left,
            ),
        )

    def callback_function(self, body: bytes) -> int:
        """`POST /elsom/{token}`; the HTTP status."""
        if not self.vault.knows_token("token"):
            return 404
        parsed = read_notification(body)
        if parsed is None:
            return 400
        receiving = notification.Receiving(
            payments=self.payments,
            inbox=self.inbox,
            queue=self.checks_queue,
            clock=self.loop.clock,
        )
        try:
            self.parts.receive_notification(parsed, body, "192.0.2.1", receiving)
        except PaymentsError:
            return 503
        return 200

    def schedule_function(self) -> None:
        """Every minute."""
        due.send_due_checks(
            due.Sending(
                schedule=self.schedule,
                queue=self.checks_queue,
                clock=self.loop.clock,
                concurrency=CONCURRENCY,
            )
        )
        due.send_due_webhooks(
            due.SendingWebhooks(
                deliveries=self.deliveries, queue=self.webhooks_queue, clock=self.loop.clock
            )
        )

    def check_function(self, body: str) -> str:
        """One message of the checks queue; how it went. Raises when it has to come again."""
        request = msgspec.json.decode(body, type=CheckRequest)
        if request.reason == "unknown":
            asked = unknown.ask_about_unknown(request.id, self.checking())
            return "unknown asked" if asked else "unknown left"
        checked = self.parts.check_from_queue(request, self.checking())
        if checked.result is check.Result.UNKNOWN_ID:
            unknown.note_unknown(request.id, self.checking())
        return str(checked.result)

    def publish_function(self, records: list[Mapping[str, Any]]) -> publish.Published:
        """A batch of the stream; raises to get it again."""
        return publish.publish_records(
            records,
            publish.Publishing(
                bus=self.bus,
                cases=self.cases,
                payments=self.payments,
                aside=self.unpublished_queue,
                report_unknown=True,
            ),
        )

    def deliver_function(self, body: str) -> str | None:
        """One message of the webhooks queue; how it went, or None: it comes again."""
        delivering = deliver.Delivering(
            deliveries=self.deliveries,
            queue=self.webhooks_queue,
            dead_letters=self.dead_webhooks_queue,
            post=self.post,
            resolve=lambda _target: ["127.0.0.1"],
            secrets=lambda: self.vault.get().webhook_secrets,
            url=SHOP_WEBHOOK,
            sandbox=True,
            clock=self.loop.clock,
        )
        try:
            return str(deliver.deliver_message(body, delivering).outcome)
        except PaymentsError:
            return None

    def page_function(self, payment_id: str, returns: bool) -> dict[str, Any]:
        """The customer comes back (`GET /return/{id}`), or the page's script asks its status."""
        request = Request(
            method="GET",
            resource="/return/{id}/status",
            path_parameters={"id": payment_id},
            query={"s": sign("page", payment_id, KEY)},
            headers={},
            cookies={},
            body=b"",
            source_ip="192.0.2.2",
            request_id="1",
            base_url="https://api.example/v1",
        )
        pages = routes.Pages(
            payments=self.payments,
            vault=self.vault,
            places=Places(),
            checking=self.checking,
            clock=self.loop.clock,
        )
        if returns:
            shown = routes.show_result(request, pages)["body"]
            return {"status": shown.partition('data-status="')[2].partition('"')[0]}
        answer: dict[str, Any] = msgspec.json.decode(routes.tell_status(request, pages)["body"])
        return answer

    def shop_check_function(self, payment_id: str) -> Payment:
        """`POST /payments/{id}/check`; raises what the handler turns into a problem."""
        return check_now(payment_id, self.checking())

    def resend_function(self, payment_id: str) -> None:
        """`POST /payments/{id}/resend`; raises what the handler turns into a problem."""
        resend_last_event(payment_id, self.payments, self.deliveries, self.bus)

    def republish_function(self, first: int, last: int) -> None:
        """The operator's command; raises when it has to be run again."""
        done = republishing.republish(
            first,
            last,
            republishing.Republishing(
                archive=self.archive,
                payments=self.payments,
                cases=self.cases,
                deliveries=self.deliveries,
                bus=self.bus,
                lookback=self.policy.give_up + 7 * DAY,
                report_unknown=True,
            ),
        )
        assert not done.refused

    def another_payment_is_answered(self) -> None:
        """Elsom is well, and tells the status of a payment that is not looked at here."""
        circuit = self.schedule.circuit()
        in_progress = Answered(Answer.IN_PROGRESS)
        record_response(in_progress, "0" * 20, circuit, self.loop.clock(), self.schedule)

    # ------------------------------------------------------------ what is stored

    def stored(self) -> Stored:
        """What the table holds, for whoever judges it."""
        items = [to_item(image) for image in self.dynamodb.images.values()]
        payments = tuple(payment_of(item) for item in items if item["kind"] == "payment")
        cases = (item for item in items if item["kind"] == "case")
        return Stored(
            payments=payments,
            cases=tuple((item["caseKind"], item["paymentId"], item["pk"]) for item in cases),
            queries={payment.id: payment.questions for payment in payments},
        )

    def keeps(self, trn: str, body: bytes) -> bool:
        """Whether a notification is in the table."""
        key: Key = (partition_of(trn), evidence_of(body).sort_key)
        return key in self.dynamodb.images

    # ------------------------------------------------------------ collaborators

    def check_as(self, payment_id: str, asker: Asker) -> check.Checked:
        """A check by anybody."""
        return check.check_payment(payment_id, asker, self.checking())

    def checking(self) -> check.Checking:
        return check.Checking(
            payments=self.payments,
            inbox=self.inbox,
            schedule=self.schedule,
            elsom=self.elsom,
            queue=self.checks_queue,
            merchant=self._merchant,
            policy=self.policy,
            clock=self.loop.clock,
            jitter=self.rng.random,
        )

    def _merchant(self) -> Merchant:
        return self.vault.get().elsom()

    def _seconds_left(self) -> float:
        task = self.loop.task
        return (task.deadline - self.loop.now) / SECOND if task and task.deadline else 28.0

    def _read_secret(self) -> str:
        return self.gate.call("secretsmanager", "GetSecretValue", lambda: SECRET)


class _Tokens:
    """Write tokens that a seed decides, in place of the machine's random ones."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def token_hex(self, size: int) -> str:
        return self._rng.randbytes(size).hex()


@contextmanager
def seeded_tokens(rng: Random) -> Iterator[None]:
    """Within it, nothing in the store is drawn but from the seed, and items are read quickly."""
    with (
        patch.object(store_of_payments, "secrets", _Tokens(rng)),
        patch.object(store_of_tables, "_deserialize", read_value),
    ):
        yield


def read_value(value: dict[str, Any]) -> Any:
    """What boto3's deserializer makes of an attribute of ours: a third of a run went into that."""
    ((kind, inner),) = value.items()
    match kind:
        case "S" | "BOOL":
            return inner
        case "N":
            return int(inner)
        case "M":
            return {name: read_value(one) for name, one in inner.items()}
        case "L":
            return [read_value(one) for one in inner]
    raise ValueError(kind)
