"""DynamoDB's units of a payment, step by step, and what else a payment asks of AWS and Elsom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from payments.domain.clock import MINUTE, SECOND
from payments.domain.payment import Status, Trigger
from payments.store.cases import CaseTable
from payments.store.payments import PaymentTable, item_of
from payments.store.webhooks import DeliveryTable
from payments.use_cases.publish_events import PublishDeps, publish_records
from payments.use_cases.query_payment import Result, query_payment
from tests.bench.report import Row, Section, at_most
from tests.contract.stores import DynamoStores
from tests.contract.test_units_per_payment import Meter, Shop
from tests.fakes.delivery import MemoryBus, MemoryTexts, record
from tests.fakes.elsom import IN_PROGRESS, PAID, TIMED_OUT

type Units = tuple[float, float]

WRITES_AIM: Final = 10
READS_AIM: Final = 4
UNCHANGED_AIM: Final = 3
METHOD: Final = (
    "Capacity units of table and indexes together, as AWS's own DynamoDB Local counts them for the"
    " store's own code; the payment has an order, a wallet, a description and a page of"
    " Elsom's, and"
    " stays under 1 KB. Elsom is asked by the default ladder. An abandoned payment is one"
    " that Elsom"
    " calls in progress for an hour and then timed out."
)


@dataclass(frozen=True)
class Counted:
    """What one payment needs: units written and read, questions to Elsom, changes that are told.

    `records` are the payment's writes, each of which the stream hands to the publisher.
    """

    writes: float
    reads: float
    queries: int
    reported: int
    records: int


@dataclass(frozen=True)
class Ways:
    """A paid and an abandoned payment, the steps of the first, and single steps."""

    paid: Counted
    abandoned: Counted
    steps: list[tuple[str, float, float]]
    indexes: Mapping[str, float]
    """Units that the paid payment writes to each index."""
    unchanged: Units
    publish: Units
    webhook: Units
    page: Units
    idle_minute: Units
    """As AWS counts: a Query that finds nothing is half a unit there, nothing in DynamoDB Local."""


def count(empty: Callable[[], DynamoStores]) -> Ways:
    """Take payments their ways, each over an empty table."""
    paid, steps, indexes = _paid(Shop(empty()))
    abandoned, unchanged = _abandoned(Shop(empty()))
    return Ways(paid, abandoned, steps, indexes, unchanged, *_delivery(empty()), _idle(empty()))


def _paid(shop: Shop) -> tuple[Counted, list[tuple[str, float, float]], dict[str, float]]:
    meter = shop.meter
    indexes = writes_by_index(shop.stores.client)
    payment_id = meter.measure("start, until pending", shop.start)
    shop.clock.advance(40 * SECOND)
    shop.elsom.answers(PAID)
    meter.measure("notification", lambda: shop.notify(payment_id))
    meter.measure("claim, question, paid", shop.serve)
    payment = shop.stores.payments.get(payment_id)
    assert payment is not None
    writes = sum(step[1] for step in meter.steps)
    reads = sum(step[2] for step in meter.steps)
    counted = Counted(writes, reads, len(shop.elsom.queries), 2, payment.version)
    return counted, meter.steps, dict(indexes)


def _abandoned(shop: Shop) -> tuple[Counted, Units]:
    """Until nothing is due any more; and what the dearest unchanged check costs.

    Without the one write in ten minutes that all payments share: that Elsom responds with a status.
    """
    shop.elsom.answers(IN_PROGRESS)
    payment_id = shop.meter.measure("start", shop.start)
    began = shop.clock()
    payment = shop.stores.payments.get(payment_id)
    unchanged: list[Units] = []
    while payment is not None and payment.next_check_at is not None:
        shop.clock.now = max(shop.clock.now, payment.next_check_at)
        if shop.clock() - began >= 60 * MINUTE:
            shop.elsom.answers(TIMED_OUT)
        before, proof = payment.status, shop.stores.schedule.circuit()
        checked = shop.meter.measure(
            "check", lambda: query_payment(payment_id, Trigger.SCHEDULE, shop.checking())
        )
        assert checked.result is Result.ANSWERED
        payment = shop.stores.payments.get(payment_id)
        shared = shop.stores.schedule.circuit() != proof
        if payment is not None and payment.status is before is Status.PENDING and not shared:
            unchanged.append(shop.meter.steps[-1][1:])
    assert payment is not None
    writes = sum(step[1] for step in shop.meter.steps)
    reads = sum(step[2] for step in shop.meter.steps)
    counted = Counted(writes, reads, len(shop.elsom.queries), 2, payment.version)
    return counted, max(unchanged)


def _delivery(stores: DynamoStores) -> tuple[Units, Units, Units]:
    """The publisher at `paid`, one webhook that is taken at once, and one page."""
    shop = Shop(stores)
    meter = shop.meter
    payment = stores.payments.get(shop.start())
    assert payment is not None
    publishing = PublishDeps(
        bus=MemoryBus(),
        cases=CaseTable(stores.table),
        payments=PaymentTable(stores.table),
        unpublished=MemoryTexts(shop.clock),
        report_unknown=True,
    )
    after = {**item_of(payment), "status": Status.PAID, "paidAt": payment.created_at}
    change = record(item_of(payment), after)
    published = meter.measure("publish", lambda: publish_records([change], publishing))
    assert (published.events, published.unpublished) == (1, 0)
    meter.measure("webhook", lambda: DeliveryTable(stores.table).get("none"))
    meter.measure("page", lambda: stores.payments.get(payment.id))
    publish, webhook, page = (step[1:] for step in meter.steps)
    return publish, webhook, page


def _idle(stores: DynamoStores) -> Units:
    """A minute of the schedule in which nothing is due."""
    meter = Meter(stores.client)
    queries = count_calls(stores.client, "Query")

    def turn() -> None:
        stores.schedule.circuit()
        stores.schedule.due(0, 600)
        stores.schedule.due_unknown(0, 55)
        DeliveryTable(stores.table).due(0, 600)
        CaseTable(stores.table).count_open()

    meter.measure("minute", turn)
    _, writes, reads = meter.steps[0]
    return writes, reads + len(queries) / 2


def writes_by_index(client: Any) -> Counter[str]:
    """Units written to each index from now on, once a Meter asks for them."""
    written = Counter[str]()

    def add(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name in {"PutItem", "UpdateItem"}:
            indexes = parsed["ConsumedCapacity"].get("GlobalSecondaryIndexes", {})
            for name, consumed in indexes.items():
                written[name] += consumed["CapacityUnits"]

    client.meta.events.register("after-call.dynamodb", add)
    return written


def count_calls(client: Any, operation: str) -> list[str]:
    """A list that grows by one with every such call."""
    made: list[str] = []
    event = f"before-call.dynamodb.{operation}"
    client.meta.events.register(event, lambda **_: made.append(operation))
    return made


def section(ways: Ways) -> Section:
    """The table of what was counted."""
    paid, abandoned = ways.paid, ways.abandoned
    rows = [Row((name, f"{writes:g}", f"{reads:g}", "")) for name, writes, reads in ways.steps]
    rows.append(
        Row(
            ("paid payment", f"{paid.writes:g}", f"{paid.reads:g}", "at most 10 and 4"),
            _worst(at_most(paid.writes, WRITES_AIM), at_most(paid.reads, READS_AIM)),
        )
    )
    writes, reads = ways.unchanged
    aim = ("unchanged check", f"{writes:g}", f"{reads:g}", "at most 3 written")
    rows.append(Row(aim, at_most(writes, UNCHANGED_AIM)))
    queried = ("questions to Elsom of a paid payment", f"{paid.queries}", "", "1")
    rows.append(Row(queried, at_most(paid.queries, 1)))
    rows.append(Row(("abandoned payment", f"{abandoned.writes:g}", f"{abandoned.reads:g}", "")))
    rows.append(Row(("its questions to Elsom", f"{abandoned.queries}", "", "")))
    for name, units in (
        ("publishing `paid`", ways.publish),
        ("a webhook taken at once", ways.webhook),
        ("a customer's page", ways.page),
        ("a minute with nothing due", ways.idle_minute),
    ):
        rows.append(Row((name, f"{units[0]:g}", f"{units[1]:g}", "")))
    head = ("step", "written", "read", "aim")
    return Section("3. DynamoDB units", METHOD, head, rows)


def _worst(*verdicts: str) -> str:
    return max(verdicts, key=lambda verdict: verdict != "met")
