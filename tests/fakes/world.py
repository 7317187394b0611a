"""A stack without AWS: the use cases over the store in memory, with a clock that tests move."""

from collections.abc import Callable
from typing import Any

from payments.domain.clock import DAY, HOUR, MINUTE, SECOND
from payments.domain.errors import NotConfigured, StoreUnavailable
from payments.domain.payment import Payment, Policy, Trigger
from payments.domain.payment_request import PaymentRequest
from payments.elsom.protocol import Merchant, read_notification
from payments.use_cases.check_payment import check_from_queue
from payments.use_cases.query_payment import CheckDeps, CheckResult, query_payment
from payments.use_cases.receive_notification import ReceiveDeps, receive_notification
from payments.use_cases.schedule_checks import ScheduleDeps
from payments.use_cases.start_payment import StartDeps, StartResult, payment_id, start_payment
from tests.fakes.elsom import MERCHANT, FakeElsom
from tests.fakes.memory import MemoryPayments, MemoryQueue, MemoryStore

NOW = 1_795_500_000_000  # 2026-11-24, within the day
STACK_ID = "arn:aws:cloudformation:eu-central-1:111122223333:stack/elsom-payments/11f0"
POLICY = Policy(
    ladder=tuple(seconds * SECOND for seconds in (60, 120, 300, 300, 300, 600, 1800)),
    late_ladder=(HOUR, DAY, DAY),
    lifetime=60 * MINUTE,
    give_up=120 * HOUR,
)


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self, now: int = NOW) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, milliseconds: int) -> int:
        self.now += milliseconds
        return self.now


class FaultyPayments:
    """A store of payments that fails on demand.

    `refuse`   that many writes fail and leave nothing
    `before_save`   runs before a write: where another writer comes first, or time passes
    `before_get`    runs before a read
    """

    def __init__(self, inner: MemoryPayments) -> None:
        self.inner = inner
        self.refuse = 0
        self.before_save: Callable[[], object] | None = None
        self.before_get: Callable[[], object] | None = None

    def insert(self, payment: Payment) -> None:
        self._fail()
        self.inner.insert(payment)

    def get(self, payment_id: str) -> Payment | None:
        if self.before_get is not None:
            happening, self.before_get = self.before_get, None
            happening()
        return self.inner.get(payment_id)

    def save(self, before: Payment, after: Payment) -> Payment:
        self._fail()
        if self.before_save is not None:
            rival, self.before_save = self.before_save, None
            rival()
        return self.inner.save(before, after)

    def of_order(self, order_id: str) -> list[Payment]:
        return self.inner.of_order(order_id)

    def _fail(self) -> None:
        if self.refuse:
            self.refuse -= 1
            raise StoreUnavailable("DynamoDB: ThrottlingException")


class World:
    """Everything the use cases work with, in one place."""

    def __init__(self, policy: Policy = POLICY) -> None:
        self.policy = policy
        self.clock = ManualClock()
        self.store = MemoryStore()
        self.payments = FaultyPayments(self.store.payments)
        self.queue = MemoryQueue(self.clock)
        self.elsom = FakeElsom()
        self.seconds_left = 28.0
        self.jitter = 0.0
        self.configured = True
        self.signing_keys: tuple[str, ...] = ("page-key-1",)

    def merchant(self) -> Merchant:
        if not self.configured:
            raise NotConfigured("not filled in")
        return MERCHANT

    def starting(self) -> StartDeps:
        return StartDeps(
            payments=self.payments,
            elsom=self.elsom,
            merchant=self.merchant,
            policy=self.policy,
            clock=self.clock,
            stack_id=STACK_ID,
            signing_keys=lambda: self.signing_keys,
        )

    def checking(self) -> CheckDeps:
        return CheckDeps(
            payments=self.payments,
            inbox=self.store.inbox,
            schedule=self.store.schedule,
            elsom=self.elsom,
            queue=self.queue,
            merchant=self.merchant,
            policy=self.policy,
            clock=self.clock,
            jitter=lambda: self.jitter,
        )

    def receiving(self) -> ReceiveDeps:
        return ReceiveDeps(
            payments=self.payments, inbox=self.store.inbox, queue=self.queue, clock=self.clock
        )

    def sending(self, concurrency: int = 5) -> ScheduleDeps:
        return ScheduleDeps(
            schedule=self.store.schedule,
            queue=self.queue,
            clock=self.clock,
            concurrency=concurrency,
        )

    def start(self, key: str = "order-1", **fields: Any) -> StartResult:
        wanted: dict[str, Any] = {"amount": "1500.00", "order_id": "A-1001", **fields}
        return start_payment(
            PaymentRequest(**wanted), key, lambda: self.seconds_left, self.starting()
        )

    def stored(self, key: str = "order-1") -> Payment:
        return self.store.payments.items[payment_id(STACK_ID, key)]

    def put(self, payment: Payment) -> Payment:
        """Keep a payment as it is."""
        self.store.payments.insert(payment)
        return payment

    def notify(self, trn_id: str, status: str = "A", transaction_id: str = "PSP1") -> None:
        body = (
            f'{{"PartnerPaymentResult": {{"PartnerTrnID": "{trn_id}", '
            f'"PSPTTrnID": "{transaction_id}", "PaymentStatus": "{status}"}}}}'
        ).encode()
        notification = read_notification(body)
        assert notification is not None
        receive_notification(notification, body, "192.0.2.1", self.receiving())

    def check(self, identifier: str, trigger: Trigger = Trigger.SHOP) -> CheckResult:
        return query_payment(identifier, trigger, self.checking())

    def serve(self) -> CheckResult:
        """Serve the next message of the queue that can be seen."""
        request = self.queue.take()
        assert request is not None, "no message can be seen"
        return check_from_queue(request, self.checking())
