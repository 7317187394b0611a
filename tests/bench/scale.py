"""On paper: every quota on the way to a thousand payments a second, the first one met first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from payments.store.payments import DAY_SHARDS, DUE_SHARDS
from payments.use_cases.schedule_checks import PER_WORKER
from tests.bench.cost import ELSOM_SECONDS, SHOP_SECONDS, Way, seconds, template
from tests.bench.units import Ways
from tests.bench.warm import Warm

GOAL: Final = 1_000
PARTITION_WRITES: Final = 1_000
PARTITION_READS: Final = 3_000


@dataclass(frozen=True)
class Limit:
    """What allows only so much a second, what one payment a second needs of it, and what lifts it.

    `ours` tells a setting of this stack from a quota of AWS.
    """

    what: str
    allows: float
    need: float
    lifted: str
    ours: bool = False

    @property
    def met_at(self) -> float:
        """Payments a second."""
        return self.allows / self.need


def limits(counted: Ways, paid: Way, warm: Mapping[str, Warm]) -> Sequence[Limit]:
    """All of them, by the rate of paid payments at which they are met."""
    found = [*_settings(paid), *_quotas(paid, warm), *_tables(counted)]
    return sorted(found, key=lambda limit: limit.met_at)


def _settings(paid: Way) -> list[Limit]:
    concurrency = float(template()["Parameters"]["ElsomMaxConcurrency"]["Default"])
    elsom = "`ElsomMaxConcurrency` (2 to 20), once Elsom agrees to bear more"
    home = concurrency * PER_WORKER / 60
    return [
        Limit(
            f"questions to Elsom: {concurrency:g} at once, {ELSOM_SECONDS:g} s each",
            concurrency / ELSOM_SECONDS,
            paid.queries,
            elsom,
            ours=True,
        ),
        Limit(
            "the same, if Elsom takes 2 s",
            concurrency / 2,
            paid.queries,
            elsom,
            ours=True,
        ),
        Limit(
            f"scheduled checks: {concurrency * PER_WORKER:g} sent a minute (none if all notify)",
            home,
            1,
            "rises with `ElsomMaxConcurrency`; above about 60,000 a minute one function for each"
            " group of shards",
            ours=True,
        ),
        Limit(
            f"webhooks: 5 at once, {SHOP_SECONDS:g} s each",
            _concurrency("DeliverWebhookFunction", "Webhooks") / SHOP_SECONDS,
            paid.events,
            "`MaximumConcurrency` of DeliverWebhookFunction, up to 1,000; or listen on the bus",
            ours=True,
        ),
        *(
            Limit(f"throttle of {route}", rate, need, "`MethodSettings` in the template", ours=True)
            for route, rate, need in (
                ("`POST /payments`", _rate("/~1payments", "POST"), 1),
                ("`GET /pay/{id}`", _rate("/~1pay~1{id}", "GET"), 1),
                ("`POST /elsom/{token}`", _rate("/~1elsom~1{token}", "POST"), 1),
                ("`GET /return/{id}`", _rate("/~1return~1{id}", "GET"), 1),
            )
        ),
    ]


def _quotas(paid: Way, warm: Mapping[str, Warm]) -> list[Limit]:
    busy = sum(number * seconds(name, warm[name]) for name, number in paid.invocations.items())
    return [
        Limit("API Gateway: 10,000 requests a second", 10_000, paid.requests, "quota increase"),
        Limit(
            "Lambda: 1,000 invocations at once",
            1_000,
            busy,
            "quota increase, to tens of thousands; more memory shortens what is CPU",
        ),
        Limit(
            "one event source: 1,000 at once",
            1_000,
            seconds("CheckPaymentFunction", warm["CheckPaymentFunction"]),
            "a second queue and function by the payment id's last character",
        ),
        Limit(
            "bus: 18,750 deliveries a second in us-east-1", 18_750, paid.events, "quota increase"
        ),
        Limit("bus: 4,500 in eu-central-1", 4_500, paid.events, "quota increase"),
        Limit(
            "SQS: 120,000 messages in flight",
            120_000,
            paid.messages / 3 * seconds("CheckPaymentFunction", warm["CheckPaymentFunction"]),
            "none needed: workers take what they work on",
        ),
    ]


def _tables(counted: Ways) -> list[Limit]:
    writes, indexes = counted.paid.writes, counted.indexes
    return [
        Limit("a new table: 4,000 write units a second", 4_000, writes, "warm throughput"),
        Limit("table: 40,000 write units a second", 40_000, writes, "quota increase"),
        Limit(
            f"index `due`: {DUE_SHARDS} partitions of 1,000 units",
            DUE_SHARDS * PARTITION_WRITES,
            indexes["due"],
            "32 shards, which the id's last character allows",
        ),
        Limit(
            f"index `by-created`: {DAY_SHARDS} partitions of a day",
            DAY_SHARDS * PARTITION_WRITES,
            indexes["by-created"],
            "more shards for days to come",
        ),
        Limit(
            f"index `by-paid`: {DAY_SHARDS} partitions of a day",
            DAY_SHARDS * PARTITION_WRITES,
            indexes["by-paid"],
            "more shards for days to come",
        ),
        Limit(
            "the circuit's one item: 3,000 read units a second",
            PARTITION_READS,
            0.5,
            "read once a second for each process instead of for each check",
        ),
    ]


def _rate(path: str, method: str) -> float:
    settings: list[dict[str, Any]] = template()["Resources"]["PaymentsRestApi"]["Properties"][
        "MethodSettings"
    ]
    return next(
        float(one["ThrottlingRateLimit"])
        for one in settings
        if (one["ResourcePath"], one["HttpMethod"]) == (path, method)
    )


def _concurrency(function: str, source: str) -> float:
    events = template()["Resources"][function]["Properties"]["Events"]
    return float(events[source]["Properties"]["ScalingConfig"]["MaximumConcurrency"])
