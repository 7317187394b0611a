"""Time from Elsom's notification to the shop's webhook, on the deployed stack."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import requests
from msgspec.structs import replace

from cli.secret import new_webhook_secret
from payments.domain.clock import HOUR, now_ms
from payments.domain.ids import derive_id
from tests.bench.checks import due_payments, put
from tests.bench.report import MET, Row, Section, percentile, spread
from tests.deployed import Deployed, deployed
from tests.http_server import Request, Response, serving
from tools.local.cloud import LocalCloud

RATES: Final = (1, 4)
SECONDS: Final = 60
EMPTY_SECONDS: Final = 20
WAIT_SECONDS: Final = 40.0
TEMPLATE: Final = Path(__file__).parent / "empty_path" / "template.yaml"
METHOD: Final = (
    "From a notification posted to the local AWS until the shop has `payment.paid`: API, function,"
    " queue, function, question to the sandbox, table, stream, function, bus, queue, function,"
    " shop."
    " *Empty* is the same path through functions that only hand on, for {empty} s: the local AWS's"
    " own share, most of which is its polling of queues and streams."
)
WHY: Final = f"a webhook that is missing here was lost, or took more than {WAIT_SECONDS:g} s."


@dataclass
class Arrivals:
    """A shop that notes when it heard that a payment is paid."""

    url: str = ""
    paid: dict[str, float] = field(default_factory=dict)
    others: int = 0

    def wait_for(self, names: Sequence[str]) -> None:
        """Wait until all of them are there, or long enough."""
        until = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < until and not all(name in self.paid for name in names):
            time.sleep(0.2)


@contextmanager
def arriving() -> Iterator[Arrivals]:
    """A shop on a free port; it ends with the context."""
    arrivals = Arrivals()

    def take(request: Request) -> Response:
        now = time.monotonic()
        reported = json.loads(request.data)
        if reported["type"] == "payment.paid":
            arrivals.paid.setdefault(reported["payment"]["id"], now)
        else:
            arrivals.others += 1
        return Response()

    with serving(take) as url:
        arrivals.url = f"{url}/hook"
        yield arrivals


def measure(cloud: LocalCloud, say: Callable[[str], None]) -> Section:
    """Measure our stack, then the empty path."""
    rows = []
    with arriving() as arrivals:
        stack = deployed(cloud, "latency", {"ShopWebhookUrl": arrivals.url})
        stack.secret = cloud.fill_secret({"webhookSecrets": [new_webhook_secret()]})
        for rate in RATES:
            say(f"{rate} a second for {SECONDS} s")
            names = pending(stack, rate * SECONDS, f"rate-{rate}", arrivals)
            url = f"{cloud.api_url}/elsom/{stack.secret['callbackToken']}"
            rows.append(row(f"{rate} /s", arrivals, drive(url, names, rate, notification)))
        say("the empty path")
        cloud.client("cloudformation").delete_stack(StackName="latency")
        cloud.build(TEMPLATE)
        outputs = cloud.deploy("empty-path", {"ShopWebhookUrl": arrivals.url})
        url = f"{outputs['ApiUrl']}/elsom/token"
        # Ours was warm from the payments' first webhooks; this one has yet to begin.
        arrivals.wait_for(list(drive(url, ids("begin", 4), 4, trigger_only)))
        for rate in RATES:
            sent = drive(url, ids(f"empty-{rate}", rate * EMPTY_SECONDS), rate, trigger_only)
            rows.append(row(f"empty, {rate} /s", arrivals, sent))
    head = ("payments", "sent", "median", "spread", "99th percentile", "lost")
    return Section(
        "6. From notification to webhook", METHOD.format(empty=EMPTY_SECONDS), head, rows, WHY
    )


def row(name: str, arrivals: Arrivals, sent: dict[str, float]) -> Row:
    """Wait for what was sent, and sum it up."""
    arrivals.wait_for(list(sent))
    took = [arrivals.paid[one] - at for one, at in sent.items() if one in arrivals.paid]
    lost = len(sent) - len(took)
    cells = (
        name,
        f"{len(sent)}",
        f"{1000 * median(took):.0f} ms",
        f"{spread(took):.1f} %",
        f"{1000 * percentile(took, 0.99):.0f} ms",
        f"{lost}",
    )
    return Row(cells, MET if not lost else f"missed by {lost}")


def pending(stack: Deployed, number: int, name: str, arrivals: Arrivals) -> list[str]:
    """Payments that wait for their customer and that Elsom knows to be paid; once that is told."""
    before = arrivals.others
    waiting = [
        replace(payment, id=derive_id(name, str(place)), next_check_at=now_ms() + HOUR)
        for place, payment in enumerate((due_payments(name) * 2)[:number])
    ]
    waiting = [replace(one, order_id=f"{name}-{place}") for place, one in enumerate(waiting)]
    put(stack, waiting)
    for payment in waiting:
        stack.set_status(payment.id, "A")
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until and arrivals.others - before < number:
        time.sleep(0.2)
    return [payment.id for payment in waiting]


def ids(name: str, number: int) -> list[str]:
    """Made-up payment ids."""
    return [derive_id(name, str(place)) for place in range(number)]


def trigger_only(name: str) -> dict[str, Any]:
    """What the empty path hands on."""
    return {"id": name}


def notification(payment_id: str) -> dict[str, Any]:
    """What Elsom sends."""
    fields = {"PartnerTrnID": payment_id, "PSPTTrnID": "PSP123456", "PaymentStatus": "A"}
    return {"PartnerPaymentResult": {"CultureInfo": "ru-Ru", "MSISDN": "0555150155", **fields}}


def drive(
    url: str, names: Sequence[str], rate: int, body: Callable[[str], dict[str, Any]]
) -> dict[str, float]:
    """Post one body for each name, `rate` a second; when each was sent."""
    sent: dict[str, float] = {}

    def post(name: str) -> None:
        document = body(name)
        sent[name] = time.monotonic()
        requests.post(url, json=document, timeout=30).raise_for_status()

    began = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        for number, name in enumerate(names):
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            pool.submit(post, name)
    return sent
