"""What a turn of the schedule costs, against how many payments the table holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched
from typing import Any, Final

import msgspec
from urllib3 import PoolManager

from payments.domain.clock import DAY, HOUR, MINUTE
from payments.domain.ids import derive_id
from payments.domain.payment import Payment, Status
from payments.store.payments import item_of
from payments.store.table import to_image
from payments.use_cases.schedule_checks import ScheduleDeps, send_due_checks
from tests.bench.report import MET, Row, Section, quick, spread
from tests.contract.stores import DynamoStores
from tests.contract.test_units_per_payment import Meter
from tests.fakes.memory import MemoryQueue
from tests.fakes.payments import a_payment
from tests.fakes.world import NOW, ManualClock

SIZES: Final = (1_000, 10_000, 100_000)
DUE: Final = 200
TURNS: Final = 30
FLAT: Final = 1.10
METHOD: Final = (
    "One turn of the schedule over AWS's own DynamoDB Local, of which {due} payments are due; of"
    " others most are settled, the rest is due later. Units and messages are counted, time is the"
    " mean of the quickest third of {turns} turns, by turns over the three tables. Flat means"
    " within 10 % of"
    " the smallest"
    " table."
)
WHY: Final = (
    "only time can differ, since units and messages are counted; DynamoDB Local keeps its"
    " indexes in"
    " SQLite on this machine, whose pages grow with the table. AWS bills the units, which are flat."
)


@dataclass
class Table:
    """A table of one size and what its turns took."""

    size: int
    stores: DynamoStores
    writes: float = 0.0
    reads: float = 0.0
    messages: int = 0


def measure(empty: Callable[[], DynamoStores], say: Callable[[str], None]) -> Section:
    """Fill three tables and look at each."""
    tables = []
    for size in SIZES:
        say(f"fill a table with {size:,} payments")
        tables.append(Table(size, empty()))
        fill(tables[-1])
    seconds: dict[int, list[float]] = {size: [] for size in SIZES}
    for number in range(TURNS + 2):
        for table in tables:
            took = turn(table)
            if number >= 2:  # the first ones warm the server up
                seconds[table.size].append(took)
    least = quick(seconds[SIZES[0]])
    rows = []
    for table in tables:
        took = quick(seconds[table.size])
        same = (table.reads, table.writes, table.messages) == (
            tables[0].reads,
            tables[0].writes,
            tables[0].messages,
        )
        flat = same and took <= FLAT * least
        cells = (
            f"{table.size:,}",
            f"{table.reads:g}",
            f"{table.writes:g}",
            f"{table.messages}",
            f"{1000 * took:.1f} ms",
            f"{took / least:.2f}",
            f"{spread(seconds[table.size], quick):.1f} %",
        )
        rows.append(Row(cells, MET if flat else f"missed by {100 * (took / least - FLAT):.1f} %"))
    head = ("payments", "read units", "written", "messages", "time", "over the first", "spread")
    return Section(
        "4. The schedule against size", METHOD.format(due=DUE, turns=TURNS), head, rows, WHY
    )


def fill(table: Table) -> None:
    """Write the payments, a few batches at a time."""
    requests = (
        {"PutRequest": {"Item": to_image(item_of(payment))}} for payment in payments(table.size)
    )
    url, name = table.stores.client.meta.endpoint_url, table.stores.name
    # Past boto3, which would take most of the time: DynamoDB Local checks no signature.
    credential = "Credential=test/20261124/us-east-1/dynamodb/aws4_request"
    headers = {
        "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Date": "20261124T000000Z",
        "Authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0",
    }
    pool = PoolManager()

    def write(batch: tuple[dict[str, Any], ...]) -> None:
        body = msgspec.json.encode({"RequestItems": {name: batch}})
        answer = pool.request("POST", url, body=body, headers=headers)
        assert (answer.status, answer.json()) == (200, {"UnprocessedItems": {}}), answer.data

    with ThreadPoolExecutor(2) as workers:
        for _ in workers.map(write, batched(requests, 25, strict=False)):
            pass
    held = table.stores.client.describe_table(TableName=name)["Table"]["ItemCount"]
    assert held == table.size


def payments(size: int) -> Iterator[Payment]:
    """The due ones, then one that is due later for every nine that are settled."""
    for number in range(size):
        name = derive_id("bench", str(size), str(number))
        order = f"A-{number}"
        if number < DUE:
            yield a_payment(Status.PENDING, id=name, order_id=order, next_check_at=NOW - number)
        elif number % 10 == 0:
            later = NOW + HOUR + number
            yield a_payment(Status.PENDING, id=name, order_id=order, next_check_at=later)
        else:
            paid = NOW - MINUTE - number * DAY // size
            yield a_payment(Status.PAID, id=name, order_id=order, paid_at=paid)


def turn(table: Table) -> float:
    """Seconds of one turn; its units and messages are kept."""
    clock = ManualClock()
    sending = ScheduleDeps(
        schedule=table.stores.schedule, queue=MemoryQueue(clock), clock=clock, concurrency=5
    )
    meter = Meter(table.stores.client)
    began = time.perf_counter()
    sent = meter.measure("turn", lambda: send_due_checks(sending))
    took = time.perf_counter() - began
    meter.stop()
    _, table.writes, table.reads = meter.steps[0]
    table.messages = sent.checks
    return took
