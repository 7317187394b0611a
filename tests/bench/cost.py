"""What payments cost on AWS: counted operations times dated prices. Nothing here is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from samtranslator.yaml_helper import yaml_parse

from tests.bench.report import Row, Section
from tests.bench.units import Counted, Ways
from tests.bench.warm import Warm
from tests.contract.tables import TEMPLATE

PRICES_OF: Final = "2026-05 to 2026-10"
MILLION: Final = 1_000_000
MINUTES_OF_MONTH: Final = 30 * 24 * 60
# A function has this part of a processor for each MB; with 1,769 MB it has one.
MB_OF_PROCESSOR: Final = 1_769
CALL_SECONDS: Final = 0.005
ELSOM_SECONDS: Final = 0.5
SHOP_SECONDS: Final = 0.1
LOG_BYTES: Final = 1_500
ACCESS_LOG_BYTES: Final = 500
# Lambda asks a queue with five long polls of twenty seconds while there is nothing in it.
POLLS_A_MINUTE: Final = 5 * 3
QUEUES: Final = 2
# Send, receive, delete.
REQUESTS_OF_MESSAGE: Final = 3
FREE_METRICS, FREE_ALARMS, FREE_DASHBOARDS, FREE_REQUESTS = 10, 10, 3, 1_000_000


@dataclass(frozen=True)
class Prices:
    """US dollars: a million of each, or as named."""

    requests: float
    writes: float
    reads: float
    schedules: float
    log_gigabyte: float
    gigabyte_second: float = 0.0000133334
    invocations: float = 0.20
    messages: float = 0.40
    events: float = 1.00
    secret_month: float = 0.40
    metric_month: float = 0.30
    alarm_month: float = 0.10
    dashboard_month: float = 3.00


PRICES: Final = {
    "us-east-1": Prices(
        requests=3.50, writes=0.625, reads=0.125, schedules=1.00, log_gigabyte=0.50
    ),
    "eu-central-1": Prices(
        requests=3.70, writes=0.7625, reads=0.1525, schedules=1.15, log_gigabyte=0.63
    ),
}


@dataclass
class Way:
    """What one payment asks of AWS; `invocations` by the function's logical id."""

    requests: float
    invocations: Mapping[str, float]
    messages: float
    events: float
    writes: float
    reads: float
    queries: int


@cache
def template() -> dict[str, Any]:
    """The template, read once."""
    found: dict[str, Any] = yaml_parse(TEMPLATE.read_text())
    return found


def memory(function: str) -> int:
    """A function's memory in MB."""
    default = template()["Globals"]["Function"]["MemorySize"]
    return int(template()["Resources"][function]["Properties"].get("MemorySize", default))


def seconds(function: str, warm: Warm) -> float:
    """How long one invocation takes on AWS: its CPU at its part of a processor, and its waits."""
    shop = function == "DeliverWebhookFunction"
    waits = sum(
        (SHOP_SECONDS if shop else ELSOM_SECONDS) if call == "http POST" else CALL_SECONDS
        for call in warm.each
    )
    return warm.cpu / min(1.0, memory(function) / MB_OF_PROCESSOR) + waits


def ways(counted: Ways) -> tuple[Way, Way]:
    """A paid payment, and an abandoned one."""
    # Start, way to Elsom, notification, way back through the merchant portal's URL, result page.
    paid = _way(counted.paid, counted, pages=3, notifications=1, published_reads=counted.publish[1])
    # Start, way to Elsom, and never seen again.
    return paid, _way(counted.abandoned, counted, pages=1)


def _way(
    payment: Counted,
    counted: Ways,
    *,
    pages: int,
    notifications: int = 0,
    published_reads: float = 0,
) -> Way:
    """A way with so many pages shown and notifications; `told_reads` is for telling its end."""
    return Way(
        requests=1 + pages + notifications,
        invocations={
            "StartPaymentFunction": 1,
            "CustomerPagesFunction": pages,
            **({"ElsomCallbackFunction": notifications} if notifications else {}),
            "CheckPaymentFunction": payment.queries,
            "PublishEventsFunction": payment.records,
            "DeliverWebhookFunction": payment.reported,
        },
        messages=REQUESTS_OF_MESSAGE * (payment.queries + payment.reported),
        events=payment.reported,
        writes=payment.writes,
        reads=payment.reads + published_reads + payment.reported * counted.webhook[1] + pages,
        queries=payment.queries,
    )


def bill(way: Way, warm: Mapping[str, Warm], prices: Prices) -> dict[str, float]:
    """Dollars for a million payments of this way."""
    calls = sum(way.invocations.values())
    gigabyte_seconds = sum(
        number * seconds(function, warm[function]) * memory(function) / 1024
        for function, number in way.invocations.items()
    )
    logged = calls * LOG_BYTES + way.requests * ACCESS_LOG_BYTES
    return {
        "API Gateway": way.requests * prices.requests,
        "Lambda": calls * prices.invocations + gigabyte_seconds * prices.gigabyte_second * MILLION,
        "DynamoDB": way.writes * prices.writes + way.reads * prices.reads,
        "SQS": way.messages * prices.messages,
        "EventBridge": way.events * prices.events,
        "Logs": logged * MILLION / 1e9 * prices.log_gigabyte,
    }


def idle(counted: Ways, warm: Mapping[str, Warm], prices: Prices) -> dict[str, tuple[float, float]]:
    """Dollars of a month without a payment: by the list, and with AWS's free allowances."""
    turn = seconds("ScheduleChecksFunction", warm["ScheduleChecksFunction"])
    size = memory("ScheduleChecksFunction") / 1024
    turns = MINUTES_OF_MONTH / MILLION
    polls = QUEUES * (POLLS_A_MINUTE + 1) * MINUTES_OF_MONTH
    alarms = metrics_of_alarms()
    own = 3  # ScheduleRun, OldestWait, OpenCases
    computing = turns * prices.invocations + (
        MINUTES_OF_MONTH * turn * size * prices.gigabyte_second
    )
    reads = turns * counted.idle_minute[1] * prices.reads
    logs = MINUTES_OF_MONTH * LOG_BYTES / 1e9 * prices.log_gigabyte

    def beyond(number: float, free: float, price: float) -> tuple[float, float]:
        return number * price, max(0.0, number - free) * price

    return {
        "Secret": (prices.secret_month, prices.secret_month),
        "Alarms": beyond(alarms, FREE_ALARMS, prices.alarm_month),
        "Metrics": beyond(own, FREE_METRICS, prices.metric_month),
        "Dashboard": beyond(1, FREE_DASHBOARDS, prices.dashboard_month),
        "SQS, asked in vain": beyond(polls, FREE_REQUESTS, prices.messages / MILLION),
        "Scheduler": beyond(turns, 14, prices.schedules),
        "Lambda": (computing, 0.0),
        "DynamoDB": (reads, reads),
        "Logs": (logs, 0.0),
    }


def metrics_of_alarms() -> int:
    """How many alarms are billed: one that computes is billed for each metric it reads."""
    alarms = [
        resource["Properties"]
        for resource in template()["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    return sum(
        sum("MetricStat" in metric for metric in alarm["Metrics"]) if "Metrics" in alarm else 1
        for alarm in alarms
    )


METHOD: Final = (
    "US dollars by the price lists of " + PRICES_OF + ", for a million payments each, from the"
    " units and calls that sections 2 and 3 counted. [docs/cost.md](cost.md) has the parts and"
    " what is assumed."
)


def section(counted: Ways, warm: Mapping[str, Warm]) -> Section:
    """The sums."""
    paid, abandoned = ways(counted)
    rows = []
    for region, prices in PRICES.items():
        month = idle(counted, warm, prices).values()
        cells = (
            region,
            f"{sum(bill(paid, warm, prices).values()):.0f}",
            f"{sum(bill(abandoned, warm, prices).values()):.0f}",
            f"{sum(by_list for by_list, _ in month):.2f}",
            f"{sum(free for _, free in month):.2f}",
        )
        rows.append(Row(cells))
    head = (
        *("region", "a million paid", "a million abandoned"),
        *("idle month, by the list", "with free allowances"),
    )
    return Section("7. Cost", METHOD, head, rows)
