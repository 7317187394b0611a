"""What a reply to a status query says about Elsom's health, and what about one payment."""

from __future__ import annotations

import json

import pytest

from payments import http_client
from payments.elsom.client import ElsomClient
from payments.elsom.gateway import NoResponse, NoStatus, StatusOutcome
from payments.http_client import Reply
from tests.fakes.elsom import MERCHANT
from tests.fakes.payments import PAYMENT_ID


def query(monkeypatch: pytest.MonkeyPatch, status: int, body: bytes) -> StatusOutcome:
    client = ElsomClient("https://elsom.example/i", "https://elsom.example/s", http_client.tls)
    monkeypatch.setattr(http_client, "post", lambda *_args, **_named: Reply(status, body))
    return client.status(PAYMENT_ID, MERCHANT)


@pytest.mark.parametrize(
    ("response", "why"),
    [
        ({"ErrorCode": "0", "Result": {"PaymentStatus": "X"}}, "unknown-status"),
        ({"Result": {"PaymentStatus": "A"}}, "no-error-code"),
    ],
)
def test_a_value_that_cannot_be_read_is_about_one_payment(
    monkeypatch: pytest.MonkeyPatch, response: dict[str, object], why: str
) -> None:
    body = json.dumps({"Response": response}).encode()
    assert query(monkeypatch, 200, body) == NoResponse(why, about_one_payment=True)


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [(200, b"<html>", "unreadable"), (500, b"{}", "http-500"), (429, b"{}", "http-429")],
)
def test_what_is_no_response_of_elsoms_is_about_its_health(
    monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, why: str
) -> None:
    assert query(monkeypatch, status, body) == NoResponse(why)


def test_a_4xx_about_the_id_is_no_status(monkeypatch: pytest.MonkeyPatch) -> None:
    assert query(monkeypatch, 404, b"") == NoStatus("http-404")
