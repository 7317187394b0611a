"""The example shops of PHP and Node take a payment at the deployed stack, as a customer does."""

from __future__ import annotations

import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conformance import Client
from tests.clients.javascript import node
from tests.clients.languages import marked
from tests.deployed import Deployed, eventually
from tests.receiver import Received, Receiver

pytestmark = pytest.mark.timeout(300)
LANGUAGES = [marked("php"), marked("mjs")]


@dataclass(frozen=True)
class Page:
    """One answer of the shop; `leads_to` is its redirect."""

    status: int
    text: str
    leads_to: str


@dataclass(frozen=True)
class ExampleShop:
    """A running example."""

    url: str

    def get(self, path: str) -> Page:
        return self._sent(urllib.request.Request(self.url + path))

    def buy(self, order: str) -> Page:
        form = urllib.parse.urlencode({"order": order}).encode()
        return self._sent(urllib.request.Request(f"{self.url}/buy", form))

    def deliver(self, webhook: Received, body: bytes | None = None) -> int:
        headers = {n: v for n, v in webhook.headers.items() if n.startswith(("webhook-", "cont"))}
        content = webhook.body if body is None else body
        headers.pop("content-length", None)
        request = urllib.request.Request(f"{self.url}/webhook", content, headers)
        return self._sent(request).status

    def _sent(self, request: urllib.request.Request) -> Page:
        try:
            with urllib.request.build_opener(NoRedirect).open(request, timeout=30) as answer:
                return Page(answer.status, answer.read().decode(), "")
        except urllib.error.HTTPError as error:
            with error:
                leads_to = error.headers.get("Location", "")
                return Page(error.code, error.read().decode(), leads_to)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@contextmanager
def selling(language: str, folder: Path, environment: dict[str, str]) -> Iterator[ExampleShop]:
    """The example in this language, on a free port."""
    example = folder / "example"
    commands = {
        "php": ["php", "-S", "127.0.0.1:0", str(example / "index.php")],
        "mjs": [node(), str(example / "server.js")],
    }
    process = subprocess.Popen(
        commands[language],
        env={"PATH": os.environ["PATH"], "PORT": "0", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        lines = iter(process.stdout.readline, "")
        found = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", one) for one in lines)))
        yield ExampleShop(found[0])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(params=LANGUAGES)
def example(
    request: pytest.FixtureRequest,
    stack: Deployed,
    caller: dict[str, str],
    copied: Callable[[str], Client],
    tmp_path: Path,
) -> Iterator[ExampleShop]:
    environment = {
        "ELSOM_API_URL": caller["apiUrl"],
        "AWS_REGION": caller["region"],
        "AWS_ACCESS_KEY_ID": caller["accessKeyId"],
        "AWS_SECRET_ACCESS_KEY": caller["secretAccessKey"],
        "WEBHOOK_SECRETS": ",".join(stack.secret["webhookSecrets"]),
        "ORDERS_FILE": str(tmp_path / "orders.json"),
    }
    with selling(request.param, copied(request.param).source, environment) as shop:
        yield shop


def shown(shop: ExampleShop, order: str) -> tuple[str, str]:
    """The order's status on its page, and how often its goods were sent."""
    found = re.search(
        r"data-status='(\w+)' data-delivered='(\d+)'", shop.get(f"/order?id={order}").text
    )
    assert found
    return found[1], found[2]


def test_an_order_is_paid_by_its_webhook_alone_and_delivered_once(
    stack: Deployed, receiver: Receiver, example: ExampleShop
) -> None:
    order = re.search(r"name='order' value='([\w-]+)'", example.get("/").text)
    assert order
    bought = example.buy(order[1])
    assert (bought.status, bought) == (303, example.buy(order[1]))
    with urllib.request.urlopen(bought.leads_to, timeout=30) as page:
        assert page.url.startswith(stack.cloud.sandbox_url)

    payment = re.search(r"/pay/(\w{20})", bought.leads_to)
    assert payment
    stack.set_status(payment[1], "A", notify=True)
    paid = eventually(lambda: of_type(receiver, payment[1], "payment.paid"))[0]
    pending = eventually(lambda: of_type(receiver, payment[1], "payment.pending"))[0]
    assert shown(example, order[1]) == ("new", "0")
    assert example.deliver(paid, paid.body + b" ") == 401
    assert shown(example, order[1]) == ("new", "0")
    for webhook in (paid, paid, pending, paid):
        assert example.deliver(webhook) == 204
    assert shown(example, order[1]) == ("paid", "1")


def test_what_the_shop_does_not_know_is_not_found(example: ExampleShop) -> None:
    assert example.get("/order?id=P-00000000").status == 404
    assert example.get("/elsewhere").status == 404
    assert example.buy("../x").status == 404


def of_type(receiver: Receiver, payment: str, event_type: str) -> list[Received]:
    return [one for one in receiver.about(payment) if one.event["type"] == event_type]
