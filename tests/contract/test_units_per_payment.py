"""What a payment costs in DynamoDB, counted by AWS's own DynamoDB."""

from collections.abc import Callable
from typing import Any

import pytest

from payments.domain.clock import MINUTE, SECOND
from payments.domain.payment import Status, Trigger
from payments.domain.payment_request import PaymentRequest
from payments.elsom.protocol import read_notification
from payments.use_cases.check_payment import check_from_queue
from payments.use_cases.query_payment import CheckDeps, Result, query_payment
from payments.use_cases.receive_notification import ReceiveDeps, receive_notification
from payments.use_cases.start_payment import StartDeps, start_payment
from tests.contract.stores import DynamoStores
from tests.fakes.elsom import MERCHANT, PAID, FakeElsom
from tests.fakes.memory import MemoryQueue
from tests.fakes.world import POLICY, STACK_ID, ManualClock

pytestmark = pytest.mark.needs("java", "npm")

READS = ("GetItem", "Query", "BatchGetItem")
# As long as Elsom's page and the example notification of the document are.
REQUEST = PaymentRequest(
    amount="1500.00", order_id="A-1001", customer_msisdn="0556109910", description="Two tickets"
)


class Meter:
    """Counts capacity units, table and indexes together, step by step."""

    def __init__(self, client: Any) -> None:
        self.steps: list[tuple[str, float, float]] = []
        self._reads = self._writes = 0.0
        self._events = client.meta.events
        self._events.register("provide-client-params.dynamodb", _request_units)
        self._events.register("after-call.dynamodb", self._count)

    def stop(self) -> None:
        """Count no more."""
        self._events.unregister("after-call.dynamodb", self._count)

    def measure[Result](self, name: str, step: Callable[[], Result]) -> Result:
        self._reads = self._writes = 0.0
        result = step()
        self.steps.append((name, self._writes, self._reads))
        return result

    def _count(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        consumed = parsed["ConsumedCapacity"]
        each = (
            consumed if isinstance(consumed, list) else [consumed]
        )  # a batch may meet many tables
        units = sum(one["CapacityUnits"] for one in each)
        if model.name in READS:
            self._reads += units
        else:
            self._writes += units

    def report(self) -> tuple[float, float]:
        """Print every step; the sums of write and read units."""
        for name, writes, reads in self.steps:
            print(f"{name:<28}{writes:>5.1f} write units{reads:>6.1f} read units")
        writes = sum(step[1] for step in self.steps)
        reads = sum(step[2] for step in self.steps)
        print(f"{'together':<28}{writes:>5.1f} write units{reads:>6.1f} read units")
        return writes, reads


def _request_units(params: dict[str, Any], **_: Any) -> None:
    params["ReturnConsumedCapacity"] = "INDEXES"


class Shop:
    """One payment's way over the real table, with Elsom and the queue in memory."""

    def __init__(self, stores: DynamoStores) -> None:
        self.stores = stores
        self.clock = ManualClock()
        self.elsom = FakeElsom()
        self.queue = MemoryQueue(self.clock)
        self.meter = Meter(stores.client)

    def start(self, key: str = "order-1") -> str:
        deps = StartDeps(
            payments=self.stores.payments,
            elsom=self.elsom,
            merchant=lambda: MERCHANT,
            policy=POLICY,
            clock=self.clock,
            stack_id=STACK_ID,
            signing_keys=lambda: ("page-signing-key",),
        )
        return start_payment(REQUEST, key, lambda: 28.0, deps).payment.id

    def notify(self, payment_id: str) -> None:
        body = (
            '{"PartnerPaymentResult": {"CultureInfo": "ru-Ru", "MSISDN": "0555150155", '
            f'"PartnerTrnID": "{payment_id}", "PSPTTrnID": "PSP123456", "PaymentStatus": "A", '
            '"Message": "Платеж прошел успешно", "CashierNo": "123456", "ChequeNo": "123456"}}'
        ).encode()
        notification = read_notification(body)
        assert notification is not None
        deps = ReceiveDeps(
            payments=self.stores.payments,
            inbox=self.stores.inbox,
            queue=self.queue,
            clock=self.clock,
        )
        receive_notification(notification, body, "203.0.113.5", deps)

    def checking(self) -> CheckDeps:
        return CheckDeps(
            payments=self.stores.payments,
            inbox=self.stores.inbox,
            schedule=self.stores.schedule,
            elsom=self.elsom,
            queue=self.queue,
            merchant=lambda: MERCHANT,
            policy=POLICY,
            clock=self.clock,
            jitter=lambda: 0.0,
        )

    def serve(self) -> None:
        request = self.queue.take()
        assert request is not None
        checked = check_from_queue(request, self.checking())
        assert checked.payment is not None
        assert checked.payment.status is Status.PAID


def test_a_paid_payment_costs_at_most_ten_writes_and_four_reads(local: DynamoStores) -> None:
    shop = Shop(local)
    payment_id = shop.meter.measure("start, until pending", shop.start)
    shop.clock.advance(40 * SECOND)
    shop.elsom.answers(PAID)
    shop.meter.measure("notification", lambda: shop.notify(payment_id))
    shop.meter.measure("claim, question, paid", shop.serve)
    writes, reads = shop.meter.report()
    assert writes <= 10
    assert reads <= 4


def test_an_unchanged_scheduled_check_costs_at_most_three_writes(local: DynamoStores) -> None:
    """Besides, all payments together write once in ten minutes that Elsom tells statuses."""
    shop = Shop(local)
    payment_id, other = shop.start(), shop.start("order-2")
    shop.clock.advance(MINUTE)
    for number in range(3):
        query_payment(other, Trigger.SCHEDULE, shop.checking())
        result = shop.meter.measure(
            f"unchanged check {number + 1}",
            lambda: query_payment(payment_id, Trigger.SCHEDULE, shop.checking()).result,
        )
        assert result is Result.ANSWERED
        shop.clock.advance(5 * MINUTE)
    shop.meter.report()
    assert all(writes <= 3 and reads <= 1.5 for _, writes, reads in shop.meter.steps)


def test_a_minute_with_nothing_due_writes_nothing(local: DynamoStores) -> None:
    shop = Shop(local)
    shop.start()
    shop.meter.measure("look for what is due", lambda: local.schedule.due(shop.clock(), 600))
    writes, reads = shop.meter.report()
    assert writes == 0
    assert reads <= 8
