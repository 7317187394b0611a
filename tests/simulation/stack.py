"""The stack: the real use cases and stores over simulated services, one method per function.

What each method does is what its handler does, less the events' envelopes.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from random import Random
from typing import Any, Final
from unittest.mock import patch

import msgspec

from payments.api.payments import check_now, resend_last_event
from payments.aws.api_gateway import Request
from payments.aws.queues import CheckRequest
from payments.bootstrap import Services
from payments.domain.clock import DAY, HOUR, MINUTE, SECOND
from payments.domain.errors import PaymentsError
from payments.domain.payment import ElsomStatus, Payment, Policy, Trigger
from payments.domain.payment_request import PaymentRequest, parse_start
from payments.domain.signed_urls import sign
from payments.elsom.gateway import Elsom
from payments.elsom.protocol import Answered, read_notification
from payments.pages import routes
from payments.settings import Settings
from payments.store import payments as store_of_payments
from payments.store.inbox import evidence_of, partition_of
from payments.store.payments import payment_of
from payments.use_cases import (
    check_payment,
    check_unknown_id,
    deliver_webhook,
    publish_events,
    query_payment,
    schedule_checks,
)
from payments.use_cases import receive_notification as notification
from payments.use_cases import republish_events as republishing
from payments.use_cases import start_payment as starting
from payments.use_cases.query_payment import save_response
from payments.use_cases.start_payment import StartResult
from payments.webhooks.rules import Target
from tests.fakes.elsom import MERCHANT
from tests.fakes.world import POLICY, STACK_ID
from tests.simulation.dynamodb import Gate, Key, Lag, MemoryDynamoDB
from tests.simulation.faults import Faults
from tests.simulation.images import read_quickly, to_item
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


class _Settings(Settings, frozen=True, dict=True):
    """The stack's parameters, each world's read once."""

    @cached_property
    def policy(self) -> Policy:
        return super().policy


def settings_of(policy: Policy) -> Settings:
    """The stack's parameters; queues are named by their URLs."""
    return _Settings(
        check_ladder_seconds=_in_seconds(policy.ladder),
        late_check_seconds=_in_seconds(policy.late_ladder),
        payment_lifetime_minutes=policy.lifetime // MINUTE,
        give_up_after_hours=policy.give_up // HOUR,
        elsom_max_concurrency=CONCURRENCY,
        payments_table="payments",
        checks_queue_url="checks",
        webhooks_queue_url="webhooks",
        webhooks_dead_letter_queue_url="dead-webhooks",
        unpublished_queue_url="unpublished",
        event_bus="payments",
        shop_webhook_url=SHOP_WEBHOOK,
        sandbox_mode=True,
        stack_id=STACK_ID,
    )


def _in_seconds(ladder: tuple[int, ...]) -> str:
    return ",".join(str(step // SECOND) for step in ladder)


class SecretsClient:
    """The one call of boto3's client that reads the merchant's secret."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def get_secret_value(self, **_: str) -> dict[str, str]:
        return self._gate.call("secretsmanager", "GetSecretValue", lambda: {"SecretString": SECRET})


@dataclass
class Parts:
    """The use cases that a test may replace, to see that it is noticed."""

    start_payment: Callable[..., StartResult] = starting.start_payment
    receive_notification: Callable[..., notification.ReceiveResult] = (
        notification.receive_notification
    )
    check_from_queue: Callable[..., query_payment.CheckResult] = check_payment.check_from_queue


class Stack(Services):
    """Every collaborator, made of the real classes over simulated clients."""

    def __init__(
        self,
        *,
        loop: Loop,
        gate: Gate,
        lag: Lag,
        faults: Faults,
        rng: Random,
        elsom: Elsom,
        post: Post,
        policy: Policy = POLICY,
        rough_backlog: bool = False,
        parts: Parts | None = None,
    ) -> None:
        self.loop = loop
        self.gate = gate
        self.parts = parts or Parts()
        self._post = post
        queue = partial(Queue, loop=loop, faults=faults)
        self.checks = queue("checks", visibility=110 * SECOND, retention=4 * HOUR)
        self.webhooks = queue("webhooks", visibility=180 * SECOND, retention=14 * DAY)
        self.dead_webhooks = queue("dead-webhooks", visibility=SECOND, retention=14 * DAY)
        self.unpublished = queue("unpublished", visibility=SECOND, retention=14 * DAY)
        others = (self.dead_webhooks, self.unpublished)
        queues = (self.checks, self.webhooks, *others)
        sqs = SqsClient(gate, faults, *queues, rough=rough_backlog)
        self.dynamodb = MemoryDynamoDB(gate, loop.true_time, lag)
        self.events = EventsClient(gate, faults, loop, self.webhooks)
        clients = {
            "dynamodb": self.dynamodb,
            "sqs": sqs,
            "events": self.events,
            "secretsmanager": SecretsClient(gate),
        }
        super().__init__(settings_of(policy), clients.__getitem__, loop.clock, rng.random)
        self.elsom = elsom

    # ------------------------------------------------------------ the functions

    def start_function(self, key: str, body: bytes) -> StartResult:
        """`POST /payments`; raises what the handler turns into a problem."""
        return self.start(*parse_start(key, body, ()))

    def start(self, key: str, request: PaymentRequest) -> StartResult:
        """The same, once the request is read."""
        self.merchant_secret.get().signing_key()
        return self.parts.start_payment(request, key, self._seconds_left, self.start_deps())

    def callback_function(self, body: bytes) -> int:
        """`POST /elsom/{token}`; the HTTP status."""
        if not self.merchant_secret.knows_token("token"):
            return 404
        parsed = read_notification(body)
        if parsed is None:
            return 400
        try:
            self.parts.receive_notification(parsed, body, "192.0.2.1", self.receive_deps())
        except PaymentsError:
            return 503
        return 200

    def schedule_function(self) -> None:
        """Every minute."""
        schedule_checks.send_due_checks(self.schedule_deps())
        schedule_checks.send_due_webhooks(self.schedule_webhooks_deps())

    def check_function(self, body: str) -> str:
        """One message of the checks queue; how it went. Raises when it has to come again."""
        request = msgspec.json.decode(body, type=CheckRequest)
        if request.reason == "unknown":
            queried = check_unknown_id.query_unknown_id(request.id, self.check_deps())
            return "unknown asked" if queried else "unknown left"
        checked = self.parts.check_from_queue(request, self.check_deps())
        if checked.result is query_payment.Result.UNKNOWN_ID:
            check_unknown_id.note_unknown(request.id, self.check_deps())
        return str(checked.result)

    def publish_function(self, records: list[Mapping[str, Any]]) -> publish_events.PublishResult:
        """A batch of the stream; raises to get it again."""
        return publish_events.publish_records(records, self.publish_deps())

    def deliver_function(self, body: str) -> str | None:
        """One message of the webhooks queue; how it went, or None: it comes again."""
        delivering = self.deliver_deps()
        try:
            return str(deliver_webhook.deliver_message(body, delivering).outcome)
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
        pages = self.page_deps()
        if returns:
            shown = routes.show_result(request, pages)["body"]
            return {"status": shown.partition('data-status="')[2].partition('"')[0]}
        answer: dict[str, Any] = msgspec.json.decode(routes.show_status(request, pages)["body"])
        return answer

    def shop_check_function(self, payment_id: str) -> Payment:
        """`POST /payments/{id}/check`; raises what the handler turns into a problem."""
        return check_now(payment_id, self.check_deps())

    def resend_function(self, payment_id: str) -> None:
        """`POST /payments/{id}/resend`; raises what the handler turns into a problem."""
        resend_last_event(payment_id, self.payments, self.deliveries, self.bus)

    def republish_function(self, first: int, last: int) -> None:
        """The operator's command; raises when it has to be run again."""
        lookback = self.settings.policy.give_up + 7 * DAY
        done = republishing.republish(first, last, self.republish_deps(lookback))
        assert not done.refused

    def another_payment_is_answered(self) -> None:
        """Elsom is well, and tells the status of a payment that is not looked at here."""
        circuit = self.schedule.circuit()
        in_progress = Answered(ElsomStatus.IN_PROGRESS)
        save_response(in_progress, "0" * 20, circuit, self.loop.clock(), self.schedule)

    # ------------------------------------------------------------ what is stored

    def stored(self) -> Stored:
        """What the table holds, for whoever judges it."""
        items = [to_item(image) for image in self.dynamodb.images.values()]
        payments = tuple(payment_of(item) for item in items if item["kind"] == "payment")
        cases = (item for item in items if item["kind"] == "case")
        return Stored(
            payments=payments,
            cases=tuple((item["caseKind"], item["paymentId"], item["pk"]) for item in cases),
            queries={payment.id: payment.queries for payment in payments},
        )

    def keeps(self, trn: str, body: bytes) -> bool:
        """Whether a notification is in the table."""
        key: Key = (partition_of(trn), evidence_of(body).sort_key)
        return key in self.dynamodb.images

    # ------------------------------------------------------------ collaborators

    def check_as(self, payment_id: str, trigger: Trigger) -> query_payment.CheckResult:
        """A check by anybody."""
        return query_payment.query_payment(payment_id, trigger, self.check_deps())

    def post(self, target: Target, address: str, payload: str, headers: Mapping[str, str]) -> int:
        return self._post(target, address, payload, headers)

    def resolve(self, _target: Target) -> list[str]:
        return ["127.0.0.1"]

    def _seconds_left(self) -> float:
        task = self.loop.task
        return (task.deadline - self.loop.now) / SECOND if task and task.deadline else 28.0


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
        read_quickly(),
    ):
        yield
