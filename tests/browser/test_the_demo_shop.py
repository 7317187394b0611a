"""The demo shop over HTTP: what it believes, and what it refuses. No stack, no browser."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from standardwebhooks import Webhook
from werkzeug.serving import BaseWSGIServer, make_server

from demo_shop.app import create_app
from demo_shop.shop import GOODS, Shop
from demo_shop.texts import TEXTS, money
from elsom_payments_client import ApiUnreachable, Payment

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
PAYMENT_ID = "0123456789ABCDEFGHJK"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CHECKOUT = f"http://127.0.0.1:9/v1/pay/{PAYMENT_ID}?s=x"


class FakeApi:
    """One payment per idempotency key, pending until `status` says otherwise."""

    def __init__(self) -> None:
        self.starts: list[tuple[str, str, str]] = []
        self.status = "pending"
        self.broken = False

    def start(
        self, amount: Decimal, order_id: str, *, idempotency_key: str, **more: Any
    ) -> Payment:
        if self.broken:
            raise ApiUnreachable("no answer")
        self.starts.append((str(amount), order_id, idempotency_key))
        return a_payment(order_id, self.status)

    def get(self, payment_id: str) -> Payment:
        return a_payment(self.starts[0][1], self.status)

    def timeline(self, payment_id: str) -> list[dict[str, Any]]:
        return [{"at": "2026-11-24T04:07:59.123Z", "what": "created"}]


class FakeStack:
    def __init__(self) -> None:
        self.fake = FakeApi()

    def api(self) -> FakeApi:
        return self.fake

    def webhook_secrets(self) -> list[str]:
        return [SECRET]


def a_payment(order_id: str, status: str) -> Payment:
    return Payment.from_json(payment_json(order_id, status))


def payment_json(order_id: str, status: str) -> dict[str, Any]:
    moment = "2026-11-24T04:07:59.123Z"
    return {
        "id": PAYMENT_ID,
        "status": status,
        "amount": "1500.00",
        "currency": "KGS",
        "orderId": order_id,
        "language": "ky",
        "sequence": 2,
        "late": False,
        "createdAt": moment,
        "updatedAt": moment,
        "expiresAt": moment,
        "checkoutUrl": CHECKOUT,
    }


@pytest.fixture
def stack() -> FakeStack:
    return FakeStack()


@pytest.fixture
def shop(stack: FakeStack) -> Iterator[BaseWSGIServer]:
    app = create_app(Shop(stack))  # type: ignore[arg-type] # stands for the stack
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()


def send(
    shop: BaseWSGIServer,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=10)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def buy(shop: BaseWSGIServer, key: str = "0" * 16) -> tuple[int, dict[str, str], str]:
    return send(shop, "POST", "/buy?lang=ky", f"key={key}&good=kalpak".encode(), FORM)


def webhook(
    shop: BaseWSGIServer, order: str, kind: str, sequence: int, secret: str = SECRET
) -> int:
    event = {
        "eventId": f"event-{sequence}",
        "sequence": sequence,
        "type": kind,
        "occurredAt": "2026-11-24T04:07:59.123Z",
        "payment": payment_json(order, kind.removeprefix("payment.")),
    }
    body = json.dumps(event)
    now = datetime.now(UTC)
    headers = {
        "webhook-id": str(event["eventId"]),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(str(event["eventId"]), now, body),
    }
    return send(shop, "POST", "/webhooks", body.encode(), headers)[0]


def order_page(shop: BaseWSGIServer, query: str = "") -> str:
    status, _, text = send(shop, "GET", f"/orders/{PAYMENT_ID}?lang=en{query}")
    assert status == 200
    return text


def test_buying_leads_to_the_checkout_and_a_second_tap_is_the_same_order(
    shop: BaseWSGIServer, stack: FakeStack
) -> None:
    first, second = buy(shop), buy(shop)
    assert (first[0], first[1]["Location"]) == (303, CHECKOUT)
    assert second[1]["Location"] == CHECKOUT
    assert len(set(stack.fake.starts)) == 1
    assert stack.fake.starts[0][0] == "1500.00"


@pytest.mark.parametrize("form", [b"", b"good=kalpak", b"key=0&good=kalpak", b"key=" + b"0" * 16])
def test_a_form_that_is_not_the_shops_buys_nothing(
    shop: BaseWSGIServer, stack: FakeStack, form: bytes
) -> None:
    assert send(shop, "POST", "/buy", form, FORM)[0] == 400
    assert stack.fake.starts == []


def test_what_the_url_says_is_shown_as_a_hint_and_believed_by_nobody(
    shop: BaseWSGIServer, stack: FakeStack
) -> None:
    buy(shop)
    status, _, text = send(shop, "GET", f"/?paymentId={PAYMENT_ID}&status=paid")
    assert status == 200
    assert '<dl class="facts pending">' in text
    assert "payment.paid" not in text


def test_a_signed_webhook_is_shown_and_a_repeated_one_only_counted(
    shop: BaseWSGIServer, stack: FakeStack
) -> None:
    buy(shop)
    order = stack.fake.starts[0][1]
    assert [webhook(shop, order, "payment.paid", 3) for _ in range(2)] == [204, 204]
    text = order_page(shop)
    assert text.count("<td>payment.paid</td>") == 1
    assert "<td>2</td>" in text


def test_the_highest_sequence_wins_not_the_last_to_arrive(
    shop: BaseWSGIServer, stack: FakeStack
) -> None:
    buy(shop)
    order = stack.fake.starts[0][1]
    webhook(shop, order, "payment.paid", 3)
    webhook(shop, order, "payment.pending", 2)
    assert f"<dt>{TEXTS['en']['announced']}</dt><dd>payment.paid</dd>" in order_page(shop)


def test_a_webhook_signed_by_anybody_else_is_refused(
    shop: BaseWSGIServer, stack: FakeStack
) -> None:
    buy(shop)
    assert webhook(shop, stack.fake.starts[0][1], "payment.paid", 3, OTHER) == 401
    assert send(shop, "POST", "/webhooks", b"{}")[0] == 401
    assert "payment.paid" not in order_page(shop)


def test_when_the_api_does_not_answer_a_page_says_so(
    shop: BaseWSGIServer, stack: FakeStack
) -> None:
    stack.fake.broken = True
    status, _, text = buy(shop)
    assert status == 503
    assert TEXTS["ky"]["failed"] in text


def test_another_sites_name_does_not_open_the_shop(shop: BaseWSGIServer) -> None:
    status, _, text = send(shop, "GET", "/", headers={"Host": "evil.example"})
    assert status == 421
    assert "kalpak" not in text


def test_the_live_part_is_what_the_page_shows(shop: BaseWSGIServer) -> None:
    buy(shop)
    _, _, part = send(shop, "GET", f"/orders/{PAYMENT_ID}/live?lang=en")
    assert part in order_page(shop)


@pytest.mark.parametrize("path", ["/orders/ZZZZZZZZZZZZZZZZZZZZ", "/orders/../x", "/static/x"])
def test_an_unknown_address_is_not_found(shop: BaseWSGIServer, path: str) -> None:
    assert send(shop, "GET", path)[0] == 404


@pytest.mark.parametrize("language", TEXTS)
def test_no_word_is_missing_in_any_language(language: str) -> None:
    assert set(TEXTS[language]) == set(TEXTS["en"])
    assert all(TEXTS[language].values())
    assert all(good.name[language] for good in GOODS.values())


def test_prices_are_written_as_people_write_them() -> None:
    assert money(Decimal("12800.00"), "ru") == "12\u00a0800,00\u00a0сом"
    assert money(Decimal("450.50"), "en") == "450.50\u00a0som"
