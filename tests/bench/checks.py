"""How many checks a minute the deployed stack gets done when Elsom is slow."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from payments.domain.clock import HOUR, MINUTE, SECOND, now_ms
from payments.domain.ids import derive_id
from payments.domain.payment import Payment, Status
from payments.store.payments import item_of
from payments.store.table import to_image
from tests.bench.report import Row, Section, at_least, spread
from tests.deployed import Deployed, another_stack
from tests.fakes.payments import a_payment
from tools.local.cloud import LocalCloud

CONCURRENCIES: Final = (2, 5, 10)
DUE: Final = 200
ELSOM_SECONDS: Final = 2.0
WINDOW_SECONDS: Final = 42.0
AIM: Final = 0.85
METHOD: Final = (
    "The deployed stack on the local AWS, {due} payments due at once, Elsom answering each question"
    " after {seconds:g} s. The rate is that of the questions reaching Elsom, from the first one on,"
    " within {window:.0f} s or until all are asked; the share is that of concurrency ÷ latency."
)
WHY: Final = (
    "the local AWS starts a process of its own for each worker, polls its queues at intervals and"
    " shares two processors with everything it runs; on AWS both ends of a check are milliseconds"
    " beside Elsom's two seconds."
)


def measure(cloud: LocalCloud, say: Callable[[str], None]) -> Section:
    """Measure one stack after the other."""
    rows = []
    for concurrency in CONCURRENCIES:
        say(f"concurrency {concurrency}")
        parameters = {
            "ElsomMaxConcurrency": str(concurrency),
            # Nobody is asked twice meanwhile.
            "CheckLadderSeconds": "3600",
        }
        with another_stack(cloud, f"checks-{concurrency}", parameters) as stack:
            queried = rush(stack)
        rate = pace(queried, concurrency)
        middle = len(queried) // 2
        halves = [pace(half, concurrency) for half in (queried[:middle], queried[middle:])]
        best = concurrency / ELSOM_SECONDS
        cells = (
            f"{concurrency}",
            f"{len(queried)}",
            f"{rate:.2f} /s",
            f"{spread(halves):.1f} %",
            f"{best:.2f} /s",
            f"{100 * rate / best:.0f} %",
            f"{100 * AIM:.0f} %",
        )
        rows.append(Row(cells, at_least(rate / best, AIM)))
    head = ("concurrency", "queried", "rate", "spread", "best possible", "share", "aim")
    method = METHOD.format(due=DUE, seconds=ELSOM_SECONDS, window=WINDOW_SECONDS)
    return Section("5. Throughput of checks", method, head, rows, WHY)


def pace(times: Sequence[float], at_once: int) -> float:
    """Questions a second. The first ones come all at once: what follows them is the rate."""
    return (len(times) - at_once) / (times[-1] - times[0])


def rush(stack: Deployed) -> list[float]:
    """Seconds at which Elsom was asked, in order."""
    payments = due_payments(stack.outputs["StackName"])
    put(stack, payments)
    for payment in payments:
        stack.set_status(payment.id, "1")
    stack.fault("PartnerGetPaymentStatus", "slow", seconds=ELSOM_SECONDS, times=-1)
    queried: list[float] = []
    try:
        stack.run_schedule()
        began = time.monotonic()
        while time.monotonic() - began < WINDOW_SECONDS:
            time.sleep(1)
            if len(queried := queries(stack, payments)) >= DUE:
                break
    finally:
        stack.cloud.configure_sandbox("DELETE", "/_sandbox/faults")
    return queried


def due_payments(name: str) -> list[Payment]:
    now = now_ms()
    return [
        a_payment(
            Status.PENDING,
            id=derive_id(name, str(number)),
            order_id=f"A-{number}",
            created_at=now - MINUTE,
            updated_at=now - MINUTE,
            expires_at=now + HOUR,
            next_check_at=now - SECOND,
        )
        for number in range(DUE)
    ]


def put(stack: Deployed, payments: list[Payment]) -> None:
    """Write payments as if they had been started."""
    dynamodb = stack.cloud.client("dynamodb")
    for payment in payments:
        item: Any = to_image(item_of(payment))
        dynamodb.put_item(TableName=stack.outputs["PaymentsTableName"], Item=item)


def queries(stack: Deployed, payments: list[Payment]) -> list[float]:
    """When each of these payments was first asked about."""
    ours = {payment.id for payment in payments}
    path = "/_sandbox/calls?method=PartnerGetPaymentStatus"
    calls = stack.cloud.configure_sandbox("GET", path)["items"]
    first: dict[str, float] = {}
    for call in calls:
        if call["trn"] in ours:
            first.setdefault(call["trn"], datetime.fromisoformat(call["at"]).timestamp())
    return sorted(first.values())
